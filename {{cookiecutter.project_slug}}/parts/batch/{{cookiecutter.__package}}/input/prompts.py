"""Prompts: how a row becomes one, and one becomes tokens. A row that gives none carries its error instead."""

import json
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from .. import plan


class DataError(ValueError):
    """An input that cannot be read at all. The text is one sentence that says what would work."""


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


Prompt = str | list[Message]


@dataclass(frozen=True)
class PromptSpec:
    """How a row becomes a prompt: a column, a template with {column} names, or a column of chat messages."""

    column: str = ""
    template: str = ""
    messages: str = ""
    id: str = ""  # the column that names a row; "": its number
    limit: int = 0  # the first so many rows; 0: all

    def __post_init__(self) -> None:
        if sum(map(bool, (self.column, self.template, self.messages))) != 1:
            raise DataError("a prompt is one of: a column, a template, a column of chat messages")
        if self.template and not any(column for _text, column in template_parts(self.template)):
            raise DataError("the template names no column, so every prompt would be the same: write {text}, say")

    @property
    def columns(self) -> list[str]:
        """The columns it needs, each once."""
        named = [column for _text, column in template_parts(self.template)]
        return list(dict.fromkeys(filter(None, (self.column, self.messages, *named, self.id))))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the input. An unusable one has no prompt but an error, and itself as it was read."""

    number: int  # from 0, in the order of the input; unusable rows count
    id: str
    prompt: Prompt | None
    error: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line of a file that is no row."""

    error: str
    raw: str


Record = dict[str, Any] | Unreadable


def template_parts(template: str) -> list[tuple[str, str]]:
    """(text, column after it) of a template; the column is "" at the end. DataError for all but names of columns.

    A name is looked up as it stands: `{a.b}` is the column "a.b", and no attribute is read. Doubled braces are text.
    """
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError as error:
        raise DataError(f"the template has a brace too many or too few ({error}): double one that is text") from None
    for _text, column, spec, conversion in fields:
        if spec or conversion or column == "":
            raise DataError(f"in the template the braces around {column!r} hold more than the name of a column")
    return [(text, column or "") for text, column, _spec, _conversion in fields]


def make_row(number: int, record: Record, make_prompt: Callable[[dict[str, Any]], Prompt], id_column: str) -> Row:
    """The row of a record, with its prompt or with what is wrong with it."""
    if isinstance(record, Unreadable):
        return Row(number, str(number), None, record.error, printable(record.raw))
    row_id = str(number)
    try:
        if id_column:
            row_id = as_text(record, id_column, (int,))
        return Row(number, row_id, make_prompt(record))
    except ValueError as error:
        raw = json.dumps(record, ensure_ascii=False, default=str)
        return Row(number, row_id, None, str(error), printable(raw))


def prompt_maker(spec: PromptSpec) -> Callable[[dict[str, Any]], Prompt]:
    """A function that makes the prompt of a record, or raises ValueError with what is wrong with the record."""
    if spec.column:
        return lambda record: as_text(record, spec.column)
    if spec.messages:
        return lambda record: chat(value(record, spec.messages), spec.messages)
    parts = template_parts(spec.template)
    kinds = (bool, int, float)
    return lambda record: "".join(text + (as_text(record, column, kinds) if column else "") for text, column in parts)


def value(record: dict[str, Any], column: str) -> Any:
    if column not in record:
        raise ValueError(f"no column {column!r}; the row has {', '.join(map(repr, record)) or 'none'}")
    if record[column] is None:
        raise ValueError(f"{column!r} is null")
    return record[column]


def as_text(record: dict[str, Any], column: str, also: tuple[type, ...] = ()) -> str:
    """The text in a column; a value of the types `also` is written as text. `int` alone leaves out true and false."""
    found = value(record, column)
    if isinstance(found, also) and (bool in also or not isinstance(found, bool)):
        return str(found)
    return checked_text(found, column)


def checked_text(found: Any, column: str) -> str:
    """The text itself. ValueError for another type, blanks, and half a surrogate pair, which no file can carry."""
    if not isinstance(found, str):
        raise ValueError(f"{column!r} is {json_type(found)}, not text")
    if not found or found.isspace():
        raise ValueError(f"{column!r} is empty")
    if not found.isascii() and printable(found) != found:
        raise ValueError(f"{column!r} is not valid Unicode")
    return found


def chat(found: Any, column: str) -> list[Message]:
    """Messages, as a list or as JSON in a text column."""
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            raise ValueError(f"{column!r} is text that is not JSON, not a list of messages") from None
    if not isinstance(found, list) or not found:
        raise ValueError(f"{column!r} is {json_type(found) if found else 'empty'}, not a list of messages")
    turns: list[Message] = []
    for turn in found:
        if not isinstance(turn, dict) or not isinstance(turn.get("role"), str):
            raise ValueError(f"{column!r} holds a message without a role")
        turns.append({"role": turn["role"], "content": checked_text(turn.get("content"), f"{column}.content")})
    return turns


def printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def json_type(found: Any) -> str:
    """The type of a value in JSON's words."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(found), type(found).__name__)


def tokenize(tokenizer: Any, prompt: Prompt) -> list[int]:
    """The token ids of a prompt: for generation in the model's chat template, where it has one; else of a text."""
    if plan.WORKLOAD != "generation":
        return tokenizer(prompt, truncation=False)["input_ids"]
    turns: list[dict[str, Any]] = (
        [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [{**turn} for turn in prompt]
    )
    if tokenizer.chat_template is None:
        return tokenizer("\n".join(turn["content"] for turn in turns))["input_ids"]
    return tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]


def answer_limit(prompt_tokens: int, options: Mapping[str, Any]) -> int:
    """Most tokens that the answer to a prompt may have. ValueError where the context has no room for any."""
    context: int = options["context_len"]
    if prompt_tokens >= context:
        raise ValueError(f"the prompt has {prompt_tokens:,} tokens, and CONTEXT_LEN is {context:,}")
    return min(context - prompt_tokens, options["max_answer_tokens"])


def require_text(prompt: Prompt) -> str:
    """The prompt, a text. ValueError for a chat, which only generation takes."""
    if not isinstance(prompt, str):
        raise ValueError("a chat is for generation: name a column of text, or write a template")
    return prompt
