"""Requests for the tests of limits, and the sentence that refuses one."""

import json

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.api.refusal import RefusedRequest
from {{cookiecutter.__package}}.api.routes import parse
from {{cookiecutter.__package}}.engine.options import ROUTES

CHAT, COMPLETION, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"
HELLO = {"model": plan.MODEL, "messages": [{"role": "user", "content": "Hello"}]}


def refusal(body: object, path: str = ROUTES[0]) -> str:
    """Return the sentence that refuses a request, "" for one that is passed on."""
    try:
        parse(path, body if isinstance(body, bytes) else json.dumps(body).encode())
    except RefusedRequest as refused:
        return str(refused)
    return ""


def user(*parts: object) -> dict:
    """Return a chat of one message with these parts."""
    return HELLO | {"messages": [{"role": "user", "content": list(parts)}]}
