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
from ..rows.records import Record, Unreadable, quoted

OPENAI = "body"  # the column of a chat in a file for OpenAI's batch API: a request, with custom_id beside
ONLY_GENERATION = "a chat is for generation: name a column of text, or write a template"
TOOLS, SYSTEM = "tools", "system"  # the usual columns beside a chat
ENDPOINTS = {  # of such a request, the end of its url -> the keys of its body that hold the prompt
    "chat/completions": ("messages",),
    "completions": ("prompt",),
    "responses": ("input",),
    "embeddings": ("input",),
}
# Keys of such a request for what this batch does not do; sampling is not among them
NOT_GIVEN = (
    "tools", "functions", "response_format", "logprobs", "top_logprobs", "audio", "previous_response_id", "dimensions",
)  # fmt: skip


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
        if self.limit < 0:
            raise DataError(f"{self.limit} rows cannot be taken: give a number above 0")
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
        beside = ("url",) if self.messages == OPENAI else (TOOLS, SYSTEM) if self.messages else ()
        return list(dict.fromkeys(filter(None, (self.column, self.messages, *named, self.id, *beside))))


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
        return lambda record: column_prompt(record, spec.messages)
    parts = template_parts(spec.template)
    return lambda record: "".join(text + (as_text(record, column) if column else "") for text, column in parts)


def value(record: dict[str, Any], column: str) -> Any:
    """The value in a column; `a.b` is the key b of the object in the column a, where no column is called a.b."""
    found: Any = record
    for key in [column] if column in record else column.split("."):
        if not isinstance(found, dict) or key not in found:
            raise ValueError(f"no column {column!r}; the row has {quoted(record) or 'none'}")
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
        key = f": where a key of it is meant, name that, as {column}.{next(iter(found))}" if is_filled(found) else ""
        raise ValueError(f"{column!r} is {json_type(found)}, not text{key}") from None
    if not text or text.isspace():
        raise ValueError(f"{column!r} is empty")
    if not valid_unicode(text):
        raise ValueError(f"{column!r} is not valid Unicode")
    return text


def is_filled(found: Any) -> bool:
    """Whether it is an object with keys."""
    return isinstance(found, dict) and bool(found)


def chat(found: Any, column: str) -> list[Message]:
    """Messages, as a list or as JSON in a text column. ValueError for what no prompt can hold, such as a tool call."""
    if plan.WORKLOAD != "generation":
        raise ValueError(ONLY_GENERATION)
    if isinstance(found, dict) and "messages" in found:
        raise ValueError(f"{column!r} is an object with the chat in a key: name that, as {column}.messages")
    try:
        turns = parse_chat(found)
    except ValueError as error:
        raise ValueError(f"{column!r} is no chat: {error}") from None
    if not turns:
        raise ValueError(f"{column!r} is empty, not a list of messages")
    if any("tool_calls" in turn for turn in turns):
        raise ValueError(f"{column!r} holds a call of a tool, which this batch cannot put into a prompt")
    if turns[-1]["role"] == "assistant":
        raise ValueError(
            f"{column!r} ends with an answer of the assistant: leave it out, and the model answers instead"
        )
    return [{"role": turn["role"], "content": checked_text(turn["content"], f"{column}.content")} for turn in turns]


def column_prompt(record: dict[str, Any], column: str) -> list[Message]:
    """The chat in a column. ValueError where the row has tools beside it, of which the model would know nothing."""
    if record.get(TOOLS) not in (None, "", [], "[]"):
        raise ValueError(f"the row has {TOOLS!r} beside the chat, which this batch does not give to the model")
    turns, first = chat(value(record, column), column), system_beside(record, column)
    return turns if turns[0]["role"] == "system" or not first else [{"role": "system", "content": first}, *turns]


def system_beside(record: dict[str, Any], column: str) -> str:
    """The system prompt beside a chat, in its row or in the object that holds it; "" for none."""
    holder: Any = record
    for key in [] if column in record else column.split(".")[:-1]:
        holder = holder.get(key) if isinstance(holder, dict) else None
    found = holder.get(SYSTEM) if isinstance(holder, dict) else None
    return checked_text(found, SYSTEM) if found else ""


def request_prompt(record: dict[str, Any]) -> Prompt:
    """The prompt of a request to OpenAI's batch API: its messages, or the text of a completion or an embedding.

    ValueError for one to another endpoint than this workload's, and for one that asks for more than one answer.
    """
    body = from_json(value(record, OPENAI), "a request")
    if not isinstance(body, dict):
        raise ValueError(f"{OPENAI!r} is {json_type(body)}, not a request")
    keys = endpoint_keys(record.get("url"))
    if asked := [key for key in NOT_GIVEN if body.get(key) and body[key] != {"type": "text"}]:
        raise ValueError(f"the request asks for {asked[0]!r}, which this batch does not give")
    if body.get("n") not in (None, 1):
        raise ValueError(f"the request asks for n = {body['n']} answers, and this batch gives one")
    form = body["text"].get("format") if isinstance(body.get("text"), dict) else None
    if form and form != {"type": "text"}:
        raise ValueError("the request asks for a format of its text, which this batch does not give")
    key = next((key for key in keys if key in body), keys[0])
    found, name = body.get(key), f"{OPENAI}.{key}"
    if key == "messages" or (isinstance(found, list) and any(isinstance(one, dict) for one in found)):
        turns = chat(found, name)
    elif isinstance(found, list) and len(found) == 1 and isinstance(found[0], str):
        return checked_text(found[0], name)
    elif not body.get("instructions"):
        return as_text({name: found}, name)
    else:
        turns = chat([{"role": "user", "content": as_text({name: found}, name)}], name)
    if not body.get("instructions"):
        return turns
    first: Message = {"role": "system", "content": as_text(body, "instructions")}
    return [first, *turns]


def endpoint_keys(url: Any) -> tuple[str, ...]:
    """The keys that may hold the prompt of a request to that url, all of them where it has none."""
    if not url or plan.WORKLOAD == "classification":  # for which the API has no endpoint
        return ("messages", "prompt", "input")
    name = str(url).rstrip("/").partition("/v1/")[2] or str(url).strip("/")
    embeds = plan.WORKLOAD == "embedding"
    if name not in ENDPOINTS or (name == "embeddings") != embeds:
        raise ValueError(f"the request is for {url}, and this batch is for {plan.WORKLOAD}")
    return ENDPOINTS[name]


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
