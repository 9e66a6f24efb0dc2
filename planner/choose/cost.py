"""The price of an inference candidate, and whether the budget pays for it."""

from __future__ import annotations

from ..reasons import Reason, Rejection
from ..request.warm_pool import warm_hours_per_month
from ..schema import InferenceCandidate, InferenceSetup, Request

STARTER_GPUS = 10  # that Modal's Starter plan runs at once
STARTS_SHARE = 0.05  # of a batch's budget that may go into cold starts


def over_budget(request: Request, candidate: InferenceCandidate) -> Rejection | None:
    """Return a rejection where the budget does not pay for the candidate and its warm pool."""
    budget, warm = request.budget, request.warm.containers
    if ends(request):
        return Rejection(Reason.RUN_OVER_BUDGET) if batch_usd(request, candidate) > budget.usd else None
    if candidate.usd_per_hour > budget.usd_per_hour:
        return Rejection(Reason.PRICE_OVER_BUDGET)
    if warm and warm > most_containers(request, candidate):
        return Rejection(Reason.STARTER_PLAN if budget.per == "none" else Reason.WARM_POOL_OVER_BUDGET)
    return None


def most_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that the budget pays for around the clock; without one, those of Modal's Starter plan.

    A budget for a run or a month of runs pays for as many starts as take `STARTS_SHARE` of it.
    """
    if ends(request) and candidate.estimate:
        start_usd = (candidate.estimate.cold_start_s or 0) / 3600 * container_usd_per_hour(candidate.setup)
        most = STARTER_GPUS // candidate.setup.gpu_count
        return max(1, min(most, int(request.budget.usd * STARTS_SHARE / start_usd))) if start_usd else most
    if request.budget.per == "none":
        return max(candidate.containers, STARTER_GPUS // candidate.setup.gpu_count)
    return int(request.budget.usd_per_hour / container_usd_per_hour(candidate.setup) + 1e-9)


def container_usd_per_hour(setup: InferenceSetup) -> float:
    """Return the USD per hour of the GPUs of one container."""
    return setup.gpu_count * setup.gpu.usd_per_hour


def warm_usd_per_month(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD per month that the GPUs of an idle warm pool cost."""
    return request.warm.containers * container_usd_per_hour(candidate.setup) * warm_hours_per_month(request.warm)


def ends(request: Request) -> bool:
    """Whether the budget is for a batch run as a whole, not for each hour."""
    return request.task == "batch" and request.budget.per in ("run", "month")


def batch_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD of a batch run: its rows, or one for every `input_len` tokens. 0 where its size is unknown."""
    counted = request.dataset_rows or request.dataset_tokens / candidate.setup.input_len
    return counted * request.epochs * row_usd(candidate)


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
    """Return the USD that the budget must reach: of the run where it ends, else of an hour of what is paid."""
    if ends(request):
        return batch_usd(request, candidate)
    return paid_containers(request, candidate) * container_usd_per_hour(candidate.setup)


def paid_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that the budget must pay for: those that carry the load, or the warm pool."""
    return max(candidate.containers, request.warm.containers)
