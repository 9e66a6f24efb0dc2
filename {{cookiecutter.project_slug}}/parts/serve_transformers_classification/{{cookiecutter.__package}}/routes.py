"""`/classify`, in vLLM's format."""

import time
import uuid

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from . import plan
from .engine.server import Engine
from .errors import known


class Body(BaseModel):
    """One text or several. What this engine would ignore, it refuses."""

    model_config = ConfigDict(extra="forbid")

    input: str | list[str] = Field(min_length=1)
    model: str = plan.MODEL
    user: str = ""


def router(engine: Engine) -> APIRouter:
    """The routes of one engine."""
    routes = APIRouter()

    @routes.post("/classify")
    async def classify(body: Body) -> dict:
        known(body.model)
        texts = [body.input] if isinstance(body.input, str) else body.input
        classes, tokens = await engine.classify(texts)
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
