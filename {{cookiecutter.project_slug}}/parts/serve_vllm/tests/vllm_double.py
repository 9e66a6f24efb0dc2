"""An application that does what vLLM does, and requests to the middleware around it."""

import asyncio
import json
from types import SimpleNamespace

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.api import middleware
from {{cookiecutter.__package}}.api.body_limit import BodyLimit, Message, Receive, Scope, Send
from {{cookiecutter.__package}}.engine import options

PATH, BODY = options.WARM_UP
NAMES = (plan.MODEL, "org/an-adapter")  # the model's and an adapter's


class Card:
    """A model as vLLM lists it."""

    created = 1577836800  # the first second of 2020

    def __init__(self, name: str) -> None:
        self.id = name

    def model_dump(self) -> dict[str, object]:
        return {"id": self.id}


class Api:
    """Stands where vLLM's application stands. Sends `pieces`, and remembers what it was asked."""

    def __init__(self, *pieces: bytes, status: int = 200, errored: bool = False) -> None:
        self.pieces, self.status = pieces or (b"{}",), status
        config = SimpleNamespace(embedding_size=64)
        self.state = SimpleNamespace(engine_client=SimpleNamespace(errored=errored, model_config=config))
        self.state.anthropic_serving_messages = SimpleNamespace(_merge_inline_system=True)
        self.state.openai_serving_models = self
        self.asked: list[tuple[str, bytes]] = []
        self.types: list[list[bytes]] = []

    async def show_available_models(self) -> SimpleNamespace:
        return SimpleNamespace(data=[Card(name) for name in NAMES])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.types.append([value for name, value in scope["headers"] if name == b"content-type"])
        self.asked.append((scope["path"], (await receive()).get("body", b"")))
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        for number, piece in enumerate(self.pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(self.pieces)})


def ask(
    route_filter: middleware.RouteFilter, api: Api, path: str, body: object = None, **headers: str
) -> tuple[int, list[bytes]]:
    """Status and pieces of the answer."""
    route_filter.app = api
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent: list[Message] = []
    coming: list[Message] = [{"type": "http.request", "body": content[:5], "more_body": True}]
    coming.append({"type": "http.request", "body": content[5:], "more_body": False})

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    method = "GET" if path in middleware.READ or path.startswith(middleware.MODELS) else "POST"
    scope = {"type": "http", "method": method, "path": path, "headers": named, "app": api}
    asyncio.run(BodyLimit(route_filter)(scope, receive, send))
    return sent[0]["status"], [message["body"] for message in sent[1:]]
