"""A plan as the generated PLAN.md: the decision, its memory and price, the alternatives."""

from __future__ import annotations

import textwrap

from ..describe.by_task import descriptions
from ..describe.format import PAGE
from ..describe.layout import Bar
from ..schema import AnyPlan


def plan_md(plan: AnyPlan) -> str:
    """Return the text of the generated PLAN.md."""
    page = descriptions(plan).page(plan)
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
    """Return a Markdown table of the terms, their sum, and the rest of the GPU's memory."""
    terms = "".join(f"| {name} | {gib:.1f} |\n" for name, gib in bar.terms.items())
    return (
        f"| GiB per GPU | |\n|---|---:|\n{terms}| **sum** | **{bar.peak_gib:.1f}** |\n"
        f"| free | {bar.usable_gib - bar.peak_gib:.1f} |\n| what a program sees | {bar.usable_gib:.1f} |"
    )
