"""Refuse a request body that is too large with a 413 before it is read whole. Responses pass through untouched."""

import json
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from .. import plan

# The parts of ASGI (asgi.readthedocs.io) that are used here
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

DRAIN_LIMIT = 8  # times the limit is still read, and thrown away: most clients read no response before all is sent


async def send_json(send: Send, status: int, content: object) -> None:
    """Send a whole response."""
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_error(send: Send, status: int, message: str) -> None:
    """Send an error in the format that OpenAI's clients read."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    await send_json(send, status, {"error": {"message": message, "type": kind, "code": status}})


class BodyLimit:
    """ASGI middleware: no request body over `limit` bytes reaches `app`, announced by its length or sent in chunks."""

    def __init__(self, app: App, limit: int = plan.MAX_BODY_BYTES) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length) > self.limit:
            return await self._refuse(receive, send)
        seen, refused = 0, False

        async def counted() -> Message:
            nonlocal seen, refused
            message = await receive()
            seen += len(message.get("body", b""))
            if seen <= self.limit:
                return message
            refused = True
            await self._refuse(receive, send, message.get("more_body", False))
            return {"type": "http.disconnect"}

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        try:
            await self.app(scope, counted, unless_refused)
        except Exception:
            if not refused:  # else it is what the app makes of the disconnect
                raise

    async def _refuse(self, receive: Receive, send: Send, more: bool = True) -> None:
        """Read the rest of the body, if `more` of it comes, then send the 413. After the end of a body nothing comes
        until the client leaves.
        """
        left = self.limit * DRAIN_LIMIT
        while more and left > 0:
            message = await receive()
            left, more = left - len(message.get("body", b"")), message.get("more_body", False)
        await send_error(send, 413, f"the request's body is over {self.limit} bytes, the limit of this service")
