"""The formats of a dataset: kinds, counts, and one clear sentence for each user error."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest
from conftest import SAMPLES

from {{cookiecutter.__package}}.data import check, formats, load
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training import model
from {{cookiecutter.__package}}.training.config import Job

CHAT = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello there"}]}

SHAREGPT = {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}]}


def write_rows(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def error_of(job: Job, tmp_path: Path, rows: list[Any]) -> str:
    """The error for rows that cannot be trained on."""
    with pytest.raises(UserError) as caught:
        check.check_job(job, dataset=write_rows(tmp_path / "rows.jsonl", rows))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_shipped_chats_are_counted_as_the_tokenizer_counts_them(chat_job: Job):
    report = check.check_job(chat_job)
    rows = [json.loads(line)["messages"] for line in (SAMPLES / "chat.jsonl").read_text().splitlines()]
    tokenizer: Any = model.load_tokenizer(model.Source(chat_job.model, "main"))
    lengths = [len(tokenizer.apply_chat_template(row, tokenize=True)["input_ids"]) for row in rows]
    assert (report.rows, report.tokens, report.longest) == (len(rows), sum(lengths), max(lengths))
    assert report.cut == sum(length > chat_job.seq_len for length in lengths)
    assert report.evaluated == round(0.05 * len(rows) + 0.5) and report.empty == 0


def test_the_shipped_labels_are_counted(label_job: Job):
    report = check.check_job(label_job)
    rows = [json.loads(line) for line in (SAMPLES / "labels.jsonl").read_text().splitlines()]
    assert sum(report.labels.values()) == len(rows) and set(report.labels) == {row["label"] for row in rows}
    assert list(report.labels) == sorted(report.labels)


@pytest.mark.parametrize(
    ("rows", "kind", "learns"),
    [
        ([CHAT] * 4, "prompt", "on the last answer of each chat"),
        ([SHAREGPT] * 4, "prompt", "on the last answer of each chat"),
        ([{"prompt": "2 + 2 =", "completion": " 4"}] * 4, "prompt", "on the completion only"),
        ([{"text": "once upon a time"}] * 4, "text", "on every token"),
    ],
)
def test_each_kind_is_recognised_by_its_columns(chat_job: Job, tmp_path: Path, rows: list[Any], kind: str, learns: str):
    report = check.check_job(chat_job, dataset=write_rows(tmp_path / "rows.jsonl", rows))
    assert report.kind == kind and learns in report.learns


def test_a_template_that_marks_answers_lets_every_answer_be_learnt(chat_job: Job, marked: Path):
    report = check.check_job(chat_job, str(marked))
    assert report.kind == "chat" and report.learns == "on every answer of the assistant"


def test_a_model_without_a_chat_template_cannot_take_chats(chat_job: Job, tmp_path: Path, tiny: Path):
    tokenizer: Any = model.load_tokenizer(model.Source(str(tiny), "main"))
    tokenizer.chat_template = None
    with pytest.raises(UserError, match="no chat template"):
        formats.load_examples(chat_job, tokenizer, load.from_library("chats", datasets.Dataset.from_list([CHAT] * 4)))


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_the_file_formats_hold_the_same(label_job: Job, tmp_path: Path, suffix: str):
    rows = datasets.load_dataset("json", data_files=label_job.dataset, split="train")
    path = tmp_path / f"rows.{suffix}"
    {"parquet": rows.to_parquet, "csv": rows.to_csv, "jsonl": rows.to_json}[suffix](path)
    assert check.check_job(label_job, dataset=str(path)) == check.check_job(label_job)


def test_a_folder_of_files_is_a_dataset_too(label_job: Job, tmp_path: Path):
    (tmp_path / "train.jsonl").write_text(Path(label_job.dataset).read_text())
    assert check.check_job(label_job, dataset=str(tmp_path)) == check.check_job(label_job)


def test_a_wrong_column_is_named_with_those_that_exist(chat_job: Job, tmp_path: Path):
    rows = [{"riddle": "why?", "solution": "because"}] * 4
    message = error_of(chat_job, tmp_path, rows)
    assert "'riddle', 'solution'" in message and '"messages"' in message
    assert 'COLUMNS = {"prompt": "...", "completion": "..."}' in message  # nothing by position
    named = replace(chat_job, columns={"prompt": "riddle", "completion": "solution"})
    assert check.check_job(named, dataset=write_rows(tmp_path / "rows.jsonl", rows)).kind == "prompt"
    typo = replace(chat_job, columns={"prompt": "ridle", "completion": "solution"})
    assert "did you mean 'riddle'?" in error_of(typo, tmp_path, rows)
    unknown = replace(chat_job, columns={"promt": "riddle"})
    assert "COLUMNS has the key 'promt', which is none of completion, context" in error_of(unknown, tmp_path, rows)


def test_empty_rows_are_counted_and_left_out(chat_job: Job, label_job: Job, tmp_path: Path):
    unanswered = {"messages": [{"role": "user", "content": "anybody?"}]}
    report = check.check_job(
        chat_job, dataset=write_rows(tmp_path / "a.jsonl", [CHAT] * 6 + [unanswered, {"messages": []}])
    )
    assert (report.rows, report.empty) == (8, 2)
    rows: list[Any] = [{"text": "good", "label": "a"}, {"text": "bad", "label": "b"}] * 4
    rows += [{"text": "  ", "label": "a"}, {"text": "no label", "label": None}]
    report = check.check_job(label_job, dataset=write_rows(tmp_path / "b.jsonl", rows))
    assert (report.rows, report.empty) == (10, 2)
    assert "are empty" in error_of(chat_job, tmp_path, [{"text": ""}, {"text": None}])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([CHAT, {"messages": [{"role": "user", "content": "a"}, "hi"]}], "row 2 is not a chat: 'hi' is no message"),
        ([CHAT, {"messages": [{"role": "boss", "content": "do it"}]}], "row 2 is not a chat: the role 'boss'"),
        ([{"messages": "hi"}], "row 1 is not a chat: 'hi' is text that is not JSON"),
        ([{"text": ["a"]}], "row 1 has no text in 'text': ['a'] is a list, not text"),
    ],
)
def test_what_is_no_chat_or_text_is_said_with_its_row(chat_job: Job, tmp_path: Path, rows: list[Any], says: str):
    assert says in error_of(chat_job, tmp_path, rows)


@pytest.mark.parametrize(
    ("labels", "named", "says"),
    [
        ([0, 1, 5, 0], ("bad", "good"), "the label 5 is out of range: LABELS names 2 classes, 0 to 1"),
        (["bad", "god", "good", "bad"], ("bad", "good"), "the label 'god' is not in LABELS: 'bad', 'good'"),
        ([0.5, 1.5, 0.5, 1.5], (), "the label 0.5 is no whole number"),
        (["a", "a", "a", "a"], (), "the same label"),
    ],
)
def test_labels_out_of_range_are_named(label_job: Job, tmp_path: Path, labels: list[Any], named: tuple, says: str):
    rows = [{"text": "some words", "label": label} for label in labels]
    assert says in error_of(replace(label_job, labels=named), tmp_path, rows)


def test_a_column_of_identities_is_not_taken_for_labels(label_job: Job, tmp_path: Path):
    assert "is it the right column?" in error_of(label_job, tmp_path, [{"text": "x", "label": n} for n in range(40)])


def test_files_that_are_missing_empty_or_broken_are_said_so(chat_job: Job, tmp_path: Path):
    with pytest.raises(UserError, match="there is no file"):
        check.check_job(chat_job, dataset=str(tmp_path / "none.jsonl"))
    (tmp_path / "rows.jsonl").touch()
    with pytest.raises(UserError, match=r"rows.jsonl is empty"):
        check.check_job(chat_job, dataset=str(tmp_path / "rows.jsonl"))
    (tmp_path / "broken.jsonl").write_text(json.dumps(CHAT) + '\n{"messages": [\n')
    with pytest.raises(UserError, match="line 2 is not JSON"):
        check.check_job(chat_job, dataset=str(tmp_path / "broken.jsonl"))


def test_a_prompt_that_fills_the_context_leaves_nothing_to_learn(chat_job: Job, tmp_path: Path):
    rows = [{"prompt": "word " * 200, "completion": "end"}] + [{"prompt": "a", "completion": "b"}] * 5
    report = check.check_job(chat_job, dataset=write_rows(tmp_path / "rows.jsonl", rows))
    assert (report.cut, report.lost) == (1, 1)
    assert any("nothing is learnt" in line for line in report.lines(chat_job.seq_len))


def test_a_model_with_code_of_its_own_is_refused_before_anything_runs(chat_job: Job, tmp_path: Path):
    config = {"model_type": "homemade", "auto_map": {"AutoConfig": "config.Own", "AutoModelForCausalLM": "model.Own"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "config.py").write_text("raise SystemExit('this must never run')")
    with pytest.raises(UserError, match="needs code of its own") as caught:
        check.check_job(chat_job, str(tmp_path))
    assert "\n" not in str(caught.value)


def test_too_long_a_context_and_a_quantized_model_are_refused(chat_job: Job, tmp_path: Path, tiny: Path):
    with pytest.raises(UserError, match="SEQ_LEN = 4,096 is more than the 2,048"):
        check.check_job(replace(chat_job, seq_len=4096))
    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tiny / "config.json").read_text()) | {"quantization_config": {"quant_method": "awq"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="is quantized already"):
        check.check_job(chat_job, str(tmp_path))


def test_a_word_that_the_plan_does_not_know_is_refused_with_those_it_does(chat_job: Job):
    with pytest.raises(UserError, match="METHOD = 'lorra' is none of full, lora, qlora"):
        check.check_job(replace(chat_job, method="lorra"))


def test_wandb_without_its_secret_is_refused(chat_job: Job, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    with pytest.raises(UserError, match="WANDB_API_KEY"):
        check.check_job(replace(chat_job, tracker="wandb"))


def test_the_same_rows_are_held_out_for_the_same_seed(chat_job: Job):
    tokenizer = model.load_tokenizer(model.Source(chat_job.model, "main"))
    first, again, other = (
        formats.load_examples(replace(chat_job, seed=seed), tokenizer).evaluation for seed in (1, 1, 2)
    )
    assert first is not None and again is not None and other is not None
    assert first.to_list() == again.to_list() != other.to_list()
