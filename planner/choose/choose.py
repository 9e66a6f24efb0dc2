"""The choice for a request of any task. What a task needs is imported with it: a bake compiles what it imports."""

from __future__ import annotations

from typing import Any

from ..schema import TRAINING, AnyPlan, Plan, Request
from .no_plan import ArchitectureNotRun, NoPlan, NothingWorks, NoTrainingGroup


def choose(request: Request) -> AnyPlan:
    """Return the plan for a request, always the same one. NoPlan where nothing works."""
    engine = "transformers" if request.task in TRAINING else request.engine
    if not request.model.engines or engine not in ("auto", *request.model.engines):
        raise NoPlan(ArchitectureNotRun(request.model, engine))
    candidates = _weigh(request)
    if not candidates:
        raise NoPlan(NoTrainingGroup(request))
    if not candidates[0].rank:
        raise NoPlan(_nothing_works(request, candidates))
    return Plan(request, candidates[0], candidates)


def _weigh(request: Request) -> tuple[Any, ...]:
    if request.task in TRAINING:
        from . import training

        return training.weigh(request)
    from . import inference

    return inference.weigh(request)


def _nothing_works(request: Request, candidates: tuple[Any, ...]) -> NothingWorks[Any, Any]:
    if request.task in TRAINING:
        from . import training_refusal

        return training_refusal.nothing_works(request, candidates)
    from . import inference_refusal

    return inference_refusal.nothing_works(request, candidates)
