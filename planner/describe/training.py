"""A training plan in words: GPUs, the run and its price, neighbours of the choice, what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from ..asked import Budget
from ..choose.micro_batch import need_gib
from ..choose.training import best_of, class_of, setup_name, weigh_again
from ..choose.training_cost import needed_usd, paid_s
from ..choose.training_setups import four_bits, methods
from ..estimate.training_run import ASSUMED_ROWS
from ..estimate.training_states import sequences_of
from ..schema import Request, TrainingCandidate, TrainingEstimate, TrainingPlan, TrainingRun, TrainingSetup, replace
from .format import about, budget_words, dollars, duration, hourly, time_words
from .names import METHOD_NAMES, sharding_name
from .training_rejections import training_rejection

SHORTEST_CONTEXT = 256  # tokens; nothing shorter is suggested
LESS = 0.9  # times the price or the hours: what another answer must bring to be named
MEMORY_TERMS = ("weights", "gradients", "optimizer", "activations", "logits", "overhead")


def memory_terms(estimate: TrainingEstimate) -> dict[str, float]:
    """Return GiB per GPU by term, in the order of MEMORY_TERMS; their sum is the predicted peak."""
    return {name: getattr(estimate, f"{name}_gib") for name in MEMORY_TERMS}


def where(setup: TrainingSetup) -> str:
    """Return "1x B200", "2 nodes of 8x H100"."""
    cards = f"{setup.gpu_count}x {setup.gpu.name}"
    return f"{setup.nodes} nodes of {cards}" if setup.nodes > 1 else cards


def rate(candidate: TrainingCandidate) -> float:
    """Return the tokens/s over all GPUs; 0 where the card cannot run it."""
    return candidate.estimate.tokens_per_s or 0.0


def usd_per_million(candidate: TrainingCandidate) -> float:
    """Return the USD for a million tokens, the main memory that offloading occupies included."""
    return candidate.usd_per_hour / rate(candidate) / 3600 * 1e6


def run_of(candidate: TrainingCandidate) -> TrainingRun:
    """Return the run of a candidate that has one."""
    assert candidate.run is not None
    return candidate.run


def one_per_gpu(plan: TrainingPlan) -> list[TrainingCandidate]:
    """Return the best candidate of each GPU type: ranked, else one that runs, else the one that nearly fits."""

    def order(candidate: TrainingCandidate) -> tuple[float, float]:
        if candidate.rank:
            return 0, candidate.rank
        if candidate.run:
            return 1, candidate.run.known_usd or candidate.usd_per_hour
        return 2, need_gib(candidate.estimate) - candidate.estimate.usable_gib

    best: dict[str, TrainingCandidate] = {}
    for candidate in sorted(plan.candidates, key=order):
        best.setdefault(candidate.setup.gpu.name, candidate)
    return list(best.values())


def frontier(plan: TrainingPlan) -> list[TrainingCandidate]:
    """Return the working candidates whose run nothing beats in both price and hours, the cheapest first."""
    working = [candidate for candidate in plan.candidates if candidate.rank]
    kept: list[TrainingCandidate] = []
    for candidate in sorted(working, key=lambda c: (run_of(c).usd, run_of(c).hours)):
        if not kept or run_of(candidate).hours < run_of(kept[-1]).hours:
            kept.append(candidate)
    return kept


def cheaper_run(plan: TrainingPlan) -> TrainingCandidate | None:
    """Return the best ranked candidate whose run costs less."""
    ours = run_of(plan.chosen).usd
    below = [c for c in plan.candidates if c.rank and run_of(c).usd < 0.98 * ours]
    return min(below, key=lambda c: c.rank, default=None)


def quicker(plan: TrainingPlan) -> TrainingCandidate | None:
    """Return the cheapest candidate whose run ends earlier, within the budget if one does."""
    ours = run_of(plan.chosen).hours
    running = [c for c in plan.candidates if c.run and run_of(c).hours < 0.95 * ours]
    return min(running, key=lambda c: (bool(c.rejected), run_of(c).usd), default=None)


def verdict(plan: TrainingPlan, candidate: TrainingCandidate) -> str:
    """Return why the candidate is not the choice, in half a sentence; "chosen" for the choice."""
    if candidate is plan.chosen:
        return "chosen"
    if candidate.rejected:
        return training_rejection(plan.request, candidate)
    ours, best = class_of(plan.request, candidate), class_of(plan.request, plan.chosen)
    if ours.tight > best.tight:
        left = candidate.estimate.usable_gib - need_gib(candidate.estimate)
        return f"leaves {left:.1f} GiB free, less than the estimate may err"
    if ours.method > best.method:
        return f"works with {METHOD_NAMES[candidate.setup.method]} only"
    if ours.offloads > best.offloads:
        return "offloads to main memory, which is the last resort"
    if ours.weak_link > best.weak_link:
        return f"{candidate.setup.gpu.name} has no NVLink: gradients over PCIe take too much of a step"
    if ours.several_nodes > best.several_nodes:
        return "one node is enough"
    return balance(run_of(candidate), run_of(plan.chosen))


def balance(run: TrainingRun, best: TrainingRun) -> str:
    """Return the disadvantages of a run beside the choice's, and its advantages in brackets.

    "takes 1.3x as long (8% less per run)".
    """
    dearer, longer = run.usd / best.usd - 1, run.hours / best.hours
    parts: list[tuple[str, bool]] = []
    if abs(dearer) >= 0.005:
        words = f"{abs(dearer):.0%} {'more' if dearer > 0 else 'less'} per run"
        parts.append((f"{dearer + 1:.1f}x the price per run" if dearer >= 1 else words, dearer > 0))
    if abs(longer - 1) >= 0.02:
        parts.append((time_words(longer), longer > 1))
    against = [words for words, bad in parts if bad] or ["no cheaper" if dearer > -0.005 else "no faster"]
    favour = [words for words, bad in parts if not bad]
    return ", ".join(against) + (f" ({', '.join(favour)})" if favour else "")


def beside(plan: TrainingPlan, candidate: TrainingCandidate) -> str:
    """Return a candidate beside the choice in one line: GPUs, price, its run, why it is not the choice."""
    return f"{gets(candidate)}. Not chosen: {verdict(plan, candidate)}"


def gets(candidate: TrainingCandidate) -> str:
    """Return "1x H100, LoRA, $3.95/h: ~9,000 tokens/s, 26 minutes and $1.71"."""
    line = f"{where(candidate.setup)}, {how(candidate)}, {hourly(candidate.usd_per_hour)}"
    return f"{line}: ~{about(rate(candidate))} tokens/s, {run_price(run_of(candidate))}" if candidate.run else line


def run_price(run: TrainingRun) -> str:
    """Return "26 minutes and $1.71"."""
    return f"{duration(run.hours)} and {dollars(run.usd)}"


def rows_words(plan: TrainingPlan) -> str:
    """Return "10,000 rows of 512 tokens x 3 epochs", "10,000 pairs of 2 x 512 tokens"."""
    request = plan.request
    rows = request.dataset_rows or ASSUMED_ROWS
    passes = f" x {request.epochs} epochs" if request.epochs > 1 else ""
    if request.objective == "dpo":
        return f"{rows:,} pairs of 2 x {row_tokens(plan):,} tokens{passes}"
    return f"{rows:,} rows of {row_tokens(plan):,} tokens{passes}"


def row_tokens(plan: TrainingPlan) -> int:
    return plan.request.row_tokens or plan.request.context_len


def how(candidate: TrainingCandidate) -> str:
    """Return "LoRA", "LoRA by DPO", "full fine-tuning with ZeRO-2"."""
    setup = candidate.setup
    spread, objective = sharding_name(setup), " by DPO" if setup.objective == "dpo" else ""
    return METHOD_NAMES[setup.method] + objective + (f" with {spread}" if spread else "")


def step(candidate: TrainingCandidate) -> str:
    """Return "4 x 8, padded, recomputed": micro-batch x accumulation, and what its tokens per second include."""
    setup = candidate.setup
    padded = ", padded" if sequences_of(setup) > 1 and not setup.packed else ""
    again = ", recomputed" if setup.gradient_checkpointing else ""
    return f"{setup.micro_batch} x {setup.accumulation}{padded}{again}"


def cells(plan: TrainingPlan, candidate: TrainingCandidate) -> tuple[str, ...]:
    """Return a table row: GPUs, how, step, GiB, tokens/s, USD/hour, the run, its USD, why it is not the choice."""
    estimate, run = candidate.estimate, candidate.run
    return (
        where(candidate.setup),
        how(candidate),
        step(candidate) if run else "-",
        f"{sum(memory_terms(estimate).values()):.1f} of {estimate.usable_gib:.1f}" if run else "-",
        about(rate(candidate)) if run else "-",
        f"{candidate.usd_per_hour:.2f}",
        duration(run.hours) if run else "-",
        dollars(run.usd).removeprefix("$") if run else "-",
        verdict(plan, candidate),
    )


def run_text(plan: TrainingPlan) -> str:
    """Return the price of the run over its known or assumed rows."""
    packed = ", several to a sequence" if plan.chosen.setup.packed else ""
    unknown = "no dataset named" if plan.request.dataset in ("", "none") else "number of rows unknown"
    assumed = "row length assumed" if plan.request.dataset_rows else f"{unknown}; rows and their length assumed"
    price = run_price(run_of(plan.chosen))
    return f"{rows_words(plan)}{packed} ({assumed}): ~{price}. `make check` counts yours"


def budget_end(plan: TrainingPlan) -> str:
    """Return when the budget ends the run: "stops at $20/run, which pays for 3.2 hours"."""
    budget = plan.request.budget
    if budget.per == "none":
        return "no budget set"
    if budget.per == "hour":
        return f"within {budget_words(budget)}; a run costs what it takes"
    return f"stops at {budget_words(budget)}, which pays for {duration(paid_s(budget, plan.chosen) / 3600)}"


def what_would_change(plan: TrainingPlan) -> list[str]:
    """Return other answers and what they would get, a sentence each."""
    return list(other_methods(plan)) + list(other_places(plan))


def other_methods(plan: TrainingPlan) -> Iterator[str]:
    """Yield what the methods that were not taken need, each on its best GPUs."""
    request = replace(plan.request, gpu="auto", gpu_count=0, quantization="auto")
    for method, words in METHOD_NAMES.items():
        if method == plan.chosen.setup.method or (method == "qlora" and not four_bits(request)):
            continue
        typed = typed_answers(plan.request, replace(request, method=method))
        typed += f" ({words})" if method == "full" else ""
        if best := best_of(replace(request, method=method)):
            yield f"{typed} works too: {gets(best)}."
        elif best := best_of(replace(request, method=method, budget=Budget(float("inf"), "none"))):
            price, _, setup = training_offer(request.budget, best).partition(" ")
            yield f"{typed} needs `budget={price}` {setup}."


def typed_answers(request: Request, other: Request) -> str:
    """Return the answers that make one request another, as they are typed: "`gpu=auto method=lora`"."""
    found = [
        f"{key}={getattr(other, key)}"
        for key in ("task", "method", "quantization", "optimize")
        if getattr(other, key) != getattr(request, key)
    ]
    if (request.gpu, request.gpu_count) != (other.gpu, other.gpu_count):
        found.append(f"gpu={other.gpu}")
    return f"`{' '.join(found)}`"


def other_places(plan: TrainingPlan) -> Iterator[str]:
    """Yield what more, faster or cheaper GPUs would get."""
    request = replace(plan.request, gpu="auto", gpu_count=0, method=plan.chosen.setup.method)
    ours = run_of(plan.chosen).hours
    if plan.request.gpu != "auto" or plan.request.gpu_count:
        best = best_of(request)
        if best and where(best.setup) != where(plan.chosen.setup):
            yield f"{typed_answers(plan.request, request)}: {gets(best)}."
    if request.task == "finetune":
        other = replace(request, task="distributed", optimize="throughput")
        best = best_of(other)
        if best and run_of(best).hours < ours:
            yield f"{typed_answers(plan.request, other)} ends earlier: {gets(best)}."
    half = plan.request.context_len // 2
    shorter = replace(plan.request, context_len=half, row_tokens=min(half, plan.request.row_tokens))
    best = best_of(shorter) if half >= SHORTEST_CONTEXT else None
    if best and run_of(best).usd < LESS * run_of(plan.chosen).usd:
        yield f"`context_len={half}`, half of the context: {gets(best)}."


def other_aims(plan: TrainingPlan) -> Iterator[str]:
    """Yield what the same budget gets for the other aim: a run has a price and an end, so latency is throughput."""
    aim = "throughput" if plan.request.optimize == "cost" else "cost"
    best = weigh_again(replace(plan.request, optimize=aim), plan.candidates)[0]
    same = best.setup == plan.chosen.setup
    yield f"`optimize={aim}`: the same choice." if same else f"`optimize={aim}`: {gets(best)}."


def why_lower(plan: TrainingPlan) -> str:
    """Return why no method that trains more of the model was taken: "full fine-tuning does not fit", or ""."""
    above = methods(plan.request)[: methods(plan.request).index(plan.chosen.setup.method)]
    if not above:
        return ""
    weighed = [candidate for candidate in plan.candidates if candidate.setup.method in above]
    names = " and ".join(METHOD_NAMES[method] for method in above)
    if any(candidate.rank for candidate in weighed):
        return f"{names} would leave too little memory free"
    if any(candidate.run for candidate in weighed):
        return f"the budget does not pay for {names}"
    return f"{names} {'do' if len(above) > 1 else 'does'} not fit"


def training_offer(budget: Budget, candidate: TrainingCandidate) -> str:
    """Return "51.64/run (H100, qlora)", in the unit of the budget, rounded up so that it would pay."""
    per = budget.per if budget.per in ("run", "month") else "hour"
    usd = ceil(needed_usd(budget, candidate) * 100 - 1e-6) / 100
    return f"{usd:.2f}/{per} ({setup_name(candidate.setup)})"
