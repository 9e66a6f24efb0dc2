"""Parse one typed value: a count, a budget, a GPU. Refusal is one sentence that shows the forms."""

from __future__ import annotations

import re

from ..asked import Budget
from ..catalogue.gpus import check_cluster, check_count, find_gpu
from ..catalogue.names import shown
from ..schema import TRAINING, Refusal

MAX_NUMBER = 100_000_000
MAX_USD = 1_000_000
WHOLE = r"\d{1,3}(?:[,_]\d{3})+|\d+"  # digits, grouped in threes or not at all: 1,5 is no number here
EXAMPLES = {"concurrency": "16", "context_len": "8192 or 32k", "gpu": "the 2 of H100:2", "gpu_count": "2"}


def one_line(key: str, text: str) -> str:
    if not text:
        raise Refusal(f"{key} is empty; type a word or two")
    if not text.isprintable() or len(text) > 200:
        raise Refusal(f"{key} must be one line of at most 200 printable characters, not {shown(text)}")
    return text


def one_of(key: str, text: str, allowed: tuple[str, ...]) -> str:
    if text.lower() not in allowed:
        raise Refusal(f"{key} {shown(text)} is not one of {', '.join(allowed)}")
    return text.lower()


def whole(text: str) -> int:
    """Return the number of digits that may be grouped in threes: "8192", "8,192", "8_192"."""
    return int(re.sub(r"[,_]", "", text))


def parse_count(key: str, text: str) -> int:
    """Return a whole number of at least 1: "8192", "8,192", "8k" (8192), "1M" (1048576)."""
    found = re.fullmatch(rf"({WHOLE})\s*([kKmM]?)", text, re.ASCII)
    unit = {"": 1, "k": 1024, "m": 1024**2}[found[2].lower()] if found else 0
    value = whole(found[1]) * unit if found and len(text) < 12 else 0
    if not 1 <= value <= MAX_NUMBER:
        raise Refusal(f"{key} {shown(text)} is not a whole number of at least 1, such as {EXAMPLES.get(key, '8192')}")
    return value


def parse_budget(text: str, task: str = "") -> Budget:
    """Return the budget of "4/hour", "50/run", "300/month" in USD, or "none". Refusal shows the forms of the task."""
    if text.strip().lower() == "none":
        return Budget(float("inf"), "none")
    found = re.fullmatch(
        rf"(?:us\$|\$|usd)?\s*((?:{WHOLE})(?:\.\d{{1,4}})?)\s*(?:\$|usd)?\s*(?:/|per|a)\s*(hour|h|hr|month|run)s?",
        text.strip().lower(),
        re.ASCII,
    )
    if not found or len(found[1]) > 14:
        forms = "4/hour, 300/month or none" if task == "serve" else "4/hour, 300/month, 50/run or none"
        raise Refusal(f"budget {shown(text)} is not understood; write {forms} (dollars)")
    usd = float(re.sub(r"[,_]", "", found[1]))
    if not 0 < usd <= MAX_USD:
        raise Refusal(f"budget {shown(text)} must be above 0 and at most {MAX_USD:,}, such as 4/hour")
    return Budget(usd, {"h": "hour", "hr": "hour"}.get(found[2], found[2]))


def parse_api_price(text: str, task: str) -> float:
    """Return the USD per million tokens of "0.60", "$0.60". Refusal for a training, which no API bills by the token."""
    if task in TRAINING:
        raise Refusal(f"--api-price compares prices of answers, and task {task} gives none: take serve or batch")
    found = re.fullmatch(r"\$?(\d{1,5}(?:\.\d{1,6})?)", text.strip(), re.ASCII)
    if not found or not float(found[1]):
        raise Refusal(f"--api-price {shown(text)} is not understood; write dollars per million tokens, such as 0.60")
    return float(found[1])


def parse_gpu(gpu: str, count: str = "auto", several_nodes: bool = False) -> tuple[str, int]:
    """Return GPU type and count of "H100:2", "H100", "auto:2"; "auto" and 0 leave them open.

    The JSON interface gives the count apart, as `count`.

    One container holds all of them, unless there may be `several_nodes`: then more than 8 are nodes of 8.
    """
    name, number = typed_gpu(gpu, count)
    card = find_gpu(name) if name != "auto" else None
    if number > 8 and several_nodes:
        check_cluster(card, number)
    elif card and number:
        check_count(card, number)
    elif number > 8:
        raise Refusal(f"one container holds at most 8 GPUs, not {number}; take auto:8, or a lower count")
    return name, number


def typed_gpu(gpu: str, count: str = "auto") -> tuple[str, int]:
    """Return type and count as typed, unchecked against each other; "auto" and 0 where they are open."""
    number = 0 if count.lower() == "auto" else parse_count("gpu_count", count)
    name, colon, suffix = gpu.partition(":")
    if several := re.fullmatch(r"(\d+) ?x ?(\S+)|(\S+) ?x ?(\d+)", gpu.strip(), re.ASCII | re.IGNORECASE):
        first, card, other, last = several.groups()
        raise Refusal(
            f"gpu {shown(gpu)} is not understood; write the count after a colon: {card or other}:{first or last}"
        )
    name = "auto" if name.lower() == "auto" else find_gpu(name).name
    if colon:
        inside = parse_count("gpu", suffix.strip())
        if number and number != inside:
            raise Refusal(f"gpu {gpu} and gpu_count {number} contradict each other; leave gpu_count auto")
        number = inside
    return name, number
