"""Prompts: how a row becomes one, and one becomes tokens. A row that gives none carries its error instead."""

import json
import math
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from .. import plan
from ..rows.encodings import DataError, valid_unicode
from ..rows.messages import from_json, parse_chat, text_of
from ..rows.reader import json_type
from ..rows.records import Record, Unreadable

OPENAI = "body"  # the column of a chat in a file for OpenAI's batch API: a request, with custom_id beside
ONLY_GENERATION = "a chat is for generation: name a column of text, or write a template"
NOT_GIVEN = ("tools", "functions", "response_format")  # of such a request: what this batch cannot do


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


Prompt = str | list[Message]


@dataclass(frozen=True)
class PromptSpec:
    """How a row becomes a prompt: a column, a template with {column} names, or a column of chat messages.

    With none of them it is open, and `readers.recognise` checks whether the input names its prompts.
    """

    column: str = ""
    template: str = ""
    messages: str = ""
    id: str = ""  # the column that names a row; "": its number
    limit: int = 0  # the first so many rows; 0: all

    def __post_init__(self) -> None:
        if sum(map(bool, (self.column, self.template, self.messages))) > 1:
            raise DataError("a prompt is one of: a column, a template, a column of chat messages")
        if self.template and not any(column for _text, column in template_parts(self.template)):
            raise DataError("the template names no column, so every prompt would be the same: write {text}, say")

    @property
    def is_open(self) -> bool:
        """Whether it does not say yet what the prompt is."""
        return not (self.column or self.template or self.messages)

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
            row_id = row_name(record, id_column)
        return Row(number, row_id, make_prompt(record))
    except ValueError as error:
        raw = json.dumps(record, ensure_ascii=False, default=str)
        return Row(number, row_id, None, str(error), printable(raw))


def row_name(record: dict[str, Any], column: str) -> str:
    """The text or whole number that names a row."""
    found = value(record, column)
    if isinstance(found, bool | float):
        raise ValueError(f"{column!r} is {json_type(found)}, not text")
    return as_text(record, column)


def prompt_maker(spec: PromptSpec) -> Callable[[dict[str, Any]], Prompt]:
    """A function that makes the prompt of a record, or raises ValueError with what is wrong with the record."""
    if spec.column:
        return lambda record: as_text(record, spec.column)
    if spec.messages == OPENAI:
        return request_prompt
    if spec.messages:
        return lambda record: chat(value(record, spec.messages), spec.messages)
    parts = template_parts(spec.template)
    return lambda record: "".join(text + (as_text(record, column) if column else "") for text, column in parts)


def value(record: dict[str, Any], column: str) -> Any:
    """The value in a column; `a.b` is the key b of the object in the column a, where no column is called a.b."""
    found: Any = record
    for key in [column] if column in record else column.split("."):
        if not isinstance(found, dict) or key not in found:
            raise ValueError(f"no column {column!r}; the row has {', '.join(map(repr, record)) or 'none'}")
        found = found[key]
    if found is None or (isinstance(found, float) and math.isnan(found)):  # pandas writes NaN for an empty cell
        raise ValueError(f"{column!r} is null")
    return found


def as_text(record: dict[str, Any], column: str) -> str:
    """The text in a column, numbers and booleans as JSON writes them. ValueError for a list, an object and blanks."""
    return checked_text(value(record, column), column)


def checked_text(found: Any, column: str) -> str:
    """The text itself. ValueError for a list or object, blanks, and half a surrogate pair, which no file can carry."""
    try:
        text = text_of(found)
    except ValueError:
        raise ValueError(f"{column!r} is {json_type(found)}, not text") from None
    if not text or text.isspace():
        raise ValueError(f"{column!r} is empty")
    if not valid_unicode(text):
        raise ValueError(f"{column!r} is not valid Unicode")
    return text


def chat(found: Any, column: str) -> list[Message]:
    """Messages, as a list or as JSON in a text column. ValueError for what no prompt can hold, such as a tool call."""
    if plan.WORKLOAD != "generation":
        raise ValueError(ONLY_GENERATION)
    try:
        turns = parse_chat(found)
    except ValueError as error:
        raise ValueError(f"{column!r} is no chat: {error}") from None
    if not turns:
        raise ValueError(f"{column!r} is empty, not a list of messages")
    if any("tool_calls" in turn for turn in turns):
        raise ValueError(f"{column!r} holds a call of a tool, which this batch cannot put into a prompt")
    return [{"role": turn["role"], "content": checked_text(turn["content"], f"{column}.content")} for turn in turns]


def request_prompt(record: dict[str, Any]) -> Prompt:
    """The prompt of a request to OpenAI's batch API: its messages, or the text of a completion or an embedding."""
    body = from_json(value(record, OPENAI), "a request")
    if not isinstance(body, dict):
        raise ValueError(f"{OPENAI!r} is {json_type(body)}, not a request")
    if asked := [key for key in NOT_GIVEN if body.get(key) and body[key] != {"type": "text"}]:
        raise ValueError(f"the request asks for {asked[0]!r}, which this batch does not give")
    if "messages" in body:
        return chat(body["messages"], f"{OPENAI}.messages")
    key = next((key for key in ("prompt", "input") if key in body), "messages")
    return as_text({f"{OPENAI}.{key}": body.get(key)}, f"{OPENAI}.{key}")


def printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


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
        raise ValueError(ONLY_GENERATION)
    return prompt
