"""The plan for a request, or a Refusal: one sentence with one or two changes that would work."""

from __future__ import annotations

from ..choose.choose import choose
from ..choose.no_plan import NoPlan
from ..schema import AnyPlan, Refusal, Request


def plan_for(request: Request) -> AnyPlan:
    """Return the plan for a request of any task. Refusal, with changes that would work, where nothing does."""
    try:
        return choose(request)
    except NoPlan as no_plan:
        from .refusal_text import refusal_text  # here, because few bakes are refused

        raise Refusal(refusal_text(no_plan)) from None
