"""What embedding asks of vLLM, which requests it answers, and how large they may be."""

from typing import Any

from . import plan

ARGUMENTS = ["--runner", "pooling", "--convert", "embed"]
ROUTES = ("/v1/embeddings",)
WARM_UP = ("/v1/embeddings", {"model": plan.MODEL, "input": "Hello"})


def refusal(body: dict[str, Any]) -> str | None:
    """One sentence on the limit that a request is over; None for one to be answered."""
    texts = body.get("input")
    if isinstance(texts, list) and len(texts) > plan.MAX_TEXTS and not isinstance(texts[0], int):  # tokens are one text
        return f"{len(texts)} texts are in the request, and at most {plan.MAX_TEXTS} may be"
    return None
