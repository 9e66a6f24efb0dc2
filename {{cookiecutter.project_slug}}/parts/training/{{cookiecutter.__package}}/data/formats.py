"""The dataset: found, recognised, checked, and split. Runs on a CPU with nothing but a tokenizer."""

import difflib
import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
from transformers import PreTrainedTokenizerBase
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from ..training.config import Job

FILES = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv"}
ROLES = ("system", "user", "assistant", "tool", "developer")
SHAREGPT = {"human": "user", "gpt": "assistant"}  # the older spelling of roles, with "from" and "value"
ASK = {
    "generation": '"messages", or "prompt" and "completion", or "text"',
    "classification": '"text" and "label"',
}
MOST_EVALUATED = 1000  # rows: more would tell no more and cost GPU time


class DataError(ValueError):
    """The dataset cannot be trained on. The text says which row or column, and what would do."""


@dataclass(frozen=True)
class Examples:
    """A dataset in the form that the trainers take, with what was learnt on the way.

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
    several_answers: int = 0  # chats of which only the last answer is learnt
    chat_template: str | None = None  # with generation marks, where the tokenizer's own has none

    def every(self) -> Iterable[dict[str, Any]]:
        yield from self.train
        yield from self.evaluation or ()


@dataclass(frozen=True)
class Report:
    """What is in the dataset. Tokens as the model will read them, end-of-text included."""

    kind: str
    rows: int
    empty: int
    evaluated: int
    tokens: int
    longest: int
    cut: int  # rows longer than SEQ_LEN, cut there
    lost: int  # of those, rows whose prompt alone fills it, so that nothing is left to learn
    learns: str
    labels: dict[str, int] = field(default_factory=dict)

    def lines(self, seq_len: int) -> list[str]:
        """For the terminal."""
        found = f"{self.rows:,} rows of {KINDS[self.kind]}, {self.evaluated:,} of them held out"
        mean = self.tokens / max(1, self.rows - self.empty)
        tokens = f"{self.tokens:,} in all, {mean:,.0f} a row, longest {self.longest:,}"
        lines = [f"rows    {found}", f"tokens  {tokens}", f"loss    {self.learns}"]
        if self.labels:
            lines.append("labels  " + ", ".join(f"{name} {count:,}" for name, count in self.labels.items()))
        if self.empty:
            lines.append(f"empty   {self.empty:,} rows are left out")
        if self.cut:
            lost = f"; in {self.lost:,} the prompt alone fills it, and nothing is learnt from them" if self.lost else ""
            lines.append(f"cut     {self.cut:,} rows are longer than SEQ_LEN = {seq_len:,}{lost}")
        return lines


KINDS = {
    "chat": "chat messages",
    "prompt": "prompt and completion",
    "text": "plain text",
    "labels": "text and label",
}


def load(name: str, subset: str = "", split: str = "train", revision: str | None = None) -> datasets.Dataset:
    """A file, a folder of files, or a dataset on the hub; its split "train". DataError in one sentence."""
    path = Path(name).expanduser()
    if path.suffix in FILES or path.is_file():
        return load_file(path)
    try:
        return datasets.load_dataset(name, subset or None, split=split, revision=revision)
    except DatasetNotFoundError as error:
        known = ", ".join(FILES)
        raise DataError(f"there is no dataset {name!r}: a Hugging Face id, a folder, or a file ({known})") from error
    except ValueError as error:  # no such split or configuration; the text lists those that exist
        raise DataError(f"dataset {name!r}: {' '.join(str(error).split())}") from error
    except ConnectionError as error:
        raise DataError(f"dataset {name!r} is no file here, and the hub cannot be reached") from error


def load_file(path: Path) -> datasets.Dataset:
    """The rows of one JSONL, JSON, Parquet or CSV file."""
    if path.suffix not in FILES:
        raise DataError(f"{path.name} is none of {', '.join(FILES)}")
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty")
    try:
        return datasets.load_dataset(FILES[path.suffix], data_files=str(path), split="train")
    except (DatasetGenerationError, ValueError, StopIteration) as error:
        raise DataError(f"{path.name} cannot be read: {broken_line(path) or cause_of(error)}") from error


def broken_line(path: Path) -> str:
    """The first line of a JSONL file that is not JSON, or "" where that is not what is wrong."""
    if path.suffix != ".jsonl":
        return ""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                if line.strip() and not isinstance(json.loads(line), dict):
                    return f"line {number} is no object with columns"
            except json.JSONDecodeError as error:
                return f"line {number} is not JSON ({error.msg})"
    return ""


def cause_of(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split()) or type(error).__name__


def examples(job: Job, tokenizer: PreTrainedTokenizerBase, dataset: datasets.Dataset | None = None) -> Examples:
    """The job's dataset, recognised, without its empty rows, split. DataError in one sentence."""
    rows = load(job.dataset, job.subset) if dataset is None else dataset
    if not len(rows):
        raise DataError(f"{job.dataset} has no rows")
    rows = renamed(rows, job.columns or {})
    kind = recognised(rows, job)
    labels: tuple[str, ...] = ()
    if kind == "chat":
        kept = chats(rows)
    elif kind == "labels":
        kept, labels = labelled(rows, job.labels)
    else:
        needed = "completion" if kind == "prompt" else "text"
        kept = texts(rows, kind).filter(lambda row: filled(row[needed]))
    if not len(kept):
        raise DataError(f"all {len(rows):,} rows are empty" + (": no chat has an answer" if kind == "chat" else ""))
    extra = learnt_from(kind, kept, tokenizer)
    if kind == "chat" and not extra["assistant_only"]:
        kept = kept.map(last_answer, remove_columns=["messages"])
        kind = "prompt"
    train, held_out = split(kept, job)
    return Examples(train, held_out, kind, labels, len(rows), len(rows) - len(kept), **extra)


def renamed(rows: datasets.Dataset, columns: dict[str, str]) -> datasets.Dataset:
    """The dataset with our names for its columns."""
    for ours, theirs in columns.items():
        if theirs not in rows.column_names:
            near = difflib.get_close_matches(theirs, rows.column_names, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise DataError(f"COLUMNS names {theirs!r}, and the dataset has {listed(rows.column_names)}{hint}")
        if ours != theirs:
            rows = rows.remove_columns([ours]) if ours in rows.column_names else rows
            rows = rows.rename_column(theirs, ours)
    return rows


def recognised(rows: datasets.Dataset, job: Job) -> str:
    """Which kind of examples these are, by the names of the columns."""
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
    raise DataError(
        f"{job.workload} needs the columns {ASK[job.workload]}, and the dataset has {listed(rows.column_names)}: "
        f"name yours in COLUMNS, as in COLUMNS = {example}"
    )


def listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


def filled(value: Any) -> bool:
    """Whether there is anything in a text or in a list of messages."""
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def chats(rows: datasets.Dataset) -> datasets.Dataset:
    """Those rows that hold an answer, as messages with a role and a content. DataError names a row that is no chat."""
    name = "messages" if "messages" in rows.column_names else "conversations"

    def to_messages(row: dict[str, Any], number: int) -> dict[str, Any]:
        return {"messages": [message(one, number + 1) for one in row[name] or []]}

    def answered(row: dict[str, Any]) -> bool:
        return any(one["role"] == "assistant" and filled(one["content"]) for one in row["messages"])

    if not isinstance(rows[0][name], list | None):
        raise DataError(f"{name} in row 1 is no list of messages but {shown(rows[0][name])}")
    kept = [name] + [column for column in rows.column_names if column == "tools"]
    rows = rows.select_columns(kept)
    done = rows.map(to_messages, with_indices=True, remove_columns=[name] if name != "messages" else [])
    return done.filter(answered)


def message(one: Any, row: int) -> dict[str, Any]:
    """One turn of a chat with the keys role and content."""
    if not isinstance(one, dict):
        raise DataError(f"row {row} is not a chat: {shown(one)} is no message with a role and a content")
    role = one.get("role") or SHAREGPT.get(str(one.get("from")), one.get("from"))
    content = one.get("content") if "content" in one else one.get("value")
    if role not in ROLES:
        raise DataError(f"row {row} is not a chat: the role {shown(role)} is none of {', '.join(ROLES)}")
    if content is not None and not isinstance(content, str):
        raise DataError(f"row {row} is not a chat: the content {shown(content)} is no text")
    more = {key: value for key, value in one.items() if key not in ("role", "content", "from", "value") and value}
    return {"role": role, "content": content or "", **more}


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def texts(rows: datasets.Dataset, kind: str) -> datasets.Dataset:
    """The columns of that kind, each a text; a prompt and its completion may both be lists of messages."""
    columns = ["prompt", "completion"] if kind == "prompt" else ["text"]
    for column in columns:
        value = next((one for one in rows[column] if one is not None), None)
        if value is not None and not isinstance(value, str) and not (kind == "prompt" and isinstance(value, list)):
            raise DataError(f"the column {column!r} holds {shown(value)}, which is no text")
    return rows.select_columns(columns).filter(lambda row: all(row[column] is not None for column in columns))


def labelled(rows: datasets.Dataset, named: tuple[str, ...]) -> tuple[datasets.Dataset, tuple[str, ...]]:
    """Rows with a text and a number as label, and the names of the classes by number."""
    feature = rows.features["label"]
    given = tuple(feature.names) if isinstance(feature, datasets.ClassLabel) else ()
    rows = texts_and_labels(rows.select_columns(["text", "label"]))
    values = list(rows["label"])
    if all(isinstance(value, str) for value in values):
        names = named or tuple(sorted(set(values)))
        numbers = {name: number for number, name in enumerate(names)}
        wrong = next((row for row, value in enumerate(values) if value not in numbers), None)
        if wrong is not None:
            raise DataError(f"the label {values[wrong]!r} is not in LABELS: {listed(names)}")
        coded = [numbers[value] for value in values]
    else:
        coded = [whole(value) for value in values]
        names = named or given or tuple(str(number) for number in range(max(coded, default=0) + 1))
        wrong = next((value for value in coded if not 0 <= value < len(names)), None)
        if wrong is not None:
            source = "LABELS names" if named else "the dataset names" if given else "labels count from 0, and there are"
            raise DataError(f"the label {wrong} is out of range: {source} {len(names)} classes, 0 to {len(names) - 1}")
    check_classes(names, len(set(coded)), len(values))
    return rows.remove_columns("label").add_column("label", coded), names


def texts_and_labels(rows: datasets.Dataset) -> datasets.Dataset:
    value = next((one for one in rows["text"] if one is not None), "")
    if not isinstance(value, str):
        raise DataError(f"the column 'text' holds {shown(value)}, which is no text")
    return rows.filter(lambda row: row["label"] is not None and filled(row["text"] or ""))


def whole(value: Any) -> int:
    if not isinstance(value, int | float) or value != int(value):
        raise DataError(f"the label {shown(value)} is no whole number and no text")
    return int(value)


def check_classes(names: tuple[str, ...], found: int, rows: int) -> None:
    if rows and found < 2:
        raise DataError("all rows have the same label: there is nothing to tell apart")
    if rows > 20 and found > rows // 2:
        raise DataError(f"'label' has {found:,} different values in {rows:,} rows: is it the right column?")


def learnt_from(kind: str, rows: datasets.Dataset, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """What the loss is taken on: every answer where the chat template marks them, else the last one."""
    plain = {"labels": "on the class", "text": "on every token", "prompt": "on the completion only"}
    if kind in plain:
        return {"learns": plain[kind], "assistant_only": False}
    template: Any = tokenizer.chat_template
    if not template:
        raise DataError(
            "the model has no chat template, so it cannot be given messages: take an instruction-tuned MODEL, "
            'or bring "prompt" and "completion" as plain text'
        )
    try:
        marked = None if has_generation_markers(template) else get_training_chat_template(tokenizer)
    except ValueError:  # TRL knows no version of it with marks
        several = sum(sum(one["role"] == "assistant" for one in chat) > 1 for chat in rows["messages"])
        note = f"; {several:,} chats have more" if several else ""
        learns = f"on the last answer of each chat: the chat template does not mark answers{note}"
        return {"learns": learns, "assistant_only": False, "several_answers": several}
    return {"learns": "on every answer of the assistant", "assistant_only": True, "chat_template": marked}


def last_answer(row: dict[str, Any]) -> dict[str, Any]:
    """A chat as prompt and completion: what comes before its last answer, and that answer."""
    last = max(number for number, one in enumerate(row["messages"]) if one["role"] == "assistant")
    return {"prompt": row["messages"][:last], "completion": [row["messages"][last]]}


def split(rows: datasets.Dataset, job: Job) -> tuple[datasets.Dataset, datasets.Dataset | None]:
    """Rows to train on and rows held out, the same ones for the same seed."""
    held_out = min(math.ceil(job.eval_share * len(rows)), MOST_EVALUATED)
    if not held_out:
        return rows, None
    if held_out >= len(rows):
        raise DataError(f"{len(rows)} usable rows are too few to hold out {held_out}: bring more, or EVAL_SHARE = 0.0")
    parts = rows.train_test_split(test_size=held_out, seed=job.seed)
    return parts["train"], parts["test"]


def check(job: Job, tokenizer: PreTrainedTokenizerBase, dataset: datasets.Dataset | None = None) -> Report:
    """Read every row as the training will, and count. DataError in one sentence; no weights, no GPU."""
    found = examples(job, tokenizer, dataset)
    total = longest = cut = lost = 0
    for row in found.every():
        prompt, tokens = lengths(row, found, tokenizer)
        total, longest = total + tokens, max(longest, tokens)
        cut, lost = cut + (tokens > job.seq_len), lost + (prompt >= job.seq_len)
    counts = Counter(row["label"] for row in found.every()) if found.kind == "labels" else Counter()
    labels = {name: counts[number] for number, name in enumerate(found.labels)}
    held_out = len(found.evaluation or ())
    return Report(found.kind, found.rows, found.empty, held_out, total, longest, cut, lost, found.learns, labels)


def lengths(row: dict[str, Any], found: Examples, tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """Tokens of the prompt, from which nothing is learnt, and of the whole example."""

    def count(value: Any, **options: Any) -> int:
        if isinstance(value, str):
            return len(tokenizer(value)["input_ids"])
        rendered: Any = tokenizer.apply_chat_template(
            value, tokenize=True, return_dict=True, chat_template=found.chat_template, tools=row.get("tools"), **options
        )
        return len(rendered["input_ids"])

    if found.kind == "chat":
        return 0, count(row["messages"])
    if found.kind == "prompt":
        whole_row = count(row["prompt"] + row["completion"]) + isinstance(row["completion"], str)
        chat = {} if isinstance(row["prompt"], str) else {"add_generation_prompt": True}
        return count(row["prompt"], **chat), whole_row
    return 0, count(row["text"]) + (found.kind == "text")  # and the end-of-text token
