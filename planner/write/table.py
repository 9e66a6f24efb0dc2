"""`gpu-plan compare` and `gpu-plan frontier`: the weighed candidates as a table."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..describe.assumed import assumed_lines
from ..describe.by_task import descriptions
from ..describe.format import budget_words, paragraph, size_words
from ..describe.load import aim_words
from ..schema import AnyPlan, Request

RIGHT = {"count", "tokens/s", "$/h", "$/M tokens", "run", "$/run"}


def table(plan: AnyPlan, which: str = "best", api_usd: float | None = None) -> str:
    """Return the weighed candidates: the "best" of each GPU or "all" of them, best first, or the "frontier".

    With the price of an API, USD per million tokens, the choice is compared with it below.
    """
    shown = descriptions(plan).comparison(plan, which)
    lines = [shown.columns, *shown.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    assumed = [f"{label}: {words}" for label, words in assumed_lines(plan.request.model)]
    head = [title(plan.request, shown.load), *assumed, ""]
    beside = ["", paragraph(*descriptions(plan).api(plan, api_usd))] if api_usd is not None else []
    return "\n".join([*head, *(align(line, lines[0], widths) for line in lines), *beside])


def title(request: Request, load: str) -> str:
    """Return the request on one line."""
    what = f"{request.model.id} ({size_words(request.model)}): {load}"
    return f"{what}, {budget_words(request.budget)}, for {aim_words(request)}; prices of {PRICES_DATE}"


def align(line: tuple[str, ...], names: tuple[str, ...], widths: list[int]) -> str:
    pairs = zip(names, line, widths, strict=True)
    return "  ".join(text.rjust(width) if name in RIGHT else text.ljust(width) for name, text, width in pairs).rstrip()
