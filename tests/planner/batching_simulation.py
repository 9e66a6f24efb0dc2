"""A simulation of continuous batching, step by step, with which planner/estimate/queueing.py is compared.

Requests arrive at random (Poisson). Each step, as vLLM's scheduler plans one: every decoding request gets a token,
prompts that were begun go on, then waiting ones are begun, first come first served, while slots, cache and the step's
tokens last. Where the cache is full the newest request is preempted and its tokens are recomputed. Only the seconds of
a step are the planner's.
"""

import random
from collections import deque
from dataclasses import dataclass
from math import ceil
from statistics import fmean

from planner.estimate.inference_speed import Steps

WARM_UP = 0.2  # of the requests, before the steady state


@dataclass
class SimulatedRequest:
    """A request: times in seconds, lengths in tokens."""

    arrived: float
    prompt: int
    answer: int
    left: int = 0  # of the prompt, not yet read
    written: int = 0
    first: float = 0.0
    last: float = 0.0
    resident: int = 0  # tokens in the cache


@dataclass
class Measured:
    """Means of a simulation in its steady state."""

    ttft_s: float
    ttft_p95_s: float
    tpot_s: float
    in_flight: float
    done_per_s: float


def simulate(
    steps: Steps,
    rate: float,
    slots: int,
    *,
    count: int = 2000,
    cache_tokens: float = float("inf"),
    seed: int = 1,
    spread: float = 0.0,
) -> Measured:
    """Return the latency of `count` requests at `rate` requests/s.

    `spread`: sigma of lognormal lengths around the same means; 0: all alike.
    """
    chance = random.Random(seed)

    def length(mean: int) -> int:
        if not spread:
            return mean
        return max(1, round(mean * chance.lognormvariate(-spread * spread / 2, spread)))

    now, arrivals = 0.0, deque()
    for _ in range(count):
        now += chance.expovariate(rate)
        arrivals.append(SimulatedRequest(now, length(steps.prompt), length(steps.answer)))
    waiting: deque[SimulatedRequest] = deque()
    running: list[SimulatedRequest] = []
    done: list[SimulatedRequest] = []
    now = 0.0
    while len(done) < count:
        while arrivals and arrivals[0].arrived <= now:
            one = arrivals.popleft()
            one.left = one.prompt
            waiting.append(one)
        if not running and not waiting:
            now = arrivals[0].arrived
            continue
        room = steps.step_tokens
        decoding = [one for one in running if not one.left]
        while sum(one.resident for one in running) + len(decoding) > cache_tokens and len(running) > 1:
            out = running.pop()
            out.left, out.resident = out.prompt + out.written, 0
            waiting.appendleft(out)
            decoding = [one for one in running if not one.left]
        room -= len(decoding)
        reading: list[tuple[SimulatedRequest, int]] = []
        for one in running:
            if one.left and room >= 1:
                chunk = int(min(one.left, room))
                reading.append((one, chunk))
                room -= chunk
        used = sum(one.resident for one in running)
        while waiting and room >= 1 and len(running) < slots and used + waiting[0].left <= cache_tokens:
            one = waiting.popleft()
            running.append(one)
            used += one.left
            chunk = int(min(one.left, room))
            reading.append((one, chunk))
            room -= chunk
        tokens = sum(chunk for _, chunk in reading)
        step = steps.step_s(max(len(decoding), 1), tokens)
        alike = 1  # steps in which nothing begins and nothing ends
        if not reading:
            alike = min(one.answer - one.written for one in decoding)
            if arrivals and len(running) < slots:
                alike = min(alike, max(1, ceil((arrivals[0].arrived - now) / step)))
            if used + alike * len(decoding) > cache_tokens:
                alike = 1
        now += alike * step
        for one in decoding:
            one.written += alike
            one.resident += alike
        for one, chunk in reading:
            one.left -= chunk
            one.resident += chunk
            if not one.left:
                one.written += 1
                if not one.first:
                    one.first = now
        for one in [one for one in running if not one.left and one.written >= one.answer]:
            one.last = now
            running.remove(one)
            done.append(one)
    kept = sorted(done, key=lambda one: one.arrived)[int(WARM_UP * count) :]
    firsts = sorted(one.first - one.arrived for one in kept)
    gaps = [(one.last - one.first) / (one.answer - 1) for one in kept if one.answer > 1]
    stays = fmean(one.last - one.arrived for one in kept)
    ends = sorted(one.last for one in done)
    early, late = count * 3 // 10, count * 8 // 10  # while as many come as go
    return Measured(
        ttft_s=fmean(firsts) + steps.outside_s,
        ttft_p95_s=firsts[int(0.95 * len(firsts))] + steps.outside_s,
        tpot_s=fmean(gaps) if gaps else 0.0,
        in_flight=rate * stays,
        done_per_s=(late - early) / (ends[late] - ends[early]),
    )
