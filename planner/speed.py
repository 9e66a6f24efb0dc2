"""Seconds: a decoding step, a prefill, a cold start. Roofline terms with the share of each roof that engines reach."""

from __future__ import annotations

from dataclasses import dataclass

from .memory import InferenceMemory, embedding_params, kv_gib, max_sequences, weight_bytes, weight_format
from .plan import GIB, Gpu, InferenceSetup, Model

BANDWIDTH_SHARE = 0.78  # of device bandwidth, compiled decoding: 0.69 to 0.92 (gpt-fast, start-up logs)
PREFILL_SHARE = 0.45  # of dense FLOP/s
LAYER_S = 8e-6  # launch and norms of one layer in a CUDA graph
EAGER_LAYER_S = 5.5e-4  # one layer of eager PyTorch: launch bound
ALLREDUCE_S = 12e-6  # one small all-reduce over NVLink
PCIE_ALLREDUCE_S = 40e-6  # prior
VOLUME_BYTES_PER_S = 1.5e9  # Modal Volume: 1 to 2.5 GB/s
ENGINE_START_S = {"vllm": 60.0, "transformers": 15.0}  # prior
RANGE = 1.6  # a configuration left out lies within this factor


@dataclass(frozen=True, slots=True)
class InferenceSpeed:
    """Tokens per second over all GPUs, and seconds."""

    decode_tokens_per_s_single: float
    output_tokens_per_s: float
    output_tokens_per_s_low: float
    output_tokens_per_s_high: float
    prefill_tokens_per_s: float
    time_to_first_token_s: float


def compute_flops(gpu: Gpu, form: str) -> float:
    """FLOP/s of one GPU for weights in that format: only tensor cores that know the format gain by it."""
    if form in ("mxfp4", "nvfp4") and gpu.fp4:
        return 3 * gpu.flops
    if form == "fp8" and gpu.fp8 or form == "int8" and gpu.compute_capability >= 8.0 and not gpu.fp4:
        return 1.7 * gpu.flops
    return gpu.flops


def touched_bytes(model: Model, quantization: str, batch: float) -> float:
    """Weight bytes that one decoding step of `batch` tokens reads, over all GPUs."""
    embedding, experts, rest = weight_bytes(model, quantization)
    head = embedding if model.tied_embeddings else embedding / 2
    if experts:
        experts *= 1 - (1 - model.experts_per_token / model.experts) ** batch
    return head + experts + rest


def inference_speed(setup: InferenceSetup, memory: InferenceMemory) -> InferenceSpeed:
    """Speed of the setup, given the cache that `memory` leaves it."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    replicas = max(setup.gpu_count // tp, 1)
    form = weight_format(model, setup.quantization)
    flops = tp * compute_flops(gpu, form) * PREFILL_SHARE
    active = max(model.params_active - embedding_params(model) / 2, model.params_active / 2)
    eager = setup.engine != "vllm"
    allreduce = 0.0 if tp == 1 else 2 * model.layers * (ALLREDUCE_S if gpu.nvlink else PCIE_ALLREDUCE_S)
    fixed = model.layers * (EAGER_LAYER_S if eager else LAYER_S) + allreduce

    tokens = setup.input_len + setup.output_len / 2
    held = kv_gib(model, int(tokens), 1, setup.kv_dtype, tp) * GIB

    def step_s(batch: float) -> float:
        moved = touched_bytes(model, setup.quantization, batch) / tp + held * batch
        return moved / (gpu.bandwidth * BANDWIDTH_SHARE) + 2 * active * batch / flops + fixed

    # Attention of a prompt over itself: half of the square, scores and values.
    attention = 2 * (model.layers - model.linear_layers) * model.heads * model.head_dim * setup.input_len
    per_prompt_token = (2 * active + attention) / flops
    if tp > 1:
        per_prompt_token += 4 * model.layers * model.hidden * 2 * (tp - 1) / tp / gpu.link
    asked = setup.concurrency / replicas
    room = memory.kv_cache_gib * GIB / held if held else asked
    batch = max(min(asked, room, max_sequences(gpu)), 1.0)
    per_token = step_s(batch) / batch + per_prompt_token * setup.input_len / setup.output_len
    output = replicas / per_token
    return InferenceSpeed(
        1 / step_s(1.0), output, output / RANGE, output * RANGE, replicas / per_prompt_token,
        per_prompt_token * setup.input_len + step_s(1.0),
    )  # fmt: skip


def cold_start_s(setup: InferenceSetup) -> float:
    """Seconds from a container's start to the first answer: weights from a Volume, then the engine (prior)."""
    return sum(weight_bytes(setup.model, setup.quantization)) / VOLUME_BYTES_PER_S + ENGINE_START_S[setup.engine]
