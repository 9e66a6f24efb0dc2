"""What stands in front of vLLM's own API: the routes that are served, their limits, and what the container reports.

vLLM's `--middleware` puts `Front` around its API. An answer streams through it piece by piece, as vLLM sends it.
"""

import asyncio
import hmac
import json
import os
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from . import limits, metrics, workload
from .engine import server, verify
from .monitoring import gpu_memory, oom

DEAD = b"EngineCore encountered an issue. See stack trace (above) for the root cause."  # vLLM's v1/engine/exceptions.py
OPEN = {"/health", "/metrics", "/v1/models", "/version", *workload.ROUTES}  # vLLM answers these


class Gate:
    """ASGI middleware: answers /memory and /engine, checks requests against the limits, and hides all other routes."""

    def __init__(self, app: limits.App) -> None:
        self.app = app
        self.monitor = gpu_memory.Monitor().start()
        metrics.register(self.monitor)  # vLLM's /metrics shows the same registry
        self.started_s = time.time() - psutil.Process().create_time()  # vLLM builds its API when the engine is ready
        self.found: dict[str, object] = {}
        self.key = os.environ.get(server.KEY, "").encode()

    async def __call__(self, scope: limits.Scope, receive: limits.Receive, send: limits.Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "websocket":  # nothing here speaks over one
            await send({"type": "websocket.close", "code": 1008})
        elif path in workload.ROUTES and scope["method"] == "POST":
            await self.request(scope, receive, send)
        elif path == "/memory":
            await limits.answer(send, 200, {"report": self.monitor.report(), **self.monitor.state()})
        elif path == "/engine":
            await limits.answer(send, 200, await self.what_runs(scope["app"]))
        elif scope["type"] == "lifespan" or path in OPEN:
            await self.app(scope, receive, send)
        elif self.ours(scope):
            await self.control(scope, receive, send)
        else:
            routes = ", ".join(workload.ROUTES)
            await limits.refuse(send, 404, f"there is no {path}: this service answers {routes}")

    def ours(self, scope: limits.Scope) -> bool:
        """Whether the request comes from the process that started this server."""
        sent = dict(scope["headers"]).get(server.HEADER.encode(), b"")
        return bool(self.key) and hmac.compare_digest(sent, self.key)

    async def control(self, scope: limits.Scope, receive: limits.Receive, send: limits.Send) -> None:
        """Pass on what our own process asks. After a snapshot the start is what the waking took."""
        begun = time.monotonic()
        await self.app(scope, receive, send)
        if scope["path"] == "/wake_up":
            self.started_s = time.monotonic() - begun

    async def request(self, scope: limits.Scope, receive: limits.Receive, send: limits.Send) -> None:
        """Pass a request on, if it is within the limits, and explain where vLLM would only say 500."""
        body = await read(receive)
        try:
            asked = json.loads(body)
        except ValueError:
            asked = None  # vLLM says what is wrong with it
        if isinstance(asked, dict) and (over := workload.refusal(asked)):
            await limits.refuse(send, 400, over)
        else:
            await self.app(scope, replayed(body, receive), Explained(send, scope["app"].state.engine_client))

    async def what_runs(self, app: Any) -> dict[str, object]:
        """What the workers say of themselves, and where it is not as planned. Asked once: it cannot change."""
        if not self.found:
            answers = await app.state.engine_client.collective_rpc("what_runs")
            if folder := os.environ.get(server.SNAPSHOTS):
                await app.state.engine_client.collective_rpc("keep_snapshots", args=(folder,))
            running = verify.running(answers)
            self.found = {
                "engine": "vllm",
                "version": import_module("vllm").__version__,
                "attention": " and ".join(running.attention),
                "quantization": verify.weights(running),
                "layers": running.layers,
                "dtype": running.dtype,
                "device": running.device,
                **verify.verdict(running),
            }
        return {**self.found, "started_s": round(self.started_s, 1)}


class Front(limits.BodyLimit):
    """What vLLM is given: the gate, and around it the limit on the size of a body."""

    def __init__(self, app: limits.App) -> None:
        super().__init__(Gate(app))


async def read(receive: limits.Receive) -> bytes:
    """The whole body. BodyLimit stands outside of this and bounds it."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def replayed(body: bytes, receive: limits.Receive) -> limits.Receive:
    """A `receive` that gives the body once more, and then what comes after it: the client's leaving."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> limits.Message:
        return waiting.pop() if waiting else await receive()

    return again


class Explained:
    """A `send` that turns vLLM's bare 500 into a 507 or a 503 that says why. Everything else goes through at once."""

    def __init__(self, send: limits.Send, engine: Any) -> None:
        self.send, self.engine = send, server
        self.failed: limits.Message = {}

    async def __call__(self, message: limits.Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 500:
            self.failed = message
        elif self.failed:
            await self.instead(message)
        else:
            await self.send(await self.explained(message))

    async def instead(self, message: limits.Message) -> None:
        """Send what there is to say of a 500 whose body is `message`; else the 500 as it is."""
        cause = oom.explain(bytes(message["body"]).decode(errors="replace"))
        if self.engine.errored:
            cause = cause or await last_cause()
            await limits.refuse(self.send, 507 if cause else 503, replaced(cause))
        elif cause:
            await limits.refuse(self.send, 507, cause)
        else:
            await self.send(self.failed)
            await self.send(message)

    async def explained(self, message: limits.Message) -> limits.Message:
        """A piece of a stream, which has its status already; the last one says that the engine died, and now why."""
        if DEAD not in message.get("body", b"") or not self.engine.errored:
            return message
        cause = await last_cause()
        return {**message, "body": message["body"].replace(DEAD, replaced(cause).encode())}


def replaced(cause: str) -> str:
    """What a client is told whose request died with the engine."""
    died = "the engine died and this container is being replaced: send the request again"
    return f"{cause}; {died}" if cause else died


async def last_cause(patience: float = 1.0) -> str:
    """What engine.Process read in the engine's log about its end. The log may come a moment later than the error."""
    path, deadline = Path(os.environ.get(server.CAUSE, os.devnull)), time.monotonic() + patience
    while not (cause := path.read_text(encoding="utf-8") if path.exists() else "") and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return cause
