"""Exports of tracing and annotation tools, and rows that say of themselves that they are not to be learnt."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest
from pyarrow import parquet
from test_formats import CALL, checked, examples, refusal, write_rows
from trl.trainer.utils import remove_none_values

from {{cookiecutter.__package}}.data import check, load
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training.config import Job

USER, ANSWER = {"role": "user", "content": "why?"}, {"role": "assistant", "content": "so"}


def test_keys_of_nested_values_are_named_in_columns(chat_job: Job, tmp_path: Path):
    langsmith = {"inputs": {"question": "why?"}, "outputs": {"answer": "so"}, "metadata": {}}
    squad = {"question": "why?", "answers": {"text": ["so", "because"], "answer_start": [0, 3]}}
    for row, columns in (
        (langsmith, {"prompt": "inputs.question", "completion": "outputs.answer"}),
        (squad, {"prompt": "question", "completion": "answers.text.0"}),
    ):
        found = examples(replace(chat_job, columns=columns), tmp_path, [row] * 4)
        assert (found.train[0]["prompt"], found.train[0]["completion"]) == ([USER], [ANSWER])
    wrong = replace(chat_job, columns={"prompt": "inputs.query", "completion": "outputs.answer"})
    assert "COLUMNS names 'inputs.query', and the dataset has" in refusal(wrong, tmp_path, [langsmith] * 4)
    whole = replace(chat_job, columns={"prompt": "inputs", "completion": "outputs"})
    assert 'name it in COLUMNS, as in "inputs.question"' in refusal(whole, tmp_path, [langsmith] * 4)


@pytest.mark.parametrize("as_text", [False, True])
def test_a_traced_request_and_its_message_are_a_chat(chat_job: Job, tmp_path: Path, as_text: bool):
    for asked in ({"messages": [USER]}, [USER]):
        row: dict[str, Any] = {"input": asked, "output": ANSWER}
        row = {name: json.dumps(value) for name, value in row.items()} if as_text else row
        found = examples(chat_job, tmp_path, [row] * 4)
        assert (found.train[0]["prompt"], found.train[0]["completion"]) == ([USER], [ANSWER])
    tools = {"messages": [USER], "tools": [CALL]}
    row = {"input": json.dumps(tools) if as_text else tools, "output": "so"}
    assert "row 1 has tools within 'input'" in refusal(chat_job, tmp_path, [row] * 4)


def test_json_that_is_to_be_learnt_stays_text(chat_job: Job, tmp_path: Path):
    for answer in ('{"from": "Oslo", "to": "Bergen"}', '{"role": "saddler", "content": 3}', '{"messages": 3}', "{a}"):
        found = examples(chat_job, tmp_path, [{"question": "why?", "answer": answer}] * 4)
        assert found.train[0]["completion"] == [{"role": "assistant", "content": answer}]


def test_one_of_several_texts_is_named_by_its_place(chat_job: Job, pair_job: Job, tmp_path: Path):
    several = {"question": "why?", "answer": ["so", "because"]}
    assert "row 1 has a list of texts in 'answer'" in refusal(chat_job, tmp_path, [several] * 4)
    found = examples(replace(chat_job, columns={"completion": "answer.1"}), tmp_path, [several] * 4)
    assert found.train[0]["completion"] == [{"role": "assistant", "content": "because"}]
    pair = {"prompt": "why?", "chosen": "so", "rejected": ["no", "never"]}
    assert 'as in "rejected.0"' in refusal(pair_job, tmp_path, [pair] * 4)


def test_what_a_user_says_is_no_completion(chat_job: Job, tmp_path: Path):
    row = {"prompt": [USER], "completion": [USER, ANSWER]}
    assert "row 1 has a 'user' message in 'completion'" in refusal(chat_job, tmp_path, [row] * 4)


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("split", ["train", "test"], "'split' says 'test' of some rows"),
        ("kto_tag", [True, False], "this is preference data: 'kto_tag' says true or false of each completion"),
        ("feedback", ["thumbs_up", "thumbs_down"], "'feedback' says 'thumbs_down' of some rows"),
        ("answer", ["accept", "reject", "ignore"], "'answer' says 'ignore' of some rows"),
        ("status", ["submitted", "discarded", "pending"], "'status' says 'discarded' of some rows"),
        ("status", [["submitted"], ["discarded"]], "'status' says 'discarded' of some rows"),
    ],
)
def test_rows_that_are_marked_are_not_learnt(chat_job: Job, tmp_path: Path, column: str, values: list[Any], says: str):
    rows = [{"prompt": "a", "completion": "b", column: value} for value in values for _ in range(1500)]
    assert says in refusal(chat_job, tmp_path, rows)
    made = datasets.Dataset.from_list(rows)  # as the hub gives them
    assert load.from_library("d", made).marks[column] == load.read_files(tmp_path / "rows.jsonl").marks[column]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("answered", ["accept", "maybe"]),
        ("difficulty", ["good", "bad"]),
        ("split", ["train", "train"]),
        ("set", ["test", "test"]),
        ("set", ["gold", "test"]),
    ],
)
def test_other_columns_mark_nothing(chat_job: Job, tmp_path: Path, column: str, values: list[str]):
    rows = [{"prompt": "a", "completion": "b", column: values[number % 2]} for number in range(20)]
    report = checked(chat_job, tmp_path, rows)
    assert report.rows == 20 and report.notes == (f"not used: '{column}'",)


def test_labels_that_an_annotator_rejected_are_refused(label_job: Job, tmp_path: Path):
    rows = [{"text": "a", "label": "AB"[n % 2], "answer": "accept" if n % 3 else "reject"} for n in range(24)]
    assert "'answer' says 'reject' of some rows" in refusal(label_job, tmp_path, rows)
    kept = [row for row in rows if row["answer"] == "accept"]
    assert checked(label_job, tmp_path, kept).rows == 16
    decided = [row | {"answer": "approved" if number % 2 else "rejected"} for number, row in enumerate(rows)]
    assert checked(label_job, tmp_path, decided).rows == 24  # of the text, it may be


def test_which_answer_is_better_is_not_guessed(pair_job: Job, tmp_path: Path):
    rows = [{"prompt": "why?", "response_0": "a", "response_1": "b", "better_response_id": n % 2} for n in range(24)]
    named = replace(pair_job, columns={"chosen": "response_0", "rejected": "response_1"})
    says = "'better_response_id' says which of two answers is better in each row, and here 'response_0' always is"
    assert says in refusal(named, tmp_path, rows)
    assert checked(named, tmp_path, [row for row in rows if row["better_response_id"] == 0]).rows == 12
    arena = {"prompt": "why?", "response_a": "a", "response_b": "b", "winner": "model_a"}
    assert 'as in COLUMNS = {"chosen": "...", "rejected": "..."}' in refusal(pair_job, tmp_path, [arena] * 4)


def test_columns_that_are_not_used_are_named(chat_job: Job, tmp_path: Path):
    row = {"question": "why?", "choices": ["a", "b"], "answer": 1, "system_message": "Be brief."}
    assert "not used: 'choices', 'system_message'" in checked(chat_job, tmp_path, [row] * 20).notes


def test_keys_of_messages_that_the_template_leaves_out_are_named(chat_job: Job, tmp_path: Path):
    rows = [{"messages": [USER, ANSWER | {"reasoning_content": "hm", "weight": 1}]}] * 20
    assert checked(chat_job, tmp_path, rows).notes == (
        "not learnt, as the chat template does not read it: 'reasoning_content' of a message",
    )


@pytest.mark.parametrize(
    "rows",
    [
        [{"prompt": "a", "completion": "b"}, {"prompt": "a", "response": "b"}],
        [{"prompt": "a", "completion": "b"}, {"prompt": "a", "completion": None, "response": "b"}],
        [{"messages": [USER, ANSWER]}, {"messages": None, "prompt": "a", "completion": "b"}],
    ],
)
def test_a_row_whose_answer_is_in_another_column_is_not_empty(chat_job: Job, tmp_path: Path, rows: list[Any]):
    assert "row 2 has no '" in refusal(chat_job, tmp_path, rows)


def test_an_empty_question_is_an_empty_row(chat_job: Job, tmp_path: Path):
    (tmp_path / "rows.csv").write_text("question,answer\n" + "why?,so\n" * 12 + ",so\n" * 5)
    assert check.check_job(chat_job, dataset=str(tmp_path / "rows.csv")).empty == 5
    row = {"instruction": "", "input": "why?", "output": "so"}
    assert checked(chat_job, tmp_path, [row] * 20).empty == 0


def test_a_call_from_a_table_has_its_own_arguments(chat_job: Job, tmp_path: Path):
    def said(name: str, arguments: dict[str, str]) -> list[Any]:
        call = {"type": "function", "function": {"name": name, "arguments": arguments}}
        return [USER, {"role": "assistant", "content": "", "tool_calls": [call]}]

    rows = [{"messages": said("weather", {"city": "Oslo"})}, {"messages": said("time", {"zone": "CET"})}]
    table = pa.Table.from_pylist(rows)
    parquet.write_table(table, tmp_path / "rows.parquet")
    found = load.read_files(tmp_path / "rows.parquet")
    assert list(found.read()) == [remove_none_values(row) for row in table.to_pylist()] == rows
    from_hub = load.from_library("d", datasets.Dataset(table))
    assert list(from_hub.read()) == rows


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["1", "1.0", "0"], "the labels '1', '1.0' are one number"),
        (["01", "1", "2"], "the labels '01', '1' are one number"),
        (["n\u00e9gatif", "ne\u0301gatif", "positif"], "the labels 'ne\u0301gatif', 'n\u00e9gatif' are spelt alike"),
        (["very good", "very_good", "bad"], "the labels 'very good', 'very_good' are spelt alike"),
        (["a", "b", "a|b"], "the label 'a|b' is several others in one"),
        (["a", "b", "b, a"], "the label 'b, a' is several others in one"),
    ],
)
def test_labels_that_are_likely_one_or_several_are_said(label_job: Job, tmp_path: Path, labels: list[str], says: str):
    rows = [{"text": "a", "label": labels[number % 3]} for number in range(24)]
    report = checked(label_job, tmp_path, rows)
    assert any(says in note for note in report.notes) and list(report.labels.values()) == [8, 8, 8]


def test_lists_of_labels_as_text_are_lists(label_job: Job, tmp_path: Path):
    rows = [{"text": "a", "label": ("['x']", '["y"]')[number % 2]} for number in range(24)]
    assert checked(label_job, tmp_path, rows).labels == {"x": 12, "y": 12}
    assert "['x', 'y'] is a list" in refusal(label_job, tmp_path, [*rows, {"text": "a", "label": "['x', 'y']"}])
    named = [{"text": "a", "label": ("[x]", "[y")[number % 2]} for number in range(24)]
    assert checked(label_job, tmp_path, named).labels == {"[x]": 12, "[y": 12}


def test_a_label_that_no_text_has_is_no_class(label_job: Job, tmp_path: Path):
    rows = [{"text": ("", "a")[number % 2], "label": "xy"[number % 2]} for number in range(24)]
    assert "all rows have the same label" in refusal(label_job, tmp_path, rows)
    more = [{"text": "b", "label": "z"}] * 4
    report = checked(label_job, tmp_path, rows + more)
    assert report.labels == {"y": 12, "z": 4} and report.empty == 12


@pytest.mark.parametrize("labels", [["C", "C++", "C#"], ["-1", "1", "0"], ["a/b", "a", "c"], ["n", "n/a", "y"]])
def test_labels_of_their_own_are_left_alone(label_job: Job, tmp_path: Path, labels: list[str]):
    rows = [{"text": "a", "label": labels[number % 3]} for number in range(24)]
    assert checked(label_job, tmp_path, rows).notes == ()


def test_a_label_whose_rows_are_all_held_out_is_named(label_job: Job, tmp_path: Path):
    rows = [{"text": f"text {n}", "label": f"only {n}" if n < 20 else "ab"[n % 2]} for n in range(200)]
    notes = checked(replace(label_job, eval_share=0.2), tmp_path, rows).notes
    kept = datasets.Dataset.from_list(rows).train_test_split(test_size=40, seed=label_job.seed)["train"]
    held = sorted({row["label"] for row in rows} - set(kept["label"]))
    assert held and all(repr(name) in notes[-1] for name in held) and notes[-1].count("'") == 2 * len(held)
    assert "are held out: it is not learnt" in notes[-1]
    assert checked(replace(label_job, eval_share=0.0), tmp_path, rows).notes == ()


def test_two_thousand_labels_are_no_page_of_text(label_job: Job, tmp_path: Path):
    rows = [{"text": "a", "label": f"c{number % 2000}"} for number in range(4000)]
    report = checked(label_job, tmp_path, rows)
    line = next(line for line in report.lines(96) if line.startswith("labels"))
    assert len(report.labels) == 2000 and line.endswith("and 1,900 more") and len(line) < 2000


def test_of_a_folder_whatever_is_left_out_is_named(label_job: Job, tmp_path: Path):
    rows = [{"text": "a", "label": "ab"[number % 2]} for number in range(20)]
    for name in ("train.jsonl", "test.jsonl", "sample_submission.jsonl"):
        write_rows(tmp_path, rows if name == "train.jsonl" else rows[:3], name)
    (tmp_path / "more.xlsx").write_bytes(b"PK")
    report = check.check_job(label_job, dataset=str(tmp_path))
    assert report.rows == 20 and report.notes == (
        "train.jsonl; left out: sample_submission.jsonl, test.jsonl",
        "not read, of another format: 'more.xlsx'",
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("s3://logs/rows.jsonl", "download it, and give the file"),
        ("s3://logs/2026", "download it, and give the file"),
        ("https://example.com/rows.csv", "download it, and give the file"),
        ("https://huggingface.co/datasets/openai/gsm8k", "write the id of the dataset, openai/gsm8k"),
        ("hf://datasets/openai/gsm8k/main/train.parquet", "write the id of the dataset, openai/gsm8k"),
        ("openai/gsm8k main", 'write DATASET = "openai/gsm8k" and SUBSET = "main"'),
    ],
)
def test_an_address_is_refused_with_what_works(name: str, says: str):
    with pytest.raises(UserError) as caught:
        load.load_dataset(name)
    assert says in str(caught.value)
