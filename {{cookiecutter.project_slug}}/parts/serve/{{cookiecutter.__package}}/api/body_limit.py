"""Refuse a request body that is too large with a 413, announced by its length or sent in chunks."""

import json
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping, Sequence
from typing import Any

from .. import plan

# The parts of ASGI (asgi.readthedocs.io) that are used here
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

DRAIN_LIMIT = 8  # times the limit is still read, and thrown away: most clients read no response before all is sent


async def send_json(send: Send, status: int, content: object, headers: Headers = ()) -> None:
    """Send a whole response."""
    body = json.dumps(content).encode()
    own = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": body})


async def send_error(send: Send, status: int, message: str, headers: Headers = ()) -> None:
    """Send an error in the format that the clients of OpenAI and of Anthropic read."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "code": status}
    await send_json(send, status, {"type": "error", "error": error}, headers)


def replay(message: Message, receive: Receive) -> Receive:
    """A `receive` that gives `message` once more, and then what comes after it: the client's leaving."""
    waiting = [message]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


class BodyLimit:
    """ASGI middleware that gives `app` each request body of up to `limit` bytes whole, in one message."""

    def __init__(self, app: App, limit: int = plan.MAX_BODY_BYTES) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"")
        size, body, more = 0, bytearray(), True
        too_large = announced.isdigit() and int(announced) > self.limit
        while more and size <= self.limit * DRAIN_LIMIT:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            more, size = message.get("more_body", False), size + len(message.get("body", b""))
            too_large = too_large or size > self.limit
            body += b"" if too_large else message.get("body", b"")
        if too_large:
            refusal = f"the request's body is over {self.limit} bytes, the limit of this service"
            await send_error(send, 413, refusal)
        else:
            whole: Message = {"type": "http.request", "body": bytes(body), "more_body": False}
            await self.app(scope, replay(whole, receive), send)
