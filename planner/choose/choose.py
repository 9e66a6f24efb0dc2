"""The choice for a request of any task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..schema import AnyPlan, Plan, Request
from . import inference, inference_refusal, training, training_refusal
from .no_plan import ArchitectureNotRun, NoPlan, NothingWorks, NoTrainingGroup

Weigh = Callable[[Request], tuple[Any, ...]]
NothingWorksFor = Callable[[Request, tuple[Any, ...]], NothingWorks[Any, Any]]
INFERENCE: tuple[Weigh, NothingWorksFor] = (inference.weigh, inference_refusal.nothing_works)
TRAINING: tuple[Weigh, NothingWorksFor] = (training.weigh, training_refusal.nothing_works)
BY_TASK = {"serve": INFERENCE, "batch": INFERENCE, "finetune": TRAINING, "distributed": TRAINING}


def choose(request: Request) -> AnyPlan:
    """Return the plan for a request, always the same one. NoPlan where nothing works."""
    engine = "transformers" if BY_TASK[request.task] is TRAINING else request.engine
    if not request.model.engines or engine not in ("auto", *request.model.engines):
        raise NoPlan(ArchitectureNotRun(request.model, engine))
    weigh, nothing_works = BY_TASK[request.task]
    candidates: tuple[Any, ...] = weigh(request)
    if not candidates:
        raise NoPlan(NoTrainingGroup(request))
    if not candidates[0].rank:
        raise NoPlan(nothing_works(request, candidates))
    return Plan(request, candidates[0], candidates)
