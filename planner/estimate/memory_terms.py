"""The terms of inference memory that both engines have: activations of a layer, NCCL, the CUDA context."""

from __future__ import annotations

from typing import NamedTuple

from ..reasons import Rejection
from ..schema import InferenceSetup, Model
from .weights import weight_gib

NCCL_GIB_PER_GPU = 0.25  # of a tensor-parallel group: 0.25 and 0.55 GiB logged for 2, 2.1 to 2.5 for 8
CONTEXT_GIB = 0.5  # CUDA context, invisible to the allocator: 0.47 lazily loaded, to 0.92


class InferenceMemory(NamedTuple):
    """The terms in GiB per GPU, the requests that fit, and why the setup does not run."""

    usable_gib: float
    weights_gib: float
    activation_gib: float
    overhead_gib: float
    kv_cache_gib: float
    kv_bytes_per_token: float
    kv_tokens: int
    max_concurrency: float
    rejection: Rejection | None = None
    requests_at_once: float = 0.0  # that it really holds, where that is more than max_concurrency

    @property
    def requests(self) -> float:
        """The requests of context_len that are held at once."""
        return max(self.requests_at_once, self.max_concurrency)

    @property
    def fits(self) -> bool:
        return self.rejection is None


def widest_bytes_per_token(model: Model, tensor_parallel: int) -> float:
    """Return the bytes alive in the widest part of a layer, per token: residual, its copies, gate, up, product."""
    active = model.experts_per_token + model.shared_experts
    width = max(model.moe_intermediate * active, model.intermediate)
    return 2 * (3 * model.hidden + model.mlp_matrices * width / tensor_parallel)


def nccl_gib(setup: InferenceSetup, tensor_parallel: int) -> float:
    """Return the GiB of NCCL's buffers on one GPU of a group.

    At most what splitting the model further saves, so that more GPUs never seem to need more memory each.
    """
    if tensor_parallel == 1:
        return 0.0
    weights = weight_gib(setup.model, setup.quantization, tensor_parallel)
    half = tensor_parallel // 2
    with_half = weight_gib(setup.model, setup.quantization, half) + nccl_gib(setup, half)
    return min(NCCL_GIB_PER_GPU * tensor_parallel, with_half - weights)
