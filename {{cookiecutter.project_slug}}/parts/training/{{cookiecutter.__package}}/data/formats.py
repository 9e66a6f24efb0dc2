"""A dataset in the form that the trainers take: its examples without the empty rows, split, and what the loss is on."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
from datasets.exceptions import DatasetGenerationError
from transformers import PreTrainedTokenizerBase
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from ..rows.messages import is_answer
from ..rows.records import quoted
from ..run import files
from ..run.reply import UserError
from ..training.config import Job
from .columns import Format, recognise, refuse_marked
from .examples import CHAT, LOOKED_AT, Parser, make_parser
from .labels import label_parser
from .load import Rows, load_dataset, with_keys
from .pairs import pair_parser

NOT_SAID = ("tool_call_id", "id", "name", "weight")  # keys of a message that no answer is made of
EMPTY = {"chat": ": no chat has an answer", "pair": ": none has two different answers"}
MAX_EVALUATED = 1000  # rows: more would tell no more and cost GPU time
CODE = [path for folder in ("data", "rows") for path in sorted((Path(__file__).parents[1] / folder).glob("*.py"))]


@dataclass(frozen=True)
class Examples:
    """A dataset in the form that the trainers take.

    `kind` "chat" has a column messages, "prompt" has prompt and completion, "text" has text; "pair" has prompt, chosen
    and rejected; "labels" has text, perhaps text_pair, and label, a number into `labels`.
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
    notes: tuple[str, ...] = ()  # how the files are written and what was recognised, for the log

    def all_rows(self) -> Iterable[dict[str, Any]]:
        yield from self.train
        yield from self.evaluation or ()


def load_examples(job: Job, tokenizer: PreTrainedTokenizerBase, rows: Rows | None = None) -> Examples:
    """Return the job's dataset in a known format, without its empty rows, split. UserError in one sentence."""
    rows = rows or load_dataset(job.dataset, job.subset)
    if not rows.count:
        raise UserError(f"{rows.name} has no rows")
    rows = with_keys(rows, (job.columns or {}).values())
    found = recognise(rows.columns, job.goal, job.columns or {})
    refuse_marked(rows, found)
    if found.kind == "pair":
        parser = pair_parser(rows, found, tokenizer)
    elif found.kind == "labels":
        parser = label_parser(rows, found, tokenizer, job.labels)
    else:
        parser = make_parser(rows, found, tokenizer)
    kept = read_examples(rows, found, parser, [tokenizer.chat_template, tokenizer.sep_token])
    if not len(kept):
        raise UserError(f"all {rows.count:,} rows are empty" + EMPTY.get(found.kind, ""))
    kind, weighted = found.kind, found.kind == "chat" and has_weights(kept)
    loss = loss_target(found, kept, tokenizer)
    if weighted:
        loss = Loss("on every answer whose weight is not 0, each as an example")
    train, held_out = split(kept, job)
    if kind == "chat" and not loss.assistant_only:
        answers = every_answer if weighted else last_answer
        train, held_out = prompted(train, answers), held_out and prompted(held_out, answers)
        kind = "prompt"
    return Examples(
        train,
        held_out,
        kind,
        parser.classes,
        rows.count,
        rows.count - len(kept),
        loss.learns,
        loss.assistant_only,
        loss.chat_template,
        (*rows.notes, *recognised(rows, found), *parser.notes, *unread_keys(kept, tokenizer)),
    )


def recognised(rows: Rows, found: Format) -> list[str]:
    """Return notes on what the columns are, and on those that are not read."""
    used = {part for column in found.columns.values() for part in (column, column.partition(".")[0])}
    unused = [name for name in rows.columns if name not in used]
    return [note for note in (str(found), f"not used: {quoted(unused, 12)}" if unused else "") if note]


def unread_keys(kept: datasets.Dataset, tokenizer: PreTrainedTokenizerBase) -> tuple[str, ...]:
    """Return a note on keys of messages, reasoning_content say, that the chat template does not name."""
    chats = [name for name, kind in kept.features.items() if kind == CHAT and name != "tools"]
    first = kept.select(range(min(LOOKED_AT, len(kept))))
    keys = dict.fromkeys(key for name in chats for chat in first[name] for turn in chat for key in turn)
    known = re.findall(r"\w+", str(tokenizer.chat_template))
    unread = [key for key in keys if key not in (*known, *NOT_SAID, "role", "content", "tool_calls")]
    return (f"not learnt, as the chat template does not read it: {quoted(unread, 12)} of a message",) if unread else ()


def read_examples(rows: Rows, found: Format, parser: Parser, settings: list[Any]) -> datasets.Dataset:
    """Return the examples of all rows that hold something, in a file of the cache. UserError names the row.

    All ranks of a training share the file: its name comes from the rows, the settings and the code that reads them.
    """

    def generate() -> Iterator[dict[str, Any]]:
        for number, row in enumerate(rows.read(), 1):
            try:
                example = parser.parse(row)
            except UserError:
                raise
            except ValueError as error:
                raise UserError(f"row {number} {error}") from error
            if example is not None:
                yield example

    if next(generate(), None) is None:  # from_generator would fail
        return datasets.Dataset.from_dict({name: [] for name in parser.features}, parser.features)
    name = files.fingerprint([rows.content, found.columns, parser.classes, settings, files.sha256s(CODE)])
    try:
        return datasets.Dataset.from_generator(generate, parser.features, fingerprint=name)
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, UserError):
            raise error.__cause__ from None
        raise


def has_weights(chats: datasets.Dataset) -> bool:
    """Whether any answer has the weight 0, which keeps it from being learnt."""
    return any(turn.get("weight") == 0 for chat in chats["messages"] for turn in chat)


@dataclass(frozen=True)
class Loss:
    """The tokens that the loss is taken on, in words, and how the trainer finds them."""

    learns: str
    assistant_only: bool = False
    chat_template: str | None = None


def loss_target(found: Format, rows: datasets.Dataset, tokenizer: PreTrainedTokenizerBase) -> Loss:
    """Return what the loss is taken on: every answer where the chat template marks them, else the last one."""
    template: Any = tokenizer.chat_template
    if CHAT in rows.features.values() and not template:
        raise UserError(
            "the model has no chat template, so it cannot be given messages: take an instruction-tuned MODEL, "
            'or bring "prompt" and "completion" as plain text'
        )
    plain = {"labels": "on the class", "text": "on every token", "prompt": "on the completion only"}
    plain["pair"] = "on how much likelier the chosen answer is than the rejected one, beside the model as it was"
    if found.kind in plain:
        return Loss(plain[found.kind])
    try:
        marked = None if has_generation_markers(template) else get_training_chat_template(tokenizer)
    except ValueError:  # TRL has no version of it with marks
        several = sum(sum(map(is_answer, chat)) > 1 for chat in rows["messages"])
        note = f"; {several:,} chats have more" if several else ""
        return Loss(f"on the last answer of each chat: the chat template does not mark answers{note}")
    return Loss("on every answer of the assistant", True, marked)


def last_answer(chat: list[dict[str, Any]]) -> list[int]:
    """Return the place of the last answer in a chat, in a list."""
    return [number for number, turn in enumerate(chat) if is_answer(turn)][-1:]


def every_answer(chat: list[dict[str, Any]]) -> list[int]:
    """Return the places of the answers that are to be learnt."""
    return [number for number, turn in enumerate(chat) if is_answer(turn)]


def prompted(rows: datasets.Dataset, answers: Any) -> datasets.Dataset:
    """Return chats as prompts and completions: one example for each place that `answers` returns for a chat."""
    others = [name for name in rows.column_names if name != "messages"]

    def cut(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        places = [(row, at) for row, chat in enumerate(batch["messages"]) for at in answers(chat)]
        return {
            "prompt": [batch["messages"][row][:at] for row, at in places],
            "completion": [[batch["messages"][row][at]] for row, at in places],
        } | {name: [batch[name][row] for row, _at in places] for name in others}

    features = datasets.Features({"prompt": CHAT, "completion": CHAT, **{name: rows.features[name] for name in others}})
    return rows.map(cut, batched=True, remove_columns=rows.column_names, features=features)


def split(rows: datasets.Dataset, job: Job) -> tuple[datasets.Dataset, datasets.Dataset | None]:
    """Return rows to train on and rows held out, the same ones for the same seed."""
    held_out = min(math.ceil(job.eval_share * len(rows)), MAX_EVALUATED)
    if not held_out:
        return rows, None
    if held_out >= len(rows):
        raise UserError(f"{len(rows)} usable rows are too few to hold out {held_out}: bring more, or EVAL_SHARE = 0.0")
    parts = rows.train_test_split(test_size=held_out, seed=job.seed)
    return parts["train"], parts["test"]
