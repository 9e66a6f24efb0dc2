"""The lines that a bake prints."""

from __future__ import annotations

from ..describe.by_task import descriptions
from ..schema import AnyPlan


def terminal_lines(plan: AnyPlan, slug: str) -> list[str]:
    """Return the lines that a bake prints: the choice, memory, speed and price, other candidates, the next step."""
    created = ("Created", f"{slug}/ (why: {slug}/PLAN.md). Next: cd {slug} && make local")
    return [f"{label:<8} {text}" for label, text in (*descriptions(plan).lines(plan).rows, created)]
