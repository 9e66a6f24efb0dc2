"""Safety margins on predictions: of speed, on links and cards that are less sure; of memory, by its error."""

from __future__ import annotations

from ..catalogue.gpus import UNMEASURED
from ..estimate.memory_terms import InferenceMemory
from ..schema import InferenceEstimate, InferenceSetup

PCIE, DATASHEET = 1.25, 1.05  # times (priors)
# Of what is predicted, by whether the weights are quantized (docs/accuracy.md)
MEMORY_ERROR = {True: 0.04, False: 0.01}


def weak_link(setup: InferenceSetup) -> bool:
    """Whether tensor parallelism goes over PCIe."""
    return setup.gpu_count > 1 and not setup.gpu.nvlink


def speed_margin(setup: InferenceSetup) -> float:
    """Return the factor by which a predicted time is lengthened where it is less sure; 1.0: no margin."""
    return (PCIE if weak_link(setup) else 1.0) * (DATASHEET if setup.gpu.name in UNMEASURED else 1.0)


def spare_requests(setup: InferenceSetup, found: InferenceEstimate | InferenceMemory, requests: float) -> float:
    """Return the requests that fit with the memory's error to spare; `requests`: those that fit as predicted."""
    if not requests or found.kv_cache_gib <= 0:
        return requests
    error = error_gib(setup, found)
    if paged(setup) and requests > 1:
        first = found.kv_cache_gib / found.max_concurrency
        return requests - error * (requests - 1) / (found.kv_cache_gib - first)
    return requests * (1 - error / found.kv_cache_gib)


def paged(setup: InferenceSetup) -> bool:
    """Whether the cache is planned for one full context beside requests of typical lengths."""
    return setup.rate > 0 and setup.engine == "vllm" and setup.model.workload == "generation"


def error_gib(setup: InferenceSetup, found: InferenceEstimate | InferenceMemory) -> float:
    """Return the GiB by which the memory beside the cache is predicted to err."""
    fixed = found.weights_gib + found.activation_gib + found.overhead_gib
    return fixed * MEMORY_ERROR[setup.quantization != "none" or setup.model.quantization != "none"]


def tight(setup: InferenceSetup, found: InferenceEstimate | InferenceMemory, requests: float) -> bool:
    """Whether the requests fit with less to spare than the memory is predicted to err; `requests`: those that fit."""
    if setup.engine == "vllm":
        asked = 1 if setup.max_num_seqs > requests else setup.concurrency
        return found.kv_cache_gib > 0 and spare_requests(setup, found, requests) < asked
    fixed = found.weights_gib + found.activation_gib + found.overhead_gib
    return found.usable_gib - fixed - found.kv_cache_gib < error_gib(setup, found)
