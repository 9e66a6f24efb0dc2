"""Requests that are too large are refused with a 413 before they are read whole. Answers pass through untouched."""

import json
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from . import plan

# The parts of ASGI (asgi.readthedocs.io) that are used here
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

LINGER = 8  # times the limit that is still read, and thrown away: most clients read no answer before all is sent


async def answer(send: Send, status: int, content: object) -> None:
    """Send `content` as JSON."""
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: int, message: str) -> None:
    """Send an error in the shape that OpenAI's clients read."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    await answer(send, status, {"error": {"message": message, "type": kind, "code": status}})


class BodyLimit:
    """ASGI middleware: no request body over `limit` bytes reaches `app`, announced by its length or sent in chunks."""

    def __init__(self, app: App, limit: int = plan.MAX_BODY_BYTES) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if announced(scope) > self.limit:
            return await self.turn_away(receive, send)
        seen, refused = 0, False

        async def counted() -> Message:
            nonlocal seen, refused
            message = await receive()
            seen += len(message.get("body", b""))
            if seen <= self.limit:
                return message
            refused = True
            await self.turn_away(receive, send, message.get("more_body", False))
            return {"type": "http.disconnect"}

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        try:
            await self.app(scope, counted, unless_refused)
        except Exception:
            if not refused:  # else it is what the app makes of the disconnect
                raise

    async def turn_away(self, receive: Receive, send: Send, more: bool = True) -> None:
        """Read the rest of the body, if `more` of it comes: after its end nothing does until the client leaves."""
        left = self.limit * LINGER
        while more and left > 0:
            message = await receive()
            left, more = left - len(message.get("body", b"")), message.get("more_body", False)
        await refuse(send, 413, f"the request's body is over {self.limit} bytes, the limit of this service")


def announced(scope: Scope) -> int:
    """The length that the request claims to have; 0 where it claims none."""
    length = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() else 0
