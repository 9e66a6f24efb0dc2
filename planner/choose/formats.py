"""Weight formats: which an engine loads, and what they cost in quality."""

from __future__ import annotations

from ..schema import Gpu, InferenceSetup, Model, Request
from .no_plan import FormatNotOffered, ImageCannotLoad, NoPlan

# Steps of quality that a format costs where the model is published in another one. 8 bits lose little and 4 bits more
# (arXiv 2411.02355: W8A8-FP8 "effectively lossless", INT8 1 to 3%), so that an fp8 cache beside 8-bit weights still
# goes before 4-bit weights.
QUALITY_LOST = {"none": 0, "fp8": 1, "int8": 1, "int4": 3, "nf4": 3, "mxfp4": 3, "nvfp4": 3}
FP8_CACHE_LOST = 1
# Compute capability from which a format is chosen unasked; cards below unpack it, as they do int8 and int4, which are
# tried more there.
CHOSEN_FROM = {"fp8": 8.0, "nvfp4": 10.0}
BITSANDBYTES = ("int8", "nf4")  # what transformers quantizes to while loading
# Of the card, given to vLLM where its default of 0.92 holds no configuration: 1 GiB of an L4 is still outside. Weighed
# last, so that a larger budget, which buys a card with room, is never the worse plan.
FULLER, FULLER_LOST = 0.95, 5
# Steps more of what bitsandbytes quantizes: uncalibrated, and several times slower than any format that vLLM loads.
# Nobody serves it who can have a published 4-bit checkpoint, with an fp8 cache if it must be.
BITSANDBYTES_LOST = 10


def formats(request: Request) -> tuple[tuple[str, str], ...]:
    """Return (engine, weight format) pairs to weigh, the published format first. NoPlan where none is as asked.

    Engine "auto" generates with vLLM, and with transformers in formats that only that makes while loading; it reads
    with either.
    """
    model, asked = request.model, request.quantization
    if request.workload != "generation":  # encoders are small, and no kernel quantizes them
        engines = ("transformers", "vllm") if request.engine == "auto" else (request.engine,)
        offered = [(engine, model.quantization) for engine in engines]
    else:
        by_vllm = [("vllm", quantization) for quantization in loaded_by_vllm(model)]
        by_transformers = [("transformers", quantization) for quantization in loaded_by_transformers(model)]
        if "vllm" not in model.engines:
            by_vllm = []
        offered = {
            "vllm": by_vllm,
            "transformers": by_transformers,
            "auto": by_vllm + [pair for pair in by_transformers if ("vllm", pair[1]) not in by_vllm],
        }[request.engine]
    names = list(dict.fromkeys(quantization for _engine, quantization in offered))
    if not offered:
        raise NoPlan(ImageCannotLoad(model, request.engine))
    if asked == "auto":
        return tuple(offered)
    if asked == "int4" and "int4" not in names and "nf4" in names:
        asked = "nf4"  # no published AWQ or GPTQ checkpoint: bitsandbytes quantizes to 4 bits while loading
    if asked not in names:
        at_load = asked in ("int4", *BITSANDBYTES) and request.engine == "vllm" and model.quantization == "none"
        made_at_load = at_load and request.workload == "generation"
        raise NoPlan(FormatNotOffered(model, asked, tuple(names), made_at_load))
    return tuple(pair for pair in offered if pair[1] == asked)


def weighed_on(request: Request, gpu: Gpu, quantization: str) -> bool:
    """Whether a format comes into question on a GPU: wherever it is asked for, or is the published one."""
    if request.quantization != "auto" or quantization == request.model.quantization:
        return True
    return gpu.compute_capability >= CHOSEN_FROM.get(quantization, 0)


def loaded_by_vllm(model: Model) -> list[str]:
    """Return the formats in which vLLM 0.32 loads a model: the published ones, and those it casts 16-bit weights to."""
    published = [model.quantization, *(quantization for quantization, _id, _revision in model.variants)]
    made = ["fp8"] if model.quantization == "none" else []
    return [name for name in dict.fromkeys(published + made) if name != "nf4"]  # its bitsandbytes loader is gone


def loaded_by_transformers(model: Model) -> list[str]:
    """Return the formats in which transformers loads a model; its image has bitsandbytes and no other quantizer."""
    if model.experts:  # transformers 5.23 holds them as plain tensors, which bitsandbytes leaves in 16 bits (tried)
        return ["none"] if model.quantization == "none" else []
    return {"none": ["none", *BITSANDBYTES], "nf4": ["nf4"]}.get(model.quantization, [])


def weights_lost(setup: InferenceSetup) -> int:
    """Return the steps of quality that the weights cost; 0 for the model as published.

    Weights that were published in fp8 count as the model where the card computes fp8; those that are cast while they
    load do not.
    """
    if setup.quantization == setup.model.quantization or (
        setup.quantization == "fp8" and published_in_fp8(setup.model) and setup.gpu.fp8
    ):
        return 0
    return QUALITY_LOST[setup.quantization] + (BITSANDBYTES_LOST if by_bitsandbytes(setup) else 0)


def by_bitsandbytes(setup: InferenceSetup) -> bool:
    """Whether transformers quantizes the weights while it loads them."""
    return setup.engine == "transformers" and setup.quantization in BITSANDBYTES


def published_in_fp8(model: Model) -> bool:
    """Whether a checkpoint in fp8 is published beside the 16-bit weights."""
    return any(quantization == "fp8" for quantization, _id, _revision in model.variants)


def quality_lost(setup: InferenceSetup) -> int:
    """Return the steps by which weights and cache are worse than the model as published."""
    lost = weights_lost(setup) + (FP8_CACHE_LOST if setup.kv_dtype == "fp8" else 0)
    return lost + (FULLER_LOST if setup.engine == "vllm" and setup.memory_fraction == FULLER else 0)


def fp8_cache_kernel(gpu: Gpu) -> str:
    """Return the attention kernel that keeps an fp8 cache on that GPU in vLLM 0.32; "" where none does.

    FlashAttention 3 on Hopper and 4 on Blackwell's 10.x (`flash_attn_supports_kv_cache_dtype`); Triton, which is the
    plan's "sdpa", on other cards that compute fp8.
    """
    if not gpu.fp8:
        return ""
    major = int(gpu.compute_capability)
    return {9: "flash_attention_3", 10: "flash_attention_4"}.get(major, "sdpa")
