"""A plan as the generated PLAN.md: the decision, its memory and price, the alternatives."""

from __future__ import annotations

import textwrap

from ..describe.by_task import descriptions
from ..describe.format import PAGE
from ..describe.layout import Bar, Figure
from ..schema import AnyPlan


def plan_md(plan: AnyPlan, command: str = "") -> str:
    """Return the text of the generated PLAN.md, with the command that made the project where it is known."""
    page = descriptions(plan).page(plan)
    weighed = "1 configuration" if page.weighed == 1 else f"{page.weighed} configurations"
    single = ["## Cheaper single GPUs", bullets(page.single_gpus)] if page.single_gpus else []
    clone = " (`.` is a clone of the template)" if command.startswith("cookiecutter . ") else ""
    made = [f"## Made with\n\nThe same answers give the same plan{clone}:\n\n    {command}\n"] if command else []
    return "\n\n".join(
        [
            "# The plan",
            *page.decision,
            "## Memory\n\n![memory of one GPU](memory.svg)",
            memory_table(page.bar),
            *page.memory,
            "If memory runs out, in this order:",
            numbered(page.out_of_memory),
            "## Speed",
            *page.speed,
            "## Cost",
            *page.cost,
            "## How sure these figures are",
            confidence_table(page.figures),
            f"## What else was weighed\n\n{weighed}; the best of each GPU:",
            page.table.rstrip(),
            *single,
            "## Other aims",
            bullets(page.aims),
            "## What would change the choice",
            bullets(page.changes or ["Nothing within reach."]) + ("" if made else "\n"),
            *made,
        ]
    )


def fill(text: str, indent: str) -> str:
    """Return a list item in lines, `code` and --options unbroken."""
    return textwrap.fill(text, PAGE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def bullets(sentences: list[str]) -> str:
    return "\n".join(fill(f"- {each}", "  ") for each in sentences)


def numbered(sentences: list[str]) -> str:
    return "\n".join(fill(f"{number}. {each}", "   ") for number, each in enumerate(sentences, 1))


def memory_table(bar: Bar) -> str:
    """Return a Markdown table of the terms, their sum, and the rest of the GPU's memory, claimed beside needed."""
    how = "claimed" if bar.claimed else "used"
    terms = "".join(f"| {name} | {gib:.1f} | {bar.needed(name):.1f} |\n" for name, gib in bar.terms.items())
    needed = sum(map(bar.needed, bar.terms))
    return (
        f"| GiB per GPU | {how} | needed |\n|---|---:|---:|\n{terms}"
        f"| **sum** | **{bar.peak_gib:.1f}** | **{needed:.1f}** |\n"
        f"| free | {bar.usable_gib - bar.peak_gib:.1f} | {bar.usable_gib - needed:.1f} |\n"
        f"| what a program sees | {bar.usable_gib:.1f} | |"
    )


def confidence_table(figures: list[Figure]) -> str:
    """Return a Markdown table of the kinds of figures and how far each can be trusted."""
    rows = "".join(f"| {figure.name} | {figure.confidence} | {figure.basis} |\n" for figure in figures)
    return f"| figure | confidence | basis |\n|---|---|---|\n{rows}".rstrip()
