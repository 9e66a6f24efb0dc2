"""The route of plan.WORKLOAD: OpenAI's `/v1/embeddings`, or `/classify` in vLLM's format."""

import asyncio
import base64
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError, to_json

from .. import plan
from ..engine.errors import check_model
from ..engine.server import Classes, ClassificationEngine, EmbeddingEngine, Vector
from .body import Body, read

Result = TypeVar("Result")

PIECE = 32  # results written to JSON in one go: everybody else waits meanwhile
LEFT = Response(status_code=499)  # nobody reads it


class Texts(Body):
    """One text or several."""

    input: str | list[str] = Field(min_length=1)

    @field_validator("input", mode="before")
    @classmethod
    def _no_tokens(cls, given: Any) -> Any:
        if isinstance(given, list) and given and isinstance(given[0], int | list):
            raise PydanticCustomError(
                "tokens", "token ids are not read, since another tokenizer's would mean other words: send texts"
            )
        return given

    def texts(self) -> list[str]:
        """The input as a list. UnknownModel for another model than this service's."""
        check_model(self.model)
        return [self.input] if isinstance(self.input, str) else self.input


class EmbeddingTexts(Texts):
    """OpenAI's request, for texts."""

    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1)


def router(engine: EmbeddingEngine | ClassificationEngine) -> APIRouter:
    """The route of one engine."""
    routes = APIRouter()
    if isinstance(engine, EmbeddingEngine):

        async def embeddings(request: Request) -> Response:
            body = await read(EmbeddingTexts, request)
            found = await unless_left(request, engine.embed(body.texts(), body.dimensions))
            if not found:
                return LEFT
            vectors, tokens = found
            encode = to_base64 if body.encoding_format == "base64" else Vector.tolist
            usage = {"prompt_tokens": tokens, "total_tokens": tokens}
            frame = {"object": "list", "model": plan.MODEL, "usage": usage}
            return listed(frame, vectors, lambda i, one: {"object": "embedding", "index": i, "embedding": encode(one)})

        routes.add_route("/v1/embeddings", embeddings, methods=["POST"])
    else:

        async def classify(request: Request) -> Response:
            body = await read(Texts, request)
            found = await unless_left(request, engine.classify(body.texts()))
            if not found:
                return LEFT
            classes, tokens = found
            frame = {
                "id": f"classify-{uuid.uuid4().hex}",
                "object": "list",
                "created": int(time.time()),
                "model": plan.MODEL,
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0},
            }
            return listed(frame, classes, label)

        routes.add_route("/classify", classify, methods=["POST"])
    return routes


async def unless_left(request: Request, work: Coroutine[Any, Any, Result]) -> Result | None:
    """The result of `work`; None where the client leaves before, and then the rest of the work is cancelled."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()


async def left(request: Request) -> None:
    """Return when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def label(index: int, one: Classes) -> dict:
    return {"index": index, "label": one.label, "probs": one.probs, "num_classes": len(one.probs)}


def listed(frame: dict, results: Sequence[Result], write: Callable[[int, Result], dict]) -> Response:
    """The answer `frame` with each result in its `data`: in pieces where there are many."""
    if len(results) <= PIECE:
        data = [write(index, one) for index, one in enumerate(results)]
        return Response(to_json({**frame, "data": data}), media_type="application/json")
    return StreamingResponse(pieces(frame, results, write), media_type="application/json")


async def pieces(frame: dict, results: Sequence[Result], write: Callable[[int, Result], dict]) -> AsyncGenerator[bytes]:
    """Yield that answer as JSON, and let others run after each piece."""
    yield to_json(frame)[:-1] + b',"data":['
    for begin in range(0, len(results), PIECE):
        data = [write(index, one) for index, one in enumerate(results[begin : begin + PIECE], begin)]
        yield (b"," if begin else b"") + to_json(data)[1:-1]
        await asyncio.sleep(0)
    yield b"]}"


def to_base64(vector: Vector) -> str:
    """The numbers as little-endian float32, which OpenAI's client unpacks by itself."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
