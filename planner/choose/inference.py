"""Weigh every inference setup for a request: reject those that cannot work, rank the rest."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..catalogue.gpus import gpu_string
from ..estimate import inference
from ..reasons import Reason, Rejection
from ..schema import Candidate, InferenceCandidate, InferenceSetup, Request, replace
from .attention import dominated
from .configurations import configurations
from .cost import container_usd_per_hour, over_budget, paid_containers, tokens_per_s
from .formats import quality_lost
from .support import unsupported

MIN_READABLE_TOKENS_PER_S = 10  # that one reader follows; slower answers rank last (prior)


def weigh(request: Request) -> tuple[InferenceCandidate, ...]:
    """Return every setup of the request as a candidate: ranked ones first and best first, then the rejected."""
    judged = [judge(request, setup) for setup in configurations(request)]
    groups: dict[tuple[str, str], list[InferenceCandidate]] = {}  # of one GPU and format, those that run
    for candidate in judged:
        if candidate.containers:
            groups.setdefault((candidate.setup.gpu.name, candidate.setup.quantization), []).append(candidate)
    judged = [replicas_first(request, candidate, groups) for candidate in judged]
    ranked = sorted((c for c in judged if not c.rejected), key=lambda c: rank_key(request, c))
    rejected = sorted((c for c in judged if c.rejected), key=rejected_key)
    return (*(replace(candidate, rank=n) for n, candidate in enumerate(ranked, 1)), *rejected)


def replicas_first(
    request: Request, candidate: InferenceCandidate, groups: dict[tuple[str, str], list[InferenceCandidate]]
) -> InferenceCandidate:
    """Return the candidate, rejected where fewer GPUs a container carry the load for no more, unless for latency."""
    setup = candidate.setup
    if candidate.rejected or request.optimize == "latency" or setup.gpu_count == 1:
        return candidate
    for other in groups[setup.gpu.name, setup.quantization]:
        if other.setup.gpu_count < setup.gpu_count and other.usd_per_hour <= candidate.usd_per_hour:
            return replace(candidate, rejected=Rejection(Reason.FEWER_GPUS, number=other.setup.gpu_count))
    return candidate


def judge(request: Request, setup: InferenceSetup) -> InferenceCandidate:
    """Return the setup as a candidate: rejected, or with its estimate and the containers that carry the load."""
    usd_per_hour = container_usd_per_hour(setup)
    rejected = unsupported(setup) or dominated(request, setup)
    if rejected:
        return Candidate(setup, None, usd_per_hour, rejected=rejected)
    estimate = inference.estimate(setup)
    if not estimate.fits:
        return Candidate(setup, estimate, usd_per_hour, rejected=estimate.rejection)
    at_once = min(setup.concurrency, int(estimate.max_concurrency))
    containers = 1 if request.task == "batch" else math.ceil(setup.concurrency / at_once)
    if containers > 1:  # each container gets its share, and the estimate is of that container
        setup = replace(setup, concurrency=math.ceil(request.concurrency / containers))
        estimate = inference.estimate(setup)
    candidate: InferenceCandidate = Candidate(setup, estimate, containers * usd_per_hour, containers)
    return replace(candidate, rejected=over_budget(request, candidate))


class RankKey(NamedTuple):
    """The sort key of a working candidate, the weightiest part first; smaller is better."""

    slow: bool  # fewer tokens/s than people read
    quality_lost: int
    weak_link: bool  # tensor parallelism over PCIe
    aim: float
    price: float
    rate: float  # negative: faster first
    name: str  # so that the order is always the same


def rank_key(request: Request, candidate: InferenceCandidate) -> RankKey:
    """Return the sort key of a working candidate for the request."""
    setup, estimate = candidate.setup, candidate.estimate
    assert estimate is not None and estimate.time_to_first_token_s is not None
    decode_s = setup.output_len / estimate.decode_tokens_per_s_single if estimate.decode_tokens_per_s_single else 0.0
    rate = tokens_per_s(candidate)
    price = paid_containers(request, candidate) * container_usd_per_hour(setup)
    dollars = price / rate if request.task == "batch" else price  # a batch ends; a service is paid by the hour
    return RankKey(
        slow=request.task == "serve" and rate / request.concurrency < MIN_READABLE_TOKENS_PER_S,
        quality_lost=quality_lost(setup),
        weak_link=setup.gpu_count > 1 and not setup.gpu.nvlink,
        aim={"cost": dollars, "latency": estimate.time_to_first_token_s + decode_s, "throughput": -rate}[
            request.optimize
        ],
        price=price,
        rate=-rate,
        name=f"{gpu_string(setup.gpu, setup.gpu_count)} {setup.quantization} {setup.attention}",
    )


def rejected_key(candidate: InferenceCandidate) -> tuple[float | str, ...]:
    """Return the sort key of a rejected candidate: those with an estimate first, then by price of one container."""
    setup = candidate.setup
    price = container_usd_per_hour(setup)
    return candidate.estimate is None, price, setup.gpu.name, quality_lost(setup), setup.quantization, setup.attention


def nearness(candidate: InferenceCandidate) -> float:
    """Return the GiB that the weights of a rejected candidate leave on the GPU; the largest came nearest to fitting."""
    estimate = candidate.estimate
    return -math.inf if estimate is None else estimate.usable_gib - estimate.weights_gib
