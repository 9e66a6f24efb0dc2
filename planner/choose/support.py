"""The limits of GPUs and engines."""

from __future__ import annotations

from ..reasons import Reason, Rejection
from ..schema import InferenceSetup, Model
from .attention import unsupported_kernel

# Lowest compute capability at which vLLM 0.32 starts, from `get_min_capability` of its quantization layers. A card that
# does not compute in fp8 or nvfp4 unpacks such weights with Marlin (is_fp8_marlin_supported, is_fp4_marlin_supported).
CAPABILITY = {"none": 7.5, "fp8": 7.5, "int8": 7.5, "int4": 7.5, "nf4": 7.5, "mxfp4": 8.0, "nvfp4": 7.5}
HOPPER = 9.0  # from where FlashMLA runs over DeepSeek-V4's compressed cache, and Inkling's FlashAttention 4
BLACKWELL = 10.0  # from where vLLM 0.32 has sparse attention over an fp8 cache; on Hopper it finds no backend
# Encoders that vLLM 0.32 refuses, and ELECTRA, whose probabilities it gets wrong: tried on its CPU build.
UNSUPPORTED_ENCODERS = ("distilbert", "mpnet", "deberta", "electra")
# Families that overflow in float16, which is all a T4 has: vLLM 0.32 config/model.py, _FLOAT16_NOT_SUPPORTED_MODELS.
FLOAT16_OVERFLOW = ("gemma-2", "gemma-3", "embeddinggemma", "glm-4")
# Families with soft caps, which SDPA lacks, and with chunked attention, which transformers 5.23 has no cache for.
NO_CONTINUOUS_BATCHING = ("gemma-2-", "llama-4")


def unsupported(setup: InferenceSetup) -> Rejection | None:
    """Return a rejection where the GPU or the engine cannot run the setup."""
    if rejected := unsupported_kernel(setup):
        return rejected
    reason = _unsupported(setup)
    return Rejection(reason) if reason else None


def _unsupported(setup: InferenceSetup) -> Reason | None:
    model, gpu = setup.model, setup.gpu
    if gpu.compute_capability < CAPABILITY[setup.quantization]:
        return Reason.FORMAT_UNSUPPORTED
    if not gpu.bf16 and overflows_float16(model):
        return Reason.FLOAT16_OVERFLOW
    if setup.engine not in model.engines:
        return Reason.ARCHITECTURE_UNSUPPORTED
    if setup.engine == "transformers" and setup.gpu_count > 1:
        return Reason.ONE_GPU_ENGINE
    if setup.engine == "transformers" and setup.attention != "sdpa":
        return Reason.KERNEL_NOT_INSTALLED
    if setup.engine == "vllm" and model.workload != "generation" and _named(model, UNSUPPORTED_ENCODERS):
        return Reason.ENCODER_UNSUPPORTED
    indexed = model.attention == "mla" and len(model.caches) > 1  # sparse attention: an index chooses tokens
    if setup.engine == "vllm" and indexed and model.kv_dtype == "fp8" and gpu.compute_capability < BLACKWELL:
        return Reason.CACHE_UNSUPPORTED
    if needs_hopper(model) and gpu.compute_capability < HOPPER:
        return Reason.CACHE_UNSUPPORTED
    if setup.engine == "transformers" and setup.max_batched_tokens and lacks_continuous_batching(model):
        return Reason.NO_CONTINUOUS_BATCHING
    if model.heads % setup.tensor_parallel or whole_heads(model) % setup.tensor_parallel:
        return Reason.HEADS_INDIVISIBLE
    return None


def needs_hopper(model: Model) -> bool:
    """Whether vLLM's attention for the model has kernels for Hopper and Blackwell alone."""
    return bool(model.pages) or model.architecture == "inkling_text"


def whole_heads(model: Model) -> int:
    """Return the key-value heads that several GPUs must divide among them; 0: fewer heads than GPUs are copied.

    Inkling's convolutions keep their inputs by key-value head, and no head is copied.
    """
    return min((kind[2] for kind in model.caches if len(kind) > 4 and kind[1]), default=0)


def lacks_continuous_batching(model: Model) -> bool:
    """Whether transformers' continuous batching has no cache for the model's attention, or SDPA no such attention."""
    return model.keeps_state or model.attention == "mla" or _named(model, NO_CONTINUOUS_BATCHING)


def overflows_float16(model: Model) -> bool:
    """Whether float16 is too narrow for the model's activations."""
    return _named(model, FLOAT16_OVERFLOW)


def _named(model: Model, families: tuple[str, ...]) -> bool:
    return any(family in model.id.lower() for family in families)
