"""How many containers carry a load, and the requests at once that each is planned for."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..estimate.inference_memory import memory
from ..estimate.inference_speed import Steps
from ..estimate.memory_terms import InferenceMemory
from ..estimate.queueing import Latency
from ..reasons import Rejection
from ..schema import InferenceSetup, Request

SMALL_STEP = 2048  # tokens of a step of vLLM, where its default leaves too little memory
PROBED_SEQUENCES = 32  # at once, with which a container of part of the load is first tried
SPARE = 1.1  # times the load: where a larger step or pass leaves less, a smaller one is taken
TRIES = 8  # containers more than the first guess


class Share(NamedTuple):
    """A container's share of the load: its setup and memory, and the containers that carry all of it."""

    setup: InferenceSetup
    memory: InferenceMemory
    containers: int
    most_per_s: float = 0.0  # requests/s that it carries, where the load is a rate
    rejected: Rejection | None = None  # a target that it misses
    latency: Latency | None = None  # at its rate
    steps: Steps | None = None  # of its setup, where they are known


def share_of(request: Request, setup: InferenceSetup) -> Share:
    """Return the setup of one container and how many carry the load; 0 where not even one request fits.

    The share is also the engine's `max_num_seqs`, on which the memory for sampling depends. A step has fewer tokens
    where the default would leave too little memory for the load.
    """
    whole = memory(setup)
    small = setup.engine == "vllm" and setup.max_batched_tokens > SMALL_STEP and request.workload == "generation"
    if whole.fits and (queues(request) or whole.requests >= setup.concurrency * (SPARE if small else 1)):
        return Share(setup, whole, 1)
    if hopeless(whole):
        return Share(setup, whole, 0)
    steps = [setup._replace(max_batched_tokens=SMALL_STEP), setup] if small else [setup]
    working = [share for share in (shared(request, tried) for tried in steps) if share.containers]
    return min(working, key=lambda share: share.containers, default=Share(setup, whole, 0))


def hopeless(found: InferenceMemory) -> bool:
    """Whether the memory lacks more than what a smaller step or fewer requests save."""
    if found.kv_cache_gib < 0:  # vLLM: what is left of its share
        return found.kv_cache_gib + found.activation_gib <= 0
    return found.usable_gib - found.weights_gib - found.overhead_gib <= 0


def shared(request: Request, setup: InferenceSetup) -> Share:
    """Return the fewest containers that carry the load, for a step of that many tokens."""
    total = setup.concurrency
    first, found = probed(setup)
    at_once = min(total, int(found.requests))
    if not at_once:
        return Share(first, found, 0)
    if queues(request):
        least = with_concurrency(setup, max(1, int(at_once / SPARE)) if setup.engine != "vllm" else at_once)
        return Share(least, memory(least), 1)
    containers = math.ceil(total / at_once)
    for more in range(TRIES):
        tried = with_concurrency(setup, math.ceil(total / (containers + more)))
        found = memory(tried)
        if found.fits and int(found.requests) >= tried.concurrency:
            return Share(tried, found, math.ceil(total / tried.concurrency))
    least = with_concurrency(setup, min(at_once, first.concurrency))
    return Share(least, memory(least), math.ceil(total / least.concurrency))


def probed(setup: InferenceSetup) -> tuple[InferenceSetup, InferenceMemory]:
    """Return the setup for a part of the load, and its memory; what transformers holds does not depend on the part."""
    if setup.engine != "vllm":
        return setup, memory(setup)
    first = with_concurrency(setup, min(setup.concurrency, PROBED_SEQUENCES))
    found = memory(first)
    return (first, found) if found.fits else (with_concurrency(setup, 1), memory(with_concurrency(setup, 1)))


def queues(request: Request) -> bool:
    """Whether what does not fit at once waits: the rows of a batch, the texts of a model that only reads."""
    return request.task == "batch" or request.workload != "generation"


def with_concurrency(setup: InferenceSetup, requests: int) -> InferenceSetup:
    """Return the setup for so many requests at once."""
    return setup._replace(concurrency=requests, max_num_seqs=requests if setup.max_num_seqs else 0)
