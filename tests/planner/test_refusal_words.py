"""The words of comparisons and refusals: shares, times, one or two changes that work, a real price."""

import re

import pytest
from bake import DEFAULTS

from planner.describe.format import time_words
from planner.describe.neighbours import speed_words
from planner.describe.refusal import plan_for
from planner.request.prompts import check_answers
from planner.schema import Refusal

LLAMA = {"model_id": "meta-llama/Llama-3.3-70B-Instruct", "gpu": "L4:1"}


def refusal(**answers: str) -> str:
    with pytest.raises(Refusal) as refused:
        plan_for(check_answers(DEFAULTS | answers).request)
    return str(refused.value)


@pytest.mark.parametrize(
    ("tokens_per_s", "words"),
    [
        (320, ("60% fewer tokens/s", True)),
        (960, ("20% more tokens/s", False)),
        (3200, ("4.0x the tokens/s", False)),
        (808, ("", False)),
    ],
)
def test_a_speed_is_a_share_of_the_tokens(tokens_per_s: float, words: tuple[str, bool]) -> None:
    """By hand, beside 800 tokens/s: 320 are 40% of them, 960 are 120%, 3,200 are 400%, 808 are within 2%."""
    assert speed_words(800 / tokens_per_s, answers=False) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(16, "takes 1.6x as long"), (10.8, "takes 8% longer"), (6, "40% less time")]
)
def test_a_time_is_as_long_or_less_of_it(seconds: float, words: str) -> None:
    """By hand, beside 10 s."""
    assert time_words(seconds / 10) == words
    assert speed_words(seconds / 10, answers=True) == (words, seconds > 10)


@pytest.mark.parametrize("budget", ["20/month", "1/run"])
def test_rows_of_unknown_number_have_an_hourly_price(budget: str) -> None:
    """No run of them has a price; the cards that are named have one in Modal's list."""
    said = refusal(task="batch", budget=budget, **LLAMA)
    offered = re.search(r"\((B200|B300|H200|RTX-PRO-6000), [^()]*, \$([\d.]+)/hour\)", said)
    listed = {"B200": "6.25", "B300": "7.10", "H200": "4.54", "RTX-PRO-6000": "3.03"}
    assert offered and listed[offered[1]] == offered[2], said


@pytest.mark.parametrize(
    "answers",
    [
        {"budget": "0.5/hour", **LLAMA},
        {"budget": "20/month", "context_len": "128k", "model_id": "Qwen/Qwen3-32B"},
        {"concurrency": "50/s 4000+500", "optimize": "cost ttft<50ms tpot<5ms", "gpu": "T4"},
        {"task": "distributed", "method": "full", "gpu": "H100:8", "budget": "20/month", "dataset": "x.jsonl 5M rows"},
    ],
    ids=["memory", "budget", "targets", "training"],
)
def test_a_refusal_has_one_or_two_changes_and_is_read_to_its_end(answers: dict[str, str]) -> None:
    said = refusal(**answers)
    changes = said.rpartition("; ")[2]
    assert len(f"error: {said}") <= 300 and said.count("((") == 0 and 1 <= len(changes.split(", or ")) <= 2, said
