"""The engine behind the OpenAI API: `/v1/chat/completions`, `/v1/models`, and `/health` and `/memory`."""

import json
import time
import uuid
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from . import plan
from .engine import Engine, EngineError, Message, Piece, TooLong
from .memory import Monitor


class Chat(BaseModel):
    """The part of OpenAI's request that this engine understands."""

    messages: list[Message] = Field(min_length=1)
    model: str = plan.MODEL
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    stream: bool = False
    stream_options: dict[str, bool] = {}

    @property
    def limit(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens


def refusal(status: int, message: str) -> JSONResponse:
    """An error as OpenAI's clients expect it."""
    return JSONResponse({"error": {"message": message, "type": "invalid_request_error", "code": status}}, status)


def api(engine: Engine, monitor: Monitor) -> FastAPI:
    """The web application around one engine and the monitor of its memory."""
    app = FastAPI(title=plan.NAME)

    @app.get("/health")
    async def health() -> JSONResponse:
        return JSONResponse({"healthy": engine.healthy}, 200 if engine.healthy else 503)

    @app.get("/memory")
    def memory() -> dict:
        return {"report": monitor.report(), **monitor.state()}

    @app.get("/v1/models")
    async def models() -> dict:
        return {"object": "list", "data": [{"id": plan.MODEL, "object": "model", "owned_by": plan.NAME}]}

    @app.post("/v1/chat/completions")
    async def chat(body: Chat) -> object:
        if body.model != plan.MODEL:
            return refusal(404, f"this service has {plan.MODEL}, not {body.model}")
        pieces = engine.stream(body.messages, max_tokens=body.limit, temperature=body.temperature, top_p=body.top_p)
        try:
            first = await anext(pieces)  # before a status is sent: what is refused is refused with a 4xx
        except TooLong as error:
            return refusal(400, str(error))
        except EngineError as error:
            return refusal(503, str(error))
        if body.stream:
            return StreamingResponse(events(body, first, pieces), media_type="text/event-stream")
        return await whole(first, pieces)

    return app


def envelope(kind: str, choices: list[dict], identity: str) -> dict:
    return {"id": identity, "object": kind, "created": int(time.time()), "model": plan.MODEL, "choices": choices}


def usage(last: Piece) -> dict:
    total = last.prompt_tokens + last.tokens
    return {"prompt_tokens": last.prompt_tokens, "completion_tokens": last.tokens, "total_tokens": total}


async def rest(first: Piece, pieces: AsyncIterator[Piece]) -> AsyncIterator[Piece]:
    yield first
    async for piece in pieces:
        yield piece


async def whole(first: Piece, pieces: AsyncIterator[Piece]) -> object:
    """The answer in one piece."""
    try:
        got = [piece async for piece in rest(first, pieces)]
    except EngineError as error:
        return refusal(503, str(error))
    message = {"role": "assistant", "content": "".join(piece.text for piece in got)}
    choice = {"index": 0, "message": message, "finish_reason": got[-1].finish}
    identity = f"chatcmpl-{uuid.uuid4().hex}"
    return envelope("chat.completion", [choice], identity) | {"usage": usage(got[-1])}


async def events(body: Chat, first: Piece, pieces: AsyncIterator[Piece]) -> AsyncIterator[str]:
    """The answer as server-sent events; an error after the first piece is an event too, since the status is out."""
    identity, piece = f"chatcmpl-{uuid.uuid4().hex}", first
    try:
        async for piece in rest(first, pieces):
            choice = {"index": 0, "delta": {"role": "assistant", "content": piece.text}, "finish_reason": piece.finish}
            yield event(envelope("chat.completion.chunk", [choice], identity))
    except EngineError as error:
        yield event({"error": {"message": str(error), "code": 503}})
    if body.stream_options.get("include_usage"):
        yield event(envelope("chat.completion.chunk", [], identity) | {"usage": usage(piece)})
    yield "data: [DONE]\n\n"


def event(data: dict) -> str:
    return f"data: {json.dumps(data)}\n\n"
