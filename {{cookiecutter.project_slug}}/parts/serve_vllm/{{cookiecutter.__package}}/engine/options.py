"""What generation asks of vLLM, which requests it answers, and how large they may be."""

import json
from typing import Any

from . import plan

# The limit is also what a request that names none may write
UNLESS_SAID = {"max_new_tokens": plan.MAX_ANSWER_TOKENS}
ARGUMENTS = ["--runner", "generate", "--override-generation-config", json.dumps(UNLESS_SAID)]
ROUTES = ("/v1/chat/completions", "/v1/completions")
WARM_UP = ("/v1/completions", {"model": plan.MODEL, "prompt": "Hello", "max_tokens": 16})


def refusal(body: dict[str, Any]) -> str | None:
    """One sentence on the limit that a request is over; None for one to be answered."""
    for name in ("max_tokens", "max_completion_tokens"):
        wanted = body.get(name)
        if isinstance(wanted, int) and wanted > plan.MAX_ANSWER_TOKENS:
            return f"{name} is {wanted}, and an answer may have at most {plan.MAX_ANSWER_TOKENS} tokens"
    answers = body.get("n")
    if isinstance(answers, int) and answers > plan.CONCURRENCY:
        return f"n is {answers}, and at most {plan.CONCURRENCY} answers are written at once"
    return None
