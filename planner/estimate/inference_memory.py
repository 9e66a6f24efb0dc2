"""GiB per GPU that inference needs: weights, KV cache, activations, overheads."""

from __future__ import annotations

from collections.abc import Callable

from ..schema import InferenceSetup
from .memory_terms import InferenceMemory
from .transformers_memory import batching_memory, generate_memory, one_pass_memory
from .vllm_memory import vllm_memory


def memory(setup: InferenceSetup, engine_version: str = "") -> InferenceMemory:
    """Return the memory of the setup on each GPU, and for how many requests it suffices.

    `engine_version` ("0.19.0") matters for vLLM only, whose start-up accounting changed over time; "" is the current.
    """
    if setup.engine == "vllm":
        return vllm_memory(setup, engine_version)(setup.max_num_seqs)
    return memory_at(setup)(setup.concurrency)


def memory_at(setup: InferenceSetup) -> Callable[[int], InferenceMemory]:
    """Return the memory of the setup as a function of `concurrency`, which is also `max_num_seqs` where that is set."""
    if setup.engine == "vllm":
        at_slots = vllm_memory(setup, "")
        return at_slots if setup.max_num_seqs else lambda _requests: at_slots(0)
    if setup.model.workload == "generation" and setup.max_batched_tokens:
        return batching_memory(setup)
    terms = generate_memory if setup.model.workload == "generation" else one_pass_memory
    return lambda requests: terms(setup._replace(concurrency=requests))
