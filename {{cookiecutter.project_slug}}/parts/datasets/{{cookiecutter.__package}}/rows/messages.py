"""Chats as people write them: roles in any spelling, contents in parts, tools and tool calls, JSON in a text."""

import ast
import json
from contextlib import suppress
from typing import Any

ROLES = {  # our name -> others for it; all in any case
    "system": ("system",),
    "developer": ("developer",),
    "user": ("user", "human", "prompter", "customer"),
    "assistant": ("assistant", "gpt", "chatgpt", "bot", "model", "ai", "llm", "function_call", "tool_call"),
    "tool": ("tool", "function", "observation", "function_response", "tool_response", "ipython"),
}
ROLE_OF = {name: role for role, names in ROLES.items() for name in names}
CALLS = ("function_call", "tool_call")  # roles of ShareGPT whose text is a call as JSON
TEXT_PARTS = ("text", "input_text", "output_text")
CONTENTS = ("content", "value", "text")  # keys, the first that is there
LEARNT = ("train", "training", "loss")  # keys of a message that say, as Axolotl and ms-swift do, whether it is learnt
TAKEN = ("role", "from", *CONTENTS, "tool_calls", "function_call")  # the other keys of a message are kept


def text_of(value: Any) -> str:
    """Return a text as it is, and numbers and booleans as JSON writes them. ValueError for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict | tuple | bytes | None):
        kind = {list: "a list", dict: "an object", bytes: "bytes"}.get(type(value), "null")
        raise ValueError(f"{shorten(value)} is {kind}, not text")
    return json.dumps(value, default=str).strip('"')  # default: dates and decimals of Parquet


def shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def parse_chat(value: Any) -> list[dict[str, Any]]:
    """Return messages with a role of ROLES, a text as content, and tool calls and other keys where they have them.

    `value` is a list of messages with role and content, or from and value; or such a list as JSON. ValueError for
    anything else, in words that can follow the name of the row.
    """
    found = from_json(value, "a list of messages")
    if not isinstance(found, list):
        raise ValueError(f"{shorten(value)} is no list of messages")
    return [parse_message(one) for one in found]


def from_json(value: Any, what: str) -> Any:
    """Return the value, or what a text holds as JSON, or as Python prints it: so pandas writes lists into a CSV."""
    if not isinstance(value, str):
        return value
    with suppress(ValueError):
        return json.loads(value)
    with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
        if isinstance(found := ast.literal_eval(value.strip()), list | dict):
            return found
    raise ValueError(f"{shorten(value)} is text that is not JSON, and not {what}")


def parse_message(one: Any) -> dict[str, Any]:
    if not isinstance(one, dict):
        raise ValueError(f"{shorten(one)} is no message with a role and a content")
    written = one.get("role") or one.get("from")
    role = ROLE_OF.get(str(written).strip().lower())
    if role is None:
        raise ValueError(f"the role {shorten(written)} is none of {', '.join(ROLES)}")
    if not any(key in one for key in TAKEN[2:]):
        raise ValueError(f"{shorten(one)} has no content")
    content = join_parts(next((one[key] for key in CONTENTS if one.get(key) is not None), None))
    message = {"role": role, "content": content}
    if any(one.get(key) in (False, 0) for key in LEARNT):
        message["weight"] = 0
    if one.get("weight") not in (None, 0, 1):
        raise ValueError(f"the weight {shorten(one['weight'])} of a message is neither 0 nor 1")
    calls = from_json(one.get("tool_calls"), "a list of tool calls") or []
    if one.get("function_call"):
        calls = [from_json(one["function_call"], "a call of a function"), *calls]
    if str(written).strip().lower() in CALLS and (call := written_call(content)):
        message["content"], calls = "", [call, *calls]
    if calls:
        message["tool_calls"] = [parse_call(call) for call in calls]
    return message | {key: other for key, other in one.items() if key not in (*TAKEN, *LEARNT) and other is not None}


def join_parts(content: Any) -> str:
    """Return a content as one text; its parts are joined by line breaks, as vLLM does. ValueError for an image."""
    if content is None:
        return ""
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return text_of(content)
    texts = []
    for part in content:
        kind = part.get("type", "text") if isinstance(part, dict) else "text"
        if kind in TEXT_PARTS and isinstance(part, dict) and "text" not in part:
            raise ValueError(f"the content has a part without a text: {shorten(part)}")
        if kind not in TEXT_PARTS:
            raise ValueError(f"the content has a part of the type {kind!r}, and only parts of text can be read")
        texts.append(text_of(part["text"] if isinstance(part, dict) else part))
    return "\n".join(texts)


def written_call(text: str) -> dict[str, Any] | None:
    """Return the call in a text such as {"name": "weather", "arguments": {}}; None where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("name") else None


def parse_call(call: Any) -> dict[str, Any]:
    """Return a tool call with its arguments as an object, as chat templates take it."""
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(function, dict) or not function.get("name"):
        raise ValueError(f"{shorten(call)} is no tool call with the name of a function")
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        with suppress(ValueError):  # a model's own faulty call stays a text, which templates write as it is
            arguments = json.loads(arguments)
    known = {"id": call["id"]} if call.get("id") and "function" in call else {}
    return known | {"type": "function", "function": {"name": function["name"], "arguments": arguments}}


def parse_tools(value: Any) -> list[dict[str, Any]] | None:
    """Return the tools of a chat as a list of objects, or None. A list as JSON in a text is parsed."""
    found = from_json(value or None, "a list of tools")
    if not found:
        return None
    if not isinstance(found, list) or not all(isinstance(tool, dict) for tool in found):
        raise ValueError(f"the tools {shorten(value)} are no list of objects")
    return [tool if "function" in tool else {"type": "function", "function": tool} for tool in found]


def calls_as_text(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message whose tool calls are JSON in its content: for chat templates that have no place for them."""
    calls = [json.dumps(call["function"], ensure_ascii=False) for call in message.get("tool_calls", ())]
    rest = {key: value for key, value in message.items() if key != "tool_calls"}
    return rest | {"content": "\n".join([*filter(None, [message["content"]]), *calls])}


def is_answer(message: dict[str, Any]) -> bool:
    """Whether a message is something the assistant said: a text, or a call of a tool."""
    said = bool(message["content"].strip() or message.get("tool_calls"))
    return message["role"] == "assistant" and said and message.get("weight") != 0
