"""A training plan in words: what runs where, what the run costs, what else there was and why not, what would change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .choose_training import (
    ASSUMED_ROWS,
    best_of,
    four_bits,
    methods,
    need_gib,
    paid_s,
    training_offer,
    training_standing,
)
from .plan import Budget, TrainingCandidate, TrainingEstimate, TrainingPlan, TrainingSetup
from .training_run import run_hours
from .words import about, cents, duration

METHOD_NAMES = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
LAYOUT_NAMES = {"none": "DDP", "zero1": "ZeRO-1", "zero2": "ZeRO-2", "zero3": "ZeRO-3"}
OFFLOAD_NAMES = {"optimizer": "optimizer in main memory", "all": "weights and optimizer in main memory"}
TRAINING_TERMS = ("weights", "gradients", "optimizer", "activations", "logits", "overhead")


def training_terms(estimate: TrainingEstimate) -> dict[str, float]:
    """GiB per GPU by term, in the order of TRAINING_TERMS; their sum is what is taken of the card at the peak."""
    return {name: getattr(estimate, f"{name}_gib") for name in TRAINING_TERMS}


def where(setup: TrainingSetup) -> str:
    """ "1 x B200", "2 nodes of 8 x H100" """
    cards = f"{setup.gpu_count} x {setup.gpu.name}"
    return f"{setup.nodes} nodes of {cards}" if setup.nodes > 1 else cards


def layout(setup: TrainingSetup) -> str:
    """ "ZeRO-2", "ZeRO-3, optimizer in main memory"; "" on one GPU."""
    if setup.gpu_count * setup.nodes == 1:
        return ""
    offloaded = f", {OFFLOAD_NAMES[setup.offload]}" if setup.offload != "none" else ""
    return LAYOUT_NAMES[setup.sharding] + offloaded


def rate(candidate: TrainingCandidate) -> float:
    """Tokens/s over all GPUs; 0 where it cannot run at all."""
    return candidate.estimate.tokens_per_s or 0.0


def training_usd_per_million(candidate: TrainingCandidate) -> float:
    """USD for a million tokens, the main memory that offloading occupies included."""
    return candidate.usd_per_hour / rate(candidate) / 3600 * 1e6


def likely_hours(plan: TrainingPlan, candidate: TrainingCandidate) -> float:
    """Hours of the run, over the rows that are known or else assumed."""
    return run_hours(plan.request, candidate.setup, candidate.estimate, ASSUMED_ROWS)


def likely_usd(plan: TrainingPlan, candidate: TrainingCandidate) -> float:
    return likely_hours(plan, candidate) * candidate.usd_per_hour


def runs(candidate: TrainingCandidate) -> bool:
    """Whether it would run, paid or not."""
    return candidate.accumulation > 0


def training_one_per_gpu(plan: TrainingPlan) -> list[TrainingCandidate]:
    """What each GPU type comes nearest with: its best ranked configuration, else what runs, else what nearly fits."""

    def order(candidate: TrainingCandidate) -> tuple[float, float]:
        if candidate.rank:
            return 0, candidate.rank
        if runs(candidate):
            return 1, candidate.usd or candidate.usd_per_hour
        return 2, need_gib(candidate.estimate) - candidate.estimate.usable_gib

    best: dict[str, TrainingCandidate] = {}
    for candidate in sorted(plan.candidates, key=order):
        best.setdefault(candidate.setup.gpu.name, candidate)
    return list(best.values())


def cheaper_by_the_hour(plan: TrainingPlan) -> TrainingCandidate | None:
    below = [c for c in training_one_per_gpu(plan) if c.usd_per_hour < plan.chosen.usd_per_hour]
    return max(below, key=lambda c: (runs(c), c.estimate.fits, c.usd_per_hour), default=None)


def quicker(plan: TrainingPlan) -> TrainingCandidate | None:
    """The cheapest that is through earlier."""
    ours = likely_hours(plan, plan.chosen)
    running = [c for c in plan.candidates if runs(c) and likely_hours(plan, c) < 0.95 * ours]
    return min(running, key=lambda c: (bool(c.rejected), likely_usd(plan, c)), default=None)


def training_verdict(plan: TrainingPlan, candidate: TrainingCandidate) -> str:
    """Why this candidate is not the choice, in half a sentence; "chosen" for the choice."""
    if candidate is plan.chosen:
        return "chosen"
    if candidate.rejected:
        return candidate.rejected
    ours, best = training_standing(plan.request, candidate), training_standing(plan.request, plan.chosen)
    if ours.tight > best.tight:
        left = candidate.estimate.usable_gib - need_gib(candidate.estimate)
        return f"would leave {left:.1f} GiB free, less than the estimate may err"
    if ours.method > best.method:
        return f"works with {METHOD_NAMES[candidate.setup.method]} only"
    if ours.offloads > best.offloads:
        return "offloading to main memory is the last resort"
    if ours.weak_link > best.weak_link:
        return f"{candidate.setup.gpu.name} has no NVLink: too much of a step would go into gradients over PCIe"
    if ours.several_nodes > best.several_nodes:
        return "one node does it"
    return "dearer for the run" if plan.request.optimize == "cost" else "slower"


def training_beside(plan: TrainingPlan, candidate: TrainingCandidate) -> str:
    """A neighbour of the choice in one line: what it is, its price, what it would yield, why it is not the choice."""
    line = f"{where(candidate.setup)}, {candidate.usd_per_hour:.2f}/hour: "
    if runs(candidate):
        line += f"{about(rate(candidate))} tokens/s, {run_price_words(plan, candidate)}; "
    return line + training_verdict(plan, candidate)


def run_price_words(plan: TrainingPlan, candidate: TrainingCandidate) -> str:
    """ "26 minutes and 1.71 USD" """
    return f"{duration(likely_hours(plan, candidate))} and {cents(likely_usd(plan, candidate))} USD"


def rows_words(plan: TrainingPlan) -> str:
    """ "10,000 rows of 512 tokens x 3 epochs" """
    request = plan.request
    rows = request.dataset_rows or ASSUMED_ROWS
    passes = f" x {request.epochs} epochs" if request.epochs > 1 else ""
    return f"{rows:,} rows of {row_tokens(plan):,} tokens{passes}"


def row_tokens(plan: TrainingPlan) -> int:
    return plan.request.row_tokens or plan.request.context_len


def how(candidate: TrainingCandidate) -> str:
    """ "LoRA", "full fine-tuning with ZeRO-2" """
    setup = candidate.setup
    spread = layout(setup)
    return METHOD_NAMES[setup.method] + (f" with {spread}" if spread else "")


def step(candidate: TrainingCandidate) -> str:
    """ "4 x 8, recomputed": micro-batch x accumulation, and whether activations are checkpointed."""
    again = ", recomputed" if candidate.setup.gradient_checkpointing else ""
    return f"{candidate.setup.micro_batch} x {candidate.accumulation}{again}"


def training_cells(plan: TrainingPlan, candidate: TrainingCandidate) -> tuple[str, ...]:
    """A row of a table: GPUs, how, step, GiB, tokens/s, USD/hour, the run and its USD, why it is not the choice."""
    estimate, works = candidate.estimate, runs(candidate)
    return (
        where(candidate.setup),
        how(candidate),
        step(candidate) if works else "-",
        f"{sum(training_terms(estimate).values()):.1f} of {estimate.usable_gib:.1f}" if works else "-",
        about(rate(candidate)) if works else "-",
        f"{candidate.usd_per_hour:.2f}",
        duration(likely_hours(plan, candidate)) if works else "-",
        cents(likely_usd(plan, candidate)) if works else "-",
        training_verdict(plan, candidate),
    )


def training_run(plan: TrainingPlan) -> str:
    """The price of the run where its rows are known, else of one that is assumed."""
    packed = ", several to a sequence" if plan.chosen.setup.packed else ""
    price = run_price_words(plan, plan.chosen)
    if plan.request.dataset_rows:
        return f"{rows_words(plan)} (prior){packed}: about {price}; `make check` counts yours"
    unknown = "no dataset is named" if plan.request.dataset in ("", "none") else "its rows are not known"
    return f"{unknown}; {rows_words(plan)} would take {price} (prior): `make check` counts yours"


def stops(plan: TrainingPlan) -> str:
    """When the budget ends the run: "stops at 20/run, which pays for 3.2 hours"."""
    budget = plan.request.budget
    if budget.per == "none":
        return "no budget set"
    if budget.per == "hour":
        return f"within {budget.usd:g}/hour"
    return f"stops at {budget.usd:g}/{budget.per}, which pays for {duration(paid_s(budget, plan.chosen) / 3600)}"


def training_changes(plan: TrainingPlan) -> list[str]:
    """Other answers, and what they would get."""
    return list(other_methods(plan)) + list(other_places(plan))


def other_methods(plan: TrainingPlan) -> Iterator[str]:
    """What the methods that were not taken need, on the card that is best for each."""
    request = replace(plan.request, gpu="auto", gpu_count=0, quantization="auto")
    for method, words in METHOD_NAMES.items():
        if method == plan.chosen.setup.method or (method == "qlora" and not four_bits(request)):
            continue
        asked = f"Method {method} ({words})" if method == "full" else f"Method {method}"
        if best := best_of(replace(request, method=method)):
            yield f"{asked} works too: on {where(best.setup)}, {run_price_words(plan, best)} for the run."
        elif best := best_of(replace(request, method=method, budget=Budget(float("inf"), "none"))):
            yield f"{asked} needs a budget of {training_offer(request.budget, best)}."


def other_places(plan: TrainingPlan) -> Iterator[str]:
    """More GPUs, faster ones, cheaper ones."""
    request = replace(plan.request, gpu="auto", gpu_count=0, method=plan.chosen.setup.method)
    ours = likely_hours(plan, plan.chosen)
    if plan.request.gpu != "auto" or plan.request.gpu_count:
        best = best_of(request)
        if best and where(best.setup) != where(plan.chosen.setup):
            yield f"With gpu and gpu_count auto it would be {where(best.setup)}: {run_price_words(plan, best)}."
    if request.task == "finetune":
        best = best_of(replace(request, task="distributed", optimize="throughput"))
        if best and likely_hours(plan, best) < ours:
            yield f"Task distributed is through earlier: {where(best.setup)}, {run_price_words(plan, best)}."
    working = [candidate for candidate in plan.candidates if candidate.rank]
    fastest = min(working, key=lambda c: likely_hours(plan, c))
    cheapest = min(working, key=lambda c: likely_usd(plan, c))
    if request.optimize == "cost" and likely_hours(plan, fastest) < 0.95 * ours:
        yield f"Chosen for throughput it would be {where(fastest.setup)}: {run_price_words(plan, fastest)}."
    if request.optimize != "cost" and likely_usd(plan, cheapest) < 0.95 * likely_usd(plan, plan.chosen):
        yield f"Chosen for cost it would be {where(cheapest.setup)}: {run_price_words(plan, cheapest)}."
    if any(not c.estimate.fits and c.usd_per_hour < plan.chosen.usd_per_hour for c in plan.candidates):
        yield "A shorter context makes room on cards that cost less by the hour."


def why_lower(plan: TrainingPlan) -> str:
    """Why no method was taken that changes more of the model: "full fine-tuning does not fit"; "" where none does."""
    above = methods(plan.request)[: methods(plan.request).index(plan.chosen.setup.method)]
    if not above:
        return ""
    weighed = [candidate for candidate in plan.candidates if candidate.setup.method in above]
    names = " and ".join(METHOD_NAMES[method] for method in above)
    if any(candidate.rank for candidate in weighed):
        return f"{names} would leave too little memory free"
    if any(candidate.accumulation for candidate in weighed):
        return f"the budget does not carry {names}"
    return f"{names} {'do' if len(above) > 1 else 'does'} not fit"
