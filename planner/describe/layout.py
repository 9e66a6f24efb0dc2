"""What every plan is told by, whatever it is for: a page, a picture, a few lines. Each kind of plan fills these in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """What fills one GPU. GiB by term, in the order they are drawn; their sum is the predicted peak."""

    terms: dict[str, float]
    usable_gib: float
    caption: str = ""

    @property
    def peak_gib(self) -> float:
        return sum(self.terms.values())

    @property
    def free_gib(self) -> float:
        return max(self.usable_gib - self.peak_gib, 0.0)


@dataclass(frozen=True, slots=True)
class Page:
    """PLAN.md in parts: paragraphs as they are printed, and a table with its head."""

    decision: list[str]
    bar: Bar
    memory: str
    money: list[str]
    weighed: int  # configurations
    table: str
    changes: list[str]


@dataclass(frozen=True, slots=True)
class Lines:
    """What the terminal says of a plan; `more` are lines that begin with a word of their own."""

    choice: str
    bar: Bar
    per_gpu: bool
    yields: str
    more: list[str]
    model: str
    assumed: tuple[str, ...]
