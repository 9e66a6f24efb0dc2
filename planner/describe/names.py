"""Names of attention kernels, weight formats, methods and shardings, as people write them."""

from __future__ import annotations

from ..estimate.inference_speed import flops_gain
from ..schema import InferenceSetup, TrainingSetup

KERNEL_NAMES = {"sdpa": "SDPA", **{f"flash_attention_{n}": f"FlashAttention {n}" for n in (2, 3, 4)}, "auto": "auto"}
ENGINE_NAMES = {"vllm": "vLLM", "transformers": "transformers"}
METHOD_NAMES = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
SHARDING_NAMES = {"none": "DDP", "zero1": "ZeRO-1", "zero2": "ZeRO-2", "zero3": "ZeRO-3"}
OFFLOAD_NAMES = {"optimizer": "optimizer in main memory", "all": "weights and optimizer in main memory"}


def format_name(setup: InferenceSetup) -> str:
    """Return the formats: "16-bit", "fp8", "16-bit with an fp8 cache", "fp8 computed in 16 bits"."""
    weights = "16-bit" if setup.quantization == "none" else setup.quantization
    if setup.quantization in ("fp8", "nvfp4") and flops_gain(setup.gpu, setup.quantization) == 1:
        weights = f"{weights} computed in 16 bits"
    elif setup.quantization == "fp8" and cast_at_load(setup):
        weights = "fp8 cast at load"
    return f"{weights} with an fp8 cache" if setup.kv_dtype == "fp8" else weights


def cast_at_load(setup: InferenceSetup) -> bool:
    """Whether no checkpoint in that format is published, so that the engine makes it of 16-bit weights."""
    published = [setup.model.quantization, *(quantization for quantization, _id, _revision in setup.model.variants)]
    return setup.quantization not in ("none", *published)


def kernel_name(setup: InferenceSetup) -> str:
    """Return the attention kernel: "FlashAttention 2"; what vLLM runs for "sdpa" is its Triton kernel."""
    if setup.attention == "auto":
        return "the engine's own attention"
    triton = setup.attention == "sdpa" and setup.engine == "vllm"
    return "Triton attention" if triton else KERNEL_NAMES[setup.attention]


def sharding_name(setup: TrainingSetup) -> str:
    """Return "ZeRO-2", "ZeRO-3, optimizer in main memory"; "" on one GPU."""
    if setup.gpu_count * setup.nodes == 1:
        return ""
    offloaded = f", {OFFLOAD_NAMES[setup.offload]}" if setup.offload != "none" else ""
    return SHARDING_NAMES[setup.sharding] + offloaded
