"""How many containers carry a rate, or answer requests at once within the targets.

Each configuration has one figure: the most that a container carries, of requests/s or of requests at once. The
containers follow by division, so that a higher rate or a stricter target never needs fewer.
"""

from __future__ import annotations

import math

from ..asked import Targets
from ..estimate.inference_memory import memory
from ..estimate.inference_speed import forward_pass_s, generation_speed, steps_of
from ..estimate.memory_terms import InferenceMemory
from ..estimate.queueing import Latency, highest_rate, latency, latency_at
from ..reasons import Reason, Rejection
from ..schema import InferenceSetup, Request
from .containers import SMALL_STEP, SPARE, Share, queues, share_of, told
from .doubt import spare_requests, speed_doubt, tight

LOADED = 0.8  # of the highest rate, at most: beyond it the queue grows fast, and traffic is not that even (prior)
READABLE_S, PATIENT_S = 0.1, 10.0  # a token that one reader follows, a first one that people wait for (priors)
SPREAD = 4  # standard deviations of the requests in flight for which there are slots
LEAST_SHARE = 0.1  # of the load that memory allows: targets that are met only below it are not met
HALVINGS = 12


def sized(request: Request, setup: InferenceSetup) -> Share:
    """Return the setup of one container, and how many carry the load of the request within its targets."""
    if request.rate:
        return of_rate(request, setup)
    share = share_of(request, setup)
    return within_targets(request, share) if any(request.targets) and share.containers else share


def within_targets(request: Request, share: Share) -> Share:
    """Return the share with as few requests in each container as meet the targets."""

    def tried(at_once: int) -> tuple[InferenceSetup, InferenceMemory, Rejection | None]:
        one = told(share.setup, at_once)
        held = memory(one)
        return one, held, missed(request.targets, one, *times_at_once(one, held))

    too_many = missed(request.targets, share.setup, *times_at_once(share.setup, share.memory))
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


def times_at_once(setup: InferenceSetup, held: InferenceMemory) -> tuple[float, float]:
    """Return the seconds to the first token and between tokens with `concurrency` requests in flight all the time."""
    if setup.model.workload != "generation":
        return forward_pass_s(setup, float(setup.concurrency)), 0.0
    speed = generation_speed(setup, held)
    return speed.time_to_first_token_s, speed.time_per_output_token_s


def of_rate(request: Request, setup: InferenceSetup) -> Share:
    """Return the share of a container under the rate of the request."""
    largest, held = most_held(setup)
    shares = [carried(request, largest, held)]
    generates = setup.engine == "vllm" and request.workload == "generation"
    bounded = largest.concurrency < setup.concurrency  # by memory, of which a step takes some
    if generates and bounded and setup.max_batched_tokens > SMALL_STEP:
        shares.append(carried(request, *most_held(setup._replace(max_batched_tokens=SMALL_STEP))))
    working = [share for share in shares if share.containers]
    most = max((share.most_per_s for share in working), default=0.0)  # the engine's own step where it is about as good
    return next((share for share in working if share.most_per_s * SPARE >= most), shares[0])


def carried(request: Request, largest: InferenceSetup, held: InferenceMemory) -> Share:
    """Return the share of a container that holds so many at once, with the most requests/s that it carries."""
    if not held.fits:
        return Share(largest, held, 0)
    highest = times_rate(largest, held)
    safe = LOADED / speed_doubt(largest) * highest

    def missed_at(rate: float) -> Rejection | None:
        return missed(limits, largest, *seconds(at(rate)))

    at = latency_at(largest, held)
    limits = with_patience(request.targets, largest, *seconds(at(safe * LEAST_SHARE)))
    most = safe
    if missed_at(safe):
        low, high = safe * LEAST_SHARE, safe
        least = min(low, request.rate)
        unmet = missed_at(least)
        if unmet:
            return Share(largest._replace(rate=least), held, 0, rejected=unmet)
        low = least
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if missed_at(middle) else (middle, high)
        most = low
    containers = max(1, math.ceil(request.rate / most - 1e-9))
    one = largest._replace(rate=request.rate / containers)
    return Share(*with_slots(limits, one, held), containers, most_per_s=most)


def with_slots(
    limits: Targets, largest: InferenceSetup, held: InferenceMemory
) -> tuple[InferenceSetup, InferenceMemory]:
    """Return the setup with as many slots as the requests in flight take, with what chance adds, and its memory."""
    flying = latency(largest, held).in_flight
    slots = math.ceil(flying + SPREAD * math.sqrt(flying) + 1)
    if slots >= largest.concurrency:
        return largest, held
    one = told(largest, slots)
    less = memory(one)
    found = latency(one, less)
    if missed(limits, one, *seconds(found)) or found.utilization > LOADED:
        return largest, held
    return one, less


def times_rate(setup: InferenceSetup, held: InferenceMemory) -> float:
    """Return the highest rate of one container, in requests/s."""
    slots = float(setup.concurrency)
    if setup.model.workload != "generation":
        return slots / forward_pass_s(setup, slots)
    return highest_rate(steps_of(setup, held), slots)


def most_held(setup: InferenceSetup) -> tuple[InferenceSetup, InferenceMemory]:
    """Return the setup with as many requests of full context as it surely holds at once, and its memory."""
    one, held = setup, memory(setup)
    while one.concurrency > 1 and not (held.fits and int(held.requests) >= one.concurrency):
        fewer = one.concurrency - 1 if held.fits else one.concurrency // 2
        one = told(setup, max(1, min(int(held.requests) or fewer, fewer)))
        held = memory(one)
    sure = one.concurrency
    while held.fits and sure > 1 and tight(one, held, held.requests):
        sure = (
            min(sure - 1, max(1, int(spare_requests(one, held, held.requests)))) if one.engine == "vllm" else sure // 2
        )
        one = told(setup, sure)
        held = memory(one)
    return one, held


def seconds(found: Latency) -> tuple[float, float]:
    """Return the seconds to the first token and between tokens."""
    return found.ttft_s, found.tpot_s or 0.0


def with_patience(targets: Targets, setup: InferenceSetup, ttft_s: float, tpot_s: float) -> Targets:
    """Return the targets, and what nobody asked for but people bear, where a setup with few requests has that."""
    doubt = speed_doubt(setup)
    return Targets(
        targets.ttft_s or (PATIENT_S if ttft_s * doubt <= PATIENT_S else 0.0),
        targets.tpot_s or (READABLE_S if tpot_s * doubt <= READABLE_S else 0.0),
    )


def missed(targets: Targets, setup: InferenceSetup, ttft_s: float, tpot_s: float) -> Rejection | None:
    """Return a rejection where a target is missed, with the seconds that are predicted.

    What is less sure must meet a target with that much to spare.
    """
    doubt = speed_doubt(setup)
    if targets.tpot_s and tpot_s * doubt > targets.tpot_s:
        return Rejection(Reason.TPOT_OVER_TARGET, seconds=tpot_s)
    if targets.ttft_s and ttft_s * doubt > targets.ttft_s:
        return Rejection(Reason.TTFT_OVER_TARGET, seconds=ttft_s)
    return None
