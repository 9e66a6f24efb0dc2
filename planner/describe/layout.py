"""The contents of PLAN.md, memory.svg, the terminal and the comparison, before they are formatted."""

from __future__ import annotations

from typing import NamedTuple


class Bar(NamedTuple):
    """The memory of one GPU. GiB by term, in the order they are drawn; their sum is the predicted peak."""

    terms: dict[str, float]
    usable_gib: float
    caption: str = ""

    @property
    def peak_gib(self) -> float:
        return sum(self.terms.values())

    @property
    def free_gib(self) -> float:
        return max(self.usable_gib - self.peak_gib, 0.0)


class Page(NamedTuple):
    """PLAN.md in parts: paragraphs as they are printed, and a table with its head."""

    decision: list[str]
    bar: Bar
    memory: str
    money: list[str]
    weighed: int  # configurations
    table: str
    changes: list[str]


class Lines(NamedTuple):
    """The lines on the terminal; those of `more` begin with a word of their own."""

    choice: str
    bar: Bar
    per_gpu: bool
    yields: str
    more: list[str]
    assumed: list[str]  # lines, each with a word of its own; none where the model is known


class Comparison(NamedTuple):
    """The weighed candidates as a table, best first, and the load in words."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    load: str
