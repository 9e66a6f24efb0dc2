"""The price of an inference candidate at a traffic: requests a day, a share of full load, tokens of an API."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..schema import HOURS_PER_MONTH, InferenceCandidate, Request
from .cost import container_usd_per_hour, row_s, row_usd, start_usd_of, tokens_per_s, warm_usd_per_month

DAYS_PER_MONTH = HOURS_PER_MONTH / 24
DAY_S = 86_400
SCALEDOWN_S = 300  # that a container of a service stays up after its last request


class Month(NamedTuple):
    """A month of a service at some requests a day. USD of GPUs."""

    busy_hours: float  # a day, of all containers, at full load
    together_usd: float  # the requests of a day come in one stretch
    spread_usd: float  # they come evenly, closer than SCALEDOWN_S: the containers stay up
    containers: int  # that must be up when they come evenly


def month_of(request: Request, candidate: InferenceCandidate, per_day: int) -> Month:
    """Return a month at so many typical requests a day, at least one every SCALEDOWN_S."""
    assert candidate.estimate is not None
    one_usd = container_usd_per_hour(candidate.setup)
    busy = per_day * row_s(candidate) / 3600
    containers = max(1, math.ceil(busy / 24))
    if request.rate and per_day >= math.floor(request.rate * DAY_S):
        containers = max(containers, candidate.containers)
    up_s = (candidate.estimate.cold_start_s or 0) + SCALEDOWN_S
    at_once = max(candidate.containers, containers)
    together = min(busy + at_once * up_s / 3600, at_once * 24) * DAYS_PER_MONTH * one_usd
    pool = warm_usd_per_month(request, candidate)
    return Month(busy, max(pool, together), max(pool, containers * HOURS_PER_MONTH * one_usd), containers)


def batch_month_usd(candidate: InferenceCandidate, per_day: int) -> float:
    """Return the USD a month of a batch of so many typical rows each day, on one container."""
    return (per_day * row_usd(candidate) + start_usd_of(candidate)) * DAYS_PER_MONTH


def billed_tokens_per_s(candidate: InferenceCandidate) -> float:
    """Return the tokens/s at full load as an API bills them: prompts and answers of typical requests."""
    setup, rate = candidate.setup, tokens_per_s(candidate)
    if candidate.estimate and candidate.estimate.output_tokens_per_s:
        return rate * (setup.input_len + setup.output_len) / setup.output_len
    return rate


def billed_usd_per_million(candidate: InferenceCandidate) -> float:
    """Return the USD for a million of those tokens, at full load."""
    return candidate.usd_per_hour / 3600 / billed_tokens_per_s(candidate) * 1e6
