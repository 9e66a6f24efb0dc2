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
from .encoder import forward_pass_s
from .inference_speed import Steps, steps_of
from .memory_terms import InferenceMemory

ITERATIONS = 18  # at most, of a root search
TOLERANCE = 1e-4  # relative, of a root
RARE_SIGMAS = 6  # with so many standard deviations of free slots, a request hardly ever waits for one
NEGLIGIBLE = 1e-6  # of all states, one that no longer counts
MAX_BUSY = 0.99  # share of the time, so that a mean stays finite


class Latency(NamedTuple):
    """Means at one rate: seconds, requests of all replicas; `utilization` is a share of the highest rate."""

    ttft_s: float  # infinite from the highest rate on
    tpot_s: float | None  # None: no answer is written
    in_flight: float
    utilization: float


def latency(setup: InferenceSetup, memory: InferenceMemory) -> Latency:
    """Return the latency at `setup.rate` requests/s, of which each replica gets its share."""
    return latency_at(setup, memory)(setup.rate)


def latency_at(setup: InferenceSetup, memory: InferenceMemory) -> Callable[[float], Latency]:
    """Return the latency of the setup as a function of requests/s."""
    replicas = setup.gpu_count // setup.tensor_parallel
    slots = max(setup.concurrency / replicas, 1.0)
    if setup.model.workload != "generation":
        return lambda rate: over_replicas(encoder_latency(setup, rate / replicas, slots), replicas)
    steps = steps_of(setup, memory)
    return lambda rate: over_replicas(generation_latency(steps, rate / replicas, slots), replicas)


def over_replicas(one: Latency, replicas: int) -> Latency:
    """Return the latency of one replica with the requests in flight of all."""
    return one._replace(in_flight=one.in_flight * replicas)


def highest_rate(steps: Steps, slots: float) -> float:
    """Return the requests/s at which slots, cache or the tokens of a step are all taken."""
    prompts_per_token = steps.prompt / steps.answer
    batch = min(slots, steps.max_in_flight, steps.step_tokens / (1 + prompts_per_token))
    return batch / (steps.answer * steps.token_s(max(batch, 1.0)))


def generation_latency(steps: Steps, rate: float, slots: float) -> Latency:
    """Return the latency of one replica of a generating model with so many slots."""
    highest = highest_rate(steps, slots)
    slots = min(slots, steps.max_in_flight)
    if rate >= highest:
        return Latency(math.inf, None, slots, rate / highest)
    others = others_decoding(steps, rate, slots)
    tpot = token_s(steps, rate, others, slots)
    ttft = first_token_s(steps, rate, others, slots) + wait_for_slot_s(steps, rate, slots, others)
    return Latency(ttft, tpot, rate * (ttft + (steps.answer - 1) * tpot), rate / highest)


def others_decoding(steps: Steps, rate: float, slots: float) -> float:
    """Return the mean number of requests that decode: as many as arrive while one decodes (Little's law).

    The root of a function that is almost linear, by the Illinois method.
    """

    def surplus(others: float) -> float:
        return rate * steps.answer * token_s(steps, rate, others, slots) - others

    low, high = 0.0, slots
    over, under = surplus(low), surplus(high)
    if under >= 0:
        return slots
    middle, side = low, 0
    for _ in range(ITERATIONS):
        middle = (low * under - high * over) / (under - over)
        found = surplus(middle)
        if abs(found) < TOLERANCE * middle:
            break
        if found > 0:
            low, over, under = middle, found, under / 2 if side > 0 else under
            side = 1
        else:
            high, under, over = middle, found, over / 2 if side < 0 else over
            side = -1
    return middle


class PromptQueue(NamedTuple):
    """The queue of prompts, read one after another beside requests that decode."""

    step_s: float  # of the decoding requests, in each step that reads prompts
    chunk: float  # tokens of prompts that a step has room for
    each_s: float  # that a prompt adds to the queue; prompts share steps
    busy: float  # share of the time in which prompts are read


def prompt_queue(steps: Steps, rate: float, others: float, slots: float) -> PromptQueue:
    """Return the queue of prompts beside `others` that decode."""
    decoding = min(max(others, 1.0), slots)
    step, chunk = steps.step_s(decoding), max(steps.step_tokens - others, 1.0)
    each = steps.prompt * (steps.added_s(decoding, step) + step / chunk)
    return PromptQueue(step, chunk, each, min(rate * each, MAX_BUSY))


def token_s(steps: Steps, rate: float, others: float, slots: float) -> float:
    """Return the mean seconds between two tokens of a request beside `others` that decode.

    Its steps carry the prompts that arrive while it decodes, and more: when it begins, more prompts wait than when it
    ends, since a prompt leaves a queue behind it (M/D/1), and steps that read are few and long.
    """
    queue = prompt_queue(steps, rate, others, slots)
    behind = queue.busy + queue.busy**2 / (2 * (1 - queue.busy))
    decoding = min(1 + others, slots)
    step = steps.step_s(decoding)
    added = steps.added_s(decoding, step)
    short = queue.step_s / (queue.step_s + min(queue.chunk, steps.prompt) * added)
    at_end = queue.busy / (2 * (1 - queue.busy)) * short / (queue.busy * short + 1 - queue.busy)
    more = max(0.0, min(behind, slots - 1) - at_end)
    prompts = others + more  # that are read while one decodes
    return step + added * steps.prompt * prompts / steps.answer


def first_token_s(steps: Steps, rate: float, others: float, slots: float) -> float:
    """Return the mean seconds to the first token with a slot free: the queue, the step that runs, the prompt itself."""
    queue = prompt_queue(steps, rate, others, slots)
    alone = steps.prompt * steps.added_s(min(max(others, 1.0), slots), queue.step_s)
    alone += math.ceil(steps.prompt / queue.chunk) * queue.step_s
    waiting = queue.busy * queue.each_s / (2 * (1 - queue.busy))
    running = (1 - queue.busy) * (1 - math.exp(-others)) * queue.step_s / 2  # what is left of a step without prompts
    return steps.outside_s + alone + waiting + running


def wait_for_slot_s(steps: Steps, rate: float, slots: float, others: float) -> float:
    """Return the mean seconds that a request waits for a slot, beside `others` that write on average.

    A birth-death chain of the requests in the engine, which end at a higher rate the more there are; half of its queue,
    since answers of equal length queue half as long as exponential ones (M/D/c against M/M/c).
    """
    most = max(1, int(slots))
    if others + RARE_SIGMAS * math.sqrt(others) < most:
        return 0.0
    load = rate / departure_rate(steps, most)
    if load >= 1:
        return math.inf
    weight = total = 1.0  # of the state in which all slots are taken and nobody waits; 1 / (1 - load) with a queue
    total /= 1 - load
    for taken in range(most, 0, -1):
        leaving = departure_rate(steps, taken)
        weight *= leaving / rate
        total += weight
        if leaving < rate and weight < NEGLIGIBLE * total:  # fewer taken are ever less likely
            break
    return load / (1 - load) ** 2 / total / rate / 2


def departure_rate(steps: Steps, taken: int) -> float:
    """Return the requests/s that end with so many in the engine."""
    return taken / (steps.answer * steps.token_s(taken))


def encoder_latency(setup: InferenceSetup, rate: float, slots: float) -> Latency:
    """Return the latency of one replica of an encoder: texts wait for a pass, which takes all that have arrived."""
    one = setup._replace(gpu_count=setup.tensor_parallel)
    alone, full = forward_pass_s(one, 1.0), forward_pass_s(one, slots)
    highest = slots / full
    if rate >= highest:
        return Latency(math.inf, None, slots, rate / highest)
    low, high = 1.0, slots
    for _ in range(ITERATIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if middle / forward_pass_s(one, middle) < rate else (low, middle)
    text_s = (full - alone) / max(slots - 1, 1.0)  # that each further text adds to a pass
    grows = min(rate * text_s, MAX_BUSY)  # texts that arrive while one is read: a long pass makes the next one long
    met = forward_pass_s(one, low) + text_s * grows / (1 - grows**2)  # the pass that a text meets: a longer one
    busy = min(1.0, rate * alone)
    answer = busy * met / 2 + forward_pass_s(one, min(slots, 1 + busy * rate * met))
    return Latency(answer, None, rate * answer, rate / highest)
