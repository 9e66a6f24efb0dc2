"""The attention kernels of a setup: which to weigh, which run on a GPU, which is the fastest there."""

from __future__ import annotations

from ..reasons import Reason, Rejection
from ..schema import ATTENTIONS, Gpu, InferenceSetup, Model, Request


def kernels_to_weigh(request: Request, gpu: Gpu, engine: str) -> tuple[str, ...]:
    """Return the kernels to weigh; "auto" where latent attention or attention sinks have the engine's own."""
    if engine == "vllm" and has_own_kernel(request.model, gpu):
        return ("auto",)
    every = ATTENTIONS if engine == "vllm" else ("sdpa",)  # the transformers image holds no other
    return every if request.attention == "auto" else (request.attention,)


def has_own_kernel(model: Model, gpu: Gpu) -> bool:
    """Whether vLLM brings a kernel of its own for the model's attention on that GPU."""
    sinks = "gpt-oss" in model.id.lower() and gpu.compute_capability != 9.0  # FlashAttention has sinks on Hopper only
    return model.attention == "mla" or sinks


def dominated(request: Request, setup: InferenceSetup) -> Rejection | None:
    """Return a rejection where a faster kernel runs on the GPU and the request does not ask for this one."""
    best = setup.gpu.attention[-1]
    if setup.kv_dtype == "fp8":  # not every kernel reads such a cache
        return None
    if request.attention != "auto" or setup.engine != "vllm" or setup.attention in (best, "auto"):
        return None
    return Rejection(Reason.FASTER_KERNEL)


def unsupported_kernel(setup: InferenceSetup) -> Rejection | None:
    """Return a rejection where the GPU does not run the kernel."""
    return Rejection(Reason.KERNEL_UNSUPPORTED) if setup.attention not in (*setup.gpu.attention, "auto") else None
