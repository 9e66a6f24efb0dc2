"""A row as an example: a chat, a prompt with its completion, or a plain text."""

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
from .columns import Format
from .load import Rows

CHAT = datasets.List(datasets.Json())  # each message with its own keys: a column of structs gives all of them all keys
TEXT = datasets.Value("string")
IMAGE = "<image>"  # LLaVA's word for the place of an image, which lies in a column beside
LOOKED_AT = 1000  # rows that are searched for tool calls
Row = dict[str, Any]


@dataclass(frozen=True)
class Parser:
    """How rows become examples: a function that returns None for an empty row, and the columns that it returns."""

    parse: Callable[[Row], Row | None]
    features: datasets.Features
    notes: tuple[str, ...] = ()  # for the log
    classes: tuple[str, ...] = ()


def make_parser(rows: Rows, found: Format, tokenizer: PreTrainedTokenizerBase) -> Parser:
    """Return the parser of chats, prompts or plain texts. Its function raises ValueError for a row that is none.

    The text of the error follows "row 7", as in "row 7 is not a chat".
    """
    if found.kind == "chat":
        return chat_parser(rows, found, tokenizer)
    if found.kind == "prompt":
        return prompt_parser(rows, found, tokenizer)

    def parse(row: Row) -> Row | None:
        refuse_other_columns(row, [found.columns["text"]])
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
    refuse_judged(rows)

    def parse(row: Row) -> Row | None:
        refuse_other_columns(row, [columns["messages"]])
        value = row.get(columns["messages"])
        if isinstance(value, str) and value.strip() and not value.lstrip().startswith(("[", "{")):
            named = json.dumps({"prompt": columns["messages"], "completion": "..."})
            shown = messages.shorten(value)
            raise ValueError(
                f"is not a chat: {shown} is text that is not JSON; where it is a prompt, COLUMNS = {named}"
            )
        turns = read_chat(value, knows_calls)
        if any(IMAGE in turn["content"] for turn in turns) and any(row.get(name) for name in ("image", "images")):
            raise ValueError(f"has an image, which is not learnt here: keep the rows without {IMAGE}")
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
    """Return a list of messages, or the one that a text holds as JSON; None for any other text and an empty list.

    UserError for messages as numpy prints them, which no program can read again.
    """
    if isinstance(value, str) and re.match(r"\s*\[\s*\{", value):
        with suppress(ValueError):
            found = messages.from_json(value, "a list of messages")
            return found if all(isinstance(one, dict) and {"role", "from"} & one.keys() for one in found) else None
        if re.search(r"""['"](role|from)['"]: ['"](user|human|system|assistant|gpt)['"]""", value):
            raise UserError(f"a chat is not JSON: {messages.shorten(value)}: write it with json.dumps")
    return value if isinstance(value, list) and value else None


def prompt_parser(rows: Rows, found: Format, tokenizer: PreTrainedTokenizerBase) -> Parser:
    """Prompts and completions stay texts, unless they are messages, or a question for a model with a chat template."""
    columns, knows_calls = found.columns, template_knows_calls(tokenizer)
    both = (columns["prompt"], columns["completion"])
    first: Row = next((row for row in rows.read() if not any(is_missing(row.get(column)) for column in both)), {})
    refuse_judged(rows)
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
        refuse_other_columns(row, both)
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


def refuse_judged(rows: Rows) -> None:
    """UserError for answers that are each marked as good or bad: learning all of them would learn the bad ones."""
    column = next((name for name in rows.columns if name.lower() == "label"), "")
    first = (row.get(column) for row in itertools.islice(rows.read(), LOOKED_AT)) if column else ()
    marks = {str(mark).strip().lower() for mark in first if not is_missing(mark)}
    if marks and (marks <= {"true", "false"} or marks == {"0", "1"}):
        good, bad = sorted(marks, reverse=True) if len(marks) == 2 else ("true", "false")
        raise UserError(
            f"this is preference data: {column!r} says {good} or {bad} of each completion, and here all are learnt: "
            f"keep the rows where it is {good}, without that column"
        )


def refuse_other_columns(row: Row, needed: Iterable[str]) -> None:
    """ValueError for a row that holds something, in other columns than the first rows: it is not empty."""
    if not any(name in row for name in needed) and any(not is_missing(value) for value in row.values()):
        absent, there = (", ".join(map(repr, names)) for names in (needed, row))
        raise ValueError(f"has no {absent}, and has {there}: give all rows the same columns")


def has_content(value: Any) -> bool:
    """Whether a text is more than white space, or a list of messages has an answer."""
    return bool(value.strip()) if isinstance(value, str) else any(map(messages.is_answer, value))
