"""A row as an example: a chat, a prompt with its completion, a plain text, or a text with the number of its class."""

import itertools
import json
import math
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import datasets
from transformers import PreTrainedTokenizerBase

from ..rows import messages
from ..rows.encodings import valid_unicode
from ..rows.messages import text_of
from ..run.reply import UserError
from .columns import Format, quoted
from .load import Rows

CHAT = datasets.List(datasets.Json())  # each message with its own keys: a column of structs gives all of them all keys
TEXT = datasets.Value("string")
LOOKED_AT = 1000  # rows that are searched for tool calls
Row = dict[str, Any]


@dataclass(frozen=True)
class Parser:
    """How rows become examples: a function that returns None for an empty row, and the columns that it returns."""

    parse: Callable[[Row], Row | None]
    features: datasets.Features
    notes: tuple[str, ...] = ()  # for the log
    classes: tuple[str, ...] = ()


def make_parser(rows: Rows, found: Format, tokenizer: PreTrainedTokenizerBase, labels: tuple[str, ...] = ()) -> Parser:
    """Return the parser of rows in a format. Its function raises ValueError for a row that does not have it.

    The text of the error follows "row 7", as in "row 7 is not a chat".
    """
    if found.kind == "chat":
        return chat_parser(rows, found, tokenizer)
    if found.kind == "prompt":
        return prompt_parser(rows, found, tokenizer)
    if found.kind == "labels":
        return label_parser(rows, found, tokenizer, labels)

    def parse(row: Row) -> Row | None:
        text = optional_text(row, found.columns["text"])
        return {"text": text} if text.strip() else None

    return Parser(parse, datasets.Features({"text": TEXT}))


def optional_text(row: Row, column: str | None) -> str:
    """Return the text in a column, "" where there is none. ValueError for a list and for what is not Unicode."""
    if column is None or is_missing(row.get(column)):
        return ""
    try:
        text = text_of(row[column])
    except ValueError as error:
        raise ValueError(f"has no text in {column!r}: {error}") from None
    if not valid_unicode(text):
        raise ValueError(f"has half of a surrogate pair in {column!r}, which is no text")
    return text


def is_missing(value: Any) -> bool:
    """Whether a cell holds nothing; pandas writes NaN for that."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def chat_parser(rows: Rows, found: Format, tokenizer: PreTrainedTokenizerBase) -> Parser:
    columns, knows_calls = found.columns, template_knows_calls(tokenizer)
    tools = {"tools": CHAT} if "tools" in columns else {}

    def parse(row: Row) -> Row | None:
        turns = read_chat(row.get(columns["messages"]), knows_calls)
        system = optional_text(row, columns.get("system"))
        if system.strip() and turns and turns[0]["role"] != "system":
            turns = [{"role": "system", "content": system}, *turns]
        if not any(map(messages.is_answer, turns)):
            return None
        return {"messages": turns} | ({"tools": read_tools(row.get(columns["tools"]))} if tools else {})

    notes = call_notes(rows, [columns["messages"]], knows_calls)
    return Parser(parse, datasets.Features({"messages": CHAT, **tools}), notes)


def read_chat(value: Any, knows_calls: bool) -> list[dict[str, Any]]:
    """Return the messages of a chat, none for a missing one, with tool calls as the chat template can take them."""
    if is_missing(value) or value == "":
        return []
    try:
        turns = messages.parse_chat(value)
    except ValueError as error:
        raise ValueError(f"is not a chat: {error}") from None
    return turns if knows_calls else [messages.calls_as_text(turn) for turn in turns]


def read_tools(value: Any) -> list[dict[str, Any]] | None:
    try:
        return messages.parse_tools(None if is_missing(value) else value)
    except ValueError as error:
        raise ValueError(f"has no tools that can be read: {error}") from None


def template_knows_calls(tokenizer: PreTrainedTokenizerBase) -> bool:
    return "tool_calls" in str(tokenizer.chat_template)


def call_notes(rows: Rows, columns: Iterable[str], knows_calls: bool) -> tuple[str, ...]:
    """Return a note where the first rows hold tool calls that the chat template has no place for."""
    values = [row.get(column) for row in itertools.islice(rows.read(), LOOKED_AT) for column in columns]
    chats = [] if knows_calls else [chat for value in values if (chat := written_chat(value))]
    with suppress(ValueError):  # found again, with its row
        if any("tool_calls" in turn for chat in chats for turn in messages.parse_chat(chat)):
            return ("the chat template has no tool calls: they are learnt as JSON in the answer",)
    return ()


def written_chat(value: Any) -> list[Any] | None:
    """Return a list of messages, or the one that a text holds as JSON; None for any other text and an empty list."""
    if isinstance(value, str) and value.lstrip().startswith("[{"):
        with suppress(ValueError):
            found = json.loads(value)
            return found if all(isinstance(one, dict) and {"role", "from"} & one.keys() for one in found) else None
    return value if isinstance(value, list) and value else None


def prompt_parser(rows: Rows, found: Format, tokenizer: PreTrainedTokenizerBase) -> Parser:
    """Prompts and completions stay texts, unless they are messages, or a question for a model with a chat template."""
    columns, knows_calls = found.columns, template_knows_calls(tokenizer)
    both = (columns["prompt"], columns["completion"])
    first: Row = next((row for row in rows.read() if not any(is_missing(row.get(column)) for column in both)), {})
    refuse_judged(rows, first)
    lists = any(written_chat(first.get(column)) for column in both)
    as_chat = lists or (
        bool(tokenizer.chat_template) and (found.is_question or bool({"system", "history"} & columns.keys()))
    )
    tools = {"tools": CHAT} if "tools" in columns and as_chat else {}
    separator = "\n\n" if found.is_question else ""

    def side(row: Row, column: str, role: str) -> list[dict[str, Any]] | str:
        if chat := written_chat(row.get(column)):
            if not lists:
                raise ValueError(f"has messages in {column!r}, and the first row has texts")
            return read_chat(chat, knows_calls)
        text = "" if row.get(column) == [] else optional_text(row, column)
        return [{"role": role, "content": text}] if as_chat else text

    def parse(row: Row) -> Row | None:
        prompt, completion = side(row, both[0], "user"), side(row, both[1], "assistant")
        if is_missing(row.get(both[0])) or not has_content(completion):
            return None
        called = {"tools": read_tools(row.get(columns["tools"]))} if tools else {}
        return {"prompt": whole_prompt(row, columns, prompt, separator), "completion": completion} | called

    kind = CHAT if as_chat else TEXT
    notes = ("each row is learnt as a chat: a question and its answer",) if as_chat and not lists else ()
    notes += call_notes(rows, both, knows_calls) if lists else ()
    return Parser(parse, datasets.Features({"prompt": kind, "completion": kind, **tools}), notes)


def whole_prompt(
    row: Row, columns: dict[str, str], prompt: list[dict[str, Any]] | str, separator: str
) -> list[dict[str, Any]] | str:
    """Return a row's prompt with what goes before it, system prompt and history, and its context joined to it."""
    system, context = (optional_text(row, columns.get(role)) for role in ("system", "context"))
    history = read_history(row.get(columns["history"])) if "history" in columns else []
    if isinstance(prompt, str):
        if history:
            raise ValueError("has a history, which only a model with a chat template can be given")
        return "\n\n".join(part for part in (system, prompt, context) if part.strip()) + separator
    if context.strip():
        prompt[-1]["content"] += f"\n\n{context}" if prompt[-1]["content"].strip() else context
    if system.strip() and prompt[0]["role"] != "system":
        history = [{"role": "system", "content": system}, *history]
    return [*history, *prompt]


def read_history(value: Any) -> list[dict[str, Any]]:
    """Return earlier pairs of a question and its answer as messages."""
    if is_missing(value) or value == "":
        return []
    try:
        pairs = messages.from_json(value, "a list of pairs")
        texts = [(text_of(question), text_of(answer)) for question, answer in pairs]
    except (TypeError, ValueError):
        raise ValueError(f"has a history that is no list of pairs: {messages.shorten(value)}") from None
    roles = ("user", "assistant")
    return [{"role": role, "content": text} for pair in texts for role, text in zip(roles, pair, strict=True)]


def refuse_judged(rows: Rows, first: Row) -> None:
    """UserError for completions that are each marked as good or bad: learning all of them would learn the bad ones."""
    if column := next(
        (name for name in rows.columns if name.lower() == "label" and isinstance(first.get(name), bool)), ""
    ):
        raise UserError(
            f"this is preference data: {column!r} says true or false of each completion, and here all are learnt: "
            "keep the rows where it is true, without that column"
        )


def has_content(value: Any) -> bool:
    """Whether a text is more than white space, or a list of messages has an answer."""
    return bool(value.strip()) if isinstance(value, str) else any(map(messages.is_answer, value))


def label_parser(rows: Rows, found: Format, tokenizer: PreTrainedTokenizerBase, labels: tuple[str, ...]) -> Parser:
    """A pair of texts stays one for a tokenizer with a separator, and is joined by a line break for any other."""
    columns = found.columns
    names, numbers = class_numbers(rows, columns["label"], labels)
    pair = "text_pair" in columns
    separate = pair and tokenizer.sep_token is not None

    def parse(row: Row) -> Row | None:
        text, other = optional_text(row, columns["text"]), optional_text(row, columns.get("text_pair"))
        label = class_of(row.get(columns["label"]))
        if label is None or not text.strip() or (pair and not other.strip()):
            return None
        example = {"text": text, "text_pair": other} if separate else {"text": f"{text}\n{other}" if pair else text}
        return example | {"label": numbers[label]}

    texts = {"text": TEXT, "text_pair": TEXT} if separate else {"text": TEXT}
    notes = ("the tokenizer has no separator: the texts of a pair are joined by a line break",)
    joined = notes if pair and not separate else ()
    return Parser(parse, datasets.Features({**texts, "label": datasets.Value("int64")}), joined, names)


def class_of(value: Any) -> str | None:
    """Return the name of a label: of a number or true and false as JSON writes it. None for a missing one."""
    if is_missing(value) or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return text_of(value).strip()
    except ValueError as error:
        raise UserError(f"the label {error}: a row has one class here, a text or a whole number") from None


def class_numbers(rows: Rows, column: str, named: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the names of the classes by number, and label -> number for every label that occurs.

    `named` is LABELS: the names, or what the numbers 0, 1, 2 of the dataset are called.
    """
    labels = [label for row in rows.read() if (label := class_of(row.get(column))) is not None]
    occur = set(labels)
    check_classes(column, occur, len(labels))
    names, source = named or rows.classes.get(column, ()), "LABELS names" if named else "the dataset names"
    numbers = {label: float(label) for label in occur if re.fullmatch(r"[+-]?\d*\.?\d+", label)}
    if not names:
        if fraction := next((label for label, number in sorted(numbers.items()) if number % 1), None):
            raise UserError(f"the label {fraction} is no whole number and no name: set LABELS where it is a class")
        names = tuple(sorted(occur, key=numbers.__getitem__ if len(numbers) == len(occur) else None))
    by_name = {name: number for number, name in enumerate(names)}
    if occur <= by_name.keys():
        return names, by_name
    if len(numbers) == len(occur):  # places in the list of names
        wrong = next((label for label in labels if numbers[label] not in range(len(names))), None)
        if wrong is not None:
            raise UserError(f"the label {wrong} is out of range: {source} {len(names)} classes, 0 to {len(names) - 1}")
        return names, {label: int(number) for label, number in numbers.items()}
    wrong = next(label for label in labels if label not in by_name)
    raise UserError(f"the label {wrong!r} is not in LABELS: {quoted(names)}")


def check_classes(column: str, occur: Iterable[str], rows: int) -> None:
    found = len(set(occur))
    if rows and found < 2:
        raise UserError("all rows have the same label: there is nothing to tell apart")
    if rows > 20 and found > rows // 2:
        raise UserError(f"{column!r} has {found:,} different values in {rows:,} rows: is it the right column?")
