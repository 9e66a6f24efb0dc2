"""Weigh every training setup for a request: reject those that cannot work, rank the rest."""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue.gpus import MEMORY_USD_PER_GIB_HOUR, gpu_string
from ..estimate.training_run import training_run
from ..estimate.training_speed import communication_share
from ..reasons import Reason, Rejection
from ..schema import Candidate, Request, TrainingCandidate, TrainingSetup, replace
from .micro_batch import GLOBAL_BATCH, MAX_HOST_GIB, first_layout_that_fits, packed_or_padded, tight
from .support import overflows_float16
from .training_cost import over_budget
from .training_setups import configurations, methods

WEAK_SHARE = 0.2  # of a step spent on gradients over PCIe: beyond it, cards with NVLink come first (prior)
ALIKE = 1.1  # times the cheapest run: up to that the quickest is taken, since the estimates err by more


def weigh(request: Request) -> tuple[TrainingCandidate, ...]:
    """Return every setup of the request as a candidate: ranked ones first and best first, then the rejected by price.

    A method further down the ladder is weighed only where none above it works on the cards alone, with room to spare.
    """
    judged: list[TrainingCandidate] = []
    for method in methods(request):
        judged += [judge(request, setups) for setups in configurations(request, method)]
        if any(not candidate.rejected and comfortable(candidate) for candidate in judged):
            break
    return ranked(request, judged)


def comfortable(candidate: TrainingCandidate) -> bool:
    """Whether the states lie on the cards, with room to spare."""
    return candidate.setup.offload == "none" and not tight(candidate.estimate)


def weigh_again(request: Request, candidates: tuple[TrainingCandidate, ...]) -> tuple[TrainingCandidate, ...]:
    """Return candidates of a request that differs in its aim only, ranked for this one."""
    return ranked(request, [replace(candidate, rank=0) for candidate in candidates])


def ranked(request: Request, judged: list[TrainingCandidate]) -> tuple[TrainingCandidate, ...]:
    """Return judged candidates: the working ones ranked, best first, then the rejected by price."""
    working = [c for c in judged if not c.rejected]
    keys = rank_keys(request, working)
    ranked = [working[n] for n in sorted(range(len(working)), key=lambda n: keys[n])]
    rejected = sorted((c for c in judged if c.rejected), key=lambda c: (c.usd_per_hour, setup_name(c.setup)))
    return (*(replace(candidate, rank=n) for n, candidate in enumerate(ranked, 1)), *rejected)


def best_of(request: Request) -> TrainingCandidate | None:
    """Return the best candidate of the request; None where nothing works."""
    found = weigh(request)
    return found[0] if found and found[0].rank else None


def judge(request: Request, setups: list[TrainingSetup]) -> TrainingCandidate:
    """Return the first layout that fits, at its best micro-batch, as a candidate; rejected where none works."""
    setup, estimate = first_layout_that_fits(request, setups)
    rejected = None
    if not setup.gpu.bf16 and overflows_float16(setup.model):
        rejected = Rejection(Reason.FLOAT16_OVERFLOW)
    elif not estimate.fits or not estimate.tokens_per_s:
        rejected = estimate.rejection
    elif estimate.host_gib > MAX_HOST_GIB:
        rejected = Rejection(Reason.HOST_MEMORY, need_gib=estimate.host_gib, have_gib=MAX_HOST_GIB)
    if rejected:
        return Candidate(setup, estimate, estimate.usd_per_hour, rejected=rejected)
    setup, estimate = packed_or_padded(request, setup, estimate)
    world = setup.gpu_count * setup.nodes
    setup = replace(setup, accumulation=max(1, round(GLOBAL_BATCH / (setup.micro_batch * world))))
    usd_per_hour = estimate.usd_per_hour + estimate.host_gib * setup.nodes * MEMORY_USD_PER_GIB_HOUR
    run = training_run(request, setup, estimate, usd_per_hour)
    candidate: TrainingCandidate = Candidate(setup, estimate, usd_per_hour, setup.nodes, run)
    return replace(candidate, rejected=over_budget(request.budget, candidate))


class Class(NamedTuple):
    """Return the ranks that come before price and time, the weightiest first; smaller is better."""

    tight: bool
    offloads: bool  # every step goes through the host's link and its CPU: adapters on the cards come first
    method: int  # steps down the ladder
    weak_link: bool  # gradients over PCIe
    several_nodes: bool  # Modal lends clusters on request


class RankKey(NamedTuple):
    """The sort key of a working candidate, the weightiest part first; smaller is better."""

    kind: Class
    dear: bool  # more than ALIKE times the cheapest of its class, where cost is the aim
    aim: float  # hours; USD where it is dear
    usd: float
    name: str


def class_of(request: Request, candidate: TrainingCandidate) -> Class:
    """Return the class of a working candidate."""
    setup = candidate.setup
    weak = setup.gpu_count > 1 and not setup.gpu.nvlink and communication_share(setup) > WEAK_SHARE
    return Class(
        tight=tight(candidate.estimate),
        offloads=setup.offload != "none",
        method=methods(request).index(setup.method),
        weak_link=weak,
        several_nodes=setup.nodes > 1,
    )


def rank_keys(request: Request, candidates: list[TrainingCandidate]) -> list[RankKey]:
    """Return the sort key of each of the working candidates.

    Where cost is the aim, the quickest of those within ALIKE of the cheapest of their class goes first: none that is
    both dearer and slower than another of its class can, and a larger budget gives no slower run.
    """
    kinds = [class_of(request, candidate) for candidate in candidates]
    cheapest: dict[Class, float] = {}
    for kind, candidate in zip(kinds, candidates, strict=True):
        usd = run_usd(candidate)
        cheapest[kind] = min(usd, cheapest.get(kind, usd))

    def key(kind: Class, candidate: TrainingCandidate) -> RankKey:
        assert candidate.run is not None
        usd, hours = candidate.run.usd, candidate.run.hours
        dear = request.optimize == "cost" and usd > ALIKE * cheapest[kind]
        return RankKey(kind, dear, usd if dear else hours, usd, setup_name(candidate.setup))

    return [key(kind, candidate) for kind, candidate in zip(kinds, candidates, strict=True)]


def run_usd(candidate: TrainingCandidate) -> float:
    """Return the USD of the run of a candidate that has one."""
    assert candidate.run is not None
    return candidate.run.usd


def setup_name(setup: TrainingSetup) -> str:
    """Return a name such as "2 nodes of H100:8, full, zero3", which also sorts equal candidates."""
    cards = gpu_string(setup.gpu, setup.gpu_count)
    where = f"{setup.nodes} nodes of {cards}" if setup.nodes > 1 else cards
    how = [part for part in (setup.sharding, setup.offload) if part != "none"]
    return ", ".join([where, setup.method, *how])
