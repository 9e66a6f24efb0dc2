"""Whether a budget pays for a training."""

from __future__ import annotations

from ..asked import Budget
from ..estimate.training_run import end_s, start_s
from ..reasons import Reason, Rejection
from ..schema import TrainingCandidate

LEAST_STARTS = 2  # and a save, that a budget for a run must pay for, or hardly anything would be learnt
LONGEST_ATTEMPT_S = 24 * 3600  # Modal ends no function later
SHORTEST_ATTEMPT_S = 3600  # that an attempt is given, however short the run: a start may take long
ATTEMPT_SPREAD = 4  # an attempt at known rows, in planned ones: twice the range of the predicted speed


def over_budget(budget: Budget, candidate: TrainingCandidate) -> Rejection | None:
    """Return a rejection where the budget does not pay for the candidate."""
    if budget.per == "hour" and not budget.pays(candidate.usd_per_hour):
        return Rejection(Reason.PRICE_OVER_BUDGET)
    if budget.per not in ("run", "month"):
        return None
    if candidate.run and not budget.pays(candidate.run.known_usd):
        return Rejection(Reason.RUN_OVER_BUDGET)
    return None if budget.pays(least_usd(candidate)) else Rejection(Reason.BUDGET_BELOW_START)


def least_usd(candidate: TrainingCandidate) -> float:
    """Return the USD below which a run is not worth starting."""
    return (LEAST_STARTS * start_s(candidate.setup) + end_s(candidate.setup)) / 3600 * candidate.usd_per_hour


def paid_s(budget: Budget, candidate: TrainingCandidate) -> float:
    """Return the seconds that the budget pays for; infinite where it bounds no sum."""
    return budget.usd / candidate.usd_per_hour * 3600 if budget.per in ("run", "month") else float("inf")


def needed_usd(budget: Budget, candidate: TrainingCandidate) -> float:
    """Return what the budget would have to be, in its own unit."""
    if budget.per not in ("run", "month"):
        return candidate.usd_per_hour
    return max(candidate.run.known_usd if candidate.run else 0.0, least_usd(candidate))


def attempt_s(budget: Budget, candidate: TrainingCandidate) -> int:
    """Return the seconds of one attempt in whole minutes: at most what the budget pays for, and a multiple of the run.

    Rows that were assumed say nothing about the run.
    """
    run = candidate.run
    likely = LONGEST_ATTEMPT_S
    if run and run.known_usd:
        likely = max(SHORTEST_ATTEMPT_S, run.hours * 3600 * ATTEMPT_SPREAD)
    return int(min(LONGEST_ATTEMPT_S, likely, paid_s(budget, candidate)) // 60) * 60
