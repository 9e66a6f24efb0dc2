"""GiB per GPU that inference needs: weights, KV cache, activations, overheads."""

from __future__ import annotations

from ..schema import InferenceSetup
from .memory_terms import InferenceMemory
from .transformers_memory import batching_memory, generate_memory, one_pass_memory
from .vllm_memory import vllm_memory


def memory(setup: InferenceSetup, engine_version: str = "") -> InferenceMemory:
    """Return the memory of the setup on each GPU, and for how many requests it suffices.

    `engine_version` ("0.19.0") matters for vLLM only, whose start-up accounting changed over time; "" is the current.
    """
    if setup.engine == "vllm":
        return vllm_memory(setup, engine_version)
    if setup.model.workload != "generation":
        return one_pass_memory(setup)
    return batching_memory(setup) if setup.max_batched_tokens else generate_memory(setup)
