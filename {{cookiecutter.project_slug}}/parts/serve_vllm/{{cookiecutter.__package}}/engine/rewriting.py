"""Rewrites requests for vLLM, where OpenAI's API takes a form that it does not take or reads in part."""

from typing import Any

from .refusal import Request

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
    if item.get("role") != "assistant" or not isinstance(parts, list) or len(parts) < 2:
        return item
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    if not all(isinstance(text, str) for text in texts):
        return item
    return item | {"content": [{**_object(parts[0]), "text": "".join(texts)}]}


def _object(part: Any) -> dict[str, Any]:
    return part if isinstance(part, dict) else {"type": "output_text"}


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


def of_embeddings(request: Request, size: int) -> Request:
    """Return a request for embeddings without `dimensions` where they are all `size` that the model has."""
    return {name: value for name, value in request.items() if name != "dimensions" or value != size}
