"""Weight formats: which an engine loads, and what they cost in quality."""

from __future__ import annotations

from ..schema import InferenceSetup, Model, Request
from .no_plan import FormatNotOffered, ImageCannotLoad, NoPlan

# Steps of quality lost: 16-bit is the model as published; 8-bit is close to it; 4-bit is not always.
QUALITY_LOST = {"none": 0, "fp8": 1, "int8": 1, "int4": 2, "nf4": 2, "mxfp4": 2, "nvfp4": 2}
BITSANDBYTES = ("int8", "nf4")  # what transformers quantizes to while loading


def formats(request: Request) -> tuple[tuple[str, str], ...]:
    """Return (engine, weight format) pairs to weigh, the published format first. NoPlan where none is as asked.

    Engine "auto" generates with vLLM, and with transformers in formats that only that makes while loading.
    """
    model, asked = request.model, request.quantization
    if request.workload != "generation":  # encoders are small, and no kernel quantizes them
        offered = [("transformers" if request.engine == "auto" else request.engine, model.quantization)]
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


def quality_lost(setup: InferenceSetup) -> int:
    """Return the steps of quality that the format costs; 0 for the published one."""
    return 0 if setup.quantization == setup.model.quantization else QUALITY_LOST[setup.quantization]
