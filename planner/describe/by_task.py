"""The functions that describe a plan, by its task. They are imported with it: a bake compiles what it imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..schema import TRAINING, AnyPlan
from .layout import Bar, Comparison, Lines, Page


class Descriptions(NamedTuple):
    """One function for each thing that is shown of a plan."""

    page: Callable[[Any], Page]
    bars: Callable[[Any], list[Bar]]
    lines: Callable[[Any], Lines]
    api: Callable[[Any, float | None], list[str]]  # beside an API at so many USD per million tokens
    comparison: Callable[[Any, str], Comparison]  # "best" of each GPU, "all", or the "frontier"


def descriptions(plan: AnyPlan) -> Descriptions:
    """Return the functions for the plan's task."""
    if plan.request.task in TRAINING:
        from . import training_lines, training_page
        from .api_price import no_api

        return Descriptions(
            training_page.page, training_page.bars, training_lines.lines, no_api, training_page.comparison
        )
    from . import inference_lines, inference_page
    from .api_price import api_words

    return Descriptions(
        inference_page.page, inference_page.bars, inference_lines.lines, api_words, inference_page.comparison
    )
