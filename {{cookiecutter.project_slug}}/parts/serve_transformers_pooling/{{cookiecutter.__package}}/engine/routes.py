"""The route of plan.WORKLOAD: OpenAI's `/v1/embeddings`, or `/classify` in vLLM's format."""

import base64
import time
import uuid
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from .. import plan
from .errors import check_model
from .server import ClassificationEngine, EmbeddingEngine, Vector


class Body(BaseModel):
    """One text or several. Fields that this engine would ignore are refused."""

    model_config = ConfigDict(extra="forbid")

    input: str | list[str] = Field(min_length=1)
    model: str = plan.MODEL
    user: str = ""

    def texts(self) -> list[str]:
        """The input as a list. UnknownModel for another model than this service's."""
        check_model(self.model)
        return [self.input] if isinstance(self.input, str) else self.input


class EmbeddingBody(Body):
    """OpenAI's request, for texts."""

    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1)


def router(engine: EmbeddingEngine | ClassificationEngine) -> APIRouter:
    """The route of one engine."""
    routes = APIRouter()
    if isinstance(engine, EmbeddingEngine):

        @routes.post("/v1/embeddings")
        async def embeddings(body: EmbeddingBody) -> Response:
            vectors, tokens = await engine.embed(body.texts(), body.dimensions)
            encode = to_base64 if body.encoding_format == "base64" else Vector.tolist
            data = [{"object": "embedding", "index": i, "embedding": encode(one)} for i, one in enumerate(vectors)]
            usage = {"prompt_tokens": tokens, "total_tokens": tokens}
            reply = {"object": "list", "data": data, "model": plan.MODEL, "usage": usage}
            return Response(to_json(reply), media_type="application/json")  # json.dumps is slow at so many numbers

    else:

        @routes.post("/classify")
        async def classify(body: Body) -> dict:
            classes, tokens = await engine.classify(body.texts())
            data = [
                {"index": i, "label": one.label, "probs": one.probs, "num_classes": len(one.probs)}
                for i, one in enumerate(classes)
            ]
            return {
                "id": f"classify-{uuid.uuid4().hex}",
                "object": "list",
                "created": int(time.time()),
                "model": plan.MODEL,
                "data": data,
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0},
            }

    return routes


def to_base64(vector: Vector) -> str:
    """The numbers as little-endian float32, which OpenAI's client unpacks by itself."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
