"""How many containers carry a rate, or requests at once within the targets.

Each configuration has one figure: the most that a container carries, in requests/s or in requests at once. The number
of containers follows by division, so that a higher rate or a stricter target never needs fewer.
"""

from __future__ import annotations

import math

from ..asked import Targets
from ..estimate.encoder import forward_pass_s
from ..estimate.inference_memory import memory
from ..estimate.inference_speed import generation_speed, steps_of
from ..estimate.memory_terms import InferenceMemory
from ..estimate.queueing import Latency, highest_rate, latency, latency_at
from ..reasons import Reason, Rejection
from ..schema import InferenceSetup, Request
from .containers import SMALL_STEP, SPARE, Share, queues, share_of, with_concurrency
from .margins import spare_requests, speed_margin, tight

LOADED = 0.8  # of the highest rate, at most: beyond it the queue grows fast, and real traffic is uneven (prior)
# Targets where none is asked for: seconds between tokens that a reader can follow, and to the first token (priors)
READABLE_S, PATIENT_S = 0.1, 10.0
SPREAD = 4  # standard deviations of the requests in flight for which there are slots
LEAST_SHARE = 0.1  # of the load that memory allows: a setup that meets the targets only below it is rejected
BISECTIONS = 8  # of the rate that meets the targets: to 0.4% of the highest


def size_containers(request: Request, setup: InferenceSetup) -> Share:
    """Return the setup of one container, and how many carry the load of the request within its targets."""
    if request.rate:
        return share_of_rate(request, setup)
    share = share_of(request, setup)
    return within_targets(request, share) if any(request.targets) and share.containers else share


def within_targets(request: Request, share: Share) -> Share:
    """Return the share with as few requests in each container as meet the targets."""

    def tried(at_once: int) -> tuple[InferenceSetup, InferenceMemory, Rejection | None]:
        one = with_concurrency(share.setup, at_once)
        held = memory(one)
        return one, held, missed_target(request.targets, one, *latency_at_concurrency(one, held))

    too_many = missed_target(request.targets, share.setup, *latency_at_concurrency(share.setup, share.memory))
    if not too_many:
        return share
    best = tried(1)
    if best[2]:
        return Share(*best[:2], 0, rejected=best[2])
    low, high = 1, share.setup.concurrency
    while high - low > 1:
        middle = (low + high) // 2
        found = tried(middle)
        low, high, best = (low, middle, best) if found[2] else (middle, high, found)
    total = request.concurrency if not queues(request) else share.setup.concurrency
    containers = math.ceil(total / low)
    if containers * LEAST_SHARE > share.containers:
        return Share(share.setup, share.memory, 0, rejected=too_many)
    return Share(*best[:2], containers)


def latency_at_concurrency(setup: InferenceSetup, held: InferenceMemory) -> tuple[float, float]:
    """Return the seconds to the first token and between tokens with `concurrency` requests in flight all the time."""
    if setup.model.workload != "generation":
        return forward_pass_s(setup, float(setup.concurrency)), 0.0
    speed = generation_speed(setup, held)
    return speed.time_to_first_token_s, speed.time_per_output_token_s


def share_of_rate(request: Request, setup: InferenceSetup) -> Share:
    """Return a container's share of the rate, with the engine's default step, or a small one where memory is short."""
    setup = setup._replace(rate=request.rate)  # typical lengths size the cache
    largest, held = largest_that_fits(setup)
    shares = [bounded_share(request, largest, held)]
    generates = setup.engine == "vllm" and request.workload == "generation"
    bounded = largest.concurrency < setup.concurrency  # by memory, of which a step takes some
    if generates and bounded and setup.max_batched_tokens > SMALL_STEP:
        shares.append(bounded_share(request, *largest_that_fits(setup._replace(max_batched_tokens=SMALL_STEP))))
    working = [share for share in shares if share.containers]
    most = max((share.most_per_s for share in working), default=0.0)  # the engine's own step where it is about as good
    return next((share for share in working if share.most_per_s * SPARE >= most), shares[0])


def bounded_share(request: Request, largest: InferenceSetup, held: InferenceMemory) -> Share:
    """Return a container's share of the rate, and the most requests/s that its slots and the targets allow."""
    if not held.fits:
        return Share(largest, held, 0)
    highest = highest_rate_of(largest, held)
    safe = LOADED / speed_margin(largest) * highest

    at = latency_at(largest, held)
    limits = Targets(request.targets.ttft_s or PATIENT_S, request.targets.tpot_s or READABLE_S)
    at_safe = ttft_and_tpot(at(safe))
    meets_all = not missed_target(limits, largest, *at_safe)
    if not meets_all:  # a default counts only where a light load meets it
        limits = with_default_targets(request.targets, largest, *ttft_and_tpot(at(safe * LEAST_SHARE)))

    def miss_at(rate: float) -> Rejection | None:
        return missed_target(limits, largest, *ttft_and_tpot(at(rate)))

    most = safe
    if not meets_all and missed_target(limits, largest, *at_safe):
        low, high = safe * LEAST_SHARE, safe
        least = min(low, request.rate)
        unmet = miss_at(least)
        if unmet:
            return Share(largest._replace(rate=least), held, 0, rejected=unmet)
        low = least
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            low, high = (low, middle) if miss_at(middle) else (middle, high)
        most = low
    containers = max(1, math.ceil(request.rate / most - 1e-9))
    one = largest._replace(rate=request.rate / containers)
    one, held, found = with_fewest_slots(limits, one, held, at(one.rate))
    return Share(one, held, containers, most_per_s=most, latency=found)


def with_fewest_slots(
    limits: Targets, largest: InferenceSetup, held: InferenceMemory, at_rate: Latency
) -> tuple[InferenceSetup, InferenceMemory, Latency]:
    """Return the setup with slots for the mean requests in flight plus SPREAD standard deviations.

    Its memory and its latency, too. `at_rate`: the latency with the slots of `largest`.
    """
    in_flight = at_rate.in_flight
    slots = math.ceil(in_flight + SPREAD * math.sqrt(in_flight) + 1)
    if slots >= largest.concurrency:
        return largest, held, at_rate
    one = with_concurrency(largest, slots)
    less = memory(one)
    found = latency(one, less)
    if missed_target(limits, one, *ttft_and_tpot(found)) or found.utilization > LOADED:
        return largest, held, at_rate
    return one, less, found


def highest_rate_of(setup: InferenceSetup, held: InferenceMemory) -> float:
    """Return the highest rate of one container, in requests/s."""
    slots = float(setup.concurrency)
    if setup.model.workload != "generation":
        return slots / forward_pass_s(setup, slots)
    return highest_rate(steps_of(setup, held), slots)


def largest_that_fits(setup: InferenceSetup) -> tuple[InferenceSetup, InferenceMemory]:
    """Return the setup with the most requests at once that fit within the memory margin, and its memory."""
    one, held = setup, memory(setup)
    while one.concurrency > 1 and not (held.fits and int(held.requests) >= one.concurrency):
        fewer = one.concurrency - 1 if held.fits else one.concurrency // 2
        one = with_concurrency(setup, max(1, min(int(held.requests) or fewer, fewer)))
        held = memory(one)
    sure = one.concurrency
    while held.fits and sure > 1 and tight(one, held, held.requests):
        sure = (
            min(sure - 1, max(1, int(spare_requests(one, held, held.requests)))) if one.engine == "vllm" else sure // 2
        )
        one = with_concurrency(setup, sure)
        held = memory(one)
    return one, held


def ttft_and_tpot(found: Latency) -> tuple[float, float]:
    """Return the seconds to the first token and between tokens."""
    return found.ttft_s, found.tpot_s or 0.0


def with_default_targets(targets: Targets, setup: InferenceSetup, ttft_s: float, tpot_s: float) -> Targets:
    """Return the targets, and defaults for those not set where a lightly loaded setup meets them."""
    margin = speed_margin(setup)
    return Targets(
        targets.ttft_s or (PATIENT_S if ttft_s * margin <= PATIENT_S else 0.0),
        targets.tpot_s or (READABLE_S if tpot_s * margin <= READABLE_S else 0.0),
    )


def missed_target(targets: Targets, setup: InferenceSetup, ttft_s: float, tpot_s: float) -> Rejection | None:
    """Return a rejection with the predicted seconds where these, times the speed margin, exceed a target."""
    margin = speed_margin(setup)
    if targets.tpot_s and tpot_s * margin > targets.tpot_s:
        return Rejection(Reason.TPOT_OVER_TARGET, seconds=tpot_s)
    if targets.ttft_s and ttft_s * margin > targets.ttft_s:
        return Rejection(Reason.TTFT_OVER_TARGET, seconds=ttft_s)
    return None
