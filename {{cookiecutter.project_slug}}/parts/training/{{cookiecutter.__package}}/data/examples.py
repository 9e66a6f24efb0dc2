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
from ..rows.records import quoted
from ..run.reply import UserError
from .columns import USUAL, Format, plain
from .load import Rows

CHAT = datasets.List(datasets.Json())  # each message with its own keys: a column of structs gives all of them all keys
TEXT = datasets.Value("string")
IMAGE = "<image>"  # LLaVA's word for the place of an image, which lies in a column beside
ASKING = ("system", "developer", "user")  # roles of what is read and not learnt
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
        keys = next(iter(row[column]), "") if isinstance(row[column], dict) else ""
        hint = f'; where one of its keys is meant, name it in COLUMNS, as in "{column}.{keys}"' if keys else ""
        raise ValueError(f"has no text in {column!r}: {error}{hint}") from None
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
    lists = any(messages_in(first.get(column)) for column in both)
    as_chat = lists or (
        bool(tokenizer.chat_template) and (found.is_question or bool({"system", "history"} & columns.keys()))
    )
    tools = {"tools": CHAT} if "tools" in columns and as_chat else {}
    separator = "\n\n" if found.is_question else ""

    def side(row: Row, column: str, role: str) -> list[dict[str, Any]] | str:
        refuse_within(row, column)
        if chat := messages_in(row.get(column)):
            if not lists:
                raise ValueError(f"has messages in {column!r}, and the first row has texts")
            turns = read_chat(chat, knows_calls)
            if role == "assistant" and (other := [turn["role"] for turn in turns if turn["role"] in ASKING]):
                raise ValueError(f"has a {other[0]!r} message in {column!r}, of which all would be learnt")
            return turns
        text = "" if row.get(column) == [] else optional_text(row, column)
        return [{"role": role, "content": text}] if as_chat else text

    def parse(row: Row) -> Row | None:
        refuse_other_columns(row, both)
        prompt, completion = side(row, both[0], "user"), side(row, both[1], "assistant")
        if is_missing(row.get(both[0])) or not has_content(completion):
            return None
        if as_chat and not has_question(prompt) and not optional_text(row, columns.get("context")).strip():
            return None
        called = {"tools": read_tools(row.get(columns["tools"]))} if tools else {}
        return {"prompt": whole_prompt(row, columns, prompt, separator), "completion": completion} | called

    kind = CHAT if as_chat else TEXT
    notes = ("each row is learnt as a chat: a question and its answer",) if as_chat and not lists else ()
    notes += call_notes(rows, both, knows_calls) if lists else ()
    return Parser(parse, datasets.Features({"prompt": kind, "completion": kind, **tools}), notes)


def messages_in(value: Any) -> list[Any] | None:
    """Return messages: a list, one alone, a body such as {"messages": [...]}, or one of them as JSON. None for text."""
    if isinstance(value, str) and re.match(r"\s*\{", value):
        try:
            value = messages.from_json(value, "a message")
        except ValueError:
            return None
        said = {str(value.get(key)).strip().lower() for key in ("role", "from")}  # an object may have other such keys
        if not (said & messages.ROLE_OF.keys() or isinstance(value.get("messages"), list)):
            return None
    if isinstance(value, dict):
        alone = [value] if {"role", "from"} & value.keys() else None
        value = value.get("messages") or alone
    return written_chat(value)


def refuse_within(row: Row, column: str) -> None:
    """ValueError for tools in a column of messages, and for several texts where one is to be read."""
    value = row.get(column)
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        raise ValueError(f'has a list of texts in {column!r}: name one by its place in COLUMNS, as in "{column}.0"')
    if isinstance(value, str) and value.lstrip().startswith("{") and messages_in(value):
        value = messages.from_json(value, "a message")
    if isinstance(value, dict) and value.get("tools"):
        raise ValueError(f"has tools within {column!r}: give them a column of their own")


def has_question(prompt: list[dict[str, Any]] | str) -> bool:
    """Whether a prompt asks anything."""
    return bool(prompt.strip()) if isinstance(prompt, str) else any(turn["content"].strip() for turn in prompt)


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


def refuse_other_columns(row: Row, needed: Iterable[str]) -> None:
    """ValueError for a row that holds something, in other columns than the first rows: it is not empty."""
    needed = list(needed)
    if not any(name in row for name in needed) and any(not is_missing(value) for value in row.values()):
        absent, there = (quoted(names) for names in (needed, row))
        raise ValueError(f"has no {absent}, and has {there}: give all rows the same columns")
    held = {name for name in row if name not in needed and not is_missing(row[name])}
    for absent in [name for name in needed if is_missing(row.get(name))]:
        if other := next((name for name in held if plain(name) in alternatives(absent)), None):
            raise ValueError(f"has no {absent!r}, and has {other!r}: give all rows the same columns")


def alternatives(column: str) -> set[str]:
    """Return the usual names of columns that may stand for a question, an answer or a chat, where this one does."""
    roles = [
        role for role in ("messages", "prompt", "completion", "chosen", "rejected") if plain(column) in USUAL[role]
    ]
    roles += ["completion"] * ("messages" in roles)
    return {name for role in roles for name in USUAL[role]}


def has_content(value: Any) -> bool:
    """Whether a text is more than white space, or a list of messages has an answer."""
    return bool(value.strip()) if isinstance(value, str) else any(map(messages.is_answer, value))
