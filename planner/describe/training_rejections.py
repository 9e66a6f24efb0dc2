"""A sentence for each reason why a candidate for training was rejected."""

from __future__ import annotations

from ..choose.training_cost import paid_s
from ..estimate.training_run import end_s, start_s
from ..reasons import Reason
from ..schema import Request, TrainingCandidate, TrainingEstimate, TrainingSetup
from .rejections import float16_text, lacking


def training_rejection(request: Request, candidate: TrainingCandidate) -> str:
    """Return why a training candidate was rejected; "" where it was not."""
    setup, rejection, budget = candidate.setup, candidate.rejected, request.budget
    if rejection is None:
        return ""
    if rejection.reason is Reason.FLOAT16_OVERFLOW:
        return float16_text(setup)
    if rejection.reason is Reason.HOST_MEMORY:
        need, have = rejection.need_gib, rejection.have_gib
        return f"offloading needs {need:.0f} GiB of main memory, a container has {have:.0f}"
    if rejection.reason is Reason.PRICE_OVER_BUDGET:
        return f"costs ${candidate.usd_per_hour:.2f}/hour, over ${budget.usd:.2f}"
    if rejection.reason is Reason.RUN_OVER_BUDGET and candidate.run:
        run = candidate.run
        return f"the run takes {run.hours:.1f} hours and ${run.usd:,.2f}, over ${budget.usd:,.2f}"
    if rejection.reason is Reason.BUDGET_BELOW_START:
        paid, taken = paid_s(budget, candidate) / 60, (start_s(setup) + end_s(setup)) / 60
        pays = f"${budget.usd:.2f} pays for {paid:.1f} minutes"
        return f"{pays}, and the start and the last save alone take {taken:.1f}"
    return training_shortage(setup, candidate.estimate)


def training_shortage(setup: TrainingSetup, estimate: TrainingEstimate) -> str:
    """Return why a training setup does not run, or how much memory it lacks; "" where it fits."""
    short, gpu = estimate.rejection, setup.gpu
    if short is None:
        return ""
    if short.reason is Reason.BF16_UNSUPPORTED:
        return f"{gpu.name} has no bf16; take fp16-mixed, or a card of the Ampere generation or newer"
    if short.reason is Reason.KERNEL_UNSUPPORTED:
        return f"{gpu.name} does not run {setup.attention}; take {gpu.attention[-1]}"
    if short.reason is Reason.TRAINING_TOO_LARGE:
        need, have = short.need_gib, short.have_gib
        return f"{need:.1f} GiB needed on each {gpu.name}, which has {have:.1f}: {lacking(need - have)}"
    raise ValueError(short.reason)
