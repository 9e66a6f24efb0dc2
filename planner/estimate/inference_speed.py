"""Speed of inference: a decoding step, a prefill, a cold start.

A roofline of named terms, with the share of each roof that kernels reach.

In a step the products read all weights while they compute; reading the cache, what lies between the products, attention
over prompts, all-reduces and work that no roof bounds (launches, norms, scheduling) come on top. In the steady state
each step also carries B x input / output tokens of prompts, in chunks of the engine's step.

The shares are read off timings of single kernels; five times are fitted, together, on 3,000 points of aiconfigurator's
silicon_sample.csv (Apache-2.0: vLLM, SGLang, TensorRT-LLM on H100, H200, B200, B300) and the published tables in
benchmarks/data. What that is worth on a family that the fit has not seen stands in docs/accuracy.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ..schema import GIB, Gpu, InferenceSetup, Model
from .kv_cache import kv_gib, seen_tokens
from .memory_terms import InferenceMemory
from .vllm_memory import batched_tokens, max_sequences
from .weights import WEIGHT_BITS, copied_bytes, embedding_params, weight_bytes, weight_format

# Read off timings of vLLM's kernels in aiconfigurator-core 0.12 (NVIDIA, Apache-2.0), not fitted to any engine.
BANDWIDTH_SHARE = 0.80  # of device bandwidth, in products of few rows (0.68 on an A100 to 0.90 on an RTX PRO 6000)
CACHE_BANDWIDTH = 0.85  # the same, reading KV cache (0.73 to 0.93 from 32 requests of 1,000 tokens)
# Of dense FLOP/s in products of 1,000 rows and more, where tensor cores run at 16, 8, 4 bits, by compute capability.
GEMM_SHARE = {
    75: (0.45, 0.45, 0.45),  # prior
    80: (0.65, 0.65, 0.65),  # 0.86 in a kernel alone; prompts of Qwen3-32B and 14B under vLLM differ by 0.65
    86: (0.64, 0.64, 0.64),  # as Ada's (prior)
    89: (0.64, 0.48, 0.48),
    90: (0.82, 0.59, 0.59),
    100: (0.70, 0.46, 0.41),
    103: (0.70, 0.46, 0.41),  # a B300's kernels are within 8% of a B200's
    120: (0.78, 0.70, 0.58),
}
# Of that: cards of 70 to 150 W do not hold their clock. An A10G is sold with 70 of the A10's 125 TFLOP/s (prior).
POWER_LIMITED = {"T4": 0.75, "L4": 0.65, "A10": 0.50}
UNPACKED_BANDWIDTH = 0.8  # of that, int4 and nf4: gpt-fast moved 1,098 GB/s in int4 and 1,411 in bf16
EXPERT_FLOPS = 0.65  # grouped kernels against dense ones (0.45 to 0.9)
DEQUANTIZED_FLOPS = 0.80  # weights unpacked to 16 bits on the way: vLLM on an A100, fp8 0.85 and AWQ 0.95 of bf16
# Of dense 16-bit FLOP/s, by kernel, over prompts of some thousand tokens; FlashAttention 4 is young.
ATTENTION_FLOPS = {"sdpa": 0.40, "flash_attention_2": 0.47, "flash_attention_3": 0.53, "flash_attention_4": 0.45}
ALLREDUCE_SHARE = 0.40  # of a link's one-way bandwidth (0.30 to 0.45 over NVLink, 0.2 to 0.4 over PCIe)
# Fitted, together, on whole engines; with any one family left out they stay within a third of this.
LAYER_S = 25e-6  # launches and norms of a layer inside a CUDA graph
# Times the kernels of a layer: latents' two projections and norms, the absorbed products before and after attention and
# the merge of its splits are six beside the twelve of grouped heads (vLLM 0.32, mla_attention.py)
MLA_LAUNCHES = 1.5
EXPERT_LAYER_S = 35e-6  # routing, sorting and gathering of a layer of experts
STEP_S = 0.3e-3  # scheduling and sampling of one step
SEQUENCE_S = 15e-6  # the same, per request in it
ALLREDUCE_S = 16e-6  # one small all-reduce
EAGER_STEP_S = 8e-3  # eager PyTorch outside the layers; with the next: litgpt, transformers on A100, H100, H20
EAGER_LAYER_S = 5.5e-4  # launching one layer's kernels: 20 to 45 tokens/s up to 14B, whatever the size
# Times launches. Measured: nf4 (litgpt 2.2, bitsandbytes 1.7 to 2.0), int8 (bitsandbytes: 3.4, 3.6, 3.8 on an H100),
# fp8 and int4 (Qwen's tables); the others prior.
EAGER_FORMAT = {"nf4": 2.2, "int8": 3.4, "fp8": 3.0, "int4": 0.7, "mxfp4": 2.0, "nvfp4": 2.0}
# Rows up to which bitsandbytes 0.50 multiplies by NF4 in one kernel, by compute capability: for large matrices, from
# `_gemm_4bit_use_custom_cuda`. More, and a prompt, have the matrix unpacked to 16 bits first, in every step.
FUSED_NF4_ROWS = {75: 64, 80: 64, 86: 64, 89: 128, 90: 32, 100: 8, 103: 8, 120: 64}
# Of device bandwidth, unpacking: 0.25 on an H100 (bitsandbytes 0.45, 8 rows of 32B and 70B), since then 1.4 to 2.1
# times that (its pull request 1747)
UNPACK_BANDWIDTH = 0.45
EAGER_EXPERTS = 2.0  # times launches, grouped experts of transformers 5 (prior; 4.51 looped over them)
PREFILL_LAYER_S = 1.4e-3  # until the first token, per layer: launches outside graphs, tokenizer, HTTP; same points
PREFILL_QUEUE = 0.13  # of a prompt's time that each other request adds before it
VOLUME_BYTES_PER_S = 1.5e9  # Modal Volume: 1 to 2.5 GB/s
ENGINE_START_S = {"vllm": 60.0, "transformers": 15.0}  # imports, compilation, graphs (prior)
FUSED_TRAFFIC = 0.5  # of eager PyTorch's traffic between kernels, where an engine fuses them (prior)
RANGE = 1.6  # four of five points of a family left out lie within this factor


class Steps(NamedTuple):
    """Seconds of the steps of one replica, and what bounds them."""

    step_s: Callable[..., float]  # step_s(decoding, read): requests that get a token, tokens of prompts
    step_and_added_s: Callable[[float], tuple[float, float]]  # a step without prompts; that a token of one adds to it
    token_s: Callable[[float], float]  # between two tokens of a request while so many are in flight all the time
    departure_rate: Callable[[int], float]  # requests/s that end meanwhile, whatever rate arrives
    departures: dict[int, float]  # those that have been calculated
    prompt_s: float  # of each token of a prompt that is read alone
    outside_s: float  # until the first token, outside of steps
    max_in_flight: float  # requests that slots and cache hold
    request_gib: float  # of vLLM's cache, that one of them takes; 0: the cache does not bound them
    step_tokens: float  # at most, of prompts and answers
    prompt: int  # tokens of a typical request
    answer: int
    launched_s: float = 0.0  # that launches take of each step, whatever it computes; 0: CUDA graphs


def flops_gain(gpu: Gpu, form: str) -> int:
    """Return how many times faster than in 16 bits the tensor cores run with such weights; 1 where they unpack them."""
    if form == "nvfp4":
        return 4 if gpu.fp4 else 1
    if form == "mxfp4":  # vLLM 0.32 prefers kernels with 16-bit activations on every card (fused_moe/oracle/mxfp4.py)
        return 1
    if form == "fp8":
        return 2 if gpu.fp8 else 1
    # int8 on Blackwell: vLLM has no kernel for it (prior)
    return 2 if form == "int8" and 8.0 <= gpu.compute_capability < 10.0 else 1


def gemm_share(gpu: Gpu, gain: int) -> float:
    """Return the share of dense FLOP/s that large matrix products reach where tensor cores run `gain` times as fast.

    A capability that is not listed takes the share of the one below it.
    """
    known = _listed_capability(gpu.compute_capability)
    return GEMM_SHARE[known][{1: 0, 2: 1, 4: 2}[gain]] * POWER_LIMITED.get(gpu.name, 1.0)


@lru_cache(maxsize=32)
def _listed_capability(capability: float) -> int:
    return max(listed for listed in GEMM_SHARE if listed <= max(round(10 * capability), min(GEMM_SHARE)))


def compute_flops(model: Model, gpu: Gpu, form: str) -> float:
    """Return the FLOP/s that one GPU reaches in the matrix products of that model."""
    gain = flops_gain(gpu, form)
    share = gemm_share(gpu, gain) * (EXPERT_FLOPS if model.experts else 1.0)
    if gain == 1 and form not in ("none", "int8"):
        share *= DEQUANTIZED_FLOPS
    return gpu.flops * gain * share


def prefill_kernel(setup: InferenceSetup) -> str:
    """Return the attention kernel of a prefill: as asked, else the card's best under vLLM, and SDPA under PyTorch."""
    if setup.attention != "auto":
        return setup.attention
    return setup.gpu.attention[-1] if setup.engine == "vllm" and setup.gpu.attention else "sdpa"


def steps_of(setup: InferenceSetup, memory: InferenceMemory) -> Steps:
    """Return the steps of one replica with the cache that `memory` leaves."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    form = weight_format(model, setup.quantization)
    prompt, answer = max(setup.input_len, 1), max(setup.output_len, 1)
    bandwidth = gpu.bandwidth * BANDWIDTH_SHARE
    unpacking = UNPACKED_BANDWIDTH if form in ("int4", "nf4") else 1.0
    embedding, experts, rest = weight_bytes(model, setup.quantization)
    dense_s = ((embedding if model.tied_embeddings else embedding / 2) + rest / unpacking) / tp / bandwidth
    dense_s += copied_bytes(model, setup.quantization, tp) / bandwidth
    experts_s = experts / tp / (bandwidth * unpacking)
    untouched = 1 - model.experts_per_token / model.experts if model.experts else 0.0
    active = max(model.params_active - embedding_params(model) / 2, model.params_active / 2)
    product_s = 2 * active / (tp * compute_flops(model, gpu, form))

    beside_s = FUSED_TRAFFIC * traffic_bytes(model) / tp / bandwidth  # of a token, between the products
    layer_s = LAYER_S * (MLA_LAUNCHES if model.attention == "mla" else 1.0)
    fixed_s = STEP_S + model.layers * (layer_s + (EXPERT_LAYER_S if model.experts else 0.0))
    if tp > 1:
        reduced = 2 * model.layers * 2 * model.hidden * 2 * (tp - 1) / tp
        one_way = gpu.link / 2 if gpu.nvlink else gpu.link  # data sheets give PCIe one way, NVLink both
        beside_s += reduced / (one_way * ALLREDUCE_SHARE)
        fixed_s += 2 * model.layers * ALLREDUCE_S
    launched_s = 0.0
    if setup.engine != "vllm":
        launched_s = (EAGER_STEP_S + model.layers * EAGER_LAYER_S) * EAGER_FORMAT.get(form, 1.0)
        launched_s *= EAGER_EXPERTS if model.experts else 1.0

    # A prompt attends to the half of itself that came before; a windowed layer to no more than its window.
    seen = float(model.layers - model.linear_layers - model.sliding_layers)
    if model.sliding_window:
        seen += model.sliding_layers * min(1.0, 2 * model.sliding_window / prompt)
    attention = 2 * seen * model.heads * model.head_dim * prompt
    attention_s = attention / (tp * gpu.flops * ATTENTION_FLOPS[prefill_kernel(setup)])
    request_s = kv_gib(model, prompt + answer // 2, 1, setup.kv_dtype, tp) * GIB / (gpu.bandwidth * CACHE_BANDWIDTH)
    unpack_s, fused_rows, pairs_s = 0.0, math.inf, 0.0
    if setup.engine != "vllm" and form == "nf4":
        unpack_s = rest * 8 / WEIGHT_BITS[form] * (WEIGHT_BITS[form] / 8 + 2) / (gpu.bandwidth * UNPACK_BANDWIDTH)
        unpack_s += rest * 16 / WEIGHT_BITS[form] / bandwidth
        fused_rows = FUSED_NF4_ROWS[_listed_capability(gpu.compute_capability)]
    if setup.engine != "vllm" and setup.max_batched_tokens:
        request_s *= batching_copies(model)
        cached = seen_tokens(model, prompt + answer // 2)
        pairs_s = 4 * cached * model.heads * model.head_dim / (tp * gpu.flops * ATTENTION_FLOPS["sdpa"])

    each_s, step_tokens = request_s + SEQUENCE_S, float(batched_tokens(setup))
    by_vllm = setup.engine == "vllm"
    cached_gib = kv_gib(model, prompt + answer * 3 // 4, 1, setup.kv_dtype, tp) if by_vllm else 0.0

    def both_s(decoding: float, read: float) -> tuple[float, float]:
        """Return the seconds of a step that adds a token to `decoding` requests, and with `read` tokens of prompts too.

        A product reads weights while it computes; the quadratic sum of both times is within a fifth of kernel timings.
        """
        tokens = decoding + read
        weights_s = read_s = dense_s
        if experts_s:
            weights_s += experts_s * (1 - untouched**decoding)
            read_s += experts_s * (1 - untouched**tokens)
        without_s = math.hypot(weights_s, product_s * decoding) + (each_s + pairs_s * decoding) * decoding
        without_s += beside_s * decoding + fixed_s
        with_s = math.hypot(read_s, product_s * tokens) + (each_s + pairs_s * tokens) * decoding
        with_s += beside_s * tokens + attention_s * read + fixed_s
        if not launched_s:
            return without_s, with_s
        return (
            max(without_s + (unpack_s if decoding > fused_rows else 0.0), launched_s),
            max(with_s + (unpack_s if tokens > fused_rows else 0.0), launched_s),
        )

    def step_s(decoding: float, read: float = 0.0) -> float:
        """Return the seconds of a step that adds a token to `decoding` requests and reads `read` tokens of prompts."""
        return both_s(decoding, read)[1]

    def step_and_added_s(decoding: float) -> tuple[float, float]:
        """Return the seconds of a step without prompts, and those that each token of a prompt adds to it."""
        room = step_tokens - decoding
        chunk = prompt if room > prompt else room if room > 1 else 1.0
        without_s, with_s = both_s(decoding, chunk)
        return without_s, (with_s - without_s) / chunk

    def token_s(batch: float) -> float:
        """Return the seconds between two tokens of a request while `batch` are in flight all the time.

        In the steady state a prompt is read for each answer that ends: in some steps, or, of long prompts, in all.
        """
        read, room = batch * prompt / answer, step_tokens - batch
        most = read if read > prompt else prompt
        chunk = most if room > most else room if room > 1 else 1.0
        mixed = read / chunk
        if mixed < 1:
            without_s, with_s = both_s(batch, chunk)
            return (1 - mixed) * without_s + mixed * with_s
        return mixed * step_s(batch / mixed, chunk)

    departures: dict[int, float] = {}

    def departure_rate(taken: int) -> float:
        """Return the requests/s that end while so many are in flight."""
        departures[taken] = rate = taken / (answer * token_s(taken))
        return rate

    return Steps(
        step_s=step_s,
        step_and_added_s=step_and_added_s,
        token_s=token_s,
        departure_rate=departure_rate,
        departures=departures,
        prompt_s=product_s + beside_s + attention_s,
        outside_s=model.layers * PREFILL_LAYER_S,
        max_in_flight=max_in_flight(setup, memory, cached_gib),
        request_gib=cached_gib,
        step_tokens=step_tokens,
        prompt=prompt,
        answer=answer,
        launched_s=launched_s,
    )


def max_in_flight(setup: InferenceSetup, memory: InferenceMemory, request_gib: float) -> float:
    """Return the requests that one replica has in flight at most: all that its slots and its cache hold."""
    most = float(setup.max_num_seqs or max_sequences(setup.gpu))
    return max(min(most, memory.kv_cache_gib / request_gib) if request_gib else most, 1.0)


def with_slots(steps: Steps, setup: InferenceSetup, memory: InferenceMemory) -> Steps:
    """Return the steps of a setup that differs in its requests at once alone."""
    return steps._replace(max_in_flight=max_in_flight(setup, memory, steps.request_gib))


def batching_copies(model: Model) -> int:
    """Return how often a step of transformers' continuous batching moves the cache that a kernel would read once.

    Under SDPA each layer's cache is gathered (read and written) and, since a mask keeps it from grouping heads,
    repeated for every head before attention reads it (transformers 5.24, cache.py and sdpa_attention.py).
    """
    groups = model.heads // max(model.kv_heads, 1)
    return 3 + 2 * groups if groups > 1 else 3


def traffic_bytes(model: Model) -> float:
    """Return the bytes that one token moves through device memory between the kernels of all layers, both ways."""
    width, queries, keys = model.hidden, model.heads * model.head_dim, model.kv_heads * model.head_dim
    inner = max(model.intermediate, model.moe_intermediate * (model.experts_per_token + model.shared_experts))
    attention = 4 * width + 4 * queries + 4 * keys
    gates = model.mlp_matrices - 1
    mlp = (gates + 1) * width + (gates + (2 if gates == 1 else 5) + 1) * inner
    residuals_and_norms = 10 * width
    return 2 * model.layers * (attention + mlp + residuals_and_norms)


def cold_start_s(setup: InferenceSetup) -> float:
    """Return the seconds from a container's start to the first answer: weights from a Volume, the engine (prior)."""
    return sum(weight_bytes(setup.model, setup.quantization)) / VOLUME_BYTES_PER_S + ENGINE_START_S[setup.engine]
