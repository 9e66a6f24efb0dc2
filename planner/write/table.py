"""`gpu-plan compare` and `gpu-plan frontier`: the weighed candidates as a table."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..describe.assumed import assumed_lines
from ..describe.by_task import descriptions
from ..describe.format import size_words
from ..schema import AnyPlan, Request

RIGHT = {"count", "tokens/s", "$/h", "$/M tokens", "run", "$/run"}


def table(plan: AnyPlan, which: str = "best") -> str:
    """Return the weighed candidates: the "best" of each GPU or "all" of them, best first, or the "frontier"."""
    shown = descriptions(plan).comparison(plan, which)
    lines = [shown.columns, *shown.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    head = [title(plan.request, shown.load), *assumed_lines(plan.request.model), ""]
    return "\n".join([*head, *(align(line, lines[0], widths) for line in lines)])


def title(request: Request, load: str) -> str:
    """Return the request on one line."""
    budget = "no budget" if request.budget.per == "none" else f"{request.budget.usd:g}/{request.budget.per}"
    what = f"{request.model.id} ({size_words(request.model)}): {load}"
    return f"{what}, {budget}, for {request.optimize}; prices of {PRICES_DATE}"


def align(line: tuple[str, ...], names: tuple[str, ...], widths: list[int]) -> str:
    pairs = zip(names, line, widths, strict=True)
    return "  ".join(text.rjust(width) if name in RIGHT else text.ljust(width) for name, text, width in pairs).rstrip()
