"""The engine as a web application: health, memory, what runs, metrics, and the routes of its workload."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest

from . import limits, metrics, plan, routes
from .engine.server import Engine
from .errors import Refused, ServiceFault
from .monitoring.gpu_memory import Monitor


def api(engine: Engine, monitor: Monitor, started_s: float | None = None) -> FastAPI:
    """The application around one engine, which took `started_s` to start, and the monitor of its memory."""
    app = FastAPI(title=plan.NAME)
    app.add_middleware(limits.BodyLimit)  # ty: ignore[invalid-argument-type]
    app.include_router(routes.router(engine))
    registry = CollectorRegistry()
    metrics.register(monitor, registry)
    ProcessCollector(registry=registry)

    @app.get("/health")
    async def health() -> JSONResponse:
        return JSONResponse({"healthy": engine.healthy}, 200 if engine.healthy else 503)

    @app.get("/memory")
    def memory() -> dict:
        return {"report": monitor.report(), **monitor.state()}

    @app.get("/engine")
    async def what_runs() -> dict:
        return {**engine.what_runs(), "started_s": started_s}

    @app.get("/metrics")
    def counted() -> Response:
        text = generate_latest(engine.counts.registry) + generate_latest(registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    @app.get("/v1/models")
    async def models() -> dict:
        return {"object": "list", "data": [{"id": plan.MODEL, "object": "model", "owned_by": plan.NAME}]}

    @app.exception_handler(ServiceFault)
    async def without_answer(request: Request, error: ServiceFault) -> JSONResponse:
        return JSONResponse(error.body(), error.status)

    @app.exception_handler(RequestValidationError)
    async def misunderstood(request: Request, error: RequestValidationError) -> JSONResponse:
        # Where and what, but not the value: it may be a prompt
        faults = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()]
        return JSONResponse(Refused("; ".join(faults)).body(), Refused.status)

    return app
