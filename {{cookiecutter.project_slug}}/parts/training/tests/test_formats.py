"""Datasets as people have them, through the check: what was recognised is said, nothing vanishes, the rest is asked."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest
from conftest import tiny_llama

from {{cookiecutter.__package}}.data import check, formats, load
from {{cookiecutter.__package}}.data.check import DatasetReport
from {{cookiecutter.__package}}.data.formats import Examples
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.run.run_dir import Run
from {{cookiecutter.__package}}.training import model, trainers
from {{cookiecutter.__package}}.training.config import Job

CALL = {"type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}
CALLS = (  # a chat template with a place for tools and their calls; the brackets as in conftest
    "[% if tools %]<|im_start|>system\n[[ tools | tojson ]]<|im_end|>\n[% endif %]"
    "[% for message in messages %]<|im_start|>[[ message.role ]]\n"
    "[% if message.role == 'assistant' %][% generation %][[ message.content ]]"
    "[% for call in message.tool_calls or [] %]<tool_call>[[ call.function | tojson ]][% endfor %]<|im_end|>"
    "[% endgeneration %][% else %][[ message.content ]]<|im_end|>[% endif %]\n[% endfor %]"
    "[% if add_generation_prompt %]<|im_start|>assistant\n[% endif %]"
)


@pytest.fixture(scope="session")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose chat template renders tool calls."""
    return tiny_llama(tmp_path_factory.mktemp("calling"), CALLS)


def write_rows(folder: Path, rows: list[Any], name: str = "rows.jsonl") -> str:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(folder / name)


def checked(job: Job, folder: Path, rows: list[Any]) -> DatasetReport:
    return check.check_job(job, dataset=write_rows(folder, rows))


def refusal(job: Job, folder: Path, rows: list[Any]) -> str:
    with pytest.raises(UserError) as caught:
        checked(job, folder, rows)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def examples(job: Job, folder: Path, rows: list[Any]) -> Examples:
    tokenizer = model.load_tokenizer(model.Source(job.model, "main"))
    return formats.load_examples(
        replace(job, eval_share=0.0), tokenizer, load.read_files(Path(write_rows(folder, rows)))
    )


def learnt(job: Job, folder: Path, found: Examples) -> list[str]:
    """The text of each example that the real trainer takes the loss on."""
    job = replace(job, eval_share=0.0)
    source = model.Source(job.model, "main")
    tokenizer: Any = model.load_tokenizer(source)
    arguments = trainers.training_arguments(job, Run(folder, "run"), found, None)
    trainer: Any = trainers.make_trainer(job, model.load_model(job, source), tokenizer, found, arguments, [])
    return [tokenizer.decode([one for one in row["labels"] if one != -100]) for row in trainer.train_dataset]


@pytest.mark.parametrize(
    ("row", "prompt", "completion", "said"),
    [
        (
            {"instruction": "add", "input": "1 and 2", "output": "3"},
            "add\n\n1 and 2",
            "3",
            "Alpaca: 'instruction' with 'input' is the prompt, 'output' is the completion",
        ),
        (
            {"input": "", "output": "3", "instruction": "add"},
            "add",
            "3",
            "Alpaca: 'instruction' with 'input' is the prompt, 'output' is the completion",
        ),
        ({"question": "why?", "answer": "so"}, "why?", "so", "'question' is the prompt, 'answer' is the completion"),
        ({"Query": "why?", "Response": "so"}, "why?", "so", "'Query' is the prompt, 'Response' is the completion"),
        ({"input": "why?", "output": "so"}, "why?", "so", "'input' is the prompt, 'output' is the completion"),
        (
            {"id": 7, "context": "Oslo is cold.", "question": "warm?", "answer": "no"},
            "warm?\n\nOslo is cold.",
            "no",
            "'question' with 'context' is the prompt, 'answer' is the completion",
        ),
    ],
)
def test_columns_are_known_by_their_names(
    chat_job: Job, tmp_path: Path, row: dict[str, Any], prompt: str, completion: str, said: str
):
    found = examples(chat_job, tmp_path, [row] * 4)
    assert said in found.notes and found.kind == "prompt"
    assert found.train[0]["prompt"] == [{"role": "user", "content": prompt}]  # for a model with a chat template
    assert found.train[0]["completion"] == [{"role": "assistant", "content": completion}]
    plain = model.load_tokenizer(model.Source(chat_job.model, "main"))
    plain.chat_template = None
    rows = load.read_files(tmp_path / "rows.jsonl")
    found = formats.load_examples(replace(chat_job, eval_share=0.0), plain, rows)
    assert found.train[0] == {"prompt": f"{prompt}\n\n", "completion": completion}


def test_prompt_and_completion_stay_one_text(chat_job: Job, tmp_path: Path):
    found = examples(chat_job, tmp_path, [{"prompt": "2 + 2 =", "completion": " 4"}] * 4)
    assert found.train[0] == {"prompt": "2 + 2 =", "completion": " 4"} and found.notes == ()


def test_a_system_prompt_goes_first(chat_job: Job, tmp_path: Path):
    row = {"system_prompt": "Be brief.", "question": "why?", "response": "so"}
    assert examples(chat_job, tmp_path, [row] * 4).train[0]["prompt"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "why?"},
    ]
    chat = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}]
    found = examples(chat_job, tmp_path, [{"conversations": chat, "system": "Be brief."}] * 4)
    assert found.train[0]["prompt"][0] == {"role": "system", "content": "Be brief."}
    assert "ShareGPT: 'conversations' is the messages, 'system' is the system" in found.notes


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"question": "a", "instruction": "b", "output": "c"}, "'instruction', 'question' could each be the prompt"),
        ({"prompt": "a", "output": "b", "answer": "c"}, "'output', 'answer' could each be the completion"),
        ({"sentence": "a", "review": "b"}, "'sentence', 'review' could each be the text"),
        ({"question": "a", "text": "b"}, 'COLUMNS = {"prompt": "question", "completion": "..."}'),
        ({"a": "x", "b": "y"}, 'COLUMNS = {"prompt": "...", "completion": "..."}'),
    ],
)
def test_what_is_ambiguous_is_asked(chat_job: Job, tmp_path: Path, row: dict[str, Any], says: str):
    assert says in refusal(chat_job, tmp_path, [row] * 4)


@pytest.mark.parametrize(
    "row",
    [
        {"chosen": [{"role": "user", "content": "a"}], "rejected": [{"role": "user", "content": "a"}]},
        {"prompt": "a", "chosen": "b", "rejected": "c"},
        {"prompt": "a", "completion": "b", "Chosen": "b", "Rejected": "c"},
    ],
)
def test_preferences_are_refused_by_name(chat_job: Job, tmp_path: Path, row: dict[str, Any]):
    message = refusal(chat_job, tmp_path, [row] * 4)
    assert message.startswith("this is preference data: ") and "hosen' and '" in message and "ejected'" in message


def test_completions_that_are_each_judged_are_refused(chat_job: Job, tmp_path: Path):
    rows = [{"prompt": "a", "completion": "b", "label": number % 2 == 0} for number in range(6)]
    assert "this is preference data: 'label' says true or false" in refusal(chat_job, tmp_path, rows)
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    for good, bad, says in ((1, 0, "1 or 0"), ("True", "False", "true or false"), (True, False, "true or false")):
        for kind in ({"messages": chat}, {"prompt": "a", "completion": "b"}):
            rows = [kind | {"label": (good, bad)[number % 2]} for number in range(6)]
            assert f"'label' says {says} of each" in refusal(chat_job, tmp_path, rows)
    named = [{"prompt": "a", "completion": "b", "label": ("math", "code")[number % 2]} for number in range(6)]
    assert checked(chat_job, tmp_path, named).rows == 6


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"prompt": "a", "completion": "b"}, {"question": "a", "answer": "b"}], "row 2 has no 'prompt', 'completion'"),
        (
            [{"messages": [{"role": "user", "content": "a"}]}, {"prompt": "a"}],
            "row 2 has no 'messages', and has 'prompt'",
        ),
        ([{"text": "a"}, {"body": "a"}], "row 2 has no 'text', and has 'body': give all rows the same columns"),
        ([{"dialogue": "A: hi", "summary": "s"}], 'COLUMNS = {"prompt": "dialogue", "completion": "..."}'),
    ],
)
def test_rows_in_other_columns_are_not_empty(chat_job: Job, tmp_path: Path, rows: list[Any], says: str):
    assert says in refusal(chat_job, tmp_path, rows)


def test_a_history_is_earlier_turns(chat_job: Job, tmp_path: Path):
    row = {"instruction": "and 2?", "input": "", "output": "3", "history": [["1?", "2"]], "system": "Count."}
    assert [turn["content"] for turn in examples(chat_job, tmp_path, [row] * 4).train[0]["prompt"]] == [
        "Count.",
        "1?",
        "2",
        "and 2?",
    ]
    assert "row 1 has a history that is no list of pairs" in refusal(chat_job, tmp_path, [row | {"history": "x"}] * 4)


def test_the_better_answer_can_be_chosen(chat_job: Job, tmp_path: Path):
    job = replace(chat_job, columns={"completion": "chosen"})
    found = examples(job, tmp_path, [{"prompt": "a", "chosen": "b", "rejected": "c"}] * 4)
    assert found.train[0]["completion"] in ("b", [{"role": "assistant", "content": "b"}])


@pytest.mark.parametrize("name", ["None", "NA", "null", "nan", "N/A", "-"])
def test_a_class_called_none_is_one(label_job: Job, tmp_path: Path, name: str):
    text = "text,label\n" + "".join(f"t{number},{('favor', 'against', name)[number % 3]}\n" for number in range(60))
    (tmp_path / "rows.csv").write_text(text)
    report = check.check_job(label_job, dataset=str(tmp_path / "rows.csv"))
    assert report.labels == dict.fromkeys(sorted(["favor", "against", name]), 20) and report.empty == 0
    (tmp_path / "rows.csv").write_text(text + "t,\n,favor\n")
    assert check.check_job(label_job, dataset=str(tmp_path / "rows.csv")).empty == 2


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([1, 2, 3, 4, 5], ["1", "2", "3", "4", "5"]),
        ([-1, 1], ["-1", "1"]),
        ([0, 1], ["0", "1"]),
        ([True, False], ["false", "true"]),
        (["10", "9", "100"], ["9", "10", "100"]),
        (["1.0", "10.0", "2.0"], ["1.0", "2.0", "10.0"]),
        (["+1", "-1"], ["-1", "+1"]),
        ([1.0, 2.0], ["1", "2"]),
        ([1, "1", "2"], ["1", "2"]),
        (["5 stars", "4 stars"], ["4 stars", "5 stars"]),
        ([" pos", "pos", "neg "], ["neg", "pos"]),
    ],
)
def test_labels_are_classes_of_their_own_name(label_job: Job, tmp_path: Path, labels: list[Any], names: list[str]):
    rows = [{"text": f"text {number}", "label": labels[number % len(labels)]} for number in range(30)]
    report = checked(label_job, tmp_path, rows)
    assert list(report.labels) == names and sum(report.labels.values()) == 30 and all(report.labels.values())


def test_numbers_keep_the_names_that_the_dataset_or_the_plan_gives(label_job: Job, tmp_path: Path):
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    made = datasets.Dataset.from_dict({"text": ["a", "b"] * 9, "label": [0, 1] * 9}, features)
    made.save_to_disk(tmp_path / "saved")
    made.to_parquet(tmp_path / "rows.parquet")
    for place in ("saved", "rows.parquet"):
        assert check.check_job(label_job, dataset=str(tmp_path / place)).labels == {"bad": 9, "good": 9}
    named = replace(label_job, labels=("no", "yes"))
    assert checked(named, tmp_path, [{"text": "a", "label": number % 2} for number in range(18)]).labels == {
        "no": 9,
        "yes": 9,
    }
    stars = replace(label_job, labels=("1", "2"))
    assert checked(stars, tmp_path, [{"text": "a", "label": 1 + number % 2} for number in range(18)]).labels == {
        "1": 9,
        "2": 9,
    }


@pytest.mark.parametrize(
    "names",
    [("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2"), ("text", "text_pair")],
)
def test_two_texts_are_a_pair(label_job: Job, tmp_path: Path, names: tuple[str, str]):
    rows = [{names[0]: "is it", names[1]: "open", "label": number % 2} for number in range(20)]
    tokenizer: Any = model.load_tokenizer(model.Source(label_job.model, "main"))
    alone, whole = (len(tokenizer(*texts)["input_ids"]) for texts in (["is it"], ["is it", "open"]))
    report = checked(label_job, tmp_path, rows)
    assert report.longest == whole > alone
    found = examples(label_job, tmp_path, rows)
    assert found.train[0]["text_pair"] == "open"
    tokenizer.sep_token = None  # a language model: one text, and the line break between is said
    joined = formats.load_examples(
        replace(label_job, eval_share=0.0), tokenizer, load.read_files(tmp_path / "rows.jsonl")
    )
    assert joined.train[0]["text"] == "is it\nopen" and any("joined by a line break" in note for note in joined.notes)


@pytest.mark.parametrize(
    ("label", "names"), [("is_duplicate", ("question1", "question2")), ("gold", ("premise", "hypothesis"))]
)
def test_the_way_out_of_an_unknown_label_keeps_both_texts(
    label_job: Job, tmp_path: Path, label: str, names: tuple[str, str]
):
    rows = [{names[0]: "is it", names[1]: "open", label: number % 2} for number in range(20)]
    assert refusal(label_job, tmp_path, rows).endswith('as in COLUMNS = {"label": "..."}')
    found = examples(replace(label_job, columns={"label": label}), tmp_path, rows)
    assert found.train[0]["text"] == "is it" and found.train[0]["text_pair"] == "open"


def test_a_list_of_one_label_is_that_label(label_job: Job, tmp_path: Path):
    rows: list[Any] = [{"text": "a", "label": ["bad"]}, {"text": "b", "label": ["good"]}] * 9
    report = checked(label_job, tmp_path, [*rows, {"text": "c", "label": []}])
    assert report.labels == {"bad": 9, "good": 9} and report.empty == 1
    assert "['bad', 'good'] is a list" in refusal(label_job, tmp_path, [*rows, {"text": "c", "label": ["bad", "good"]}])


def test_labels_in_two_spellings_are_said(label_job: Job, tmp_path: Path):
    rows = [{"text": "a", "label": ("Bad", "bad", "good")[number % 3]} for number in range(21)]
    said = "the labels 'Bad', 'bad' differ in case only, and are classes of their own"
    assert checked(label_job, tmp_path, rows).notes == (said,)


def test_rows_that_are_single_messages_are_no_plain_text(chat_job: Job, tmp_path: Path):
    rows = [{"thread": 1, "role": "prompter", "text": "hi"}, {"thread": 1, "role": "assistant", "text": "hello"}] * 3
    assert "each row is one message, with its speaker in 'role'" in refusal(chat_job, tmp_path, rows)
    assert checked(replace(chat_job, columns={"text": "text"}), tmp_path, rows).kind == "text"


@pytest.mark.parametrize(
    "names", [("Text", "Sentiment"), ("review", "stars"), ("sentence", "class"), ("tweet", "stance")]
)
def test_usual_names_of_text_and_label_are_known(label_job: Job, tmp_path: Path, names: tuple[str, str]):
    report = checked(label_job, tmp_path, [{names[0]: "a", names[1]: str(number % 2)} for number in range(20)])
    assert report.notes == (f"{names[0]!r} is the text, {names[1]!r} is the label",)


def test_numbers_and_booleans_are_texts(chat_job: Job, tmp_path: Path):
    (tmp_path / "rows.csv").write_text("prompt,completion\n" + "".join(f"{n}+1,{n + 1}\n" for n in range(40)))
    assert check.check_job(chat_job, dataset=str(tmp_path / "rows.csv")).empty == 0
    rows = [{"prompt": 1, "completion": True}, {"prompt": 2.5, "completion": "null"}]
    assert examples(chat_job, tmp_path, rows).train.to_list() == [
        {"prompt": "1", "completion": "true"},
        {"prompt": "2.5", "completion": "null"},
    ]


@pytest.mark.parametrize(
    "chat",
    [
        [{"role": "User", "content": "a"}, {"role": "Assistant", "content": "b"}],
        [{"from": "human", "value": "a"}, {"from": "chatgpt", "value": "b"}],
        [{"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "model", "content": ["b"]}],
        '[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]',
    ],
)
def test_a_chat_in_another_spelling_is_the_same(chat_job: Job, marked: Path, tmp_path: Path, chat: Any):
    found = examples(replace(chat_job, model=str(marked)), tmp_path, [{"messages": chat}] * 4)
    assert found.train[0]["messages"] == [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


def test_a_picture_is_refused_by_its_row(chat_job: Job, tmp_path: Path):
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}
    good = {"role": "user", "content": "a"}
    rows = [{"messages": [good, {"role": "assistant", "content": "b"}]}, {"messages": [picture]}]
    assert "row 2 is not a chat: the content has a part of the type 'image_url'" in refusal(chat_job, tmp_path, rows)


def test_a_picture_in_a_column_beside_is_refused_too(chat_job: Job, tmp_path: Path):
    chat = [{"from": "human", "value": "<image>\nwhat is it?"}, {"from": "gpt", "value": "a saddle"}]
    rows = [{"image": "a.jpg", "conversations": chat}] * 4
    assert "row 1 has an image, which is not learnt here" in refusal(chat_job, tmp_path, rows)
    assert checked(chat_job, tmp_path, [{"conversations": chat}] * 4).rows == 4  # a text on HTML, say


def test_a_tool_call_is_an_answer(chat_job: Job, calling: Path, marked: Path, tmp_path: Path):
    user = {"role": "user", "content": "weather?"}
    rows = [
        {"messages": [user, {"role": "assistant", "content": "sunny", "tool_calls": None}]},
        {"messages": [user, {"role": "assistant", "content": None, "tool_calls": [CALL]}]},
    ] * 4
    found = examples(replace(chat_job, model=str(calling)), tmp_path, rows)
    assert found.empty == 0 and found.notes == ()
    assert [row["messages"][1].get("tool_calls") for row in found.train][:2] == [None, [CALL]]  # and no keys of others
    said = learnt(replace(chat_job, model=str(calling)), tmp_path, found)
    assert "sunny" in said[0] and '<tool_call>{"name": "weather", "arguments": {"city": "Oslo"}}' in said[1]
    plain = replace(chat_job, model=str(marked))  # a template that would leave the call out
    found = examples(plain, tmp_path, rows)
    assert found.empty == 0 and any("learnt as JSON" in note for note in found.notes)
    assert '{"name": "weather", "arguments": {"city": "Oslo"}}' in learnt(plain, tmp_path, found)[1]


def test_tools_as_json_are_parsed(chat_job: Job, calling: Path, tmp_path: Path):
    chat = [{"role": "user", "content": "w?"}, {"role": "assistant", "content": "ok"}]
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
    job = replace(chat_job, model=str(calling))
    rows = [{"messages": chat, "tools": json.dumps(tools)}, {"messages": chat, "tools": tools}, {"messages": chat}]
    found = examples(job, tmp_path, rows)
    assert [row["tools"] for row in found.train] == [tools, tools, None]
    assert (
        checked(replace(job, eval_share=0.0), tmp_path, rows[:1]).tokens
        > checked(replace(job, eval_share=0.0), tmp_path, rows[2:]).tokens
    )


def test_a_sharegpt_call_and_its_observation_are_roles(chat_job: Job, calling: Path, tmp_path: Path):
    spoken = [
        ("human", "w?"),
        ("function_call", json.dumps(CALL["function"])),
        ("observation", "sun"),
        ("gpt", "sunny"),
    ]
    rows = [{"conversations": [{"from": role, "value": text} for role, text in spoken]}] * 4
    found = examples(replace(chat_job, model=str(calling)), tmp_path, rows)
    assert [turn["role"] for turn in found.train[0]["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert found.train[0]["messages"][1]["tool_calls"] == [CALL]


def test_a_turn_of_weight_0_is_not_learnt(chat_job: Job, marked: Path, tmp_path: Path):
    spoken = [("user", "w?", None), ("assistant", "bad", 0), ("user", "no", None), ("assistant", "good", 1)]
    weighted = {"messages": [{"role": role, "content": text, "weight": weight} for role, text, weight in spoken]}
    plain = {"messages": [{"role": role, "content": text} for role, text, _weight in spoken[:2]]}
    never = {"messages": weighted["messages"][:2]}
    for folder in (chat_job.model, str(marked)):
        job = replace(chat_job, model=folder)
        found = examples(job, tmp_path, [weighted, plain, never])
        assert (found.rows, found.empty) == (3, 1) and "whose weight is not 0" in found.learns
        first, second = (
            text.removesuffix("\n").removesuffix("<|im_end|>").strip() for text in learnt(job, tmp_path, found)
        )
        assert (first, second) == ("good", "bad")
        assert found.train[0]["prompt"][1]["content"] == "bad"  # it is read all the same


def test_a_chat_as_pandas_or_numpy_prints_it_is_no_text(chat_job: Job, tmp_path: Path):
    chat = [{"role": "user", "content": "a"}]
    found = examples(chat_job, tmp_path, [{"prompt": str(chat), "completion": "it's b"}] * 4)
    assert found.train[0]["prompt"] == chat
    numpy = "[{'content': 'a', 'role': 'user'}\n {'content': 'b', 'role': 'assistant'}]"
    assert "a chat is not JSON" in refusal(chat_job, tmp_path, [{"prompt": numpy, "completion": "c"}] * 4)


def test_messages_beside_a_text_are_a_chat(chat_job: Job, tmp_path: Path):
    user, answer = [{"role": "user", "content": "a"}], [{"role": "assistant", "content": "b"}]
    as_text = {"prompt": json.dumps(user), "completion": json.dumps(answer)}
    for row in ({"prompt": user, "completion": "b"}, {"prompt": "a", "completion": answer}, as_text):
        found = examples(chat_job, tmp_path, [row] * 4)
        assert (found.train[0]["prompt"], found.train[0]["completion"]) == (user, answer)
    rows = [{"prompt": "a", "completion": "b"}, {"prompt": user, "completion": "b"}]
    assert "row 2 has messages in 'prompt', and the first row has texts" in refusal(chat_job, tmp_path, rows)


def test_a_chat_that_the_template_refuses_is_a_sentence(chat_job: Job, tmp_path: Path):
    strict = "[% if messages[0].role != 'user' %][[ raise_exception('begin with the user') ]][% endif %]x"
    job = replace(chat_job, model=str(tiny_llama(tmp_path / "strict", strict)))
    chat = [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert "chat template refuses a chat: begin with the user" in refusal(job, tmp_path, [{"messages": chat}] * 4)


def test_files_are_read_as_a_batch_reads_them(chat_job: Job, tmp_path: Path):
    rows = [{"prompt": f"q{number}", "completion": f"é{number}"} for number in range(40)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    plain = check.check_job(chat_job, dataset=write_rows(tmp_path, rows))
    table = "prompt;completion\r\n" + "".join(f"{row['prompt']};{row['completion']}\r\n" for row in rows)
    for name, content, said in (
        ("a.jsonl.gz", gzip.compress(text.encode()), ()),
        ("a.JSONL", text.encode(), ()),
        ("a.json", json.dumps(rows).encode(), ()),
        ("b.jsonl", text.encode("utf-16"), ("b.jsonl: UTF-16",)),
        ("c.csv", table.encode(), ("c.csv: fields separated by ';'",)),
        ("d.csv", table.encode("cp1252"), ("d.csv: Windows-1252, as its bytes look, fields separated by ';'",)),
    ):
        (tmp_path / name).write_bytes(content)
        assert check.check_job(chat_job, dataset=str(tmp_path / name)) == replace(plain, notes=said), name
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(text.encode())[:-9])
    (tmp_path / "open.csv").write_text('prompt,completion\na,b\nc,"open\nd,e\n')
    for name, says in (
        ("cut.jsonl.gz", "is damaged or cut off"),
        ("open.csv", "line 3 is not CSV: a quote that is opened"),
    ):
        with pytest.raises(UserError, match=says):
            check.check_job(chat_job, dataset=str(tmp_path / name))


def test_of_a_folder_with_splits_the_training_rows_are_taken(chat_job: Job, tmp_path: Path):
    for name, count in (("train-0", 3), ("train-1", 4), ("test", 5)):
        write_rows(tmp_path, [{"text": "once upon a time"}] * count, f"{name}.jsonl")
    report = check.check_job(chat_job, dataset=str(tmp_path))
    assert report.rows == 7 and report.notes == ("train-0.jsonl, train-1.jsonl; left out: test.jsonl",)


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (("my_train.jsonl", "my_val.jsonl"), ["my_train.jsonl"]),
        (("trainset.csv.jsonl", "testset.csv.jsonl"), ["trainset.csv.jsonl"]),
        (("train/a.jsonl", "test/a.jsonl"), ["train/a.jsonl"]),
        (("train1.jsonl", "train2.jsonl", "test1.jsonl"), ["train1.jsonl", "train2.jsonl"]),
        (("part1.jsonl", "part2.jsonl", "holdout.jsonl"), ["part1.jsonl", "part2.jsonl"]),
        (("latest.jsonl", "values.jsonl", "developers.jsonl"), ["developers.jsonl", "latest.jsonl", "values.jsonl"]),
    ],
)
def test_no_row_that_is_named_as_held_out_is_learnt(tmp_path: Path, names: tuple[str, ...], taken: list[str]):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_rows(tmp_path, [{"text": "once"}], name)
    found, _notes = load.training_files(tmp_path)
    assert [str(file.relative_to(tmp_path)) for file in found] == taken


def test_a_folder_of_rows_that_are_held_out_is_refused(chat_job: Job, tmp_path: Path):
    for name in ("test", "validation"):
        write_rows(tmp_path, [{"text": "once"}] * 4, f"{name}.jsonl")
    with pytest.raises(UserError, match=r"holds test.jsonl, validation.jsonl, and no rows to train on"):
        check.check_job(chat_job, dataset=str(tmp_path))
    assert check.check_job(chat_job, dataset=str(tmp_path / "test.jsonl")).rows == 4
