"""The candidates beside the choice in words: cheaper and faster ones, and why each was not taken."""

from __future__ import annotations

from ..choose.cost import batch_rows, batch_usd, tokens_per_s, usd_per_million
from ..choose.formats import quality_lost
from ..choose.inference import nearness
from ..choose.ranking import Merit, merit, weak_link
from ..reasons import Reason
from ..schema import InferenceCandidate, InferencePlan
from .format import about, cents
from .inference import where
from .names import format_name
from .rejections import inference_rejection

NOTICED = 0.02  # relative: smaller differences are not called cheaper or faster


def one_per_gpu(plan: InferencePlan) -> list[InferenceCandidate]:
    """Return the best candidate of each GPU type: ranked, else one that runs, else the one that nearly fits."""

    def order(candidate: InferenceCandidate) -> tuple[float, ...]:
        if candidate.rank:
            return 0, candidate.rank
        if candidate.containers:
            return 1, quality_lost(candidate.setup), candidate.usd_per_hour, -tokens_per_s(candidate)
        return 2, -nearness(candidate)

    best: dict[str, InferenceCandidate] = {}
    for candidate in sorted(plan.candidates, key=order):
        best.setdefault(candidate.setup.gpu.name, candidate)
    return list(best.values())


def frontier(plan: InferencePlan) -> list[InferenceCandidate]:
    """Return the candidates that nothing beats which is no lossier, the cheapest first, all within the budget.

    Those count too that several GPUs make faster and replicas cheaper.
    """
    within = [c for c in plan.candidates if c.rank or (c.rejected and c.rejected.reason is Reason.FEWER_GPUS)]
    merits = [merit(plan.request, candidate) for candidate in within]
    kept = [one for one in merits if not any(outdone(one, other) for other in merits)]
    return [one.candidate for one in sorted(kept, key=lambda one: (one.price, -one.speed, one.quality_lost))]


def outdone(one: Merit, other: Merit) -> bool:
    """Whether the other costs no more, is no slower and no lossier, and is better in one of them."""
    ours = (one.price, -one.speed, one.quality_lost)
    theirs = (other.price, -other.speed, other.quality_lost)
    return theirs != ours and all(their <= our for their, our in zip(theirs, ours, strict=True))


def price(plan: InferencePlan, candidate: InferenceCandidate) -> float:
    """Return what a candidate costs by the measure of the request: USD a row of a batch, USD an hour of a service."""
    return usd_per_million(candidate) if plan.request.task == "batch" else candidate.usd_per_hour


def cheaper_than(plan: InferencePlan, candidate: InferenceCandidate) -> bool:
    return price(plan, candidate) < (1 - NOTICED) * price(plan, plan.chosen)


def faster_than(plan: InferencePlan, candidate: InferenceCandidate) -> bool:
    return tokens_per_s(candidate) > (1 + NOTICED) * tokens_per_s(plan.chosen)


def next_cheaper(plan: InferencePlan) -> InferenceCandidate | None:
    """Return the best ranked candidate that works within the budget and costs less, of the same quality if one does."""
    below = [c for c in plan.candidates if c.rank and cheaper_than(plan, c)]
    return min(below, key=lambda c: c.rank, default=None)


def next_faster(plan: InferencePlan) -> InferenceCandidate | None:
    """Return the best ranked candidate of no less quality that is faster.

    Where there is none, the cheapest that is and that the budget does not carry.
    """
    lost = quality_lost(plan.chosen.setup)
    quicker = [c for c in plan.candidates if c.containers and quality_lost(c.setup) <= lost and faster_than(plan, c)]
    within = [c for c in quicker if c.rank]
    if within:
        return min(within, key=lambda c: c.rank)
    over = [c for c in quicker if c.rejected and c.rejected.reason is not Reason.FEWER_GPUS]
    return min(over, key=lambda c: (c.usd_per_hour, -tokens_per_s(c)), default=None)


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
    unit = "a token" if plan.request.task == "batch" else "an hour"
    dearer = cost_words(ours.price / best.price - 1, unit)
    if ours.tight > best.tight:
        return f"{dearer}, and fits with less to spare than the estimate may err"
    words = f"{dearer}, {speed_words(best.speed / ours.speed, plan.request.optimize == 'latency')}"
    return f"{words}: tensor parallelism over PCIe" if weak_link(ours.candidate) else words


def cost_words(dearer: float, unit: str) -> str:
    """Return "26% dearer an hour", "as dear a token"."""
    if abs(dearer) < 0.005:
        return f"as dear {unit}"
    if dearer >= 1:
        return f"{dearer + 1:.1f} times as dear {unit}"
    return f"{abs(dearer):.0%} {'dearer' if dearer > 0 else 'cheaper'} {unit}"


def speed_words(slower: float, answers: bool) -> str:
    """Return "1.6 times slower", "as fast"; for `answers` "1.6 times later"."""
    if abs(slower - 1) < NOTICED:
        return "as soon" if answers else "as fast"
    word = ("later" if answers else "slower") if slower > 1 else ("sooner" if answers else "faster")
    times = max(slower, 1 / slower)
    return f"{times:.1f} times {word}" if times >= 1.05 else f"a little {word}"


def beside(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return a candidate beside the choice in one line: GPUs, price, tokens/s, why it is not the choice."""
    line = f"{priced(plan, candidate)}: "
    if candidate.containers:
        line += f"{about(tokens_per_s(candidate))} tokens/s at {cents(usd_per_million(candidate))} per million; "
    return line + verdict(plan, candidate)


def priced(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return "2 x L40S in fp8, 3.90/hour", and the price of a run whose rows are known."""
    hourly = f"{where(candidate)} in {format_name(candidate.setup)}, {candidate.usd_per_hour:.2f}/hour"
    if plan.request.task == "batch" and batch_rows(plan.request, candidate):
        return f"{hourly} and {cents(batch_usd(plan.request, candidate))} for the run"
    return hourly
