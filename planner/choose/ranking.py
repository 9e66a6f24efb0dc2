"""The order of the inference setups that work: what is gained for the money, and what is beaten outright.

Within one quality of weights nothing is taken that costs more and is slower than something else, so a larger budget
never gives a slower plan. Of the rest the best score is taken, price against speed as the aim weighs them, and of
scores that are as good as equal the fastest.
"""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue.gpus import UNMEASURED, gpu_string
from ..schema import InferenceCandidate, Request
from .cost import container_usd_per_hour, paid_containers, tokens_per_s, usd_per_million
from .formats import quality_lost

MIN_READABLE_TOKENS_PER_S = 10  # that one reader follows; slower answers rank last (prior)
# What speed is worth (priors). A service that is twice as fast may cost 32% more an hour, a batch 7% more a row.
SERVE_SPEED, BATCH_SPEED = 0.4, 0.1
# What price is worth where speed is the aim: twice the price must bring 7% more tokens/s, or answers in 16% less time.
THROUGHPUT_PRICE, LATENCY_PRICE = 0.1, 0.25
# Times the price, of what is less sure or less like the published model (priors).
TIGHT, PCIE, DATASHEET, EIGHT_BITS = 1.15, 1.25, 1.05, 1.1
NEAR = 1.01  # times the best score is as good where the aim is cost: no speed is predicted that well (prior)
MEMORY_ERROR = {
    True: 0.04,
    False: 0.01,
}  # of what is predicted, by whether the weights are quantized (docs/accuracy.md)


class RankKey(NamedTuple):
    """The sort key of a working candidate, the weightiest part first; smaller is better."""

    slow: bool  # fewer tokens/s than people read
    quality_lost: int
    score: float
    price: float
    rate: float  # negative: faster first
    name: str  # so that the order is always the same


class Merit(NamedTuple):
    """The figures of a working candidate that are ranked, whatever the aim."""

    candidate: InferenceCandidate
    slow: bool
    quality_lost: int
    tight: bool
    price: float  # USD an hour of a service, USD a million tokens of a batch
    rate: float  # tokens/s
    speed: float  # tokens/s, or answers a second where latency is the aim
    score: float

    def beats(self, other: Merit) -> bool:
        """Whether this is as good as the other one in everything, and better in something."""
        if (self.slow, self.quality_lost) != (other.slow, other.quality_lost) or self.tight > other.tight:
            return False
        no_worse = self.price <= other.price and self.speed >= other.speed
        return no_worse and (self.price, -self.speed) != (other.price, -other.speed)


def ranked(request: Request, candidates: list[InferenceCandidate]) -> list[InferenceCandidate]:
    """Return working candidates: first the best that nothing of its quality beats, then the others by their score."""
    if not candidates:
        return []
    merits = [merit(request, candidate) for candidate in candidates]
    merits.sort(key=rank_key)
    unbeaten = [one for one in merits if not any(other.beats(one) for other in merits)]
    best = unbeaten[0]
    enough = best.score * (NEAR if request.optimize == "cost" else 1.0)
    near = [one for one in unbeaten if (one.slow, one.quality_lost) == (best.slow, best.quality_lost)]
    first = max((one for one in near if one.score <= enough), key=lambda one: (not one.tight, one.speed, -one.price))
    return [first.candidate, *(one.candidate for one in merits if one is not first)]


def rank_key(one: Merit) -> RankKey:
    """Return the sort key of a working candidate."""
    return RankKey(one.slow, one.quality_lost, one.score, one.price, -one.rate, name(one.candidate))


def merit(request: Request, candidate: InferenceCandidate) -> Merit:
    """Return what counts of a working candidate."""
    setup, rate = candidate.setup, tokens_per_s(candidate)
    hourly = paid_containers(request, candidate) * container_usd_per_hour(setup)
    batch = request.task == "batch"
    price = usd_per_million(candidate) if batch else hourly  # a batch ends; a service is paid by the hour
    close = tight(candidate)
    answer = 1 / answer_s(candidate)
    score = {
        "cost": price / rate ** (BATCH_SPEED if batch else SERVE_SPEED),
        "throughput": hourly**THROUGHPUT_PRICE / rate,
        "latency": hourly**LATENCY_PRICE / answer,
    }[request.optimize]
    return Merit(
        candidate=candidate,
        slow=request.task == "serve" and rate / request.concurrency < MIN_READABLE_TOKENS_PER_S,
        quality_lost=quality_lost(setup),
        tight=close,
        price=price,
        rate=rate,
        speed=answer if request.optimize == "latency" else rate,
        score=score * doubt(request, candidate, close),
    )


def doubt(request: Request, candidate: InferenceCandidate, close: bool) -> float:
    """Return how many times its score a candidate is held to be: 1 for one that is sure.

    For a service that is to be cheap, 16 bits may cost EIGHT_BITS times as much as a published fp8 checkpoint; for
    every other aim the two stand side by side.
    """
    setup = candidate.setup
    times = TIGHT if close else 1.0
    times *= PCIE if weak_link(candidate) else 1.0
    times *= DATASHEET if setup.gpu.name in UNMEASURED else 1.0
    cheap = request.optimize == "cost" and request.task == "serve"
    return times * (EIGHT_BITS if cheap and setup.quantization == "fp8" != setup.model.quantization else 1.0)


def weak_link(candidate: InferenceCandidate) -> bool:
    """Whether tensor parallelism goes over PCIe."""
    return candidate.setup.gpu_count > 1 and not candidate.setup.gpu.nvlink


def answer_s(candidate: InferenceCandidate) -> float:
    """Return the seconds of a typical answer on an idle server."""
    setup, estimate = candidate.setup, candidate.estimate
    assert estimate is not None and estimate.time_to_first_token_s is not None
    alone = estimate.decode_tokens_per_s_single
    return estimate.time_to_first_token_s + (setup.output_len / alone if alone else 0.0)


def tight(candidate: InferenceCandidate) -> bool:
    """Whether the requests fit with less to spare than the memory is predicted to err."""
    setup, estimate = candidate.setup, candidate.estimate
    assert estimate is not None
    fixed = estimate.weights_gib + estimate.activation_gib + estimate.overhead_gib
    error = fixed * MEMORY_ERROR[setup.quantization != "none" or setup.model.quantization != "none"]
    if setup.engine == "vllm":
        asked = 1 if setup.max_num_seqs > estimate.requests_at_once else setup.concurrency
        return estimate.kv_cache_gib > 0 and estimate.kv_cache_gib * (1 - asked / estimate.requests_at_once) < error
    return estimate.usable_gib - fixed - estimate.kv_cache_gib < error


def name(candidate: InferenceCandidate) -> str:
    """Return a name that sorts candidates which are equal in all else."""
    setup = candidate.setup
    formats = f"{setup.quantization} {setup.kv_dtype} {setup.attention} {setup.engine}"
    return f"{gpu_string(setup.gpu, setup.gpu_count)} {formats}"
