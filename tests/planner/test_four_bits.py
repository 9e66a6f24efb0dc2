"""Choices where 16 bits do not fit the budget, and the worth of transformers with bitsandbytes there.

By hand: 4 bits of a 32B, 70B, 123B are 18.1, 37.0, 60.5 GiB, embeddings in 16 bits included, 8 bits 31.2, 67.7, 114.7;
a token of cache takes 256, 320 and 352 KiB in 16 bits and half of that in fp8. vLLM has 0.92 of a card.
"""

import contextlib

import pytest

from planner.catalogue.gpus import find_gpu, gpu_string
from planner.catalogue.models import find_model
from planner.choose.formats import FULLER
from planner.describe.neighbours import verdict
from planner.describe.refusal import plan_for
from planner.estimate.inference import estimate
from planner.request.parse import parse_budget
from planner.request.traffic import parse_aim, parse_load
from planner.schema import InferenceSetup, Refusal, Request
from planner.write.plan_py.render import constants_of

QWEN_32B, LLAMA_70B = "Qwen/Qwen3-32B", "meta-llama/Llama-3.3-70B-Instruct"
MISTRAL_123B = "mistralai/Mistral-Large-Instruct-2407"


def planned(model: str, budget: str, context: int, load: str, aim: str = "cost", **other):
    optimize, targets = parse_aim(aim, "serve", "generation")
    asked = parse_load(load, "serve", "generation")._asdict() | {"optimize": optimize, "targets": targets}
    return plan_for(Request("serve", "generation", find_model(model), parse_budget(budget), context, **asked, **other))


# model, budget, context, requests at once; cards, weights, caches, and why
CHOICES = [
    (QWEN_32B, "1/hour", 4096, 1, {"L4"}, {"int4"}, {"fp8"}, "18.1 GiB leave 1.0 of an L4, and 4,096 tokens take 1.0"),
    (QWEN_32B, "2/hour", 8192, 8, {"L40S"}, {"int4"}, {"auto"}, "16 GiB of cache beside 31.2 exceed 40.8"),
    (QWEN_32B, "3/hour", 8192, 16, {"A100-80GB"}, {"fp8"}, {"auto"}, "31.2 and 32 GiB of cache on 72.9"),
    (QWEN_32B, "5/hour", 8192, 16, {"H100"}, {"fp8"}, {"auto"}, "the fastest card below 5/hour for the price"),
    (LLAMA_70B, "2/hour", 8192, 1, {"L40S"}, {"int4"}, {"fp8"}, "37.0 leave 2.3 of 40.8: 2.5 in 16 bits, 1.25 in fp8"),
    (LLAMA_70B, "2/hour", 8192, 2, {"L40S"}, {"int4"}, {"fp8"}, "2.5 GiB of fp8 cache: 0.95 of the card has them"),
    (LLAMA_70B, "3/hour", 8192, 8, {"A100-80GB"}, {"int4"}, {"auto"}, "37.0 and 20 GiB of cache on 72.9"),
    (LLAMA_70B, "5/hour", 8192, 8, {"H200"}, {"fp8"}, {"auto"}, "67.7 and 20 GiB of cache on 129"),
    (LLAMA_70B, "5/hour", 32768, 16, {"H200"}, {"int4"}, {"fp8"}, "80 GiB of fp8 cache beside 67.7 exceed 129"),
    (MISTRAL_123B, "3/hour", 8192, 4, {"A100-80GB"}, {"int4"}, {"auto"}, "60.5 and 11 GiB of cache: 0.95 of the card"),
    (MISTRAL_123B, "5/hour", 8192, 8, {"H200"}, {"fp8"}, {"fp8"}, "114.7 leave 12 of 129: 22 in 16 bits, 11 in fp8"),
    (MISTRAL_123B, "5/hour", 8192, 16, {"H200"}, {"int4"}, {"auto"}, "22 GiB of fp8 cache beside 114.7 exceed 129"),
]  # fmt: skip


@pytest.mark.parametrize("row", CHOICES, ids=lambda row: f"{row[0].split('/')[1]}-{row[1]}-{row[2]}x{row[3]}")
def test_four_bits_are_served_by_vllm_from_a_published_checkpoint(row: tuple):
    model, budget, context, at_once, cards, weights, caches, why = row
    plan = planned(model, budget, context, str(at_once))
    setup = plan.chosen.setup
    assert setup.engine == "vllm" and gpu_string(setup.gpu, setup.gpu_count) in cards, why
    assert setup.quantization in weights and setup.kv_dtype in caches, why
    for other in plan.candidates:
        if other.rank and other.setup.engine == "transformers":
            words = verdict(plan, other)
            assert "bitsandbytes unpacks the weights" in words or "slower than people read" in words


def test_more_of_the_card_is_given_only_where_the_default_holds_nothing():
    tight = planned(LLAMA_70B, "2/hour", 8192, "2")
    told = {name: value for name, value, _reason in constants_of(tight, "x")}
    assert told["MEMORY_FRACTION"] == FULLER == tight.chosen.setup.memory_fraction
    assert tight.chosen.estimate and tight.chosen.estimate.requests_at_once >= 2
    outside = (1 - FULLER) * tight.chosen.setup.gpu.visible_gib
    assert outside > 0.92  # GiB of a CUDA context, at the most that a log shows
    for budget in ("2/hour", "3/hour", "none"):
        for one in planned(LLAMA_70B, budget, 8192, "1").candidates:
            assert one.setup.memory_fraction == 0.92


# ---- what serving with bitsandbytes is worth ----


def test_a_tight_first_token_under_load_is_no_reason_to_serve_with_bitsandbytes():
    """64 requests of 2,000 tokens: transformers reads 2,048 tokens a step, each over the cache of all requests."""
    for model in ("Qwen/Qwen3-8B", "Qwen/Qwen3-14B", QWEN_32B, LLAMA_70B):
        for budget in ("4/hour", "8/hour", "20/hour"):
            for aim in ("ttft<1s", "ttft<500ms"):
                with contextlib.suppress(Refusal):
                    assert planned(model, budget, 8192, "64 2000+300", aim).chosen.setup.engine == "vllm"


# Milliseconds of a step by bitsandbytes' benchmarking/README.md (0.45, an H100, transformers 4.46): NF4 with double
# quantization and LLM.int8 with decomposition
MEASURED_MS = [
    ("meta-llama/Llama-3.1-8B-Instruct", "none", 32, 26.1),
    ("meta-llama/Llama-3.1-8B-Instruct", "nf4", 32, 57.7),
    ("meta-llama/Llama-3.1-8B-Instruct", "int8", 32, 86.4),
    ("Qwen/Qwen2.5-32B-Instruct", "nf4", 1, 86.0),
    ("Qwen/Qwen2.5-32B-Instruct", "int8", 8, 195.8),
    (LLAMA_70B, "nf4", 1, 105.2),
    (LLAMA_70B, "int8", 32, 218.9),
]


@pytest.mark.parametrize(("model", "quantization", "rows", "ms"), MEASURED_MS)
def test_steps_of_bitsandbytes_take_what_its_authors_measured(model: str, quantization: str, rows: int, ms: float):
    setup = InferenceSetup(
        find_model(model), find_gpu("H100"), engine="transformers", quantization=quantization, concurrency=rows,
        context_len=512, input_len=64, output_len=4096,
    )  # fmt: skip
    token_s = estimate(setup).time_per_output_token_s
    assert token_s and ms / 1.35 < token_s * 1000 < ms * 1.35


def test_many_rows_have_nf4_unpacked_in_every_step():
    """On an H100 a 70B took 242 ms a step of 8 rows where each unpacked it, and 105 of one that did not.

    bitsandbytes 0.50 fuses up to 32 rows there (`_gemm_4bit_use_custom_cuda`) and unpacks beyond.
    """
    one = InferenceSetup(
        find_model(LLAMA_70B), find_gpu("H100"), engine="transformers", quantization="nf4", context_len=512,
        input_len=64, output_len=4096,
    )  # fmt: skip
    few, many = (estimate(one._replace(concurrency=rows)).time_per_output_token_s for rows in (32, 33))
    assert few and many and few < 0.13 < many < 0.26
