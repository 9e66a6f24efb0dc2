"""A plan in words: what was chosen, what else there was and why not, what would change the choice."""

from __future__ import annotations

from .choose import (
    KERNEL_NAMES,
    hourly,
    in_unit,
    most_containers,
    nearness,
    one_hour,
    quality_lost,
    standing,
    tokens_per_s,
    usd_per_million,
    warm_usd_per_month,
)
from .plan import HOURS_PER_MONTH, Candidate, InferenceEstimate, InferenceSetup, Plan, WarmPool
from .speed import RANGE
from .warm import hours_text, warm_hours_per_month
from .words import about, cents

WORKING_HOURS = WarmPool(1, (1, 2, 3, 4, 5), 8 * 60, 18 * 60)  # mon-fri 8-18, as an example of a schedule
MEMORY_TERMS = ("weights", "KV cache", "activations", "overhead")


def memory_terms(estimate: InferenceEstimate) -> dict[str, float]:
    """GiB per GPU by term, in the order of MEMORY_TERMS; their sum is the predicted peak."""
    figures = (estimate.weights_gib, estimate.kv_cache_gib, estimate.activation_gib, estimate.overhead_gib)
    return dict(zip(MEMORY_TERMS, figures, strict=True))


def peak_gib(estimate: InferenceEstimate) -> float:
    return sum(memory_terms(estimate).values())


def estimate_of(candidate: Candidate) -> InferenceEstimate:
    """The estimate of a candidate that has one."""
    assert candidate.estimate is not None
    return candidate.estimate


def format_name(setup: InferenceSetup) -> str:
    """The weight format as people call it: "16-bit", "fp8"."""
    return "16-bit" if setup.quantization == "none" else setup.quantization


def cards(candidate: Candidate) -> str:
    """ "2 x L40S", and "2 containers of 4 x H100" where replicas carry the load."""
    setup = candidate.setup
    one = f"{setup.gpu_count} x {setup.gpu.name}"
    return f"{candidate.containers} containers of {one}" if candidate.containers > 1 else one


def one_per_gpu(plan: Plan) -> list[Candidate]:
    """What each GPU type comes nearest with: its best ranked configuration, else what runs, else what nearly fits."""

    def order(candidate: Candidate) -> tuple[float, float, float]:
        if candidate.rank:
            return 0, candidate.rank, 0
        if candidate.containers:
            return 1, quality_lost(candidate.setup), price(candidate)
        return 2, -nearness(candidate), 0

    best: dict[str, Candidate] = {}
    for candidate in sorted(plan.candidates, key=order):
        best.setdefault(candidate.setup.gpu.name, candidate)
    return list(best.values())


def price(candidate: Candidate) -> float:
    """USD per hour of the containers that carry the load, or of one where it does not run."""
    return hourly(candidate) or one_hour(candidate)


def next_cheaper(plan: Plan) -> Candidate | None:
    below = [c for c in one_per_gpu(plan) if price(c) < price(plan.chosen) and c.estimate]
    return max(below, key=price, default=None)


def next_faster(plan: Plan) -> Candidate | None:
    running = [c for c in one_per_gpu(plan) if c.containers and tokens_per_s(c) > tokens_per_s(plan.chosen)]
    return min(running, key=price, default=None)


def verdict(plan: Plan, candidate: Candidate) -> str:
    """Why this candidate is not the choice, in half a sentence; "chosen" for the choice."""
    if candidate is plan.chosen:
        return "chosen"
    if candidate.rejected:
        return candidate.rejected
    ours, best = standing(plan.request, candidate), standing(plan.request, plan.chosen)
    if ours.slow > best.slow:
        return f"{about(-ours.rate / plan.request.concurrency)} tokens/s per request is slower than people read"
    if ours.quality_lost > best.quality_lost:
        return f"works in {format_name(candidate.setup)}; the budget pays for {format_name(plan.chosen.setup)}"
    if ours.weak_link > best.weak_link:
        return f"{candidate.setup.gpu.name} has no NVLink: tensor parallelism over PCIe is the last resort"
    if plan.request.optimize != "cost":
        return f"behind in {plan.request.optimize}"
    return "dearer by the token" if plan.request.task == "batch" else "dearer by the hour"


def beside(plan: Plan, candidate: Candidate) -> str:
    """A neighbour of the choice in one line: what it is, its price, what it would yield, why it is not the choice."""
    line = f"{cards(candidate)}, {price(candidate):.2f}/hour: "
    if candidate.containers:
        line += f"{about(tokens_per_s(candidate))} tokens/s at {cents(usd_per_million(candidate))} per million; "
    return line + verdict(plan, candidate)


def what_would_change(plan: Plan) -> list[str]:
    """The next better and the next cheaper configurations and the answers that would get them."""
    changes = []
    over = [c for c in plan.candidates if c.containers and hourly(c) > plan.request.budget.usd_per_hour]
    finer = [c for c in over if quality_lost(c.setup) < quality_lost(plan.chosen.setup)]
    for words, found in (("better weights", finer), ("more tokens/s", [c for c in over if faster(c, plan)])):
        best = min(found, key=price, default=None)
        if best:
            buys = f"A budget of {in_unit(plan.request.budget, price(best))} buys {words}"
            changes.append(
                f"{buys}: {cards(best)} in {format_name(best.setup)}, about {about(tokens_per_s(best))} tokens/s."
            )
    best = min((c for c in plan.candidates if c.rank and price(c) < price(plan.chosen)), key=price, default=None)
    if best:
        asked = f"gpu {best.setup.gpu.name} and quantization {best.setup.quantization}"
        changes.append(f"Insisting on {asked} brings it down to {price(best):.2f}/hour: {cards(best)}.")
    if any(c.estimate and not c.estimate.fits and price(c) < price(plan.chosen) for c in plan.candidates):
        changes.append(f"A shorter context or fewer {units(plan)} at once make room on cheaper cards.")
    return changes


def faster(candidate: Candidate, plan: Plan) -> bool:
    return tokens_per_s(candidate) > tokens_per_s(plan.chosen)


def kernel_name(setup: InferenceSetup) -> str:
    return "the engine's own attention" if setup.attention == "auto" else KERNEL_NAMES[setup.attention]


def units(plan: Plan) -> str:
    """What arrives at once: requests for answers, or texts."""
    return "requests" if plan.request.workload == "generation" else "texts"


def written(plan: Plan) -> str:
    """What the tokens of a rate are: "written" by a model that answers, "read" by an encoder."""
    return "written" if plan.request.workload == "generation" else "read"


def rate_range(candidate: Candidate) -> tuple[float, float]:
    """Tokens/s that are still likely, low and high, of all containers that carry the load."""
    rate = tokens_per_s(candidate)
    return rate / RANGE, rate * RANGE


def max_containers(plan: Plan) -> int:
    """Containers that the budget pays for around the clock; without one, what Modal's Starter plan runs: 10 GPUs."""
    return most_containers(plan.request, plan.chosen)


def pool_words(plan: Plan) -> str:
    """What the warm pool costs while nobody asks: "1 container mon-fri 8-18 UTC: 424 USD a month"."""
    pool = plan.request.warm
    many = "container" if pool.containers == 1 else "containers"
    usd = warm_usd_per_month(plan.request, plan.chosen)
    return f"{pool.containers} {many} {hours_text(pool)}: {usd:,.0f} USD a month"


def idle_prices(plan: Plan) -> tuple[float, float]:
    """USD a month that one warm container's GPUs cost: always, and in working hours (mon-fri 8-18)."""
    one = one_hour(plan.chosen)
    return one * HOURS_PER_MONTH, one * warm_hours_per_month(WORKING_HOURS)
