"""The roles of messages, their content, and results of tools beside their calls: as OpenAI and Anthropic have them.

A chat template renders a role that it does not know as nothing, or fails.
"""

from collections.abc import Iterator
from typing import Any

from .refusal import RefusedRequest, Request, is_one_of, shown

CHAT = ("system", "developer", "user", "assistant", "tool")
RESPONSES = ("system", "developer", "user", "assistant")
MESSAGES = ("user", "assistant", "system")
# Item of a response's input -> fields that it needs, with what they hold
ITEM_FIELDS: dict[str, dict[str, tuple[type, ...]]] = {
    "function_call": {"call_id": (str,), "name": (str,), "arguments": (str,)},
    "function_call_output": {"output": (str, list)},
    "custom_tool_call": {"call_id": (str,), "name": (str,), "input": (str,)},
    "custom_tool_call_output": {"output": (str, list)},
    "reasoning": {"summary": (list,)},
}
CALLS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}


def check_chat(request: Request) -> None:
    """Raise RefusedRequest for a message of a chat without one of OpenAI's roles, or a result of no call."""
    known: set[str] = set()
    for where, message in _each("messages", request):
        role = _check_role(where, message, CHAT)
        _check_content(where, message, optional=role == "assistant")
        if role == "tool":
            _check_result(f"{where}.tool_call_id", message.get("tool_call_id"), known)
        known |= {call["id"] for call in message.get("tool_calls") or [] if isinstance(call.get("id"), str)}


def check_items(request: Request) -> None:
    """Raise RefusedRequest for a message of a response's input without a role, or an output of no call."""
    if not request.get("input") or not isinstance(request["input"], str | list):
        raise RefusedRequest("input must be a text or a list of items, and not empty")
    known: set[str] = set()
    for where, item in _each("input", request):
        kind = item.get("type", "message")
        for name, kinds in ITEM_FIELDS.get(kind, {}).items():
            if not isinstance(item.get(name), kinds):
                what = "a text" if str in kinds else "a list"
                raise RefusedRequest(f"{where} is a {kind}, which needs {what} in {name}, not {shown(item.get(name))}")
        if kind == "message":
            _check_role(where, item, RESPONSES)
            _check_content(where, item)
        elif kind in CALLS:
            known.add(item["call_id"])
        elif kind in CALLS.values():
            _check_result(f"{where}.call_id", item.get("call_id"), known)


def check_messages(request: Request) -> None:
    """Raise RefusedRequest for a message of Anthropic's API without one of its roles, or a result of no call."""
    known: set[str] = set()
    for where, message in _each("messages", request):
        _check_role(where, message, MESSAGES)
        _check_content(where, message)
        for number, block in enumerate(message["content"]):
            kind = block.get("type") if isinstance(block, dict) else None
            if kind == "tool_use" and isinstance(block.get("id"), str):
                known.add(block["id"])
            elif kind == "tool_result":
                _check_result(f"{where}.content[{number}].tool_use_id", block.get("tool_use_id"), known)


def _each(name: str, request: Request) -> Iterator[tuple[str, Request]]:
    """Yield the messages or items in a field that holds a list of objects, each with its place."""
    listed = request[name] if isinstance(request[name], list) else []
    if not listed and not request[name]:
        raise RefusedRequest(f"{name} is empty; send at least one message")
    return ((f"{name}[{number}]", one) for number, one in enumerate(listed))


def _check_role(where: str, message: Request, roles: tuple[str, ...]) -> str:
    role: Any = message.get("role")
    if not is_one_of(role, set(roles)):
        raise RefusedRequest(f"{where}.role must be one of {', '.join(roles)}, not {shown(role)}")
    if not isinstance(message.get("name") or "", str):
        raise RefusedRequest(f"{where}.name must be a text, not {shown(message['name'])}")
    return role


def _check_content(where: str, message: Request, *, optional: bool = False) -> None:
    content = message.get("content")
    if content is None and optional:  # beside calls, or after thinking alone
        return
    if not isinstance(content, str) and not (isinstance(content, list) and content):
        raise RefusedRequest(f"{where}.content must be a text or a list of parts, not {shown(content)}")


def _check_result(where: str, call: Any, known: set[str]) -> None:
    if not is_one_of(call, known):
        raise RefusedRequest(
            f"{where} must name a call of a tool in an earlier message, and {shown(call)} is none; send the call too"
        )
