"""Latency of requests that arrive at random at a mean rate, and the highest rate that an engine carries.

Continuous batching in mean values: as many requests decode as arrive while one decodes (Little's law); each step has
their tokens and a share of the prompts that arrive meanwhile; prompts are read first come, first served, in steps of
`step_tokens` tokens, as one server (M/D/1); slots are servers that are slower the more are taken. Calculated, and
compared with a simulation of steps in tests/planner/test_queueing.py; docs/planner.md has the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ..schema import InferenceSetup
from .encoder import pass_seconds
from .inference_speed import Steps

ITERATIONS = 18  # at most, of a root search
NEAR = 1e-3  # relative, of a root: one more secant from there is within some 1e-5
RARE_SIGMAS = 6  # with so many standard deviations of free slots, a request hardly ever waits for one
NEGLIGIBLE = 1e-6  # of all states, one that no longer counts
MAX_BUSY = 0.99  # share of the time, so that a mean stays finite


class Latency(NamedTuple):
    """Means at one rate: seconds, requests of all replicas; `utilization` is a share of the highest rate."""

    ttft_s: float  # infinite from the highest rate on
    tpot_s: float | None  # None: no answer is written
    in_flight: float
    utilization: float
    others: float = 0.0  # that decode beside a request, of one replica


def latency(setup: InferenceSetup, steps: Steps | None) -> Latency:
    """Return the latency at `setup.rate` requests/s, of which each replica gets its share.

    `steps`: of a generating model; None of one that only reads.
    """
    replicas = setup.gpu_count // setup.tensor_parallel
    found = server_of(setup, steps).latency(setup.rate / replicas)
    return found if replicas == 1 else found._replace(in_flight=found.in_flight * replicas)


def server_of(setup: InferenceSetup, steps: Steps | None) -> Server:
    """Return one replica of the setup; `steps`: of a generating model, None of one that only reads."""
    slots = max(setup.concurrency * setup.tensor_parallel / setup.gpu_count, 1.0)
    return Generator(steps, slots) if steps else Encoder(setup, slots)


class Server:
    """One replica, at any rate of requests."""

    highest: float  # requests/s that it carries, and no more

    def latency(self, rate: float, others: float = 0.0) -> Latency:
        """Return the latency at so many requests/s; `others`: where known, of a server that differs in its slots."""
        raise NotImplementedError

    def within(self, rate: float, ttft_s: float, tpot_s: float) -> bool:
        """Whether both times are no longer than these at the rate; infinity: it does not matter."""
        raise NotImplementedError

    def tpot_within(self, rate: float, tpot_s: float) -> bool:
        """Whether the time between tokens is no longer than this at the rate."""
        raise NotImplementedError


def highest_rate(steps: Steps, slots: float) -> float:
    """Return the requests/s at which slots, cache or the tokens of a step are all taken."""
    prompts_per_token = steps.prompt / steps.answer
    batch = min(slots, steps.max_in_flight, steps.step_tokens / (1 + prompts_per_token))
    return batch / (steps.answer * steps.token_s(max(batch, 1.0)))


def generation_latency(steps: Steps, rate: float, slots: float) -> Latency:
    """Return the latency of one replica of a generating model with so many slots."""
    return Generator(steps, slots).latency(rate)


class Generator(Server):
    """One replica of a generating model with so many slots."""

    def __init__(self, steps: Steps, slots: float) -> None:
        self.steps, self.highest = steps, highest_rate(steps, slots)
        self.slots = min(slots, steps.max_in_flight)
        self.roomy = 0.0  # the highest rate that is known to leave slots free

    def latency(self, rate: float, others: float = 0.0) -> Latency:
        steps, slots = self.steps, self.slots
        if rate >= self.highest:
            return Latency(math.inf, None, slots, rate / self.highest)
        others, tpot = self.decoding(rate, others)
        ttft = first_token_s(steps, rate, others, slots) + wait_for_slot_s(steps, rate, slots, others)
        return Latency(ttft, tpot, rate * (ttft + (steps.answer - 1) * tpot), rate / self.highest, others)

    def within(self, rate: float, ttft_s: float, tpot_s: float) -> bool:
        if rate >= self.highest or not self.tpot_within(rate, tpot_s):
            return False
        others, tpot = self.decoding(rate)
        first_s = first_token_s(self.steps, rate, others, self.slots)
        if tpot > tpot_s or first_s > ttft_s:
            return False
        return first_s + wait_for_slot_s(self.steps, rate, self.slots, others, ttft_s - first_s) <= ttft_s

    def tpot_within(self, rate: float, tpot_s: float) -> bool:
        """Whether the time between tokens is no longer than this at the rate.

        As many requests decode as arrive while one does, so that the time beside the most that may decode tells
        whether fewer do.
        """
        most = rate * self.steps.answer * tpot_s
        if most < self.slots and self.leaves_slots(rate):
            return token_at(self.steps, rate, self.slots)(most) <= tpot_s
        return self.decoding(rate)[1] <= tpot_s

    def leaves_slots(self, rate: float) -> bool:
        """Whether requests end faster than they arrive once all slots are taken.

        A step with many requests may be so slow that they do not, though fewer would be done in time.
        """
        if rate > self.roomy:
            if rate * self.steps.answer * token_at(self.steps, rate, self.slots)(self.slots) >= self.slots:
                return False
            self.roomy = rate
        return True

    def decoding(self, rate: float, guess: float = 0.0) -> tuple[float, float]:
        """Return the mean number of requests that decode, and the seconds between two tokens of one of them.

        As many as arrive while one decodes (Little's law): the root of a function that is almost linear, by secants.
        """
        steps, slots, per_s = self.steps, self.slots, rate * self.steps.answer
        token_s = token_at(steps, rate, slots)
        if not self.leaves_slots(rate):
            return slots, token_s(slots)
        full_s = max(1, int(slots)) / (steps.answer * steps.departure_rate(max(1, int(slots))))
        alone_s = steps.step_s(1.0)
        slope = (1 - alone_s / full_s) * rate / self.highest - 1  # as if a step grew by the same with each request
        low, high = 0.0, slots  # the root lies between
        others = min(guess or per_s * alone_s / -slope, slots)
        before = over_before = 0.0
        for _ in range(ITERATIONS):
            over = per_s * token_s(others) - others
            low, high = (others, high) if over > 0 else (low, others)
            if before and others != before:
                slope = (over - over_before) / (others - before)
            before, over_before = others, over
            others = others - over / slope if slope < 0 else math.inf
            if not low <= others <= high:
                others = (low + high) / 2
            if abs(over) < NEAR * before:
                break
        return others, others / per_s


def token_at(steps: Steps, rate: float, slots: float) -> Callable[[float], float]:
    """Return the mean seconds between two tokens of a request as a function of the `others` that decode beside it.

    Its steps carry the prompts that arrive while it decodes, and more: when it begins, more prompts wait than when it
    ends, since a prompt leaves a queue behind it (M/D/1), and steps that read are few and long.
    """
    prompt, answer, most_waiting = steps.prompt, steps.answer, slots - 1
    step_and_added_s, step_tokens = steps.step_and_added_s, steps.step_tokens

    def token_s(others: float) -> float:
        step_s, reads_s = step_and_added_s(slots if others > slots else others if others > 1 else 1.0)
        chunk = step_tokens - others
        chunk = chunk if chunk > 1 else 1.0
        busy = rate * prompt * (reads_s + step_s / chunk)
        busy = busy if busy < MAX_BUSY else MAX_BUSY
        free = 1 - busy
        behind = busy + busy * busy / (2 * free)
        own_s, added_s = step_and_added_s(1 + others if 1 + others < slots else slots)
        short = step_s / (step_s + (chunk if chunk < prompt else prompt) * added_s)
        at_end = busy / (2 * free) * short / (busy * short + free)
        more = (behind if behind < most_waiting else most_waiting) - at_end
        prompts = others + more if more > 0 else others  # that are read while one decodes
        return own_s + added_s * prompt * prompts / answer

    return token_s


def first_token_s(steps: Steps, rate: float, others: float, slots: float) -> float:
    """Return the mean seconds to the first token with a slot free: the queue, the step that runs, the prompt itself."""
    step_s, added_s = steps.step_and_added_s(min(max(others, 1.0), slots))
    chunk = max(steps.step_tokens - others, 1.0)  # tokens of prompts that a step has room for
    each_s = steps.prompt * (added_s + step_s / chunk)  # that a prompt adds to the queue; prompts share steps
    busy = min(rate * each_s, MAX_BUSY)  # share of the time in which prompts are read
    alone = steps.prompt * added_s + math.ceil(steps.prompt / chunk) * step_s
    waiting = busy * each_s / (2 * (1 - busy))
    running = (1 - busy) * (1 - math.exp(-others)) * step_s / 2  # what is left of a step without prompts
    return steps.outside_s + alone + waiting + running


def wait_for_slot_s(steps: Steps, rate: float, slots: float, others: float, enough_s: float = 0.0) -> float:
    """Return the mean seconds that a request waits for a slot, beside `others` that write on average.

    Where it is shorter than `enough_s`, what is returned may be longer, up to that.
    A birth-death chain of the requests in the engine, which end at a higher rate the more there are; half of its queue,
    since answers of equal length queue half as long as exponential ones (M/D/c against M/M/c).
    """
    most = max(1, int(slots))
    if others + RARE_SIGMAS * math.sqrt(others) < most:
        return 0.0
    departures, departure_rate = steps.departures, steps.departure_rate
    load = rate / departure_rate(most)
    if load >= 1:
        return math.inf
    longest_s = load / (1 - load) ** 2 / rate / 2
    enough = longest_s / enough_s if enough_s else math.inf
    weight = 1.0  # of the state in which all slots are taken and nobody waits
    total = 1 / (1 - load)  # of all states, those with a queue first
    for taken in range(most, 0, -1):
        leaving = departures.get(taken) or departure_rate(taken)
        weight *= leaving / rate
        total += weight
        if total > enough or (leaving < rate and weight < NEGLIGIBLE * total):  # fewer taken are ever less likely
            break
    return longest_s / total


class Encoder(Server):
    """One replica of an encoder: texts wait for a pass, which takes all that have arrived, at most so many."""

    def __init__(self, setup: InferenceSetup, slots: float) -> None:
        one = setup._replace(gpu_count=setup.tensor_parallel)
        self.pass_s, self.slots = pass_seconds(one), slots
        self.alone_s, self.full_s = self.pass_s(1.0), self.pass_s(slots)
        self.highest = slots / self.full_s

    def latency(self, rate: float, others: float = 0.0) -> Latency:
        pass_s, slots, alone, full = self.pass_s, self.slots, self.alone_s, self.full_s
        if rate >= self.highest:
            return Latency(math.inf, None, slots, rate / self.highest)
        low, high = 1.0, slots
        for _ in range(ITERATIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if middle / pass_s(middle) < rate else (low, middle)
        text_s = (full - alone) / max(slots - 1, 1.0)  # that each further text adds to a pass
        grows = min(rate * text_s, MAX_BUSY)  # texts that arrive while one is read: a long pass makes the next one long
        met = pass_s(low) + text_s * grows / (1 - grows**2)  # the pass that a text meets: a longer one
        busy = min(1.0, rate * alone)
        answer = busy * met / 2 + pass_s(min(slots, 1 + busy * rate * met))
        return Latency(answer, None, rate * answer, rate / self.highest)

    def within(self, rate: float, ttft_s: float, tpot_s: float) -> bool:
        return self.latency(rate).ttft_s <= ttft_s

    def tpot_within(self, rate: float, tpot_s: float) -> bool:
        return True  # nothing is written
