"""The choice: what an experienced engineer would take, what must be rejected and why, and what never may happen."""

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.catalogue.gpus import GPUS
from planner.catalogue.models import find_model
from planner.choose.inference import weigh
from planner.choose.ranking import merit
from planner.choose.support import CAPABILITY
from planner.describe.names import format_name
from planner.describe.refusal import plan_for
from planner.describe.rejections import inference_rejection
from planner.request.parse import parse_budget, parse_gpu
from planner.schema import AIMS, Refusal, Request, replace

LLAMA_70B = "meta-llama/Llama-3.3-70B-Instruct"
QWEN_235B = "Qwen/Qwen3-235B-A22B"


def asked(model: str, budget: str = "none", *, gpu: str = "auto", context: int = 8192, **other) -> Request:
    name, count = parse_gpu(gpu, "auto")
    fields = {"concurrency": 16, "gpu": name, "gpu_count": count, **other}
    return Request("serve", "generation", find_model(model), parse_budget(budget), context, **fields)


def rejections(request: Request, gpu: str, count: int) -> dict[tuple[str, str], str]:
    """(quantization, attention) -> reason, of every rejected configuration of that card."""
    return {
        (c.setup.quantization, c.setup.attention): inference_rejection(request, c)
        for c in weigh(request)
        if (c.setup.gpu.name, c.setup.gpu_count) == (gpu, count) and c.rejected
    }


# What an engineer would take. The arithmetic behind each: parameters x 2 bytes, against what one card holds; half of
# that in fp8, which counts as the model where its makers or Red Hat publish it and the card computes it.
@pytest.mark.parametrize(
    ("model", "budget", "cards", "quantizations"),
    [
        ("Qwen/Qwen2.5-0.5B-Instruct", "1/hour", {"T4", "L4"}, {"none"}),  # 1 GB: the cheapest cards
        ("Qwen/Qwen3-8B", "4/hour", {"L40S"}, {"fp8"}),  # 9.5 GB and 18 GiB of cache; 1.7 times 16 bits
        ("mistralai/Mistral-7B-Instruct-v0.2", "4/hour", {"L40S", "A100-40GB"}, {"none"}),  # no fp8 is published
        ("Qwen/Qwen3-32B", "4/hour", {"A100-80GB", "H100"}, {"fp8"}),  # 65.5 GB leaves no cache on 80 GB
        ("Qwen/Qwen3-32B", "20/hour", {"H100", "H200"}, {"fp8"}),
        (LLAMA_70B, "4/hour", {"RTX-PRO-6000", "A100-80GB", "H100"}, {"int4", "nf4", "nvfp4"}),  # 141 GB, 71 GB, 40 GB
        (LLAMA_70B, "20/hour", {"H200", "B200"}, {"fp8"}),  # 71 GB and 40 GiB of cache
        (QWEN_235B, "20/hour", {"B300", "H200:2", "B200:2"}, {"fp8"}),  # 238 GB
    ],
)  # fmt: skip
def test_takes_what_an_engineer_would(model, budget, cards, quantizations):
    setup = plan_for(asked(model, budget)).chosen.setup
    name = setup.gpu.name if setup.gpu_count == 1 else f"{setup.gpu.name}:{setup.gpu_count}"
    assert name in cards
    assert setup.quantization in quantizations


def test_235b_at_4_an_hour_is_refused_with_the_price_that_works():
    with pytest.raises(Refusal, match=r"raise the budget to \d+\.\d\d/hour \(.*int4|nf4"):
        plan_for(asked(QWEN_235B, "4/hour"))


def test_70b_in_bf16_never_stands_on_one_80_gb_card():
    for card in ("A100-80GB", "H100"):
        kernel = GPUS[card].attention[-1]
        assert "short" in rejections(asked(LLAMA_70B), card, 1)["none", kernel]


def test_flash_attention_is_rejected_on_a_t4_for_its_compute_capability():
    found = rejections(asked("Qwen/Qwen2.5-0.5B-Instruct"), "T4", 1)
    for version in (2, 3, 4):
        assert "T4 has 7.5" in found["none", f"flash_attention_{version}"]


def test_fp8_on_ampere_saves_memory_and_gains_no_prefill_speed():
    """NVIDIA's A100 has no fp8 tensor cores: the weights shrink, the arithmetic stays 16-bit."""
    found = {c.setup.quantization: c for c in weigh(asked("Qwen/Qwen3-8B", gpu="A100-80GB:1")) if c.containers}
    plain, fp8 = found["none"].estimate, found["fp8"].estimate
    assert fp8.weights_gib < 0.65 * plain.weights_gib
    assert fp8.prefill_tokens_per_s <= plain.prefill_tokens_per_s


def test_tensor_parallelism_divides_the_heads():
    """Qwen2.5-0.5B has 14 attention heads: 2 GPUs divide them, 4 and 8 do not."""
    request = asked("Qwen/Qwen2.5-0.5B-Instruct", optimize="latency")
    reasons = rejections(request, "H100", 4)
    assert "14 attention heads do not divide by 4" in reasons["none", "flash_attention_3"]
    assert {c.setup.gpu_count for c in weigh(request) if c.rank} <= {1, 2}


def test_replicas_come_before_tensor_parallelism_unless_latency_is_the_aim():
    counts = {
        c.setup.gpu_count for c in weigh(asked("Qwen/Qwen3-8B", optimize="throughput")) if c.rank and c.setup.gpu.nvlink
    }
    assert counts == {1}
    assert plan_for(asked(LLAMA_70B, "40/hour", optimize="latency")).chosen.setup.gpu_count > 1


def test_several_containers_share_a_load_that_one_cannot_hold():
    plan = plan_for(asked("Qwen/Qwen3-8B", "4/hour", gpu="L40S:1", concurrency=40, quantization="none"))
    assert plan.chosen.containers == 2
    assert plan.chosen.setup.concurrency == 20
    assert plan.chosen.usd_per_hour == pytest.approx(2 * 1.95)  # modal.com/pricing, 2026-09-25


def test_sixteen_bits_where_they_are_insisted_on_and_lossy_formats_only_where_the_budget_forces_them():
    """Qwen3-32B: 65.5 GB in 16 bits, for which 80 GB leave no cache. An A100 holds fp8 and computes in 16 bits."""
    dear = plan_for(asked("Qwen/Qwen3-32B", "20/hour", quantization="none")).chosen.setup
    assert (dear.quantization, dear.gpu.name) in {("none", "H200"), ("none", "A100-80GB"), ("none", "B200")}
    cheap = plan_for(asked("Qwen/Qwen3-32B", "2.50/hour")).chosen.setup
    assert (cheap.quantization, cheap.gpu.name) == ("fp8", "A100-80GB")


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (asked(LLAMA_70B, gpu="L4:1", quantization="none"), "let quantization be auto|let gpu be auto"),
        (asked("Qwen/Qwen3-8B", gpu="T4", attention="flash_attention_2"), "let attention be auto"),
        (asked("openai/gpt-oss-20b", gpu="T4"), "mxfp4 needs compute capability 8.0, T4 has 7.5"),
        (asked("Qwen/Qwen3-8B", "0.10/hour"), r"raise the budget to \d+\.\d\d/hour"),
        (asked("google/gemma-3-4b-it", gpu="T4"), "overflows in float16"),
        (asked(LLAMA_70B, engine="transformers", gpu="H100:2"), "transformers engine runs on one GPU"),
        (asked("openai/gpt-oss-20b", quantization="fp8"), "take one of mxfp4"),
    ],
    ids=["70b-on-l4", "flash-on-t4", "mxfp4-on-t4", "tiny-budget", "gemma-on-t4", "transformers-tp", "gpt-oss-fp8"],
)
def test_refuses_in_one_sentence_that_says_what_works(request_, sentence):
    with pytest.raises(Refusal, match=sentence) as refused:
        plan_for(request_)
    assert "\n" not in str(refused.value)


def test_every_rejected_configuration_carries_its_reason():
    request = asked(LLAMA_70B, "4/hour")
    for candidate in weigh(request):
        reason = inference_rejection(request, candidate)
        assert bool(candidate.rank) != bool(candidate.rejected) == bool(reason)
        assert "\n" not in reason


def test_the_same_request_gives_the_same_plan():
    assert plan_for(asked(QWEN_235B, "20/hour")) == plan_for(asked(QWEN_235B, "20/hour"))


def test_bitsandbytes_formats_come_with_the_engine_that_has_a_loader_for_them():
    """vLLM 0.32 lists no bitsandbytes among model_executor/layers/quantization; transformers 5 has it."""
    for quantization in ("nf4", "int8"):
        setup = plan_for(asked("mistralai/Mistral-7B-Instruct-v0.2", quantization=quantization)).chosen.setup
        assert (setup.engine, setup.quantization) == ("transformers", quantization)
    assert plan_for(asked("Qwen/Qwen3-8B", quantization="int4")).chosen.setup.engine == "vllm"  # a published AWQ
    with pytest.raises(Refusal, match=r"not available in nf4 here.*engine transformers makes it"):
        plan_for(asked("Qwen/Qwen3-8B", quantization="nf4", engine="vllm"))
    published = "unsloth/Qwen3-8B-bnb-4bit"
    assert plan_for(asked(published)).chosen.setup.engine == "transformers"
    with pytest.raises(Refusal, match=r"vllm image cannot load .* as published, nf4; take transformers"):
        plan_for(asked(published, engine="vllm"))


MODELS = st.sampled_from(
    ["Qwen/Qwen2.5-0.5B-Instruct", "Qwen/Qwen3-8B", "Qwen/Qwen3-32B", LLAMA_70B, "openai/gpt-oss-20b"]
)


@settings(max_examples=40, deadline=None)
@given(MODELS, st.floats(0.5, 60), st.floats(1, 4), st.sampled_from(AIMS), st.sampled_from([2048, 8192]))
def test_a_larger_budget_never_gives_a_lossier_or_a_slower_plan(model, usd, more, aim, context):
    """Slower by the aim: tokens/s, or seconds to an answer. A plan that fits for certain may replace one that hardly
    does, and one of better weights a faster one."""
    small = asked(model, f"{usd:.2f}/hour", optimize=aim, context=context)
    large = asked(model, f"{usd * more:.2f}/hour", optimize=aim, context=context)
    try:
        before = merit(small, plan_for(small).chosen)
    except Refusal:
        return
    after = merit(large, plan_for(large).chosen)
    assert (after.slow, after.quality_lost) <= (before.slow, before.quality_lost)
    if (after.slow, after.quality_lost, after.tight) == (before.slow, before.quality_lost, before.tight):
        assert after.speed >= before.speed


@settings(max_examples=40, deadline=None)
@given(
    MODELS, st.floats(0.5, 60), st.sampled_from(AIMS), st.sampled_from([1, 16, 64]), st.sampled_from(["serve", "batch"])
)
def test_nothing_cheaper_and_faster_of_the_same_quality_loses(model, usd, aim, concurrency, task):
    request = replace(asked(model, f"{usd:.2f}/hour", optimize=aim, concurrency=concurrency), task=task)
    try:
        plan = plan_for(request)
    except Refusal:
        return
    chosen = merit(request, plan.chosen)
    for other in (merit(request, c) for c in plan.candidates[1:] if c.rank):
        if (other.slow, other.quality_lost) == (chosen.slow, chosen.quality_lost) and other.tight <= chosen.tight:
            assert not (other.price < chosen.price and other.speed > chosen.speed)


@settings(max_examples=40, deadline=None)
@given(MODELS, st.floats(0.5, 60), st.sampled_from(AIMS), st.sampled_from([1, 16, 64]))
def test_what_the_plan_says_fits_does_and_stays_within_the_budget(model, usd, aim, concurrency):
    from planner.estimate.inference import estimate as estimate_inference

    request = asked(model, f"{usd:.2f}/hour", optimize=aim, concurrency=concurrency)
    try:
        chosen = plan_for(request).chosen
    except Refusal:
        return
    alone = estimate_inference(replace(chosen.setup))
    assert alone == chosen.estimate
    assert alone.fits
    assert alone.requests_at_once >= chosen.setup.concurrency
    assert chosen.containers * chosen.setup.concurrency >= concurrency
    assert chosen.usd_per_hour <= request.budget.usd


def test_a_format_that_a_card_has_no_arithmetic_for_is_unpacked_where_it_is_asked_for_and_not_chosen_unasked():
    """vLLM 0.32: Marlin unpacks fp8 and nvfp4 from compute capability 7.5 on; int4 is as small there and tried more."""
    published = plan_for(asked("nvidia/Llama-3.3-70B-Instruct-FP4", gpu="H100")).chosen.setup
    assert (published.quantization, format_name(published)) == ("nvfp4", "nvfp4 computed in 16 bits")
    assert plan_for(asked("Qwen/Qwen3-8B", gpu="T4", quantization="fp8")).chosen.setup.quantization == "fp8"
    weighed = {(c.setup.gpu.name, c.setup.quantization) for c in weigh(asked("Qwen/Qwen3-8B"))}
    assert ("B200", "nvfp4") in weighed and not {("H100", "nvfp4"), ("L4", "nvfp4"), ("T4", "fp8")} & weighed


@pytest.mark.slow
def test_a_format_needs_the_compute_capability_that_vllm_needs():
    python = os.environ.get("VLLM_PYTHON")
    if not python:
        pytest.skip("VLLM_PYTHON names no Python that holds vLLM: run make test-slow")
    methods = {"fp8": "fp8", "nvfp4": "modelopt_fp4", "mxfp4": "mxfp4", "int4": "auto_awq"}
    script = (
        "from vllm.model_executor.layers.quantization import get_quantization_config as config\n"
        f"print(*[config(name).get_min_capability() for name in {list(methods.values())}])"
    )
    printed = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout
    least = [int(number) / 10 for number in printed.splitlines()[-1].split()]
    assert {form: CAPABILITY[form] for form in methods} == dict(zip(methods, least, strict=True))
