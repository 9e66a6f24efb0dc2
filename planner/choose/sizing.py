"""How many containers carry a rate, or requests at once within the targets.

Each configuration has one figure: the most that a container carries, in requests/s or in requests at once. The number
of containers follows by division, so that a higher rate or a stricter target never needs fewer.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..asked import Targets
from ..estimate.encoder import forward_pass_s
from ..estimate.generation_speed import batch_of, first_token_s
from ..estimate.inference_memory import memory_at
from ..estimate.inference_speed import Steps, steps_of, with_slots
from ..estimate.memory_terms import InferenceMemory
from ..estimate.queueing import Latency, Server, server_of
from ..reasons import Reason, Rejection
from ..schema import InferenceSetup, Request
from .containers import SMALL_STEP, SPARE, Share, queues, share_of, with_concurrency
from .margins import spare_requests, speed_margin, tight

LOADED = 0.8  # of the highest rate, at most: beyond it the queue grows fast, and real traffic is uneven (prior)
# Targets where none is asked for: seconds between tokens that a reader can follow, and to the first token (priors)
READABLE_S, PATIENT_S = 0.1, 10.0
MemoryAt = Callable[[int], InferenceMemory]  # of a setup, as a function of the requests at once
SPREAD = 4  # standard deviations of the requests in flight for which there are slots
LEAST_SHARE = 0.1  # of the load that memory allows: a setup that meets the targets only below it is rejected
SLACK = 1e-9  # relative, of a quotient that is whole but for its rounding
PARTS = 256  # in which the rate that meets the targets is looked for: to 0.4% of the highest


def size_containers(request: Request, setup: InferenceSetup, alone: bool = False) -> Share:
    """Return the setup of one container, and how many carry the load of the request within its targets.

    `alone`: only whether one is enough is asked; 0 may stand for more.
    """
    if request.rate:
        return share_of_rate(request, setup, alone)
    share = share_of(request, setup)
    return within_targets(request, share) if any(request.targets) and share.containers else share


def within_targets(request: Request, share: Share) -> Share:
    """Return the share with as few requests in each container as meet the targets."""
    steps = steps_of(share.setup, share.memory) if request.workload == "generation" else None
    share = share._replace(steps=steps)
    too_many = missed_target(request.targets, share.setup, *latency_at_concurrency(share.setup, steps))
    if not too_many:
        return share
    held_at = memory_at(share.setup)

    def tried(at_once: int) -> Share:
        one, held = with_concurrency(share.setup, at_once), held_at(at_once)
        fewer = steps and with_slots(steps, one, held)
        missed = missed_target(request.targets, one, *latency_at_concurrency(one, fewer))
        return Share(one, held, 0, rejected=missed, steps=fewer)

    best = tried(1)
    if best.rejected:
        return best
    low, high = 1, share.setup.concurrency
    while high - low > 1:
        middle = (low + high) // 2
        found = tried(middle)
        low, high, best = (low, middle, best) if found.rejected else (middle, high, found)
    total = request.concurrency if not queues(request) else share.setup.concurrency
    containers = math.ceil(total / low)
    if containers * LEAST_SHARE > share.containers:
        return share._replace(containers=0, rejected=too_many)
    return best._replace(containers=containers)


def latency_at_concurrency(setup: InferenceSetup, steps: Steps | None) -> tuple[float, float]:
    """Return the seconds to the first token and between tokens with `concurrency` requests in flight all the time."""
    if not steps:
        return forward_pass_s(setup, float(setup.concurrency)), 0.0
    batch = batch_of(setup, steps)
    return first_token_s(steps, batch), steps.token_s(batch)


def share_of_rate(request: Request, setup: InferenceSetup, alone: bool = False) -> Share:
    """Return a container's share of the rate, with the engine's default step, or a small one where memory is short."""
    setup = setup._replace(rate=request.rate)  # typical lengths size the cache
    held_at = memory_at(setup)
    largest, held = largest_that_fits(setup, held_at)
    shares = [bounded_share(request, largest, held, held_at, alone)]
    generates = setup.engine == "vllm" and request.workload == "generation"
    bounded = largest.concurrency < setup.concurrency  # by memory, of which a step takes some
    if generates and bounded and setup.max_batched_tokens > SMALL_STEP:
        small = setup._replace(max_batched_tokens=SMALL_STEP)
        held_at = memory_at(small)
        shares.append(bounded_share(request, *largest_that_fits(small, held_at), held_at, alone))
    working = [share for share in shares if share.containers]
    most = max((share.most_per_s for share in working), default=0.0)  # the engine's own step where it is about as good
    return next((share for share in working if share.most_per_s * SPARE >= most), shares[0])


def bounded_share(
    request: Request, largest: InferenceSetup, held: InferenceMemory, held_at: MemoryAt, alone: bool
) -> Share:
    """Return a container's share of the rate, and the most requests/s that its slots and the targets allow."""
    if not held.fits:
        return Share(largest, held, 0)
    steps = steps_of(largest, held) if request.workload == "generation" else None
    server, margin = server_of(largest, steps), speed_margin(largest)
    most = safe = LOADED / margin * server.highest
    if alone and request.rate > safe * (1 + SLACK):
        return Share(largest, held, 0)

    limits = Targets(request.targets.ttft_s or PATIENT_S, request.targets.tpot_s or READABLE_S)
    safe_meets = server.within(safe, *seconds(limits, margin))
    if not safe_meets and not all(request.targets):  # a default counts only where a light load meets it
        light = server.latency(safe * LEAST_SHARE)
        limits = with_default_targets(request.targets, largest, *ttft_and_tpot(light))
        safe_meets = server.within(safe, *seconds(limits, margin))
    if not safe_meets:
        if alone and not server.within(request.rate, *seconds(limits, margin)):
            return Share(largest, held, 0)
        least = min(safe * LEAST_SHARE, request.rate)
        found = server.latency(least)
        if unmet := missed_target(limits, largest, *ttft_and_tpot(found)):
            return Share(largest._replace(rate=least), held, 0, rejected=unmet, latency=found, steps=steps)
        most = most_within(server, least, safe, *seconds(limits, margin))
    containers = max(1, math.ceil(request.rate / most - SLACK))
    one = largest._replace(rate=request.rate / containers)
    share = Share(one, held, containers, most, latency=server.latency(one.rate), steps=steps)
    return with_fewest_slots(limits, share, held_at)


def seconds(targets: Targets, margin: float) -> tuple[float, float]:
    """Return the longest predicted times, to the first token and between tokens; infinity where there is no target."""
    return (targets.ttft_s or math.inf) / margin, (targets.tpot_s or math.inf) / margin


def most_within(server: Server, least: float, most: float, ttft_s: float, tpot_s: float) -> float:
    """Return the highest rate with these times, from `least`, which has them, in steps to `most`, which has not."""

    def rate_of(part: int) -> float:
        return least + (most - least) * part / PARTS

    part = largest_part(lambda part: server.tpot_within(rate_of(part), tpot_s), PARTS)  # the cheaper question first
    if not server.within(rate_of(part), ttft_s, tpot_s):
        part = largest_part(lambda part: server.within(rate_of(part), ttft_s, tpot_s), part)
    return rate_of(part)


def largest_part(works: Callable[[int], bool], too_large: int) -> int:
    """Return the largest whole number that works, where 0 does and `too_large` does not."""
    low, high = 0, too_large
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if works(middle) else (low, middle)
    return low


def with_fewest_slots(limits: Targets, share: Share, held_at: MemoryAt) -> Share:
    """Return the share with slots for the mean requests in flight plus SPREAD standard deviations, where that works."""
    assert share.latency is not None
    in_flight = share.latency.in_flight
    slots = math.ceil(in_flight + SPREAD * math.sqrt(in_flight) + 1)
    if slots >= share.setup.concurrency:
        return share
    one = with_concurrency(share.setup, slots)
    held = held_at(slots)
    steps = share.steps and with_slots(share.steps, one, held)
    server = server_of(one, steps)
    if one.rate / server.highest > LOADED:
        return share
    found = server.latency(one.rate, share.latency.others)
    if missed_target(limits, one, *ttft_and_tpot(found)):
        return share
    return share._replace(setup=one, memory=held, steps=steps, latency=found)


def largest_that_fits(setup: InferenceSetup, held_at: MemoryAt) -> tuple[InferenceSetup, InferenceMemory]:
    """Return the setup with the most requests at once that fit within the memory margin, and its memory."""
    one, held = setup, held_at(setup.concurrency)
    while one.concurrency > 1 and not (held.fits and int(held.requests) >= one.concurrency):
        fewer = one.concurrency - 1 if held.fits else one.concurrency // 2
        one = with_concurrency(setup, max(1, min(int(held.requests) or fewer, fewer)))
        held = held_at(one.concurrency)
    sure = one.concurrency
    while held.fits and sure > 1 and tight(one, held, held.requests):
        sure = (
            min(sure - 1, max(1, int(spare_requests(one, held, held.requests)))) if one.engine == "vllm" else sure // 2
        )
        one = with_concurrency(setup, sure)
        held = held_at(sure)
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
