"""Weigh every inference setup for a request: reject those that cannot work, rank the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..estimate.inference import estimate_with
from ..reasons import Reason, Rejection
from ..schema import Candidate, InferenceCandidate, InferenceSetup, Request, replace
from .attention import dominated
from .configurations import asked_setup, configurations, fp8_cache_configurations
from .cost import container_usd_per_hour, over_budget, tokens_per_s
from .formats import FULLER, QUALITY_LOST, by_bitsandbytes, quality_lost
from .ranking import merit, ranked
from .sizing import size_containers
from .support import unsupported

Group = tuple[str, str, str, float]  # GPU, weights, cache, share of the card


def weigh(request: Request) -> tuple[InferenceCandidate, ...]:
    """Return every setup of the request as a candidate: ranked ones first and best first, then the rejected.

    An fp8 cache is weighed only where weights as published do not work without it, and a larger share of the card for
    vLLM only where nothing works that it loads.
    """
    judged = [judge(request, setup) for setup in configurations(request)]
    if not any(works(request, candidate) and not quality_lost(candidate.setup) for candidate in judged):
        judged += [judge(request, setup) for setup in fp8_cache_configurations(request)]
        if not any(works(request, candidate) and not by_bitsandbytes(candidate.setup) for candidate in judged):
            judged = [fuller(request, candidate) for candidate in judged]
    return decide(request, judged)


def works(request: Request, candidate: InferenceCandidate) -> bool:
    """Whether a candidate works within the budget, at a readable speed."""
    if not candidate.containers or over_budget(request, candidate):
        return False
    return not merit(request, candidate).slow


def fuller(request: Request, candidate: InferenceCandidate) -> InferenceCandidate:
    """Return the candidate with more of the card for vLLM, where that lets fewer containers carry the load."""
    setup = candidate.setup
    split = candidate.containers > 1 and not request.rate and not any(request.targets)  # for want of memory alone
    lacks_memory = split or (candidate.estimate and not candidate.estimate.fits)
    paid = request.budget.per != "hour" or request.budget.pays(container_usd_per_hour(setup))
    if setup.engine != "vllm" or request.workload != "generation" or not lacks_memory or not paid:
        return candidate
    tried = judge(request, asked_setup(request, setup)._replace(memory_fraction=FULLER))
    cheaper = not candidate.containers or tried.usd_per_hour < candidate.usd_per_hour
    return tried if tried.containers and cheaper else candidate


def weigh_again(request: Request, candidates: Iterable[InferenceCandidate]) -> tuple[InferenceCandidate, ...]:
    """Return candidates of a request that differs in budget, aim or warm pool only, weighed for this one."""
    return decide(request, [replace(c, rank=0, rejected=None) if c.containers else c for c in candidates])


def decide(request: Request, judged: list[InferenceCandidate]) -> tuple[InferenceCandidate, ...]:
    """Return judged candidates ranked, best first, and then the rejected; money is what is looked at here."""
    judged = [within_budget(request, candidate) for candidate in judged]
    groups: dict[Group, list[InferenceCandidate]] = {}  # those that run
    for candidate in judged:
        if candidate.containers:
            groups.setdefault(group(candidate), []).append(candidate)
    judged = [replicas_first(request, candidate, groups) for candidate in judged]
    working = ranked(request, [c for c in judged if not c.rejected])
    rejected = sorted((c for c in judged if c.rejected), key=rejected_key)
    return (*(candidate._replace(rank=n) for n, candidate in enumerate(working, 1)), *rejected)


def within_budget(request: Request, candidate: InferenceCandidate) -> InferenceCandidate:
    """Return the candidate, rejected where it runs and the budget does not pay for it."""
    over = over_budget(request, candidate) if candidate.containers else None
    return candidate._replace(rejected=over) if over else candidate


def group(candidate: InferenceCandidate) -> Group:
    """Return what replicas of a candidate have in common with it."""
    setup = candidate.setup
    return setup.gpu.name, setup.quantization, setup.kv_dtype, setup.memory_fraction


def replicas_first(
    request: Request,
    candidate: InferenceCandidate,
    groups: dict[Group, list[InferenceCandidate]],
) -> InferenceCandidate:
    """Return the candidate, rejected where fewer GPUs a container carry the load for less, unless for latency."""
    setup = candidate.setup
    if candidate.rejected or request.optimize == "latency" or setup.gpu_count == 1:
        return candidate
    for other in groups[group(candidate)]:
        if other.rejected or other.setup.gpu_count >= setup.gpu_count:
            continue
        price, other_price = candidate.usd_per_hour, other.usd_per_hour
        if other_price < price or (other_price == price and tokens_per_s(other) >= tokens_per_s(candidate)):
            return replace(candidate, rejected=Rejection(Reason.FEWER_GPUS, number=other.setup.gpu_count))
    return candidate


def judge(request: Request, setup: InferenceSetup) -> InferenceCandidate:
    """Return the setup as a candidate: rejected, or with its estimate and the containers that carry the load."""
    rejected = unsupported(setup) or dominated(request, setup)
    if rejected:
        return Candidate(setup, None, container_usd_per_hour(setup), rejected=rejected)
    share = size_containers(request, setup)
    if setup.draft and share.containers != 1:
        without = size_containers(request, setup._replace(draft=None), alone=True)
        share = without if without.containers == 1 else share  # a draft is left out where it costs a container
    estimate = estimate_with(share.setup, share.memory, share.steps, share.latency)
    usd_per_hour = container_usd_per_hour(setup)
    if not estimate.fits:
        return Candidate(share.setup, estimate, usd_per_hour, rejected=estimate.rejection)
    if share.rejected:
        return Candidate(share.setup, estimate, usd_per_hour, rejected=share.rejected)
    price = share.containers * usd_per_hour
    return Candidate(share.setup, estimate, price, share.containers, most_per_s=share.most_per_s)


def rejected_key(candidate: InferenceCandidate) -> tuple[float | str, ...]:
    """Return the sort key of a rejected candidate: those with an estimate first, then by price of one container."""
    setup = candidate.setup
    price = container_usd_per_hour(setup)
    lost = QUALITY_LOST[setup.quantization]
    return candidate.estimate is None, price, setup.gpu.name, lost, setup.quantization, setup.kv_dtype, setup.attention


def nearness(candidate: InferenceCandidate) -> float:
    """Return the GiB that the weights of a rejected candidate leave on the GPU; the largest came nearest to fitting."""
    estimate = candidate.estimate
    return -math.inf if estimate is None else estimate.usable_gib - estimate.weights_gib
