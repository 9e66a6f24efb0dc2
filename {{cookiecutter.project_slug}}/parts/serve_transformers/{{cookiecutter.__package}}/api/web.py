"""The engine as a web application: its workload's routes, health, memory, what runs, metrics, and errors as JSON."""

import os
import time
from collections.abc import Mapping
from typing import Any

import psutil
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from starlette.exceptions import HTTPException
from starlette.routing import Route

from .. import plan
from ..engine.errors import EngineError, InvalidRequest, check_model
from ..engine.server import Engine
from ..monitoring.gpu_memory import Monitor
from ..monitoring.prometheus import MemoryCollector
from . import routes
from .body_limit import BodyLimit

RETRY_AFTER_S = 2
READ = ["GET", "HEAD"]
KINDS = {"str", "int", "constrained-str"}  # which pydantic names among the steps to a field, beside list[...]
# Fields of a chat or completion that a service on vLLM takes, and this one does not
OF_VLLM: set[str] = {
    "tools", "tool_choice", "response_format", "logprobs", "top_logprobs", "seed", "logit_bias", "reasoning_effort",
    "frequency_penalty", "presence_penalty", "top_k", "min_p", "repetition_penalty", "echo", "chat_template_kwargs",
} if plan.WORKLOAD == "generation" else set()  # fmt: skip


class StartupClock:
    """Counts from the start of this process, or from its restore out of a snapshot."""

    def __init__(self) -> None:
        self.began = psutil.Process().create_time()  # seconds since the epoch
        self.container = os.environ.get("MODAL_TASK_ID")

    def after_snapshot(self) -> None:
        """Restart the clock where this process was restored in another container. Call it first after a snapshot."""
        if os.environ.get("MODAL_TASK_ID") != self.container:
            self.began = time.time()

    def seconds(self) -> float:
        return time.time() - self.began


def api(engine: Engine, monitor: Monitor, started_s: float | None = None) -> FastAPI:
    """The application around one engine, whose container took `started_s` to start, and the monitor of its memory."""
    app = FastAPI(title=plan.NAME, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_middleware(BodyLimit)  # ty: ignore[invalid-argument-type]
    served = routes.router(engine)
    app.include_router(served)
    registry = CollectorRegistry()
    registry.register(MemoryCollector(monitor))
    ProcessCollector(registry=registry)

    @app.api_route("/health", methods=READ)
    async def health() -> JSONResponse:
        return JSONResponse({"healthy": engine.healthy}, 200 if engine.healthy else 503)

    @app.api_route("/memory", methods=READ)
    def memory() -> dict:
        return {"report": monitor.report(), **monitor.state()}

    @app.api_route("/engine", methods=READ)
    async def loaded() -> dict:
        return {**engine.loaded.report(), "started_s": started_s}

    @app.api_route("/metrics", methods=READ)
    def metrics() -> Response:
        text = generate_latest(engine.metrics.registry) + generate_latest(registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    model = {"id": plan.MODEL, "object": "model", "created": int(time.time()), "owned_by": plan.NAME}
    model["max_model_len"] = engine.context  # as vLLM tells it

    @app.api_route("/v1/models", methods=READ)
    async def models() -> dict:
        return {"object": "list", "data": [model]}

    @app.api_route("/v1/models/{name:path}", methods=READ)
    async def one_model(name: str) -> dict:
        check_model(name)
        return model

    @app.exception_handler(EngineError)
    async def engine_error(request: Request, error: EngineError) -> JSONResponse:
        later = {"retry-after": str(RETRY_AFTER_S)} if error.status == 503 else None
        return JSONResponse(error.body(), error.status, headers=later)

    @app.exception_handler(RequestValidationError)
    async def validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse(InvalidRequest("; ".join(map(fault, error.errors()))).body(), InvalidRequest.status)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        kind = "invalid_request_error" if error.status_code < 500 else "server_error"  # as OpenAI's clients read it
        if error.status_code == 404:
            paths = ", ".join(route.path for route in served.routes if isinstance(route, Route))
            error.detail = f"there is no {request.url.path}: this service answers {paths}"
        elif error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "another method")
            error.detail = f"{request.url.path} takes {allowed}, not {request.method}"
        body = {"message": error.detail, "type": kind, "code": error.status_code}
        return JSONResponse({"error": body}, error.status_code, headers=error.headers)

    return app


def fault(error: Mapping[str, Any]) -> str:
    """Where pydantic found what, but not the value: it may be a prompt."""
    steps = [str(step) for step in error["loc"][1:]]
    where = ".".join(step for step in steps if step not in KINDS and "[" not in step) or "the request"
    if error["type"] == "extra_forbidden":
        instead = ", or serve this model with vLLM, which takes it" if where in OF_VLLM else ""
        return f"{where}: this service takes no such field; leave it out{instead}"
    return f"{where}: {error['msg']}"
