"""ASGI middleware around vLLM's API: the routes that are served, limits, /memory and /engine, and errors explained."""

import asyncio
import hmac
import json
import os
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
from prometheus_client import REGISTRY

from ..engine import options, verify
from ..monitoring import gpu_memory, oom, prometheus
from . import admission, error_texts, routes
from .body_limit import App, BodyLimit, Message, Receive, Scope, Send, replay, send_error, send_json
from .refusal import RefusedRequest, shown

ENGINE_DEAD = b"EngineCore encountered an issue. See stack trace (above) for the root cause."  # v1/engine/exceptions.py
STREAMED_ERROR = b'data: {"error"'
RETRY_AFTER = (b"retry-after", b"2")  # seconds
OPEN = {"/health", "/metrics", "/version"}  # vLLM answers these
MODELS = "/v1/models"  # all, or / and a name, which may hold slashes
READ = {*OPEN, MODELS, "/memory", "/engine"}


class RouteFilter:
    """Answers /memory and /engine, checks requests against the limits of plan.py, and hides all other routes."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.monitor = gpu_memory.Monitor().start()
        REGISTRY.register(prometheus.MemoryCollector(self.monitor))  # vLLM's /metrics shows the same registry
        self.started_s = time.time() - psutil.Process().create_time()  # vLLM builds its API when the engine is ready
        self.engine: dict[str, object] = {}
        self.key = os.environ.get(options.KEY, "").encode()
        self.admission, self.turns = admission.Admission(), admission.Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope.get("path", ""), scope.get("method", "")
        reads = path in READ or path.startswith(f"{MODELS}/")
        if scope["type"] == "websocket":  # no route here takes one
            await send({"type": "websocket.close", "code": 1008})
        elif path in options.ROUTES and method == "POST":
            await self._request(scope, receive, send)
        elif path in options.ROUTES:
            await send_error(send, 405, f"{path} takes POST, not {method}", [(b"allow", b"POST")])
        elif reads and method == "HEAD":  # uvicorn sends no body to it
            await self({**scope, "method": "GET"}, receive, send)
        elif reads and method != "GET":
            await send_error(send, 405, f"{path} takes GET, not {method}", [(b"allow", b"GET, HEAD")])
        elif reads and path.startswith(MODELS):
            await self._models(scope, send)
        elif path == "/memory":
            await send_json(send, 200, {"report": self.monitor.report(), **self.monitor.state()})
        elif path == "/engine":
            await send_json(send, 200, await self._what_runs(scope["app"]))
        elif scope["type"] == "lifespan" or path in OPEN:
            await self.app(scope, receive, send)
        elif self._from_our_process(scope):
            await self._control(scope, receive, send)
        else:
            await send_error(send, 404, f"there is no {path}: this service answers {', '.join(options.ROUTES)}")

    async def _models(self, scope: Scope, send: Send) -> None:
        """Answer with the models or one of them, as OpenAI's API does, and Anthropic's where a client of it asks."""
        listed = (await scope["app"].state.openai_serving_models.show_available_models()).data
        name = scope["path"].removeprefix(MODELS).removeprefix("/")
        if any(header == b"anthropic-version" for header, _ in scope["headers"]):
            cards = {model.id: for_anthropic(model) for model in listed}
            pages = {"has_more": False, "first_id": listed[0].id, "last_id": listed[-1].id}
        else:
            cards, pages = {model.id: model.model_dump() for model in listed}, {"object": "list"}
        if scope["path"] == MODELS:
            await send_json(send, 200, {"data": list(cards.values()), **pages})
        elif name in cards:
            await send_json(send, 200, cards[name])
        else:
            await send_error(send, 404, f"there is no model {shown(name)}: this service has {', '.join(cards)}")

    def _from_our_process(self, scope: Scope) -> bool:
        """Whether the request comes from the process that started this server."""
        sent = dict(scope["headers"]).get(options.HEADER.encode(), b"")
        return bool(self.key) and hmac.compare_digest(sent, self.key)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a control request on. After a snapshot the start is what the waking took."""
        begun = time.monotonic()
        await self.app(scope, receive, send)
        if scope["path"] == "/wake_up":
            self.started_s = time.monotonic() - begun

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it is within the limits, with its errors explained. BodyLimit gives its body whole."""
        message = await receive()
        try:
            request = routes.parse(scope["path"], message.get("body", b""))
            request = routes.for_model(scope["path"], request, scope["app"].state)
        except RefusedRequest as refused:
            await send_error(send, 400, str(refused))
            return
        count = admission.count_answers(scope["path"], request)
        try:
            self.admission.acquire(count)
        except admission.QueueFull as full:
            await send_error(send, 503, str(full), [RETRY_AFTER])
            return
        rewriter = ErrorRewriter(send, scope["app"].state.engine_client)
        priority = self.turns.begin(len(message["body"]))
        if options.PRIORITIES:
            request = {"priority": priority} | request
        checked = {**message, "body": json.dumps(request).encode()}  # vLLM reads what was checked and nothing else
        try:
            await self.app(as_json(scope), replay(checked, receive), rewriter)
        except Exception as error:  # vLLM would send the exception's text
            await rewriter.fail(error)
        finally:
            self.turns.end(priority)
            self.admission.release(count)

    async def _what_runs(self, app: Any) -> dict[str, object]:
        """Return what the workers report, and where it differs from the plan. Read once: it cannot change."""
        if not self.engine:
            answers = await app.state.engine_client.collective_rpc("what_runs")
            if folder := os.environ.get(options.SNAPSHOTS):
                await app.state.engine_client.collective_rpc("keep_snapshots", args=(folder,))
            running = verify.running(answers)
            self.engine = {
                "engine": "vllm",
                "version": import_module("vllm").__version__,
                "attention": " and ".join(running.attention),
                "quantization": verify.weights(running),
                "layers": running.layers,
                "dtype": running.dtype,
                "device": running.device,
                **verify.verdict(running),
            }
        return {**self.engine, "started_s": round(self.started_s, 1)}


class ServiceMiddleware(BodyLimit):
    """The limit on the size of a body, around the route filter."""

    def __init__(self, app: App) -> None:
        super().__init__(RouteFilter(app), routes.BODY_BYTES)


class ErrorRewriter:
    """A `send` that turns vLLM's errors into sentences, and its bare 500 into a 507 or a 503 with the reason.

    Everything else passes through at once, unchanged. The texts of exceptions stay in the log: they can hold paths and
    parts of other requests.
    """

    def __init__(self, send: Send, engine: Any) -> None:
        self.send, self.engine = send, engine
        self.begun = False
        self.failed: Message = {}  # the start of an error, held until its body is there

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self.failed = message
        elif self.failed:
            start, self.failed = self.failed, {}
            await self._explain(start, message)
        else:
            self.begun = True
            await self.send(await self._with_cause(message))

    async def _explain(self, start: Message, message: Message) -> None:
        """Send an explained error for the start of one and its body."""
        text, status = bytes(message.get("body", b"")).decode(errors="replace"), start["status"]
        self.begun = True
        if status == 500:
            await self._explain_500(text)
            return
        told = error_texts.explain(text)
        if told == text:
            await self.send(with_retry_after(start))
            await self.send(message)
        else:
            await send_error(self.send, status, told)  # nothing to the log: the text may hold a prompt

    async def fail(self, error: Exception) -> None:
        """Answer for an exception of vLLM's that nothing there answered for."""
        if self.begun:
            raise error
        await self._explain_500(f"{type(error).__name__}: {error}")

    async def _explain_500(self, text: str) -> None:
        cause = oom.explain(text)
        if self.engine.errored:
            cause = cause or await read_cause()
            await send_error(self.send, 507 if cause else 503, being_replaced(cause))
        elif cause:
            await send_error(self.send, 507, cause)
        else:
            print(f"vLLM failed on a request: {text[:2000]}", flush=True)
            await send_error(self.send, 500, "the engine failed on this request; the container's log says why")

    async def _with_cause(self, message: Message) -> Message:
        """Return a message of a stream, an error in it as a sentence that names the cause of the engine's death."""
        if message.get("body", b"").startswith(STREAMED_ERROR) and not self.engine.errored:
            return {**message, "body": error_texts.explain_streamed(message["body"])}
        if ENGINE_DEAD not in message.get("body", b"") or not self.engine.errored:
            return message
        return {**message, "body": message["body"].replace(ENGINE_DEAD, being_replaced(await read_cause()).encode())}


def as_json(scope: Scope) -> Scope:
    """Return a request whose body was read as JSON as one that says so: vLLM reads no other, and curl says a form."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": [*headers, (b"content-type", b"application/json")]}


def for_anthropic(model: Any) -> dict[str, object]:
    """Return a model of vLLM's list in the form of Anthropic's API."""
    created = datetime.fromtimestamp(model.created, UTC).isoformat(timespec="seconds")
    return {"type": "model", "id": model.id, "display_name": model.id, "created_at": created}


def with_retry_after(message: Message) -> Message:
    """Return a message, with Retry-After where it starts a 503 of vLLM's own."""
    if message["type"] != "http.response.start" or message["status"] != 503:
        return message
    return {**message, "headers": [*message["headers"], RETRY_AFTER]}


def being_replaced(cause: str) -> str:
    """The message to a client whose request died with the engine."""
    died = "the engine died and this container is being replaced: send the request again"
    return f"{cause}; {died}" if cause else died


async def read_cause(timeout_s: float = 1.0) -> str:
    """Return why the engine died, as server.Server read in its log, which may come a moment after the error."""
    path, deadline = Path(os.environ.get(options.CAUSE, os.devnull)), time.monotonic() + timeout_s
    while not (cause := path.read_text(encoding="utf-8") if path.exists() else "") and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return cause
