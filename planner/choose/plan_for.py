"""Which planner answers for which task."""

from __future__ import annotations

from .choose import make_plan
from .choose_training import make_training_plan
from .plan import TRAINING, AnyPlan, Request


def plan_for(request: Request) -> AnyPlan:
    """The plan for a request of any task, always the same one. Refusal, with the cheapest way out."""
    return make_training_plan(request) if request.task in TRAINING else make_plan(request)
