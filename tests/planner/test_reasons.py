"""Reasons that only some plans give: each stands where it is so, by a data sheet, a price list or arithmetic."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bake import DEFAULTS

from planner.api import answer, ask_estimate, ask_plan
from planner.describe.refusal import plan_for
from planner.request.prompts import check_answers
from planner.write.plan_md import plan_md
from planner.write.plan_py.render import plan_py


def pages(**answers: str) -> tuple[str, str]:
    """Return plan.py and PLAN.md, the latter without its line breaks."""
    plan = plan_for(check_answers(DEFAULTS | answers).request)
    return plan_py(plan, "my-llm"), " ".join(plan_md(plan, "made so").split())


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        # NVIDIA's Turing cards compute in float16, not in bfloat16
        ({"model_id": "Qwen/Qwen2.5-1.5B-Instruct", "gpu": "T4"}, 'DTYPE = "float16"  # T4 has no bfloat16'),
        # IEEE's float16 has 10 bits after the point, bfloat16 has 7: 2^3 = 8
        (
            {"task": "batch", "workload": "embedding", "model_size": "33M", "budget": "none"},
            'DTYPE = "float16"  # published in float32, which float16 rounds eight times finer than bfloat16',
        ),
        # NVIDIA's table of compute capabilities; FlashAttention 2 begins with 8.0 and 3 with 9.0, and vLLM has Triton's
        (
            {"model_id": "Qwen/Qwen2.5-1.5B-Instruct", "gpu": "T4"},
            'ATTENTION = "sdpa"  # Triton attention; compute capability 7.5',
        ),
        ({"gpu": "L4", "model_size": "1.5B"}, "# FlashAttention 2; compute capability 8.9"),
        ({"gpu": "H100"}, "# FlashAttention 3; compute capability 9.0"),
        ({"gpu": "L4", "model_size": "1.5B", "engine": "transformers"}, "# SDPA; compute capability 8.9"),
        ({"workload": "embedding"}, "another starts: as many as fill one pass"),
        ({"gpu": "H100"}, "another starts; the budget pays for no other"),  # 3.95 of 4 USD/hour, by Modal's list
        ({"budget": "none"}, "# no budget was set: what Modal's Starter plan runs at once, 10 GPUs"),
        (
            {"task": "batch", "budget": "none"},
            "# no budget was set: what Modal's Starter plan runs at once, 10 GPUs",
        ),
    ],
)
def test_a_line_of_plan_py_has_the_reason_of_that_plan(answers: dict[str, str], line: str) -> None:
    assert line in pages(**answers)[0]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"task": "finetune", "budget": "4/hour"}, "$4/hour limits what runs, not what a run costs"),
        # two nodes of 8, and Modal's Starter plan runs ten GPUs at once
        (
            {"task": "distributed", "gpu": "H100:16", "model_size": "32B", "method": "full", "budget": "none"},
            "16 GPUs at once are beyond its Starter plan's 10",
        ),
        ({"task": "distributed", "gpu": "L4:2", "method": "full"}, "Main memory holds the optimizer, "),
        # by their repositories: one layer of MTP, and an EAGLE-3 head trained for three tokens
        (
            {"optimize": "latency", "model_id": "Qwen/Qwen3.6-27B", "budget": "none"},
            "the checkpoint's own layer (MTP) proposes a token at a time",
        ),
        (
            {"optimize": "latency", "model_id": "Qwen/Qwen3-8B", "budget": "none"},
            "the EAGLE-3 head `RedHatAI/Qwen3-8B-speculator.eagle3` proposes 3 tokens at a time",
        ),
    ],
)
def test_a_sentence_of_plan_md_stands_where_it_is_so(answers: dict[str, str], words: str) -> None:
    assert words in pages(**answers)[1]
    assert words not in pages(task=answers.get("task", "serve"), budget="none", model_size="0.6B")[1]


@pytest.mark.parametrize(
    ("question", "why"),
    [
        # vLLM refuses to start where less is free than it may use, and CUDA's context takes some of every card
        ({"model": "Qwen/Qwen3-8B", "gpu": "H100", "memory_fraction": 1.0}, "GiB free when vLLM starts; 0.99 of the"),
        # Gemma's activations overflow in float16, and a T4 has nothing else of 16 bits
        ({"model": "google/gemma-3-27b-it", "gpu": "T4", "gpu_count": 4}, "overflows in float16, and T4 has no bfloat"),
        # 36 layers x 2 x 8 heads x 128 x 2 bytes x 40,960 tokens x 64 = 360 GiB of cache
        (
            {"model": "Qwen/Qwen3-8B", "gpu": "L4", "engine": "transformers", "concurrency": 64, "context_len": 40960},
            "64 requests of 40,960 tokens need",
        ),
    ],
)
def test_an_estimate_that_does_not_fit_says_which_memory_is_short(question: dict[str, Any], why: str) -> None:
    found = answer(question, ask_estimate)
    assert not found["fits"] and why in found["why"]


def test_a_context_that_no_card_holds_is_halved_until_one_does() -> None:
    """By hand: 32 layers x 2 x 32 heads x 128 x 2 bytes a token are 4.8 TiB for 10M; eight B300 have 2.1 TiB."""
    llama = {"params": 8030261248, "layers": 32, "heads": 32, "kv_heads": 32, "head_dim": 128, "context": 10**7}
    question = {"model": llama, "context_len": 10**7, "concurrency": 1, "budget": "none"}
    said = answer(question, ask_plan)["error"]
    found = re.search(r"take a context of ([\d,]+) \(", said)
    assert found and "GiB short" in said, said
    offered = int(found[1].replace(",", ""))
    assert offered in (5 * 10**6, 25 * 10**5)  # of 16 bits the quarter fits; where fp8 is taken, the half
    assert "chosen" in answer(question | {"context_len": offered}, ask_plan)
