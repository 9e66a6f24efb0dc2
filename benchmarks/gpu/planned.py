"""The planner's estimates, through the interface that users have: JSON lines through `python -m planner estimate`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def ask(questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """An answer for each question, in their order; {"error": ...} where the planner refuses."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    command = [sys.executable, "-m", "planner", "estimate"]
    done = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def peak_gib(mode: str, answer: dict[str, Any]) -> float:
    """Return the planner's peak of the whole card, CUDA's own included."""
    if mode == "training":
        return answer["peak_gib"] + answer["overhead_gib"]
    return sum(answer[f"{name}_gib"] for name in ("weights", "activation", "kv_cache", "overhead"))


def tokens_per_s(mode: str, answer: dict[str, Any]) -> float:
    """Tokens trained on, or written by all requests, per second."""
    return answer["tokens_per_s"] if mode == "training" else answer["output_tokens_per_s"]


def flops_per_token(answer: dict[str, Any], card_flops: float) -> float:
    """Useful FLOPs of a token of training, as the planner's MFU counts them: frozen weights have no gradient."""
    return answer["mfu"] * card_flops / answer["tokens_per_s"]
