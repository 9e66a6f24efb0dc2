"""Memory against hand-computed numbers and published logs, and what must hold of any model."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_models import (
    DEEPSEEK_V3,
    GEMMA_27B,
    GPT_OSS_20B,
    GPT_OSS_120B,
    LLAMA_8B,
    LLAMA_70B,
    MODELS,
    QWEN3_30B_A3B,
    QWEN3_32B,
    QWEN_MATH,
)

from planner.catalogue.gpus import GPUS, find_gpu
from planner.catalogue.models import find_model
from planner.describe.rejections import inference_shortage
from planner.estimate.inference import estimate as estimate_inference
from planner.estimate.inference_memory import memory as inference_memory
from planner.estimate.kv_cache import kv_bytes_per_token, kv_gib
from planner.estimate.vllm_memory import batched_tokens
from planner.estimate.weights import weight_bytes, weight_gib
from planner.schema import GIB, QUANTIZATIONS, InferenceSetup, replace

DATA = Path(__file__).resolve().parents[2] / "benchmarks" / "data"


def published(row_id: str) -> float:
    """The figure of one row of the published measurements."""
    with (DATA / "memory_inference.csv").open(newline="") as file:
        return next(float(row["value"]) for row in csv.DictReader(file) if row["row_id"] == row_id)


# ---- the KV cache, by hand ----


def test_grouped_heads_cost_two_vectors_per_kv_head():
    assert kv_bytes_per_token(LLAMA_8B) == 2 * 32 * 8 * 128 * 2 == 131072


def test_latent_attention_costs_one_latent_and_its_rope_part():
    assert kv_bytes_per_token(DEEPSEEK_V3) == 61 * (512 + 64) * 2 == 70272


def test_a_latent_is_copied_to_every_gpu():
    assert kv_bytes_per_token(DEEPSEEK_V3, "auto", 8) == kv_bytes_per_token(DEEPSEEK_V3)


def test_heads_are_shared_out_until_each_gpu_has_one():
    assert [kv_bytes_per_token(QWEN3_30B_A3B, "auto", tp) for tp in (1, 2, 4, 8)] == [98304, 49152, 24576, 24576]


def test_an_fp8_cache_is_half_as_large():
    assert kv_bytes_per_token(LLAMA_8B, "fp8") == 65536


def test_a_window_bounds_what_its_layers_hold():
    # 10 full layers of 32768 tokens, 52 layers of 1024, 2 x 16 heads x 128 x 2 bytes
    assert kv_gib(GEMMA_27B, 32768) == pytest.approx((10 * 32768 + 52 * 1024) * 8192 / GIB)


def test_linear_layers_hold_a_constant_state():
    hybrid = replace(QWEN3_32B, linear_layers=48, state_bytes=50_000_000)
    assert kv_gib(hybrid, 2000) - kv_gib(hybrid, 1000) == pytest.approx(1000 * 16 * 4096 / GIB)
    assert kv_gib(hybrid, 1) > 50_000_000 / GIB


# ---- weights ----


def test_four_bits_leave_embeddings_and_head_in_sixteen():
    """planner notes: an 8B Llama-3 at 4 bits is 5.3 GiB, not 3.8."""
    assert weight_gib(LLAMA_8B, "int4") == pytest.approx(5.3, abs=0.05)
    embedding, experts, rest = weight_bytes(LLAMA_8B, "int4")
    assert (embedding, experts) == (2 * 128256 * 4096 * 2, 0.0)
    assert rest == (8030261248 - 2 * 128256 * 4096) * 4.156 / 8


def test_mxfp4_quantizes_the_experts_alone():
    embedding, experts, rest = weight_bytes(GPT_OSS_20B, "none")
    assert rest == pytest.approx(2 * (20.9e9 - 2 * 201088 * 2880 - 24 * 32 * 3 * 2880 * 2880))
    assert experts == pytest.approx(24 * 32 * 3 * 2880 * 3072 * 4.25 / 8)  # the width is padded from 2880 to 3072
    assert embedding == 2 * 201088 * 2880 * 2


@pytest.mark.parametrize(
    ("row", "model", "quantization", "tp", "tolerance"),
    [
        ("CI0041", QWEN_MATH, "none", 1, 0.005),
        ("CI0001", GPT_OSS_20B, "none", 1, 0.01),
        ("CI0102", GPT_OSS_120B, "none", 4, 0.07),  # Marlin pads both sides
        ("CI0006", LLAMA_70B, "fp8", 2, 0.005),
        ("CI0011", LLAMA_70B, "fp8", 1, 0.005),
    ],
)
def test_weights_are_what_vllm_logged(row, model, quantization, tp, tolerance):
    assert weight_gib(model, quantization, tp) == pytest.approx(published(row), rel=tolerance)


# ---- vLLM's accounting ----


def test_the_cache_is_what_vllm_logged_on_an_l40s():
    setup = InferenceSetup(QWEN_MATH, find_gpu("L40S"), memory_fraction=0.85, context_len=4096)
    memory = inference_memory(setup, "v0.7 V0")
    assert memory.kv_cache_gib == pytest.approx(published("CI0050"), rel=0.01)
    assert memory.activation_gib == pytest.approx(published("CI0049"), rel=0.02)
    assert memory.kv_tokens == pytest.approx(published("CI0051"), rel=0.01)


def test_a_windowed_model_holds_as_many_requests_as_vllm_logged():
    setup = InferenceSetup(GPT_OSS_120B, find_gpu("A100-80GB"), 4, 4, memory_fraction=0.8, context_len=16384)
    memory = inference_memory(setup, "v0.10.1.1 V1")
    assert memory.max_concurrency == pytest.approx(published("CI0105"), rel=0.03)
    assert memory.kv_tokens == pytest.approx(published("CI0104"), rel=0.03)


def test_a_hybrid_pads_its_layers_to_whole_groups():
    """gemma-3-27b counts 70 layers in vLLM, not 62: 10 that see everything, 60 with a window; 16 tokens a block."""
    short = InferenceSetup(GEMMA_27B, find_gpu("H100"), context_len=1000, max_batched_tokens=1000)
    memory = inference_memory(short)
    request = memory.kv_cache_gib * GIB / memory.max_concurrency
    assert request == pytest.approx((10 * 63 + 60 * 64) * 16 * 8192)  # a window may begin within a block: one more


def test_the_terms_add_up_to_what_vllm_may_use():
    for model in MODELS:
        memory = inference_memory(InferenceSetup(model, find_gpu("H200"), 8, 8, context_len=4096))
        total = memory.weights_gib + memory.activation_gib + memory.overhead_gib + memory.kv_cache_gib
        assert total == pytest.approx(0.92 * 139.8)


def test_a_step_is_as_wide_as_vllm_makes_it_on_that_card():
    """Defaults of the server in vLLM 0.32."""
    widths = {name: batched_tokens(InferenceSetup(LLAMA_8B, gpu)) for name, gpu in GPUS.items()}
    assert widths["L4"] == widths["A100-80GB"] == 2048
    assert widths["H100"] == widths["RTX-PRO-6000"] == 8192
    assert widths["B200"] == 16384


def test_seventy_billion_in_fp8_leave_no_cache_on_one_h100():
    setup = InferenceSetup(LLAMA_70B, find_gpu("H100"), quantization="fp8", memory_fraction=0.9, context_len=16000)
    memory = inference_memory(setup)
    assert not memory.fits
    assert "GiB short" in inference_shortage(setup, estimate_inference(setup))
    assert inference_memory(replace(setup, gpu_count=2, tensor_parallel=2)).fits


def test_an_engine_may_not_ask_for_the_whole_card():
    setup = InferenceSetup(LLAMA_8B, find_gpu("H100"), memory_fraction=1.0)
    assert not inference_memory(setup).fits
    assert inference_memory(replace(setup, memory_fraction=0.95)).fits


# ---- transformers ----


@pytest.mark.parametrize(
    ("row", "model", "quantization", "tokens"),
    [
        ("CI0114", QWEN3_32B, "none", 8192),
        ("CI0120", QWEN3_32B, "none", 32768),
        ("CI0129", QWEN3_30B_A3B, "none", 32768),
        ("CI0118", QWEN3_32B, "fp8", 16384),
    ],
)
def test_the_allocator_peaks_where_qwen_measured_it(row, model, quantization, tokens):
    setup = InferenceSetup(
        model, find_gpu("H200"), engine="transformers", quantization=quantization, context_len=tokens, concurrency=1
    )
    memory = inference_memory(setup)
    peak = memory.weights_gib + memory.activation_gib + memory.kv_cache_gib
    assert peak == pytest.approx(published(row) * 2**20 / GIB, rel=0.01)


def test_transformers_must_hold_every_request_at_once():
    setup = InferenceSetup(LLAMA_8B, find_gpu("L4"), engine="transformers", context_len=8192, concurrency=4)
    assert inference_memory(setup).fits
    assert not inference_memory(replace(setup, concurrency=8)).fits


# ---- models that only read ----


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
@pytest.mark.parametrize(
    "name", ["BAAI/bge-large-en-v1.5", "distilbert/distilbert-base-uncased-finetuned-sst-2-english"]
)
def test_an_encoder_keeps_no_cache_on_either_engine(name, engine):
    setup = InferenceSetup(find_model(name), find_gpu("L4"), engine=engine, context_len=512, concurrency=32)
    memory = inference_memory(setup)
    assert memory.kv_cache_gib == memory.kv_bytes_per_token == memory.kv_tokens == 0
    assert memory.weights_gib + memory.activation_gib + memory.overhead_gib < 3  # of the 20 that vLLM may take


def test_a_decoder_that_embeds_keeps_its_cache_in_vllm_alone():
    """Qwen3-Embedding is causal, so vLLM pages its keys and values; a plain forward pass keeps none."""
    model = find_model("Qwen/Qwen3-Embedding-0.6B")
    setup = InferenceSetup(model, find_gpu("L4"), context_len=2048, concurrency=32)
    vllm, plain = inference_memory(setup), inference_memory(replace(setup, engine="transformers"))
    assert vllm.kv_bytes_per_token == 28 * 2 * 8 * 128 * 2 and vllm.kv_cache_gib > 15
    assert plain.kv_cache_gib == 0.0


def test_a_pass_over_many_long_texts_needs_what_a_hand_counts():
    """Qwen3-Embedding-0.6B, 32 texts of 2,048: the MLP's three times 1024 and 3072 in 16 bits, and the mask."""
    setup = InferenceSetup(
        find_model("Qwen/Qwen3-Embedding-0.6B"), find_gpu("T4"), engine="transformers", context_len=2048, concurrency=32
    )
    tokens = 32 * 2048
    layer = 2 * (3 * 1024 + 3 * 3072) * tokens
    mask = 3 * 32 * 2048**2  # a byte per pair, and two where SDPA adds it
    assert inference_memory(setup).activation_gib == pytest.approx((layer + mask) / GIB + 0.04, rel=1e-3)
    assert not inference_memory(replace(setup, concurrency=400)).fits
    many = replace(setup, concurrency=400)
    assert "400 texts of 2,048 tokens" in inference_shortage(many, estimate_inference(many))


def test_what_only_reads_has_no_logits():
    """A classifier in vLLM has no sampler, whose part of Llama-3's activations is 256 rows of 128,256 entries."""
    reader = replace(LLAMA_8B, workload="classification")
    here = find_gpu("L4")
    assert inference_memory(InferenceSetup(reader, here)).activation_gib < 0.4
    assert inference_memory(InferenceSetup(LLAMA_8B, here)).activation_gib > 0.7


# ---- what holds of any model ----

setups = st.builds(
    lambda **given: InferenceSetup(**given),  # `builds` would draw a named tuple's defaults, too
    model=st.sampled_from(MODELS),
    gpu=st.sampled_from(list(GPUS.values())),
    engine=st.sampled_from(["vllm", "transformers"]),
    quantization=st.sampled_from(["none", "fp8", "int8", "int4", "nf4", "nvfp4"]),
    kv_dtype=st.sampled_from(["auto", "fp8"]),
    context_len=st.integers(1, 200_000),
    concurrency=st.integers(1, 512),
    input_len=st.integers(1, 8192),
    output_len=st.integers(1, 2048),
)


def needed(setup: InferenceSetup) -> float:
    """GiB per GPU for what is asked: the weights, the moment's work, and the cache of the requests."""
    memory = inference_memory(setup)
    cache = memory.kv_cache_gib
    if setup.engine == "vllm":
        cache = kv_gib(setup.model, setup.context_len, setup.concurrency, setup.kv_dtype, setup.tensor_parallel)
    return memory.weights_gib + memory.activation_gib + memory.overhead_gib + cache


@given(setups, st.integers(0, 100_000), st.integers(0, 256), st.integers(0, 10**10))
@settings(max_examples=150, deadline=None)
def test_asking_for_more_never_needs_less(setup, tokens, requests, params):
    larger = replace(setup.model, params=setup.model.params + params)
    for more in (
        replace(setup, context_len=setup.context_len + tokens),
        replace(setup, concurrency=setup.concurrency + requests),
        replace(setup, model=larger),
    ):
        assert needed(more) >= needed(setup) - 1e-9
        assert inference_memory(setup).fits or not inference_memory(more).fits


@given(setups)
@settings(max_examples=150, deadline=None)
def test_more_gpus_never_raise_memory_per_gpu(setup):
    spread = [replace(setup, gpu_count=tp, tensor_parallel=tp) for tp in (1, 2, 4, 8)]
    sizes = [needed(each) for each in spread]
    assert all(after <= before + 1e-9 for before, after in pairwise(sizes))
    weights = [inference_memory(each).weights_gib for each in spread]
    assert all(after <= before for before, after in pairwise(weights))


@given(setups)
@settings(max_examples=100, deadline=None)
def test_replicas_hold_more_requests_and_need_no_more(setup):
    one, two = inference_memory(setup), inference_memory(replace(setup, gpu_count=2))
    assert two.max_concurrency >= one.max_concurrency
    assert two.weights_gib == one.weights_gib


@given(setups)
@settings(max_examples=100, deadline=None)
def test_it_says_why_exactly_where_it_does_not_fit(setup):
    estimate = estimate_inference(setup)
    assert estimate.fits == (inference_shortage(setup, estimate) == "")
    assert estimate.fits == (estimate.output_tokens_per_s is not None)


@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_every_format_is_smaller_than_sixteen_bits(quantization):
    assert quantization == "none" or weight_gib(LLAMA_8B, quantization) < weight_gib(LLAMA_8B, "none")
