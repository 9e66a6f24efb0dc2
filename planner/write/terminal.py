"""The lines that a bake prints."""

from __future__ import annotations

from ..describe.by_task import descriptions
from ..schema import AnyPlan


def terminal_lines(plan: AnyPlan, slug: str) -> list[str]:
    """Return the lines that a bake prints: the choice, memory, speed and price, other candidates, the next step."""
    shown = descriptions(plan).lines(plan)
    terms = " + ".join(f"{name} {gib:.1f}" for name, gib in shown.bar.terms.items())
    return [
        f"plan    {shown.choice}",
        f"memory  {terms} = {shown.bar.peak_gib:.1f} of {shown.bar.usable_gib:.1f} GiB{' per GPU' * shown.per_gpu}",
        f"yields  {shown.yields}",
        *shown.more,
        *shown.assumed,
        f"wrote   {slug}/  (why: {slug}/PLAN.md)    next: cd {slug} && make local",
    ]
