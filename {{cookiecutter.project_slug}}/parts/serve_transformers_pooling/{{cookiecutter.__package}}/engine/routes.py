"""OpenAI's `/v1/embeddings`."""

import base64
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from . import plan
from .engine.server import Engine, Vector
from .errors import known


class Body(BaseModel):
    """OpenAI's request, for texts. What this engine would ignore, it refuses."""

    model_config = ConfigDict(extra="forbid")

    input: str | list[str] = Field(min_length=1)
    model: str = plan.MODEL
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1)
    user: str = ""


def router(engine: Engine) -> APIRouter:
    """The routes of one engine."""
    routes = APIRouter()

    @routes.post("/v1/embeddings")
    async def embeddings(body: Body) -> Response:
        known(body.model)
        texts = [body.input] if isinstance(body.input, str) else body.input
        vectors, tokens = await engine.embed(texts, body.dimensions)
        written = base64_of if body.encoding_format == "base64" else Vector.tolist
        data = [{"object": "embedding", "index": i, "embedding": written(vector)} for i, vector in enumerate(vectors)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        answer = {"object": "list", "data": data, "model": plan.MODEL, "usage": usage}
        return Response(to_json(answer), media_type="application/json")  # json.dumps is slow at so many numbers

    return routes


def base64_of(vector: Vector) -> str:
    """The numbers as little-endian float32, which OpenAI's client unpacks by itself."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
