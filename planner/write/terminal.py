"""What a person reads after a bake."""

from __future__ import annotations

from .inference_report import inference_lines
from .plan import AnyPlan, TrainingPlan
from .training_report import training_lines


def terminal_lines(plan: AnyPlan, slug: str) -> list[str]:
    """What a person reads after a bake: the choice, its memory, its price and yield, the neighbours, the next step."""
    told = training_lines(plan) if isinstance(plan, TrainingPlan) else inference_lines(plan)
    terms = " + ".join(f"{name} {gib:.1f}" for name, gib in told.bar.terms.items())
    lines = [
        f"plan    {told.choice}",
        f"memory  {terms} = {told.bar.peak_gib:.1f} of {told.bar.usable_gib:.1f} GiB{' per GPU' * told.per_gpu}",
        f"yields  {told.yields}",
        *told.more,
    ]
    if told.assumed:
        lines.append(f"assumed {', '.join(told.assumed)}: nothing else is known of {told.model}")
    lines.append(f"wrote   {slug}/  (why: {slug}/PLAN.md)    next: cd {slug} && make local")
    return lines
