"""Speed of a generating model with so many requests in flight all the time."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..schema import InferenceSetup
from .inference_speed import PREFILL_QUEUE, RANGE, Steps


class InferenceSpeed(NamedTuple):
    """Tokens per second over all GPUs, and seconds, with `concurrency` requests in flight all the time."""

    decode_tokens_per_s_single: float
    output_tokens_per_s: float
    output_tokens_per_s_low: float
    output_tokens_per_s_high: float
    prefill_tokens_per_s: float
    time_to_first_token_s: float
    time_per_output_token_s: float


def generation_speed(setup: InferenceSetup, steps: Steps) -> InferenceSpeed:
    """Return the speed of one request alone, and of the steady mix of `concurrency` requests; `steps`: of the setup."""
    replicas, batch = setup.gpu_count // setup.tensor_parallel, batch_of(setup, steps)
    token_s = steps.token_s(batch)
    output = replicas * batch / token_s
    single, prefill = 1 / steps.step_s(1.0), replicas / steps.prompt_s
    first_s = first_token_s(steps, batch)
    return InferenceSpeed(single, output, output / RANGE, output * RANGE, prefill, first_s, token_s)


def batch_of(setup: InferenceSetup, steps: Steps) -> float:
    """Return the requests that one replica has in flight all the time."""
    return max(min(setup.concurrency * setup.tensor_parallel / setup.gpu_count, steps.max_in_flight), 1.0)


def first_token_s(steps: Steps, batch: float) -> float:
    """Return the seconds to the first token with so many requests in flight all the time."""
    step_s, added_s = steps.step_and_added_s(batch)
    chunk = max(steps.step_tokens - batch, 1.0)
    # A token of a prompt keeps those behind it waiting: where launches bound a step, for its share of them
    queued_s = max(added_s, steps.step_s(batch, chunk) / chunk) if steps.launched_s else added_s
    read = steps.prompt * (added_s + queued_s * PREFILL_QUEUE * (batch - 1))
    return steps.outside_s + read + math.ceil(steps.prompt / chunk) * step_s
