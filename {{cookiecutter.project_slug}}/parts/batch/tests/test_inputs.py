"""Inputs as people have them, through the estimate: rows counted, what was recognised said, or one sentence."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from {{cookiecutter.__package}}.input import readers, shards
from {{cookiecutter.__package}}.input.prompts import DataError, PromptSpec
from {{cookiecutter.__package}}.input.readers import Source
from {{cookiecutter.__package}}.run.budget import parse
from {{cookiecutter.__package}}.run.estimate import estimate_job
from {{cookiecutter.__package}}.run.job import JobSpec

TEXT = PromptSpec(column="text")
ROWS = [{"text": f"question {number}"} for number in range(40)]


class Words:
    """A tokenizer that makes a token of each word."""

    chat_template = None

    def __call__(self, text: str, **_: Any) -> dict[str, list[str]]:
        return {"input_ids": text.split()}


def estimated(path: Path, spec: PromptSpec = TEXT) -> list[str]:
    return str(estimate_job(JobSpec(Source(str(path)), spec), Words(), parse("none"))).splitlines()


def refusal(path: Path, spec: PromptSpec = TEXT) -> str:
    with pytest.raises(DataError) as caught:
        estimated(path, spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(path: Path, rows: Sequence[object], encoding: str = "utf-8") -> Path:
    path.write_bytes("".join(json.dumps(row) + "\n" for row in rows).encode(encoding))
    return path


def request(number: int, **body: Any) -> dict[str, Any]:
    """A line of a file for OpenAI's batch API, as its documentation shows it."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"question {number}"}]
    asked = {"model": "gpt", "messages": messages, "max_tokens": 10} | body
    return {"custom_id": f"request-{number}", "method": "POST", "url": "/v1/chat/completions", "body": asked}


def test_a_delimiter_and_an_encoding_are_said_before_the_figures(tmp_path: Path):
    (tmp_path / "rows.csv").write_bytes(b"text;other\r\na, b;c\r\nd;e\r\n")
    lines = estimated(tmp_path / "rows.csv")
    assert lines[:2] == ["rows.csv: fields separated by ';'", "2 rows, 0 of them unusable"]
    assert lines[2].startswith("3 tokens to read")  # a, b and d
    path = written(tmp_path / "rows.jsonl", ROWS, "utf-16")
    assert estimated(path)[:2] == ["rows.jsonl: UTF-16", "40 rows, 0 of them unusable"]  # the first one too


def test_an_open_quote_is_one_bad_row(tmp_path: Path):
    (tmp_path / "rows.csv").write_text('id,text\n1,he said "hi" there\n2,"unclosed\n3,ok\n')
    found = list(readers.rows(Source(str(tmp_path / "rows.csv")), TEXT))
    assert [row.prompt for row in found] == ['he said "hi" there', None, "ok"]
    assert (
        found[1].error == "line 3 is not CSV: a quote that is opened and not closed" and found[1].raw == '2,"unclosed'
    )
    assert estimated(tmp_path / "rows.csv")[0] == "3 rows, 1 of them unusable"


def test_an_archive_that_is_cut_off_is_a_sentence(tmp_path: Path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ROWS).encode())[:-10])
    assert "rows.jsonl.gz is damaged or cut off" in refusal(path)


def test_numbers_are_text_in_every_format(tmp_path: Path):
    (tmp_path / "rows.csv").write_text("text\n1\n2.5\ntrue\nNone\n")
    rows = list(readers.rows(Source(str(tmp_path / "rows.csv")), TEXT))
    path = written(tmp_path / "rows.jsonl", [{"text": value} for value in (1, 2.5, True, "None")])
    assert [row.prompt for row in rows] == ["1", "2.5", "true", "None"]
    assert [row.prompt for row in readers.rows(Source(str(path)), TEXT)] == ["1", "2.5", "true", "None"]


@pytest.mark.workload("classification", "embedding")
def test_a_chat_is_no_text_to_classify_or_embed(tmp_path: Path):
    path = written(tmp_path / "rows.jsonl", [{"messages": [{"role": "user", "content": "a"}]}] * 3)
    assert "none of the first 3 rows" in refusal(path, PromptSpec(messages="messages"))
    assert "a chat is for generation: name a column of text" in refusal(path, PromptSpec(messages="messages"))


def test_what_pandas_writes_for_nothing_is_no_prompt(tmp_path: Path):
    path = written(tmp_path / "rows.jsonl", [{"text": "a"}, {"text": float("nan")}, {"text": None}])
    found = list(readers.rows(Source(str(path)), TEXT))
    assert [row.error for row in found] == ["", "'text' is null", "'text' is null"]


def test_a_folder_that_was_saved_to_disk_is_read_by_split(tmp_path: Path):
    import datasets  # not in vLLM's environment, which reads this file too

    made = datasets.Dataset.from_list(ROWS)
    datasets.DatasetDict({"train": made, "test": made.select(range(3))}).save_to_disk(tmp_path / "saved")
    assert estimated(tmp_path / "saved")[0] == "40 rows, 0 of them unusable"
    assert len(list(readers.rows(Source(str(tmp_path / "saved"), "test"), TEXT))) == 3


def test_without_a_column_the_columns_are_listed(tmp_path: Path):
    path = written(tmp_path / "rows.jsonl", [{"title": "a", "text": "b"}])
    assert refusal(path, PromptSpec()) == (
        "say which column is the prompt: --column, --template or --messages; "
        f"the first row of {path} has 'title', 'text'"
    )
    assert "none of the first 1 rows" in refusal(path, PromptSpec(column="body"))


@pytest.mark.workload("generation")
def test_a_file_for_openais_batch_api_says_itself_what_it_asks(tmp_path: Path):
    path = written(tmp_path / "rows.jsonl", [request(number) for number in range(4)])
    lines = estimated(path, PromptSpec())
    assert lines[0].startswith("requests of OpenAI's batch API: their model and sampling are not used")
    assert lines[1] == "4 rows, 0 of them unusable"
    spec = readers.recognise(Source(str(path)), PromptSpec())
    named = PromptSpec(messages="body.messages", id="custom_id")
    found = [list(readers.rows(Source(str(path)), one)) for one in (spec, named)]
    assert found[0] == found[1] and [row.id for row in found[0]] == [f"request-{number}" for number in range(4)]
    assert found[0][3].prompt == request(3)["body"]["messages"]


@pytest.mark.workload("generation")
def test_what_a_request_asks_beside_an_answer_is_a_bad_row(tmp_path: Path):
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    rows = [request(0), request(1, tools=[tool]), request(2, response_format={"type": "json_object"})]
    rows += [{"custom_id": "c", "body": {"prompt": "Once"}}, {"custom_id": "e", "body": {"input": "embed me"}}]
    found = list(readers.rows(*recognised(written(tmp_path / "rows.jsonl", rows))))
    assert [row.error for row in found] == [
        "",
        "the request asks for 'tools', which this batch does not give",
        "the request asks for 'response_format', which this batch does not give",
        "",
        "",
    ]
    assert [row.prompt for row in found[3:]] == ["Once", "embed me"]


def recognised(path: Path) -> tuple[Source, PromptSpec]:
    return Source(str(path)), readers.recognise(Source(str(path)), PromptSpec())


@pytest.mark.workload("generation")
def test_chats_have_the_roles_of_the_templates(tmp_path: Path):
    chats = [
        [{"role": "User", "content": "hi"}],
        [{"from": "human", "value": "hi"}],
        [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    ]
    path = written(tmp_path / "rows.jsonl", [{"m": chat} for chat in chats])
    found = [row.prompt for row in readers.rows(Source(str(path)), PromptSpec(messages="m"))]
    assert found == [[{"role": "user", "content": "hi"}]] * 3


@pytest.mark.workload("generation")
def test_a_request_to_another_endpoint_is_a_bad_row(tmp_path: Path):
    asked = [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}),
        ("/v1/responses", {"input": "hi", "instructions": "Be brief."}),
        ("/v1/responses", {"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}),
        ("https://api.openai.com/v1/completions", {"prompt": "Once"}),
        ("/v1/embeddings", {"input": "hi"}),
        ("/v1/moderations", {"input": "hi"}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}], "n": 3}),
        ("/v1/responses", {"input": "hi", "text": {"format": {"type": "json_schema"}}}),
    ]
    rows = [{"custom_id": str(number), "url": url, "body": body} for number, (url, body) in enumerate(asked)]
    found = list(readers.rows(*recognised(written(tmp_path / "rows.jsonl", rows))))
    hi = {"role": "user", "content": "hi"}
    assert [row.prompt for row in found[:4]] == [[hi], [{"role": "system", "content": "Be brief."}, hi], [hi], "Once"]
    assert [row.error for row in found[4:]] == [
        "the request is for /v1/embeddings, and this batch is for generation",
        "the request is for /v1/moderations, and this batch is for generation",
        "the request asks for n = 3 answers, and this batch gives one",
        "the request asks for a format of its text, which this batch does not give",
    ]


@pytest.mark.workload("embedding")
def test_a_request_for_embeddings_holds_one_text(tmp_path: Path):
    bodies: list[Any] = [{"input": "a"}, {"input": ["a"]}, {"input": ["a", "b"]}, {"input": "a", "dimensions": 64}]
    rows = [{"custom_id": str(n), "url": "/v1/embeddings", "body": body} for n, body in enumerate(bodies)]
    rows.append({"custom_id": "c", "url": "/v1/completions", "body": {"prompt": "a"}})
    found = list(readers.rows(*recognised(written(tmp_path / "rows.jsonl", rows))))
    assert [row.prompt for row in found] == ["a", "a", None, None, None]


@pytest.mark.workload("generation")
def test_a_chat_that_was_answered_asks_nothing(tmp_path: Path):
    user, answer = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}
    chats = [[user], [user, answer], [user, answer, user]]
    path = written(tmp_path / "rows.jsonl", [{"m": chat} for chat in chats])
    found = list(readers.rows(Source(str(path)), PromptSpec(messages="m")))
    assert [bool(row.error) for row in found] == [False, True, False]
    assert found[1].error.startswith("'m' ends with an answer of the assistant")


@pytest.mark.workload("generation")
def test_what_lies_beside_a_chat_is_given_or_refused(tmp_path: Path):
    chat = [{"role": "user", "content": "hi"}]
    own = [{"role": "system", "content": "own"}, *chat]
    tool = {"type": "function", "function": {"name": "f"}}
    rows: list[dict[str, Any]] = [{"m": chat, "system": "Be brief."}, {"m": own, "system": "Be brief."}]
    rows.append({"m": chat, "tools": [tool]})
    for name in ("rows.jsonl", "rows.parquet"):
        path = tmp_path / name
        if name == "rows.jsonl":
            written(path, rows)
        else:
            columns = {key: [row.get(key) for row in rows] for key in ("m", "system", "tools")}
            parquet.write_table(pa.table(columns), path)
        spec = PromptSpec(messages="m")
        found = list(readers.rows(Source(str(path)), spec))
        assert [row.prompt for row in found] == [[{"role": "system", "content": "Be brief."}, *chat], own, None], name
        assert found[2].error == "the row has 'tools' beside the chat, which this batch does not give to the model"
        assert readers.notes(Source(str(path)), spec) == [
            "'system' beside a chat goes before it, where that begins with none"
        ]
    body = written(tmp_path / "nested.jsonl", [{"params": {"system": "Be brief.", "messages": chat}}])
    found = list(readers.rows(Source(str(body)), PromptSpec(messages="params.messages")))
    assert found[0].prompt == [{"role": "system", "content": "Be brief."}, *chat]


def test_an_id_that_several_rows_have_is_said(tmp_path: Path):
    names = ["a", "b", "a", "c", "a", None]
    path = written(tmp_path / "rows.jsonl", [{"id": name, "text": "x"} for name in names])
    assert readers.notes(Source(str(path)), PromptSpec(column="text", id="id")) == [
        "2 rows have an id in 'id' that a row before them has, such as 'a': their results cannot be told apart by it"
    ]
    assert readers.notes(Source(str(path)), PromptSpec(column="text", id="id", limit=2)) == []


def test_keys_within_columns_of_parquet_are_read(tmp_path: Path):
    parquet.write_table(pa.Table.from_pylist([{"id": "a", "ticket": {"body": "hi", "x": 1}}]), tmp_path / "a.parquet")
    found = list(readers.rows(Source(str(tmp_path / "a.parquet")), PromptSpec(column="ticket.body", id="id")))
    assert [(row.id, row.prompt, row.error) for row in found] == [("a", "hi", "")]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("s3://logs/2026/rows.jsonl", 'set BUCKET in plan.py to its name, and give "/bucket/" with the path in it'),
        ("s3://logs/2026", "set BUCKET in plan.py"),
        ("https://example.com/rows.csv", "download it, and give the file"),
        ("https://huggingface.co/datasets/openai/gsm8k/tree/main", "write the id of the dataset, openai/gsm8k"),
        ("openai/gsm8k main", "write openai/gsm8k --config main"),
    ],
)
def test_an_address_is_refused_with_what_works(name: str, says: str):
    with pytest.raises(DataError) as caught:
        list(readers.rows(Source(name), TEXT))
    assert says in str(caught.value)


def test_fewer_rows_than_none_are_refused():
    with pytest.raises(DataError, match="-3 rows cannot be taken"):
        PromptSpec(column="text", limit=-3)


def test_files_of_a_folder_that_are_not_read_are_named(tmp_path: Path):
    written(tmp_path / "rows.jsonl", [{"text": "a"}])
    for name in ("more.xlsx", "README.md", ".cache/x.json", "LICENSE"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert readers.notes(Source(str(tmp_path)), TEXT) == ["not read, of another format: 'more.xlsx'"]
    assert len(list(readers.rows(Source(str(tmp_path)), TEXT))) == 1


@pytest.mark.workload("generation")
@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"messages": [{"role": "user", "content": "hi"}]}, "name that, as m.messages"),
        (
            [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "content": "4"},
            ],
            "holds a call of a tool, which this batch cannot put into a prompt",
        ),
    ],
)
def test_a_chat_that_cannot_be_put_into_a_prompt_is_a_bad_row(tmp_path: Path, found: object, says: str):
    [row] = readers.rows(Source(str(written(tmp_path / "rows.jsonl", [{"m": found}]))), PromptSpec(messages="m"))
    assert row.prompt is None and says in row.error


@pytest.mark.workload("generation")
def test_a_line_whose_body_is_no_request_is_a_bad_row(tmp_path: Path):
    rows = [request(0), request(1) | {"body": [1]}, request(2) | {"body": "Hello"}]
    found = list(readers.rows(*recognised(written(tmp_path / "rows.jsonl", rows))))
    assert found[1].error == "'body' is a list, not a request" and found[2].prompt is None and not found[0].error


@pytest.mark.workload("generation")
def test_chats_as_json_in_a_column_of_texts_are_noticed(tmp_path: Path):
    rows = [{"text": json.dumps([{"role": "user", "content": "hi"}])}]
    [note] = readers.notes(Source(str(written(tmp_path / "rows.jsonl", rows))), TEXT)
    assert "'text' holds chats as JSON" in note and "--messages reads them" in note
    beside = written(tmp_path / "beside.jsonl", [{"m": [], "system": [1]}])  # neither a text nor a reason to stop
    assert readers.notes(Source(str(beside)), PromptSpec(messages="m")) == []


def test_a_prompt_is_made_in_one_way_and_a_shard_holds_rows(tmp_path: Path):
    with pytest.raises(DataError, match="a prompt is one of: a column, a template"):
        PromptSpec(column="text", template="{text}")
    source = Source(str(written(tmp_path / "rows.jsonl", ROWS)))
    with pytest.raises(DataError, match="set SHARD_ROWS in plan"):
        shards.prepare(str(tmp_path / "root"), source, TEXT, 0)
    assert not (tmp_path / "root").exists()


def test_an_object_in_the_place_of_a_text_names_the_key_that_may_be_meant(tmp_path: Path):
    rows = [{"text": {"body": "hi", "lang": "en"}}, {"text": {}}]
    found = list(readers.rows(Source(str(written(tmp_path / "rows.jsonl", rows))), TEXT))
    assert found[0].error == "'text' is an object, not text: where a key of it is meant, name that, as text.body"
    assert found[1].error == "'text' is an object, not text"
    [row] = readers.rows(Source(str(tmp_path / "rows.jsonl")), PromptSpec(column="text.body", limit=1))
    assert row.prompt == "hi"
