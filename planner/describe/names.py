"""Names of attention kernels, weight formats, methods and shardings, as people write them."""

from __future__ import annotations

from ..schema import InferenceSetup, TrainingSetup

KERNEL_NAMES = {"sdpa": "SDPA", **{f"flash_attention_{n}": f"FlashAttention {n}" for n in (2, 3, 4)}, "auto": "auto"}
METHOD_NAMES = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
SHARDING_NAMES = {"none": "DDP", "zero1": "ZeRO-1", "zero2": "ZeRO-2", "zero3": "ZeRO-3"}
OFFLOAD_NAMES = {"optimizer": "optimizer in main memory", "all": "weights and optimizer in main memory"}


def format_name(setup: InferenceSetup) -> str:
    """Return the weight format: "16-bit", "fp8"."""
    return "16-bit" if setup.quantization == "none" else setup.quantization


def kernel_name(setup: InferenceSetup) -> str:
    """Return the attention kernel: "FlashAttention 2"."""
    return "the engine's own attention" if setup.attention == "auto" else KERNEL_NAMES[setup.attention]


def sharding_name(setup: TrainingSetup) -> str:
    """Return "ZeRO-2", "ZeRO-3, optimizer in main memory"; "" on one GPU."""
    if setup.gpu_count * setup.nodes == 1:
        return ""
    offloaded = f", {OFFLOAD_NAMES[setup.offload]}" if setup.offload != "none" else ""
    return SHARDING_NAMES[setup.sharding] + offloaded
