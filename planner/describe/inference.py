"""An inference plan in words: GPUs, prices, neighbours of the choice, what would change it."""

from __future__ import annotations

from ..choose.cost import container_usd_per_hour, most_containers, tokens_per_s, usd_per_million, warm_usd_per_month
from ..choose.formats import quality_lost
from ..choose.inference import nearness
from ..choose.ranking import Merit, merit, weak_link
from ..estimate.inference_speed import RANGE
from ..request.warm_pool import warm_hours_per_month
from ..schema import HOURS_PER_MONTH, InferenceCandidate, InferenceEstimate, InferencePlan, WarmPool
from .format import about, cents, in_unit
from .names import format_name
from .rejections import inference_rejection
from .warm_pool import hours_text

WORKING_HOURS = WarmPool(1, (1, 2, 3, 4, 5), 8 * 60, 18 * 60)  # mon-fri 8-18, as an example of a schedule
MEMORY_TERMS = ("weights", "KV cache", "activations", "overhead")


def memory_terms(estimate: InferenceEstimate) -> dict[str, float]:
    """Return GiB per GPU by term, in the order of MEMORY_TERMS; their sum is the predicted peak."""
    figures = (estimate.weights_gib, estimate.kv_cache_gib, estimate.activation_gib, estimate.overhead_gib)
    return dict(zip(MEMORY_TERMS, figures, strict=True))


def peak_gib(estimate: InferenceEstimate) -> float:
    return sum(memory_terms(estimate).values())


def estimate_of(candidate: InferenceCandidate) -> InferenceEstimate:
    """Return the estimate of a candidate that has one."""
    assert candidate.estimate is not None
    return candidate.estimate


def where(candidate: InferenceCandidate) -> str:
    """Return "2 x L40S", or "2 containers of 4 x H100" where replicas carry the load."""
    setup = candidate.setup
    one = f"{setup.gpu_count} x {setup.gpu.name}"
    return f"{candidate.containers} containers of {one}" if candidate.containers > 1 else one


def one_per_gpu(plan: InferencePlan) -> list[InferenceCandidate]:
    """Return the best candidate of each GPU type: ranked, else one that runs, else the one that nearly fits."""

    def order(candidate: InferenceCandidate) -> tuple[float, float, float]:
        if candidate.rank:
            return 0, candidate.rank, 0
        if candidate.containers:
            return 1, quality_lost(candidate.setup), candidate.usd_per_hour
        return 2, -nearness(candidate), 0

    best: dict[str, InferenceCandidate] = {}
    for candidate in sorted(plan.candidates, key=order):
        best.setdefault(candidate.setup.gpu.name, candidate)
    return list(best.values())


def next_cheaper(plan: InferencePlan) -> InferenceCandidate | None:
    below = [c for c in one_per_gpu(plan) if c.usd_per_hour < plan.chosen.usd_per_hour and c.estimate]
    return max(below, key=lambda c: c.usd_per_hour, default=None)


def next_faster(plan: InferencePlan) -> InferenceCandidate | None:
    running = [c for c in one_per_gpu(plan) if c.containers and tokens_per_s(c) > tokens_per_s(plan.chosen)]
    return min(running, key=lambda c: c.usd_per_hour, default=None)


def verdict(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return why the candidate is not the choice, in half a sentence; "chosen" for the choice."""
    if candidate is plan.chosen:
        return "chosen"
    if candidate.rejected:
        return inference_rejection(plan.request, candidate)
    ours, best = merit(plan.request, candidate), merit(plan.request, plan.chosen)
    if ours.slow > best.slow:
        return f"{about(ours.rate / plan.request.concurrency)} tokens/s per request is slower than people read"
    if ours.quality_lost > best.quality_lost:
        return f"works in {format_name(candidate.setup)}; the budget pays for {format_name(plan.chosen.setup)}"
    return balance(plan, ours, best)


def balance(plan: InferencePlan, ours: Merit, best: Merit) -> str:
    """Return what speaks against a candidate of the quality of the choice, by the figures of both."""
    dearer, slower = ours.price / best.price - 1, best.speed / ours.speed
    unit = "a token" if plan.request.task == "batch" else "an hour"
    quick = "sooner" if plan.request.optimize == "latency" else "faster"
    if ours.tight > best.tight:
        return f"{cost_words(dearer, unit)}, and fits with less to spare than the estimate may err"
    if dearer < -0.005 and weak_link(ours.candidate):
        return f"{cost_words(dearer, unit)}, {slower_words(slower, quick)}: tensor parallelism over PCIe"
    return f"{cost_words(dearer, unit)}, {slower_words(slower, quick)}"


def cost_words(dearer: float, unit: str) -> str:
    """Return "26% dearer an hour", "as dear a token"."""
    if abs(dearer) < 0.005:
        return f"as dear {unit}"
    if dearer >= 1:
        return f"{dearer + 1:.1f} times as dear {unit}"
    return f"{abs(dearer):.0%} {'dearer' if dearer > 0 else 'cheaper'} {unit}"


def slower_words(slower: float, quick: str) -> str:
    """Return "1.6 times slower", "1.2 times faster", "as fast"."""
    if abs(slower - 1) < 0.02:
        return "as fast" if quick == "faster" else "as soon"
    if slower > 1:
        return f"{slower:.1f} times {'slower' if quick == 'faster' else 'later'}" if slower >= 1.05 else "a little slower"
    return f"{1 / slower:.1f} times {quick}" if slower <= 1 / 1.05 else f"a little {quick}"


def beside(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return a candidate beside the choice in one line: GPUs, price, tokens/s, why it is not the choice."""
    line = f"{where(candidate)}, {candidate.usd_per_hour:.2f}/hour: "
    if candidate.containers:
        line += f"{about(tokens_per_s(candidate))} tokens/s at {cents(usd_per_million(candidate))} per million; "
    return line + verdict(plan, candidate)


def what_would_change(plan: InferencePlan) -> list[str]:
    """Return the next better and the next cheaper candidates and the answers that would get them, a sentence each."""
    changes = []
    over = [c for c in plan.candidates if c.containers and c.usd_per_hour > plan.request.budget.usd_per_hour]
    finer = [c for c in over if quality_lost(c.setup) < quality_lost(plan.chosen.setup)]
    for words, found in (("better weights", finer), ("more tokens/s", [c for c in over if faster(c, plan)])):
        best = min(found, key=lambda c: c.usd_per_hour, default=None)
        if best:
            buys = f"A budget of {in_unit(plan.request.budget, best.usd_per_hour)} buys {words}"
            changes.append(
                f"{buys}: {where(best)} in {format_name(best.setup)}, about {about(tokens_per_s(best))} tokens/s."
            )
    cheaper = [c for c in plan.candidates if c.usd_per_hour < plan.chosen.usd_per_hour]
    best = min((c for c in cheaper if c.rank), key=lambda c: c.usd_per_hour, default=None)
    if best:
        asked = f"gpu {best.setup.gpu.name} and quantization {best.setup.quantization}"
        changes.append(f"Insisting on {asked} brings it down to {best.usd_per_hour:.2f}/hour: {where(best)}.")
    if any(c.estimate and not c.estimate.fits for c in cheaper):
        changes.append(f"A shorter context or fewer {units(plan)} at once make room on cheaper cards.")
    return changes


def faster(candidate: InferenceCandidate, plan: InferencePlan) -> bool:
    return tokens_per_s(candidate) > tokens_per_s(plan.chosen)


def units(plan: InferencePlan) -> str:
    """Return what concurrency counts: "requests" of a generating model, "texts" of an encoder."""
    return "requests" if plan.request.workload == "generation" else "texts"


def written(plan: InferencePlan) -> str:
    """Return what is done to the tokens of a rate: "written" by a generating model, "read" by an encoder."""
    return "written" if plan.request.workload == "generation" else "read"


def rate_range(candidate: InferenceCandidate) -> tuple[float, float]:
    """Return the likely range of tokens/s of all containers that carry the load."""
    rate = tokens_per_s(candidate)
    return rate / RANGE, rate * RANGE


def max_containers(plan: InferencePlan) -> int:
    """Return the most containers that may run at once."""
    return most_containers(plan.request, plan.chosen)


def pool_words(plan: InferencePlan) -> str:
    """Return the price of the idle warm pool: "1 container mon-fri 8-18 UTC: 424 USD a month"."""
    pool = plan.request.warm
    many = "container" if pool.containers == 1 else "containers"
    usd = warm_usd_per_month(plan.request, plan.chosen)
    return f"{pool.containers} {many} {hours_text(pool)}: {usd:,.0f} USD a month"


def idle_prices(plan: InferencePlan) -> tuple[float, float]:
    """Return the USD a month of one warm container's GPUs: always, and in working hours (mon-fri 8-18)."""
    one = container_usd_per_hour(plan.chosen.setup)
    return one * HOURS_PER_MONTH, one * warm_hours_per_month(WORKING_HOURS)
