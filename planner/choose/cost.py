"""The price of an inference candidate, and whether the budget pays for it."""

from __future__ import annotations

import math

from ..reasons import Reason, Rejection
from ..request.warm_pool import warm_hours_per_month
from ..schema import HOURS_PER_MONTH, InferenceCandidate, InferenceSetup, Request

STARTER_GPUS = 10  # that Modal's Starter plan runs at once
STARTS_SHARE = 0.05  # of a batch's budget that may go into cold starts
LEAST_HOURS = 100  # that a month's budget must keep a service busy: five on each working day (prior)
SHARD_S = 300  # of one container: long beside its overhead of seconds, short beside what a kill may cost


def over_budget(request: Request, candidate: InferenceCandidate) -> Rejection | None:
    """Return a rejection where the budget does not pay for the candidate and its warm pool."""
    budget, warm = request.budget, request.warm.containers
    if ends(request):
        return None if budget.pays(least_batch_usd(request, candidate)) else Rejection(Reason.RUN_OVER_BUDGET)
    if budget.per == "month" and not budget.pays(month_usd(request, candidate)):
        alone = not budget.pays(candidate.usd_per_hour * LEAST_HOURS)
        return Rejection(Reason.PRICE_OVER_BUDGET if alone else Reason.WARM_POOL_OVER_BUDGET)
    if budget.per == "hour" and not budget.pays(candidate.usd_per_hour):
        return Rejection(Reason.PRICE_OVER_BUDGET)
    if warm and warm > most_containers(request, candidate):
        return Rejection(Reason.STARTER_PLAN if budget.per == "none" else Reason.WARM_POOL_OVER_BUDGET)
    return None


def most_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that may run at once.

    Those that an hour's budget pays for; without a budget those of Modal's Starter plan. A month's budget pays for
    hours, so those that carry the load or are kept warm, and more where it pays for more around the clock. A budget for
    a run or a month of runs pays for as many starts as take `STARTS_SHARE` of it.
    """
    setup, budget = candidate.setup, request.budget
    if ends(request) and candidate.estimate:
        start_usd = start_usd_of(candidate)
        most = STARTER_GPUS // setup.gpu_count
        return max(1, min(most, int(budget.usd * STARTS_SHARE / start_usd))) if start_usd else most
    if budget.per == "none":
        return max(candidate.containers, STARTER_GPUS // setup.gpu_count)
    one = container_usd_per_hour(setup)
    if budget.per == "month":
        always = int(budget.usd / HOURS_PER_MONTH / one + 1e-9)
        return max(paid_containers(request, candidate), always)
    return int(budget.usd / one + 1e-9)


def container_usd_per_hour(setup: InferenceSetup) -> float:
    """Return the USD per hour of the GPUs of one container."""
    return setup.gpu_count * setup.gpu.usd_per_hour


def start_usd_of(candidate: InferenceCandidate) -> float:
    """Return the USD of one cold start."""
    assert candidate.estimate is not None
    return (candidate.estimate.cold_start_s or 0) / 3600 * container_usd_per_hour(candidate.setup)


def warm_usd_per_month(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD per month that the GPUs of an idle warm pool cost."""
    return request.warm.containers * container_usd_per_hour(candidate.setup) * warm_hours_per_month(request.warm)


def month_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the least USD a month with which a service is worth starting.

    LEAST_HOURS of the containers that carry the load, or the warm pool and as many hours of those beyond it.
    """
    beyond = max(0, candidate.containers - request.warm.containers) * container_usd_per_hour(candidate.setup)
    pool = warm_usd_per_month(request, candidate) + beyond * LEAST_HOURS if request.warm.containers else 0.0
    return max(candidate.usd_per_hour * LEAST_HOURS, pool)


def month_hours(request: Request, candidate: InferenceCandidate) -> float:
    """Return the hours a month that the budget keeps one container busy beyond its warm pool."""
    left = request.budget.usd - warm_usd_per_month(request, candidate)
    return left / container_usd_per_hour(candidate.setup)


def ends(request: Request) -> bool:
    """Whether the budget is for a batch run as a whole, not for each hour."""
    return request.task == "batch" and request.budget.per in ("run", "month")


def batch_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD of a batch run, its starts included; 0 where its rows are unknown."""
    rows = batch_rows(request, candidate)
    if not rows:
        return 0.0
    return rows * row_usd(candidate) + batch_containers(request, candidate) * start_usd_of(candidate)


def least_batch_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD of a batch run on one container; 0 where its rows are unknown."""
    rows = batch_rows(request, candidate)
    return rows * row_usd(candidate) + start_usd_of(candidate) if rows else 0.0


def batch_rows(request: Request, candidate: InferenceCandidate) -> float:
    """Return the rows of a batch in all passes, one for every `input_len` tokens where tokens are known."""
    counted = request.dataset_rows or request.dataset_tokens / candidate.setup.input_len
    return counted * request.epochs


def batch_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that a batch starts: one for each shard, as far as they may run at once and are paid."""
    rows, start_usd = batch_rows(request, candidate), start_usd_of(candidate)
    most = min(most_containers(request, candidate), math.ceil(rows * row_s(candidate) / SHARD_S))
    if ends(request) and start_usd:
        most = min(most, int((request.budget.usd - rows * row_usd(candidate)) / start_usd))
    return max(1, most)


def batch_hours(request: Request, candidate: InferenceCandidate) -> float:
    """Return the hours of a batch run, from its first start to its last row."""
    assert candidate.estimate is not None
    working_s = batch_rows(request, candidate) * row_s(candidate) / batch_containers(request, candidate)
    return (working_s + (candidate.estimate.cold_start_s or 0)) / 3600


def row_s(candidate: InferenceCandidate) -> float:
    """Return the seconds of a typical row on one container at full load: its output, or its input for an encoder."""
    setup, estimate = candidate.setup, candidate.estimate
    tokens = setup.output_len if estimate and estimate.output_tokens_per_s else setup.input_len
    return tokens * candidate.containers / tokens_per_s(candidate)


def row_usd(candidate: InferenceCandidate) -> float:
    """Return the USD of a typical row."""
    return row_s(candidate) * container_usd_per_hour(candidate.setup) / 3600


def tokens_per_s(candidate: InferenceCandidate) -> float:
    """Return the tokens/s of all containers at the asked concurrency: output tokens, or input for an encoder."""
    assert candidate.estimate is not None
    rate = candidate.estimate.output_tokens_per_s or candidate.estimate.prefill_tokens_per_s
    assert rate is not None
    return candidate.containers * rate


def usd_per_million(candidate: InferenceCandidate) -> float:
    """Return the USD for a million of those tokens."""
    return candidate.usd_per_hour / tokens_per_s(candidate) / 3600 * 1e6


def needed_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD that the budget must reach, in its own unit: of the run, of the month, else of the hour."""
    if ends(request):
        return least_batch_usd(request, candidate)
    if request.budget.per == "month":
        return month_usd(request, candidate)
    return paid_containers(request, candidate) * container_usd_per_hour(candidate.setup)


def paid_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that the budget must pay for: those that carry the load, or the warm pool."""
    return max(candidate.containers, request.warm.containers)
