"""Rewrites requests for vLLM, where OpenAI's API takes a form that it does not take or reads in part."""

from typing import Any

from .conversations import TEXTS
from .refusal import RefusedRequest, Request

# What `include` may ask of tools that run on OpenAI's servers, and vLLM does not know
OF_HOSTED_TOOLS = {"web_search_call.results", "web_search_call.action.sources"}


def of_response(request: Request) -> Request:
    """Return a request for a response with the text of each earlier answer in one part: vLLM reads the first alone."""
    items, include = request.get("input"), request.get("include")
    if isinstance(items, list):
        request = request | {"input": [_one_part(item) for item in items]}
    if isinstance(include, list):
        request = request | {"include": [one for one in include if one not in OF_HOSTED_TOOLS]}
    return request


def _one_part(item: Request) -> Request:
    parts = item.get("content")
    if item.get("role") != "assistant" or not isinstance(parts, list):
        return item
    if not all(isinstance(part, dict) and part["type"] in TEXTS for part in parts):
        return item
    first = {} if parts[0]["type"] == "refusal" else parts[0]
    text = "".join(part[TEXTS[part["type"]]] for part in parts)
    return item | {"content": [{"type": "output_text", "annotations": []} | first | {"text": text}]}


def of_tool_choice(request: Request) -> Request:
    """Return a request with the tools among which OpenAI's `allowed_tools` lets the model choose, and no others."""
    choice = request.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return request
    allowed = choice.get("allowed_tools") or choice  # of chats and of responses
    if not isinstance(allowed, dict) or not isinstance(allowed.get("tools"), list):
        raise RefusedRequest("tool_choice of the type allowed_tools needs a list of tools and a mode, auto or required")
    names = [_name(tool) for tool in allowed["tools"]]
    sent = request.get("tools")
    tools = [tool for tool in sent if _name(tool) in names] if isinstance(sent, list) else []
    if not tools or None in names:
        raise RefusedRequest("tool_choice allows tools that the request does not hold; send them in tools")
    return request | {"tools": tools, "tool_choice": allowed.get("mode", "auto")}


def _name(tool: Any) -> Any:
    """The name of a function, in the form of chats or of responses."""
    own = tool.get("function", tool) if isinstance(tool, dict) else None
    return own.get("name") if isinstance(own, dict) else None


def with_system_first(request: Request) -> Request:
    """Return a conversation whose later system messages are a developer's, which vLLM moves into the first.

    It does so for templates that know no such role. For those that want the system's message first and no other.
    """
    name = "messages" if "messages" in request else "input"
    if not isinstance(request.get(name), list):
        return request
    begun = bool(request.get("instructions"))
    return request | {name: [_later(one) if number or begun else one for number, one in enumerate(request[name])]}


def _later(message: Request) -> Request:
    return message | {"role": "developer"} if message.get("role") == "system" else message
