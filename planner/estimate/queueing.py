"""Latency of requests that arrive at random at a mean rate, and the highest rate that an engine carries.

Continuous batching as mean values: as many requests write as arrive while one writes (Little's law); each step has
their tokens and a share of the prompts that arrive meanwhile; prompts are read first come, first served, in steps of
`budget` tokens, as one server (M/D/1); slots are many servers (Sakasegawa's M/D/c). Calculated, and compared with a
simulation of steps in tests/planner/test_queueing.py; docs/planner.md has the error.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..schema import InferenceSetup
from .inference_speed import Steps, forward_pass_s, steps_of
from .memory_terms import InferenceMemory

HALVINGS = 24  # of an interval that holds what is looked for


class Latency(NamedTuple):
    """Means at one rate: seconds, requests of all replicas; `utilization` is a share of the highest rate."""

    ttft_s: float  # infinite from the highest rate on
    tpot_s: float | None  # None: no answer is written
    in_flight: float
    utilization: float


def latency(setup: InferenceSetup, memory: InferenceMemory) -> Latency:
    """Return the latency at `setup.rate` requests/s, of which each replica gets its share."""
    replicas = setup.gpu_count // setup.tensor_parallel
    rate, slots = setup.rate / replicas, max(setup.concurrency / replicas, 1.0)
    if setup.model.workload != "generation":
        return times(reading(setup, rate, slots), replicas)
    return times(writing(steps_of(setup, memory), rate, slots), replicas)


def times(one: Latency, replicas: int) -> Latency:
    return one._replace(in_flight=one.in_flight * replicas)


def highest_rate(steps: Steps, slots: float) -> float:
    """Return the requests/s at which all slots are taken: n writing and their prompts fill steps, and no more fits."""
    prompts_per_token = steps.prompt / steps.answer
    batch = min(slots, steps.most, steps.budget / (1 + prompts_per_token))
    step = steps.writing_s(max(batch, 1.0)) + steps.prompt_token_s * batch * prompts_per_token
    return batch / (steps.answer * step)


def writing(steps: Steps, rate: float, slots: float) -> Latency:
    """Return the latency of one replica that generates, with so many slots."""
    highest = highest_rate(steps, slots)
    slots = min(slots, steps.most)
    if rate >= highest:
        return Latency(math.inf, None, slots, rate / highest)
    others = others_writing(steps, rate, slots)
    tpot = token_s(steps, others, slots)
    ttft = first_token_s(steps, rate, others, slots) + wait_for_slot_s(steps, rate / highest, slots)
    return Latency(ttft, tpot, rate * (ttft + (steps.answer - 1) * tpot), rate / highest)


def token_s(steps: Steps, others: float, slots: float) -> float:
    """Return the mean seconds between two tokens of a request beside `others` that write."""
    share = others / steps.answer * steps.prompt  # tokens of prompts that arrive while one token is written
    return steps.writing_s(min(1 + others, slots)) + steps.prompt_token_s * share


def others_writing(steps: Steps, rate: float, slots: float) -> float:
    """Return how many write at a time: as many as arrive while one writes (Little's law), which grows with them."""
    low, high = 0.0, slots
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        carried = middle / (steps.answer * token_s(steps, middle, slots))
        low, high = (middle, high) if carried < rate else (low, middle)
    return (low + high) / 2


def first_token_s(steps: Steps, rate: float, others: float, slots: float) -> float:
    """Return the mean seconds to the first token with a slot free: the queue, the step that runs, the prompt itself."""
    step = steps.writing_s(min(max(others, 1.0), slots))
    chunk = max(steps.budget - others, 1.0)
    alone = steps.prompt * (steps.prompt_token_s + steps.lone_token_s) + math.ceil(steps.prompt / chunk) * step
    each = steps.prompt * (steps.prompt_token_s + step / chunk)  # of a queue, whose prompts share steps
    busy = min(rate * each, 1 - 1e-6)
    queue = busy * each / (2 * (1 - busy))
    running = (1 - busy) * (1 - math.exp(-others)) * step / 2  # what is left of a step without prompts
    return steps.outside_s + alone + queue + running


def wait_for_slot_s(steps: Steps, utilization: float, slots: float) -> float:
    """Return the mean seconds that a request waits for a slot (Sakasegawa 1977, requests of equal length)."""
    held = slots / highest_rate(steps, slots)  # seconds in a slot when all are taken
    return held / slots * utilization ** (math.sqrt(2 * (slots + 1)) - 1) / (1 - utilization) / 2


def reading(setup: InferenceSetup, rate: float, slots: float) -> Latency:
    """Return the latency of one replica that only reads: texts wait for a pass, which takes all that came meanwhile."""
    one = setup._replace(gpu_count=setup.tensor_parallel)
    alone, highest = forward_pass_s(one, 1.0), slots / forward_pass_s(one, slots)
    if rate >= highest:
        return Latency(math.inf, None, slots, rate / highest)
    low, high = 1.0, slots
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if middle / forward_pass_s(one, middle) < rate else (low, middle)
    answer = forward_pass_s(one, low) * (1 + min(1.0, rate * alone) / 2)
    return Latency(answer, None, rate * answer, rate / highest)
