"""The order of the inference setups that work: what is gained for the money, and what is beaten outright.

Within one quality of weights nothing is taken that costs more and is slower than something else, so a larger budget
never gives a slower plan. Of the rest the best score is taken, price against speed as the aim weighs them, and of
scores that are as good as equal the fastest.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..catalogue.gpus import gpu_string
from ..schema import InferenceCandidate, Request
from .cost import container_usd_per_hour, paid_containers, tokens_per_s, usd_per_million
from .formats import quality_lost
from .margins import speed_margin, tight

MIN_READABLE_TOKENS_PER_S = 10  # that one reader follows; slower answers rank last (prior)
# What speed is worth (priors). A service that is twice as fast may cost 32% more an hour, a batch 7% more a row.
SERVE_SPEED, BATCH_SPEED = 0.4, 0.1
# What price is worth where speed is the aim: twice the price must bring 7% more tokens/s, or answers in 16% less time.
THROUGHPUT_PRICE, LATENCY_PRICE = 0.1, 0.25
# Times the price, of what is less sure or less like the published model (priors).
TIGHT, EIGHT_BITS = 1.15, 1.1
NEAR = 1.01  # times the best score is as good where the aim is cost: no speed is predicted that well (prior)


class RankKey(NamedTuple):
    """The sort key of a working candidate, the weightiest part first; smaller is better."""

    slow: bool  # fewer tokens/s than people read
    quality_lost: int
    tight: bool  # where the price alone decides
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
    speed: float  # tokens/s, or answers a second (`by_answer`)
    score: float


def ranked(request: Request, candidates: list[InferenceCandidate]) -> list[InferenceCandidate]:
    """Return working candidates: first the best that nothing of its quality beats, then the others by their score."""
    if not candidates:
        return []
    merits = [merit(request, candidate) for candidate in candidates]
    merits.sort(key=lambda one: rank_key(request, one))
    quality = merits[0].slow, merits[0].quality_lost
    near = unbeaten([one for one in merits if (one.slow, one.quality_lost) == quality])
    enough = near[0].score * (NEAR if request.optimize == "cost" and not cheapest(request) else 1.0)
    first = max((one for one in near if one.score <= enough), key=lambda one: (not one.tight, one.speed, -one.price))
    return [first.candidate, *(one.candidate for one in merits if one is not first)]


def unbeaten(merits: list[Merit]) -> list[Merit]:
    """Return those that nothing beats, of one quality: no other is as good in everything and better in something."""
    kept, fastest = [], {False: (0.0, -math.inf), True: (0.0, -math.inf)}  # of what is not tight, of all
    for number, one in sorted(enumerate(merits), key=lambda pair: (pair[1].price, -pair[1].speed)):
        own = one.speed, -one.price
        if own >= fastest[one.tight]:
            kept.append(number)
        fastest[True] = max(fastest[True], own)
        if not one.tight:
            fastest[False] = max(fastest[False], own)
    return [merits[number] for number in sorted(kept)]


def rank_key(request: Request, one: Merit) -> RankKey:
    """Return the sort key of a working candidate."""
    tight = one.tight and cheapest(request)
    return RankKey(one.slow, one.quality_lost, tight, one.score, one.price, -one.rate, name(one.candidate))


def merit(request: Request, candidate: InferenceCandidate) -> Merit:
    """Return what counts of a working candidate."""
    setup, rate = candidate.setup, tokens_per_s(candidate)
    hourly = paid_containers(request, candidate) * container_usd_per_hour(setup)
    batch = request.task == "batch"
    price = usd_per_million(candidate) if batch else hourly  # a batch ends; a service is paid by the hour
    assert candidate.estimate is not None
    close = tight(setup, candidate.estimate, candidate.estimate.requests_at_once)
    answer = 1 / answer_s(candidate)
    score = {
        "cost": price / rate ** (BATCH_SPEED if batch else SERVE_SPEED),
        "throughput": hourly**THROUGHPUT_PRICE / (rate / candidate.containers if request.rate else rate),
        "latency": hourly**LATENCY_PRICE / answer,
    }[request.optimize]
    return Merit(
        candidate=candidate,
        slow=request.task == "serve" and tokens_per_request(request, candidate) < least_readable(request),
        quality_lost=quality_lost(setup),
        tight=close,
        price=price,
        rate=rate,
        speed=answer if by_answer(request) else rate,
        score=price if cheapest(request) else score * score_margin(request, candidate, close),
    )


def least_readable(request: Request) -> float:
    """Return the tokens/s below which an answer is slow; none where a person said how fast tokens must come."""
    return 0.0 if request.targets.tpot_s else MIN_READABLE_TOKENS_PER_S


def score_margin(request: Request, candidate: InferenceCandidate, close: bool) -> float:
    """Return the factor on a candidate's score for what is less sure; 1.0: no margin.

    For a service that is to be cheap, 16 bits may cost EIGHT_BITS times as much as a published fp8 checkpoint; for
    every other aim the two stand side by side.
    """
    setup = candidate.setup
    times = TIGHT if close else 1.0
    times *= speed_margin(setup)
    cheap = request.optimize == "cost" and request.task == "serve"
    return times * (EIGHT_BITS if cheap and setup.quantization == "fp8" != setup.model.quantization else 1.0)


def by_answer(request: Request) -> bool:
    """Whether speed is the time to an answer: where latency is the aim, or a rate fixes the tokens/s."""
    return request.optimize == "latency" or request.rate > 0


def cheapest(request: Request) -> bool:
    """Whether the lowest price alone decides: of what carries a rate or meets targets, where cost is the aim."""
    return request.optimize == "cost" and (request.rate > 0 or any(request.targets))


def tokens_per_request(request: Request, candidate: InferenceCandidate) -> float:
    """Return the tokens/s that each request gets under load."""
    per_token = candidate.estimate and candidate.estimate.time_per_output_token_s
    if per_token and (request.rate or any(request.targets)):
        return 1 / per_token
    return tokens_per_s(candidate) / max(request.concurrency, 1)


def answer_s(candidate: InferenceCandidate) -> float:
    """Return the seconds of a typical answer: at the rate where there is one, else on an idle server."""
    setup, estimate = candidate.setup, candidate.estimate
    assert estimate is not None and estimate.time_to_first_token_s is not None
    if setup.rate:
        return estimate.time_to_first_token_s + setup.output_len * (estimate.time_per_output_token_s or 0.0)
    alone = estimate.decode_tokens_per_s_single
    return estimate.time_to_first_token_s + (setup.output_len / alone if alone else 0.0)


def name(candidate: InferenceCandidate) -> str:
    """Return a name that sorts candidates which are equal in all else."""
    setup = candidate.setup
    formats = f"{setup.quantization} {setup.kv_dtype} {setup.attention} {setup.engine}"
    return f"{gpu_string(setup.gpu, setup.gpu_count)} {formats}"
