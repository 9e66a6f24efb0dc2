"""A plan as the generated `PLAN.md`: what was decided, how the memory adds up, what else was weighed."""

from __future__ import annotations

import textwrap

from .inference_report import inference_page
from .page import Bar
from .plan import AnyPlan, TrainingPlan
from .training_report import training_page
from .words import PAGE


def plan_md(plan: AnyPlan) -> str:
    """The text of the generated `PLAN.md`."""
    page = training_page(plan) if isinstance(plan, TrainingPlan) else inference_page(plan)
    changes = page.changes or ["Nothing within reach."]
    weighed = "1 configuration" if page.weighed == 1 else f"{page.weighed} configurations"
    return "\n\n".join(
        [
            "# The plan",
            *page.decision,
            "## Memory\n\n![memory of one GPU](memory.svg)",
            memory_table(page.bar),
            page.memory,
            "## Speed and money",
            *page.money,
            f"## What else was weighed\n\n{weighed}; the best of each GPU:",
            page.table.rstrip(),
            "## What would change the choice",
            "\n".join(textwrap.fill(f"- {change}", PAGE, subsequent_indent="  ") for change in changes) + "\n",
        ]
    )


def memory_table(bar: Bar) -> str:
    """The terms, their sum, and what they leave of the card."""
    terms = "".join(f"| {name} | {gib:.1f} |\n" for name, gib in bar.terms.items())
    return (
        f"| GiB per GPU | |\n|---|---:|\n{terms}| **sum** | **{bar.peak_gib:.1f}** |\n"
        f"| free | {bar.usable_gib - bar.peak_gib:.1f} |\n| what a program sees | {bar.usable_gib:.1f} |"
    )
