"""The candidates beside the choice in words: cheaper and faster ones, and why each was not taken."""

from __future__ import annotations

from ..choose.cost import batch_rows, batch_usd, tokens_per_s, usd_per_million
from ..choose.formats import by_bitsandbytes, quality_lost
from ..choose.inference import nearness
from ..choose.margins import weak_link
from ..choose.ranking import Merit, answer_s, by_answer, cheapest, merit, tokens_per_request
from ..reasons import Reason
from ..schema import InferenceCandidate, InferencePlan
from .format import about, dollars, hourly, time_words
from .inference import where
from .load import seconds_words
from .names import format_name
from .rejections import inference_rejection

WORTH = 1.5  # times the speed, which people pay for (prior)
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
    """Return what a candidate costs by the measure of the request: USD a token of a batch, USD an hour of a service."""
    return usd_per_million(candidate) if plan.request.task == "batch" else candidate.usd_per_hour


def price_unit(plan: InferencePlan) -> str:
    return "per token" if plan.request.task == "batch" else "per hour"


def cheaper_than(plan: InferencePlan, candidate: InferenceCandidate) -> bool:
    return price(plan, candidate) < (1 - NOTICED) * price(plan, plan.chosen)


def answers(plan: InferencePlan) -> bool:
    """Whether speed is the time to an answer, not tokens/s."""
    return by_answer(plan.request)


def speed(plan: InferencePlan, candidate: InferenceCandidate) -> float:
    """Return the speed that the aim ranks by: tokens/s, or answers a second."""
    return 1 / answer_s(candidate) if answers(plan) else tokens_per_s(candidate)


def speed_unit(plan: InferencePlan) -> str:
    return "in time to an answer" if answers(plan) else "in tokens/s"


def faster_than(plan: InferencePlan, candidate: InferenceCandidate) -> bool:
    return speed(plan, candidate) > (1 + NOTICED) * speed(plan, plan.chosen)


def next_cheaper(plan: InferencePlan) -> InferenceCandidate | None:
    """Return the best ranked candidate that works within the budget and costs less, of the same quality if one does."""
    below = [c for c in plan.candidates if c.rank and cheaper_than(plan, c)]
    return min(below, key=lambda c: c.rank, default=None)


def next_faster(plan: InferencePlan) -> InferenceCandidate | None:
    """Return the best ranked candidate of no less quality that is faster.

    Where the lowest price alone ranks, the cheapest that is WORTH times as fast: the next in price may hardly be.
    Where there is none within the budget, the cheapest that it does not carry.
    """
    lost = quality_lost(plan.chosen.setup)
    quicker = [c for c in plan.candidates if c.containers and quality_lost(c.setup) <= lost and faster_than(plan, c)]
    within = [c for c in quicker if c.rank]
    if within and cheapest(plan.request):
        worth = [c for c in within if speed(plan, c) >= WORTH * speed(plan, plan.chosen)] or within
        return min(worth, key=lambda c: (price(plan, c), -speed(plan, c)))
    if within:
        return min(within, key=lambda c: c.rank)
    over = [c for c in quicker if c.rejected and c.rejected.reason is not Reason.FEWER_GPUS]
    return min(over, key=lambda c: (c.usd_per_hour, -speed(plan, c)), default=None)


def verdict(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return why the candidate is not the choice, in half a sentence; "chosen" for the choice."""
    if candidate is plan.chosen:
        return "chosen"
    if candidate.rejected:
        return inference_rejection(plan.request, candidate)
    ours, best = merit(plan.request, candidate), merit(plan.request, plan.chosen)
    if ours.slow > best.slow:
        return f"{about(tokens_per_request(plan.request, candidate))} tokens/s per request is slower than people read"
    if ours.quality_lost > best.quality_lost and by_bitsandbytes(candidate.setup):
        return "slower than what vLLM loads: bitsandbytes unpacks the weights in each step"
    if ours.quality_lost > best.quality_lost:
        return f"{format_name(candidate.setup)} loses more quality than {format_name(plan.chosen.setup)}"
    return balance(plan, ours, best)


def balance(plan: InferencePlan, ours: Merit, best: Merit) -> str:
    """Return the disadvantages of a candidate of the quality of the choice, and its advantages in brackets."""
    costs = cost_words(ours.price / best.price - 1, price_unit(plan))
    speeds = speed_words(best.speed / ours.speed, answers(plan))
    against = [words for words, bad in (costs, speeds) if words and bad]
    favour = [words for words, bad in (costs, speeds) if words and not bad]
    if ours.tight > best.tight:
        against.insert(0, "memory is short: less is free than the estimate may err")
    if weak_link(ours.candidate.setup):
        against.append("splits the model over PCIe")
    if not against:
        against = ["no cheaper" if not costs[0] else "no faster"]
    return ", ".join(against) + (f" ({', '.join(favour)})" if favour else "")


def cost_words(dearer: float, unit: str) -> tuple[str, bool]:
    """Return ("26% more per hour", True), ("18% less per token", False); "" where the price is the same."""
    if abs(dearer) < 0.005:
        return "", False
    if dearer >= 1:
        return f"{dearer + 1:.1f}x the price {unit}", True
    return f"{abs(dearer):.0%} {'more' if dearer > 0 else 'less'} {unit}", dearer > 0


def speed_words(longer: float, answers: bool) -> tuple[str, bool]:
    """Return what a candidate whose answers take `longer` times as long is in tokens/s, and whether it is slower.

    ("58% fewer tokens/s", True), ("20% more tokens/s", False), ("3.9x the tokens/s", False). With `answers`, in time:
    ("takes 1.6x as long", True), ("40% less time", False). "" where they are alike.
    """
    if abs(longer - 1) < NOTICED:
        return "", False
    if answers:
        return time_words(longer), longer > 1
    if longer > 1:
        return f"{1 - 1 / longer:.0%} fewer tokens/s", True
    return (f"{1 / longer:.1f}x the tokens/s" if longer <= 0.5 else f"{1 / longer - 1:.0%} more tokens/s"), False


def beside(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return a candidate beside the choice in one line: GPUs, price, speed, why it is not the choice."""
    return f"{gets(plan, candidate)}. Not chosen: {verdict(plan, candidate)}"


def gets(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return "1x H100 in fp8, $3.95/h: ~2,400 tokens/s, $0.46/M", without speeds where it does not run."""
    line = priced(plan, candidate)
    if not candidate.containers:
        return line
    answer = f", a typical answer in {answer_words(candidate)}" if answers(plan) else ""
    line += f": ~{about(tokens_per_s(candidate))} tokens/s, {dollars(usd_per_million(candidate))}/M{answer}"
    if plan.request.task == "batch" and batch_rows(plan.request, candidate):
        line += f", {dollars(batch_usd(plan.request, candidate))} for the run"
    return line


def answer_words(candidate: InferenceCandidate) -> str:
    """Return the time of a typical answer: "1.0 s", "2.3 ms"."""
    seconds = answer_s(candidate)
    return f"{seconds:.1f} s" if seconds >= 0.05 else seconds_words(seconds)


def priced(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return "2x L40S in fp8, $3.90/h"."""
    return f"{where(candidate)} in {format_name(candidate.setup)}, {hourly(candidate.usd_per_hour)}"
