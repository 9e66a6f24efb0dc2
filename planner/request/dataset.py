"""The data set of a request: its rows, and what a typical example and the passes over it are taken to be."""

from __future__ import annotations

import re

from ..catalogue.names import shown
from ..schema import Refusal
from .parse import WHOLE

MAX_ROWS = 100_000_000_000
_COUNT = rf"(?:{WHOLE})(?:\.\d+)?\s*[kKmMbB]?"
# A number of rows written otherwise: "d.jsonl, 10k", "d.jsonl (10k rows)", "10k rows", "d.jsonl 10 thousand examples".
_ROWS_MEANT = re.compile(
    r"[ ,(]\d[\d.,_]*\s*[kmb]?\)?$|\d\S*\s+(?:\w+\s+)?(?:rows?|examples|lines|samples)\)?$", re.ASCII | re.IGNORECASE
)
ROW_TOKENS = {"generation": 512, "classification": 128}  # of a typical example to train on (prior)
EPOCHS, MANY_ROWS = 3, 100_000  # passes over the data, and the rows from which one is enough (prior)


def parse_dataset(text: str) -> tuple[str, int]:
    """Return a file or Hugging Face id, and its rows or 0: "org/name", "reviews.jsonl 200k rows"."""
    found = re.fullmatch(rf"(.+?),? +({_COUNT}) rows?", text, re.ASCII | re.IGNORECASE)
    if found and not found[1].endswith(" with"):
        return found[1], parse_rows("dataset", text, found[2])
    if _ROWS_MEANT.search(text):
        raise Refusal(f"dataset {shown(text)} is not understood; write its rows after it: reviews.jsonl 200k rows")
    return text, 0


def parse_rows(key: str, text: str, rows: str) -> int:
    """Return the number of rows of "52,002", "10k", "1.5M", which `text` shows where it is refused."""
    found = re.fullmatch(rf"((?:{WHOLE})(?:\.\d+)?)\s*([kmb]?)", rows, re.ASCII | re.IGNORECASE)
    if not found:
        raise Refusal(f"{key} {shown(text)} is not a number of rows, such as 10000 or 200k")
    times = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}[found[2].lower()]
    count = round(float(re.sub(r"[,_]", "", found[1])) * times)
    if not 1 <= count <= MAX_ROWS:
        raise Refusal(f"{key} {shown(text)} must have 1 to {MAX_ROWS:,} rows, such as 200k rows")
    return count


def row_tokens_of(workload: str, context_len: int) -> int:
    """Return the tokens of a typical example (prior), at most what the context holds."""
    return min(ROW_TOKENS[workload], context_len)


def epochs_of(rows: int, objective: str = "sft") -> int:
    """Return the passes over the data: fewer over many rows, and one over preferences (Zephyr, arXiv 2310.16944)."""
    return EPOCHS if rows < MANY_ROWS and objective == "sft" else 1
