"""The formats of a dataset that are recognised: chats, prompts with completions, plain texts, texts with labels."""

import difflib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import datasets
from transformers import PreTrainedTokenizerBase
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from ..run.reply import UserError
from ..training.config import Job
from .load import load_dataset

ROLES = ("system", "user", "assistant", "tool", "developer")
SHAREGPT = {"human": "user", "gpt": "assistant"}  # the older spelling of roles, with "from" and "value"
COLUMNS = {
    "generation": '"messages", or "prompt" and "completion", or "text"',
    "classification": '"text" and "label"',
}
MAX_EVALUATED = 1000  # rows: more would tell no more and cost GPU time
KINDS = {
    "chat": "chat messages",
    "prompt": "prompt and completion",
    "text": "plain text",
    "labels": "text and label",
}


@dataclass(frozen=True)
class Examples:
    """A dataset in the form that the trainers take.

    `kind` "chat" has a column messages, "prompt" has prompt and completion, "text" has text; "labels" has text and
    label, a number into `labels`.
    """

    train: datasets.Dataset
    evaluation: datasets.Dataset | None
    kind: str
    labels: tuple[str, ...]
    rows: int
    empty: int
    learns: str  # what the loss is taken on, for the log
    assistant_only: bool = False
    chat_template: str | None = None  # with generation marks, where the tokenizer's own has none

    def all_rows(self) -> Iterable[dict[str, Any]]:
        yield from self.train
        yield from self.evaluation or ()


def load_examples(job: Job, tokenizer: PreTrainedTokenizerBase, dataset: datasets.Dataset | None = None) -> Examples:
    """Return the job's dataset in a known format, without its empty rows, split. UserError in one sentence."""
    rows = load_dataset(job.dataset, job.subset) if dataset is None else dataset
    if not len(rows):
        raise UserError(f"{job.dataset} has no rows")
    rows = rename_columns(rows, job.columns or {})
    kind = detect_format(rows, job)
    labels: tuple[str, ...] = ()
    if kind == "chat":
        kept = parse_chats(rows)
    elif kind == "labels":
        kept, labels = parse_labels(rows, job.labels)
    else:
        needed = "completion" if kind == "prompt" else "text"
        kept = parse_texts(rows, kind).filter(lambda row: has_content(row[needed]))
    if not len(kept):
        raise UserError(f"all {len(rows):,} rows are empty" + (": no chat has an answer" if kind == "chat" else ""))
    extra = loss_target(kind, kept, tokenizer)
    if kind == "chat" and not extra["assistant_only"]:
        kept = kept.map(last_answer, remove_columns=["messages"])
        kind = "prompt"
    train, held_out = split(kept, job)
    return Examples(train, held_out, kind, labels, len(rows), len(rows) - len(kept), **extra)


def rename_columns(rows: datasets.Dataset, columns: dict[str, str]) -> datasets.Dataset:
    """Return the dataset with our names for its columns."""
    for ours, theirs in columns.items():
        if theirs not in rows.column_names:
            near = difflib.get_close_matches(theirs, rows.column_names, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UserError(f"COLUMNS names {theirs!r}, and the dataset has {quoted(rows.column_names)}{hint}")
        if ours != theirs:
            rows = rows.remove_columns([ours]) if ours in rows.column_names else rows
            rows = rows.rename_column(theirs, ours)
    return rows


def detect_format(rows: datasets.Dataset, job: Job) -> str:
    """Return the kind of the examples, a key of KINDS, from the names of the columns."""
    names = set(rows.column_names)
    if job.workload == "classification":
        if {"text", "label"} <= names:
            return "labels"
    elif names & {"messages", "conversations"}:
        return "chat"
    elif {"prompt", "completion"} <= names:
        return "prompt"
    elif "text" in names:
        return "text"
    ours = {"classification": ("text", "label"), "generation": ("prompt", "completion")}[job.workload]
    free = [name for name in rows.column_names if name not in ours]
    missing = [name for name in ours if name not in names]
    example = json.dumps(dict(zip(missing, [*free, "...", "..."], strict=False)))
    raise UserError(
        f"{job.workload} needs the columns {COLUMNS[job.workload]}, and the dataset has {quoted(rows.column_names)}: "
        f"name yours in COLUMNS, as in COLUMNS = {example}"
    )


def quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


def has_content(value: Any) -> bool:
    """Whether a text is more than white space, or a list of messages has any."""
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def parse_chats(rows: datasets.Dataset) -> datasets.Dataset:
    """Return the rows that hold an answer, as messages with role and content. UserError names a row that is no chat."""
    name = "messages" if "messages" in rows.column_names else "conversations"

    def to_messages(row: dict[str, Any], number: int) -> dict[str, Any]:
        return {"messages": [parse_message(one, number + 1) for one in row[name] or []]}

    def answered(row: dict[str, Any]) -> bool:
        return any(one["role"] == "assistant" and has_content(one["content"]) for one in row["messages"])

    if not isinstance(rows[0][name], list | None):
        raise UserError(f"{name} in row 1 is no list of messages but {shorten(rows[0][name])}")
    kept = [name] + [column for column in rows.column_names if column == "tools"]
    rows = rows.select_columns(kept)
    done = rows.map(to_messages, with_indices=True, remove_columns=[name] if name != "messages" else [])
    return done.filter(answered)


def parse_message(one: Any, row: int) -> dict[str, Any]:
    """Return one turn of a chat with the keys role and content."""
    if not isinstance(one, dict):
        raise UserError(f"row {row} is not a chat: {shorten(one)} is no message with a role and a content")
    role = one.get("role") or SHAREGPT.get(str(one.get("from")), one.get("from"))
    content = one.get("content") if "content" in one else one.get("value")
    if role not in ROLES:
        raise UserError(f"row {row} is not a chat: the role {shorten(role)} is none of {', '.join(ROLES)}")
    if content is not None and not isinstance(content, str):
        raise UserError(f"row {row} is not a chat: the content {shorten(content)} is no text")
    more = {key: value for key, value in one.items() if key not in ("role", "content", "from", "value") and value}
    return {"role": role, "content": content or "", **more}


def shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def parse_texts(rows: datasets.Dataset, kind: str) -> datasets.Dataset:
    """Return the columns of that kind, each a text; prompt and completion may both be lists of messages."""
    columns = ["prompt", "completion"] if kind == "prompt" else ["text"]
    for column in columns:
        check_text(rows, column, or_list=kind == "prompt")
    return rows.select_columns(columns).filter(lambda row: all(row[column] is not None for column in columns))


def check_text(rows: datasets.Dataset, column: str, or_list: bool = False) -> None:
    """UserError where the first value of a column is no text, or no list where that will do."""
    value = next((one for one in rows[column] if one is not None), "")
    if not isinstance(value, str) and not (or_list and isinstance(value, list)):
        raise UserError(f"the column {column!r} holds {shorten(value)}, which is no text")


def parse_labels(rows: datasets.Dataset, named: tuple[str, ...]) -> tuple[datasets.Dataset, tuple[str, ...]]:
    """Return rows with a text and a number as label, and the names of the classes by number."""
    feature = rows.features["label"]
    given = tuple(feature.names) if isinstance(feature, datasets.ClassLabel) else ()
    rows = rows.select_columns(["text", "label"])
    check_text(rows, "text")
    rows = rows.filter(lambda row: row["label"] is not None and has_content(row["text"] or ""))
    values = list(rows["label"])
    if all(isinstance(value, str) for value in values):
        names = named or tuple(sorted(set(values)))
        numbers = {name: number for number, name in enumerate(names)}
        wrong = next((row for row, value in enumerate(values) if value not in numbers), None)
        if wrong is not None:
            raise UserError(f"the label {values[wrong]!r} is not in LABELS: {quoted(names)}")
        coded = [numbers[value] for value in values]
    else:
        coded = [whole_number(value) for value in values]
        names = named or given or tuple(str(number) for number in range(max(coded, default=0) + 1))
        wrong = next((value for value in coded if not 0 <= value < len(names)), None)
        if wrong is not None:
            source = "LABELS names" if named else "the dataset names" if given else "labels count from 0, and there are"
            raise UserError(f"the label {wrong} is out of range: {source} {len(names)} classes, 0 to {len(names) - 1}")
    check_classes(names, len(set(coded)), len(values))
    return rows.remove_columns("label").add_column("label", coded), names


def whole_number(value: Any) -> int:
    if not isinstance(value, int | float) or value != int(value):
        raise UserError(f"the label {shorten(value)} is no whole number and no text")
    return int(value)


def check_classes(names: tuple[str, ...], found: int, rows: int) -> None:
    if rows and found < 2:
        raise UserError("all rows have the same label: there is nothing to tell apart")
    if rows > 20 and found > rows // 2:
        raise UserError(f"'label' has {found:,} different values in {rows:,} rows: is it the right column?")


def loss_target(kind: str, rows: datasets.Dataset, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """Return what the loss is taken on: every answer where the chat template marks them, else the last one."""
    plain = {"labels": "on the class", "text": "on every token", "prompt": "on the completion only"}
    if kind in plain:
        return {"learns": plain[kind], "assistant_only": False}
    template: Any = tokenizer.chat_template
    if not template:
        raise UserError(
            "the model has no chat template, so it cannot be given messages: take an instruction-tuned MODEL, "
            'or bring "prompt" and "completion" as plain text'
        )
    try:
        marked = None if has_generation_markers(template) else get_training_chat_template(tokenizer)
    except ValueError:  # TRL knows no version of it with marks
        several = sum(sum(one["role"] == "assistant" for one in chat) > 1 for chat in rows["messages"])
        note = f"; {several:,} chats have more" if several else ""
        learns = f"on the last answer of each chat: the chat template does not mark answers{note}"
        return {"learns": learns, "assistant_only": False}
    return {"learns": "on every answer of the assistant", "assistant_only": True, "chat_template": marked}


def last_answer(row: dict[str, Any]) -> dict[str, Any]:
    """Split a chat into the prompt before its last answer, and that answer."""
    last = max(number for number, one in enumerate(row["messages"]) if one["role"] == "assistant")
    return {"prompt": row["messages"][:last], "completion": [row["messages"][last]]}


def split(rows: datasets.Dataset, job: Job) -> tuple[datasets.Dataset, datasets.Dataset | None]:
    """Return rows to train on and rows held out, the same ones for the same seed."""
    held_out = min(math.ceil(job.eval_share * len(rows)), MAX_EVALUATED)
    if not held_out:
        return rows, None
    if held_out >= len(rows):
        raise UserError(f"{len(rows)} usable rows are too few to hold out {held_out}: bring more, or EVAL_SHARE = 0.0")
    parts = rows.train_test_split(test_size=held_out, seed=job.seed)
    return parts["train"], parts["test"]
