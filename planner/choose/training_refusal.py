"""Alternatives to a request for which no training setup works."""

from __future__ import annotations

from collections.abc import Iterator

from ..asked import Budget
from ..schema import Request, TrainingCandidate, replace
from .micro_batch import need_gib
from .no_plan import Alternative, Change, NothingWorks, NoTraining, TrainingAlternative
from .training import best_of
from .training_cost import needed_usd
from .training_setups import four_bits


def nothing_works(request: Request, candidates: tuple[TrainingCandidate, ...]) -> NoTraining:
    """Return the candidate that came nearest and the alternatives, where all candidates are rejected."""
    running = [candidate for candidate in candidates if candidate.containers]
    if running:
        nearest = min(running, key=lambda candidate: needed_usd(request.budget, candidate))
    else:
        nearest = min(candidates, key=lambda candidate: need_gib(candidate.estimate) - candidate.estimate.usable_gib)
    return NothingWorks(request, nearest, bool(running), tuple(suggest_alternatives(request, nearest, bool(running))))


def suggest_alternatives(request: Request, nearest: TrainingCandidate, runs: bool) -> Iterator[TrainingAlternative]:
    """Yield the changes that make something work, the most likely one first. `runs`: only the budget is too small."""
    if runs:
        yield Alternative(Change.RAISE_BUDGET, candidate=nearest)
        bounded = request.dataset_rows and request.budget.per in ("run", "month")  # fewer rows cost no less an hour
        if bounded and nearest.run and nearest.run.usd > request.budget.usd:
            rows = int(request.dataset_rows * request.budget.usd / nearest.run.usd)
            step = 10 ** max(len(str(rows)) - 2, 0)  # two figures
            yield Alternative(Change.FEWER_ROWS, rows // step * step)
    for change, value, other in relaxed_requests(request, runs):
        if found := best_of(other):
            yield Alternative(change, value, found)
        elif found := best_of(replace(other, budget=Budget(float("inf"), "none"))):
            yield Alternative(change, value, found, over_budget=True)


def relaxed_requests(request: Request, runs: bool) -> Iterator[tuple[Change, str, Request]]:
    """Yield what a person could give up, and the request that results. More GPUs help only where one is too small."""
    if request.method in ("full", "lora"):
        leaner = {"full": "lora", "lora": "qlora"}[request.method]
        if leaner == "lora" or four_bits(request):
            yield Change.TAKE_METHOD, leaner, replace(request, method=leaner)
    if request.gpu != "auto" or request.gpu_count:
        yield Change.LET_BE_AUTO, "gpu", replace(request, gpu="auto", gpu_count=0)
    if request.task == "finetune" and not runs and request.gpu == "auto":
        yield Change.TAKE_TASK, "distributed", replace(request, task="distributed")
