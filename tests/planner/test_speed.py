"""Speed against published measurements, and what must hold of any setup."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_models import GPT_OSS_20B, GPT_OSS_120B, LLAMA_8B, LLAMA_70B, MODELS, QWEN3_30B_A3B

from planner.catalogue.gpus import GPUS, find_gpu
from planner.catalogue.models import find_model
from planner.catalogue.other_gpus import OTHER_GPUS
from planner.estimate.inference import estimate as estimate_inference
from planner.estimate.inference_speed import BANDWIDTH_SHARE, cold_start_s, compute_flops, flops_gain
from planner.schema import Gpu, InferenceSetup, Model, replace

H100, A100, L4 = find_gpu("H100"), find_gpu("A100-80GB"), find_gpu("L4")


# ---- published ----


@pytest.mark.parametrize(
    ("count", "measured"),
    [(1, 93.89), (2, 149.1), (4, 217.21), (8, 276.01)],  # gpt-fast's README, bf16 on A100, compiled
)
def test_one_request_decodes_as_fast_as_gpt_fast_measured(count, measured):
    setup = InferenceSetup(LLAMA_8B, A100, count, count, input_len=5, output_len=128, context_len=256)
    assert estimate_inference(setup).decode_tokens_per_s_single == pytest.approx(measured, rel=0.25)


@pytest.mark.parametrize(
    ("concurrency", "measured"),
    [(1, 31.92), (4, 110.95), (16, 289.87)],  # vLLM 0.4.3 on an A10G, llmperf, 550 in, 150 out
)
def test_load_adds_up_as_vllm_measured_it(concurrency, measured):
    setup = InferenceSetup(
        LLAMA_8B, find_gpu("A10"), memory_fraction=0.95, context_len=1024, concurrency=concurrency, input_len=550,
        output_len=150,
    )  # fmt: skip
    estimate = estimate_inference(setup)
    assert estimate.output_tokens_per_s == pytest.approx(measured, rel=0.35)
    assert estimate.output_tokens_per_s_low <= measured <= estimate.output_tokens_per_s_high


def test_eager_transformers_is_launch_bound():
    """20 to 45 tokens/s up to 14B, whatever the card (benchmarks/data, litgpt and transformers)."""
    for gpu in (A100, H100):
        setup = InferenceSetup(LLAMA_8B, gpu, engine="transformers", concurrency=1, input_len=64)
        assert 20 <= estimate_inference(setup).decode_tokens_per_s_single <= 45


# Microseconds of a product with 8192 x 8192 weights, by rows: vLLM 0.24's kernels (aiconfigurator-core 0.12).
KERNELS = [
    ("H100", "none", {64: 47, 256: 51, 1024: 164, 4096: 698}),
    ("H200", "none", {64: 37, 256: 48, 1024: 167, 4096: 664}),
    ("B200", "none", {64: 23, 256: 31, 1024: 92, 4096: 322}),
    ("L40S", "none", {64: 236, 256: 256, 1024: 551, 4096: 2335}),
    ("L40S", "fp8", {64: 115, 256: 137, 1024: 360, 4096: 1655}),
    ("H100", "fp8", {64: 30, 256: 38, 1024: 118, 4096: 496}),
    ("RTX-PRO-6000", "none", {64: 97, 256: 119, 1024: 354, 4096: 1382}),
    ("RTX-PRO-6000", "fp8", {64: 51, 256: 80, 1024: 193, 4096: 703}),
]


@pytest.mark.parametrize(("card", "form", "timings"), KERNELS)
def test_a_matrix_product_takes_as_long_as_its_kernel(card, form, timings):
    """Reading weights and computing overlap: neither their sum nor the longer of both, before and after the knee."""
    gpu, weights = GPUS[card], 8192 * 8192
    for rows, microseconds in timings.items():
        reads = weights * (1 if form == "fp8" else 2) / (gpu.bandwidth * BANDWIDTH_SHARE)
        computes = 2 * rows * weights / compute_flops(LLAMA_8B, gpu, form)
        assert math.hypot(reads, computes) == pytest.approx(microseconds * 1e-6, rel=0.32)


@pytest.mark.parametrize(
    ("concurrency", "measured"), [(4, 210), (8, 377), (16, 644), (32, 975), (48, 1190)]
)  # mushfiqrahman.dev/?p=1668: vLLM, 256 in, 128 out; nothing was fitted on it
def test_an_unseen_card_serves_as_fast_as_somebody_measured(concurrency, measured):
    setup = InferenceSetup(
        find_model("mistralai/Mistral-7B-Instruct-v0.3"), OTHER_GPUS["RTX4090"], concurrency=concurrency,
        context_len=512, input_len=256, output_len=128,
    )  # fmt: skip
    assert estimate_inference(setup).output_tokens_per_s == pytest.approx(measured, rel=0.22)


# ---- models that only read ----

BGE_LARGE = find_model("BAAI/bge-large-en-v1.5")
# infinity's benchmark on one L4 (michaelfeil/infinity, docs/docs/benchmarking.md): requests/s of 256 texts, 115,000
# tokens. sentence-transformers then had no fused attention.
L4_TEI, L4_SENTENCE_TRANSFORMERS = 0.54 * 115_000, 0.17 * 115_000


def reads(model: Model, gpu: Gpu, engine: str, texts: int, length: int) -> float:
    setup = InferenceSetup(
        model, gpu, engine=engine, attention="sdpa", context_len=512, concurrency=texts, input_len=length, output_len=1
    )
    found = estimate_inference(setup).prefill_tokens_per_s
    assert found is not None
    return found


def test_a_fused_engine_reads_as_fast_as_text_embeddings_inference_on_an_l4() -> None:
    assert reads(BGE_LARGE, L4, "vllm", 256, 449) == pytest.approx(L4_TEI, rel=0.35)


def test_eager_layers_read_slower_than_fused_ones_and_faster_than_without_fused_attention() -> None:
    assert L4_SENTENCE_TRANSFORMERS < reads(BGE_LARGE, L4, "transformers", 256, 449) < L4_TEI


def test_a_short_text_alone_takes_as_long_as_its_launches() -> None:
    """Eager BERT-base over two tokens: 5.5 to 6.5 ms a pass (optimum-benchmark's cuda results, 12 layers)."""
    base = find_model("BAAI/bge-base-en-v1.5")
    times = [2 / reads(base, gpu, "transformers", 1, 2) for gpu in (find_gpu("A10"), H100)]
    assert all(0.0055 < seconds < 0.010 for seconds in times)


def test_no_card_reads_faster_than_the_text_is_cut_into_tokens() -> None:
    """A thread of `tokenizers` makes some million tokens a second, and a server has one process to feed the GPU."""
    small = find_model("sentence-transformers/all-MiniLM-L6-v2")
    for gpu in GPUS.values():
        for engine in ("vllm", "transformers"):
            assert reads(small, gpu, engine, 1024, 256) <= 1.5e6


def test_reading_takes_more_than_its_arithmetic() -> None:
    """Nothing runs at more than a card's dense FLOP/s: 2 per parameter of a layer, 4 per pair of tokens and width."""
    for model in (BGE_LARGE, find_model("Qwen/Qwen3-Embedding-0.6B")):
        for gpu in GPUS.values():
            flops = 2 * (model.params - model.vocab * model.hidden)
            assert reads(model, gpu, "vllm", 64, 512) * flops < 0.6 * gpu.flops


@given(st.sampled_from(sorted(GPUS)), st.sampled_from(["vllm", "transformers"]), st.integers(1, 500))
@settings(max_examples=50, deadline=None)
def test_more_texts_in_a_pass_never_read_slower(gpu: str, engine: str, texts: int) -> None:
    card = find_gpu(gpu)
    assert reads(BGE_LARGE, card, engine, texts + 32, 64) >= 0.9 * reads(BGE_LARGE, card, engine, texts, 64)


# ---- what a card can do with a format ----


def test_fp8_on_a_card_without_it_saves_memory_alone():
    bf16 = InferenceSetup(LLAMA_8B, A100, concurrency=16)
    fp8 = replace(bf16, quantization="fp8")
    assert flops_gain(A100, "fp8") == 1
    assert flops_gain(H100, "fp8") == 2
    assert estimate_inference(fp8).weights_gib < 0.65 * estimate_inference(bf16).weights_gib
    # Qwen3-14B on an A100, vLLM 0.11 at 256 requests: 1,605 tokens/s in fp8, 1,887 in bf16 (gpustack's performance lab)
    ratio = estimate_inference(fp8).prefill_tokens_per_s / estimate_inference(bf16).prefill_tokens_per_s
    assert ratio == pytest.approx(1605 / 1887, abs=0.1)


def test_four_bit_weights_decode_faster_and_prefill_slower():
    bf16 = InferenceSetup(LLAMA_8B, L4, concurrency=1)
    int4 = replace(bf16, quantization="int4")
    assert estimate_inference(int4).decode_tokens_per_s_single > 2 * estimate_inference(bf16).decode_tokens_per_s_single
    assert estimate_inference(int4).prefill_tokens_per_s < estimate_inference(bf16).prefill_tokens_per_s


def test_a_newer_attention_kernel_prefills_long_prompts_faster():
    long = InferenceSetup(LLAMA_8B, H100, context_len=65536, input_len=32768, concurrency=1)
    rates = [
        estimate_inference(replace(long, attention=kernel)).prefill_tokens_per_s
        for kernel in ("sdpa", "flash_attention_2", "flash_attention_3")
    ]
    assert rates[0] <= rates[1] < rates[2]


def test_a_mixture_reads_few_experts_for_one_request_and_most_under_load():
    one = InferenceSetup(QWEN3_30B_A3B, H100, concurrency=1)
    dense = replace(QWEN3_30B_A3B, params_active=QWEN3_30B_A3B.params, experts_per_token=128)
    assert estimate_inference(one).decode_tokens_per_s_single > 4 * (
        estimate_inference(replace(one, model=dense)).decode_tokens_per_s_single
    )


def test_nvlink_scales_better_than_pcie():
    over_nvlink = InferenceSetup(LLAMA_8B, A100, 4, 4, concurrency=1)
    over_pcie = replace(over_nvlink, gpu=replace(A100, nvlink=False, link=32e9))
    alone = estimate_inference(replace(over_nvlink, gpu_count=1, tensor_parallel=1))
    fast, slow = estimate_inference(over_nvlink), estimate_inference(over_pcie)
    assert alone.decode_tokens_per_s_single < slow.decode_tokens_per_s_single < fast.decode_tokens_per_s_single
    assert slow.prefill_tokens_per_s < 0.7 * fast.prefill_tokens_per_s


def test_two_replicas_yield_twice_as_much_under_full_load():
    one = InferenceSetup(LLAMA_8B, H100, concurrency=32)
    two = replace(one, gpu_count=2, concurrency=64)
    assert estimate_inference(two).output_tokens_per_s == pytest.approx(2 * estimate_inference(one).output_tokens_per_s)


def test_a_cold_start_reads_the_weights():
    small, large = InferenceSetup(LLAMA_8B, H100), InferenceSetup(LLAMA_70B, H100, 4, 4)
    assert cold_start_s(large) - cold_start_s(small) == pytest.approx((70.55 - 8.03) * 2e9 / 1.5e9, rel=0.01)


# ---- what holds of any setup ----

fitting = st.builds(
    lambda **given: InferenceSetup(**given),  # `builds` would draw a named tuple's defaults, too
    model=st.sampled_from([LLAMA_8B, QWEN3_30B_A3B, GPT_OSS_120B]),
    gpu=st.sampled_from([GPUS["H200"], GPUS["B200"]]),
    gpu_count=st.just(2),
    tensor_parallel=st.sampled_from([1, 2]),
    quantization=st.sampled_from(["none", "fp8", "int4"]),
    concurrency=st.integers(1, 256),
    input_len=st.integers(16, 4096),
    output_len=st.integers(16, 2048),
)


@given(fitting, st.integers(1, 64))
@settings(max_examples=100, deadline=None)
def test_more_requests_at_once_never_yield_less(setup, more):
    before = estimate_inference(setup).output_tokens_per_s
    after = estimate_inference(replace(setup, concurrency=setup.concurrency + more)).output_tokens_per_s
    assert after >= before * 0.999


@given(fitting)
@settings(max_examples=100, deadline=None)
def test_the_range_holds_the_estimate_and_the_price_follows_from_it(setup):
    estimate = estimate_inference(setup)
    assert estimate.output_tokens_per_s_low < estimate.output_tokens_per_s < estimate.output_tokens_per_s_high
    per_million = estimate.usd_per_hour / 3600 / estimate.output_tokens_per_s * 1e6
    assert estimate.usd_per_million_output_tokens == pytest.approx(per_million)


@given(fitting)
@settings(max_examples=100, deadline=None)
def test_a_longer_prompt_waits_longer_for_its_first_token(setup):
    longer = replace(setup, input_len=setup.input_len * 2, context_len=16384)
    shorter = replace(setup, context_len=16384)
    assert estimate_inference(longer).time_to_first_token_s >= estimate_inference(shorter).time_to_first_token_s * 0.9


def test_an_estimate_takes_microseconds():
    """Two hundred candidates in under 10 ms leave 40 microseconds each; a slow processor is allowed 200 of its own."""
    started = time.process_time()
    for _ in range(50):
        for model in MODELS:
            estimate_inference(InferenceSetup(model, H100, 8, 8))
    assert (time.process_time() - started) / (50 * len(MODELS)) < 200e-6


@pytest.mark.parametrize("card", ["H100", "L40S", "B200"])
def test_a_lone_prompt_in_fp8_is_read_at_most_one_and_a_half_times_as_fast(card):
    """Tensor cores run twice as fast; quantizing activations and norms leave 1.2 to 1.5 times of it (measured)."""
    plain, fp8 = (
        estimate_inference(InferenceSetup(LLAMA_8B, GPUS[card], quantization=form)) for form in ("none", "fp8")
    )
    assert 1.0 < fp8.prefill_tokens_per_s / plain.prefill_tokens_per_s <= 1.5


def test_mxfp4_experts_gain_no_more_from_blackwell_than_its_16_bit_arithmetic_and_bandwidth():
    """vLLM 0.32 prefers 16-bit activations: a B200 has 2.3 times the FLOP/s of an H100 and 2.4 times the bytes/s."""
    small, large = (
        estimate_inference(InferenceSetup(GPT_OSS_20B, GPUS[card], concurrency=256)).output_tokens_per_s
        for card in ("H100", "B200")
    )
    assert 1.5 < large / small < 2.5


# Four requests at once on 8 H200, output tokens/s: aiconfigurator's silicon_sample.csv (aiconfigurator-core 0.12,
# Apache-2.0), SGLang and vLLM
LATENT = [
    ("deepseek-ai/DeepSeek-R1", 1024, 379.6),
    ("deepseek-ai/DeepSeek-R1", 8192, 342.1),
    ("moonshotai/Kimi-K2.5", 1024, 378.6),
    ("moonshotai/Kimi-K2.5", 8192, 325.2),
]


@pytest.mark.parametrize(("model", "prompt", "measured"), LATENT)
def test_few_requests_of_latent_attention_wait_for_its_launches(model: str, prompt: int, measured: float):
    setup = InferenceSetup(
        find_model(model), find_gpu("H200"), 8, 8, context_len=prompt + 1024, concurrency=4, input_len=prompt,
        output_len=1024,
    )  # fmt: skip
    assert estimate_inference(setup).output_tokens_per_s == pytest.approx(measured, rel=0.08)


def test_what_every_gpu_holds_whole_is_read_by_every_gpu():
    """DeepSeek-V3's two down-projections: 61 layers x 7,168 x (1,536 + 576) x 1 byte, 0.92 GB, on each of 8 GPUs.

    By hand, read at 0.8 of 4.8 TB/s: 0.24 ms of a step, where an eighth would take 0.03.
    """
    model, card = find_model("deepseek-ai/DeepSeek-V3"), find_gpu("H200")
    one = InferenceSetup(model, card, 8, 8, concurrency=1, context_len=2048)
    less = replace(one, model=replace(model, replicated_params=1))
    took, without = (1 / (estimate_inference(each).decode_tokens_per_s_single or 1) for each in (one, less))
    assert took - without == pytest.approx(0.92e9 * 7 / 8 / (0.8 * 4.8e12), rel=0.1)
