"""Alternatives to a request for which no inference setup works."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from ..asked import NO_TARGETS, Budget, Targets
from ..reasons import Reason
from ..schema import InferenceCandidate, Request, replace
from .cost import most_containers, needed_usd, over_budget
from .inference import nearness, weigh
from .margins import speed_margin
from .no_plan import Alternative, Change, InferenceAlternative, NoInference, NothingWorks

SHORTEST_CONTEXT = 256  # tokens; nothing shorter is suggested
TARGETS = (Reason.TTFT_OVER_TARGET, Reason.TPOT_OVER_TARGET)
TRIED = 6  # loads at the most


def nothing_works(request: Request, candidates: tuple[InferenceCandidate, ...]) -> NoInference:
    """Return the candidate that came nearest and the alternatives, where all candidates are rejected."""
    running = [candidate for candidate in candidates if candidate.containers]
    if running:
        nearest = min(running, key=lambda candidate: needed_usd(request, candidate))
    elif missing := [c for c in candidates if c.rejected and c.rejected.reason in TARGETS]:
        nearest = min(missing, key=lambda candidate: overrun(request, candidate))
    else:
        asked = (request.attention, "auto")
        fastest = [c for c in candidates if c.setup.attention in (c.setup.gpu.attention[-1], *asked)]
        nearest = max(fastest or candidates, key=nearness)
    return NothingWorks(request, nearest, bool(running), tuple(suggest_alternatives(request, running, nearest)))


def suggest_alternatives(
    request: Request, running: list[InferenceCandidate], nearest: InferenceCandidate
) -> list[InferenceAlternative]:
    """Return the changes that make something work, the most likely one first."""
    found: list[InferenceAlternative] = []
    if running:
        found += list(fewer_warm(request))
        if request.budget.per != "none":
            found.append(Alternative(Change.RAISE_BUDGET, candidate=chosen_for(request, nearest)))
        found += list(lower_rate(request, running) if request.rate else fewer_at_once(request, running))
    found += list(looser_targets(request, bool(running)))
    found += list(relaxed(request))
    return found or list(shorter_context(request))


def chosen_for(request: Request, cheapest: InferenceCandidate) -> InferenceCandidate:
    """Return what is chosen with the budget that the cheapest candidate needs: it may be another of the same price."""
    budget = replace(request.budget, usd=needed_usd(request, cheapest))
    best = weigh(replace(request, budget=budget))[0]
    return best if best.rank else cheapest


def fewer_warm(request: Request) -> Iterator[InferenceAlternative]:
    """Yield the most containers that the budget keeps warm, where a smaller pool is all that it takes."""
    pool = request.warm
    if not pool.containers or not weigh(replace(request, warm=replace(pool, containers=0)))[0].rank:
        return
    low, high = 0, pool.containers  # low works, high does not
    while high - low > 1:
        middle = (low + high) // 2
        works = weigh(replace(request, warm=replace(pool, containers=middle)))[0].rank
        low, high = (middle, high) if works else (low, middle)
    yield Alternative(Change.KEEP_FEWER_WARM, low)


def fewer_at_once(request: Request, running: list[InferenceCandidate]) -> Iterator[InferenceAlternative]:
    """Yield the most requests at once with which a plan is found within the budget, of those that candidates hold."""
    loads = set()
    for candidate in () if request.task == "batch" else running:
        assert candidate.estimate is not None
        loads.add(most_containers(request, candidate) * int(candidate.estimate.requests_at_once))
    for load in sorted((load for load in loads if 0 < load < request.concurrency), reverse=True)[:TRIED]:
        if weigh(replace(request, concurrency=load))[0].rank:
            yield Alternative(Change.FEWER_AT_ONCE, load)
            return


def lower_rate(request: Request, running: list[InferenceCandidate]) -> Iterator[InferenceAlternative]:
    """Yield the highest rate, to two figures, with which a plan is found within the budget."""
    rates = {two_figures(most_containers(request, c) * c.most_per_s, math.floor) for c in running}
    for rate in sorted((rate for rate in rates if 0 < rate < request.rate), reverse=True)[:TRIED]:
        if (best := weigh(replace(request, rate=rate))[0]).rank:
            yield Alternative(Change.LOWER_RATE, rate, best)
            return


def looser_targets(request: Request, some_run: bool) -> Iterator[InferenceAlternative]:
    """Yield targets that are met within the budget, or with a larger one where none meets what was asked."""
    if any(request.targets):
        found = next(met_targets(request), None)
        if not found and not some_run:
            found = next(met_targets(without_limit(request)), None)
        if found and found.candidate:
            yield found._replace(over_budget=over_budget(request, found.candidate) is not None)


def without_limit(request: Request) -> Request:
    """Return the request without a budget."""
    return replace(request, budget=Budget(math.inf, "none"))


def met_targets(request: Request) -> Iterator[InferenceAlternative]:
    """Yield targets that are met, one of them looser or both, to two figures, and what is chosen then."""
    targets = request.targets
    options = (targets._replace(ttft_s=0.0), targets._replace(tpot_s=0.0), NO_TARGETS)
    for kept in dict.fromkeys(option for option in options if option != targets):
        working = [c for c in weigh(replace(request, targets=kept)) if c.rank]
        if not working:
            continue
        ttft_s, tpot_s = min(map(predicted, working))
        if not kept.tpot_s and kept.ttft_s:
            tpot_s = min(predicted(candidate)[1] for candidate in working)
        looser = Targets(
            kept.ttft_s or (targets.ttft_s and max(targets.ttft_s, two_figures(ttft_s, math.ceil))),
            kept.tpot_s or (targets.tpot_s and max(targets.tpot_s, two_figures(tpot_s, math.ceil))),
        )
        if looser != targets and (best := weigh(replace(request, targets=looser))[0]).rank:
            yield Alternative(Change.LOOSER_TARGET, looser, best)


def predicted(candidate: InferenceCandidate) -> tuple[float, float]:
    """Return the seconds to the first token and between tokens, times the margin of the setup's speed."""
    estimate, margin = candidate.estimate, speed_margin(candidate.setup)
    assert estimate is not None
    return (estimate.time_to_first_token_s or 0.0) * margin, (estimate.time_per_output_token_s or 0.0) * margin


def two_figures(number: float, rounded: Callable[[float], int]) -> float:
    """Return a number to two figures, `rounded` up or down."""
    if not number:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{rounded(number / step + (1e-9 if rounded is math.floor else -1e-9)) * step:.6g}")


def overrun(request: Request, candidate: InferenceCandidate) -> float:
    """Return the predicted latency, margin included, divided by the target that it misses."""
    assert candidate.rejected is not None
    first = candidate.rejected.reason is Reason.TTFT_OVER_TARGET
    asked = request.targets.ttft_s if first else request.targets.tpot_s
    return candidate.rejected.seconds * speed_margin(candidate.setup) / (asked or math.inf)


def relaxed(request: Request) -> Iterator[InferenceAlternative]:
    """Yield what works where a person insists on less, with the budget as it is or without one."""
    for change, value, other in relaxed_requests(request):
        best = weigh(other)[0]
        if best.rank:
            yield Alternative(change, value, best)
        elif (dearer := weigh(without_limit(other))[0]).rank:
            yield Alternative(change, value, dearer, over_budget=True)


def relaxed_requests(request: Request) -> Iterator[tuple[Change, str, Request]]:
    """Yield what a person could stop insisting on, and the request that results."""
    insists = []
    if request.gpu != "auto" or request.gpu_count:
        insists.append(("gpu", {"gpu": "auto", "gpu_count": 0}))
    if request.quantization != "auto":
        insists.append(("quantization", {"quantization": "auto"}))
    if request.attention != "auto":
        insists.append(("attention", {"attention": "auto"}))
    for answers, fields in insists:
        yield Change.LET_BE_AUTO, answers, replace(request, **fields)
    if len(insists) > 1:
        every = {key: value for _, fields in insists for key, value in fields.items()}
        yield Change.LET_BE_AUTO, ", ".join(answers for answers, _ in insists), replace(request, **every)
    if request.engine == "transformers":
        yield Change.TAKE_ENGINE, "vllm", replace(request, engine="vllm")
    if request.engine == "vllm":
        yield Change.LET_BE_AUTO, "engine", replace(request, engine="auto")


def shorter_context(request: Request) -> Iterator[InferenceAlternative]:
    """Yield the longest context, in steps of a half, at which something works."""
    tokens = request.context_len // 2
    while tokens >= SHORTEST_CONTEXT:
        best = weigh(replace(request, context_len=tokens))[0]
        if best.rank:
            yield Alternative(Change.SHORTER_CONTEXT, tokens, best)
            return
        tokens //= 2
