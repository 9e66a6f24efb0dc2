"""The data set of a request: its rows, and what a typical example and the passes over it are taken to be."""

from __future__ import annotations

import re

from ..catalogue.names import shown
from ..schema import Refusal

MAX_ROWS = 100_000_000_000
ROW_TOKENS = {"generation": 512, "classification": 128}  # of a typical example to train on (prior)
EPOCHS, MANY_ROWS = 3, 100_000  # passes over the data, and the rows from which one is enough (prior)


def parse_dataset(text: str) -> tuple[str, int]:
    """Return a file or Hugging Face id, and its rows or 0: "org/name", "reviews.jsonl 200k rows"."""
    found = re.fullmatch(r"(.+?)[ ,]+(\d[\d,_]*(?:\.\d+)?)\s*([kKmM]?) rows?", text, re.ASCII)
    if not found:
        return text, 0
    times = {"": 1, "k": 1_000, "m": 1_000_000}[found[3].lower()]
    count = round(float(re.sub(r"[,_]", "", found[2])) * times)
    if not 1 <= count <= MAX_ROWS:
        raise Refusal(f"dataset {shown(text)} must have 1 to {MAX_ROWS:,} rows, such as reviews.jsonl 200k rows")
    return found[1], count


def row_tokens_of(workload: str, context_len: int) -> int:
    """Return the tokens of a typical example (prior), at most what the context holds."""
    return min(ROW_TOKENS[workload], context_len)


def epochs_of(rows: int, objective: str = "sft") -> int:
    """Return the passes over the data: fewer over many rows, and one over preferences (Zephyr, arXiv 2310.16944)."""
    return EPOCHS if rows < MANY_ROWS and objective == "sft" else 1
