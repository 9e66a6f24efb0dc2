"""The contents of PLAN.md, memory.svg, the terminal and the comparison, before they are formatted."""

from __future__ import annotations

from typing import NamedTuple


class Bar(NamedTuple):
    """The memory of one GPU. GiB by term, in the order they are drawn; their sum is the predicted peak."""

    terms: dict[str, float]
    usable_gib: float
    caption: str = ""
    spare_gib: float = 0.0  # of the KV cache: claimed, and more than the load needs
    claimed: bool = False  # the engine claims its share whatever the load needs

    @property
    def peak_gib(self) -> float:
        return sum(self.terms.values())

    @property
    def free_gib(self) -> float:
        return max(self.usable_gib - self.peak_gib, 0.0)

    @property
    def parts(self) -> dict[str, float]:
        """GiB as they are drawn: the KV cache in what is needed and what is spare, and what is free last."""
        shown: dict[str, float] = {}
        for name, gib in self.terms.items():
            if name == "KV cache" and self.spare_gib:
                shown |= {f"{name}, needed": gib - self.spare_gib, f"{name}, spare": self.spare_gib}
            else:
                shown[name] = gib
        return shown | {"free": self.free_gib}

    def needed(self, term: str) -> float:
        """Return the GiB of a term that the load needs."""
        return self.terms[term] - (self.spare_gib if term == "KV cache" else 0.0)


def memory_line(shown: Bar, per_gpu: bool) -> str:
    """Return "40.8 of 44.4 GiB claimed by vLLM: weights 8.8, KV cache 31.3 (18.0 needed), ..."."""
    terms = [f"{name} {gib:.1f}" for name, gib in shown.terms.items()]
    if shown.spare_gib:
        terms = [
            f"{term} ({shown.needed(name):.1f} needed)" if name == "KV cache" else term
            for name, term in zip(shown.terms, terms, strict=True)
        ]
    how = "claimed by vLLM" if shown.claimed else "used"
    on = " per GPU" if per_gpu else ""
    return f"{shown.peak_gib:.1f} of {shown.usable_gib:.1f} GiB{on} {how}: {', '.join(terms)}"


class Figure(NamedTuple):
    """A kind of figure, and how far it can be trusted."""

    name: str
    confidence: str  # "measured elsewhere", "calculated", "unmeasured estimate"; "published", "assumed", "as given"
    basis: str


class Page(NamedTuple):
    """PLAN.md in parts: paragraphs and tables as they are printed."""

    decision: list[str]
    bar: Bar
    memory: list[str]
    out_of_memory: list[str]  # steps, the first one first
    speed: list[str]
    cost: list[str]
    figures: list[Figure]
    weighed: int  # configurations
    table: str
    single_gpus: list[str]  # cheaper ones, and why each was not chosen
    aims: list[str]
    changes: list[str]


class Lines(NamedTuple):
    """The lines on the terminal, each (label, text)."""

    choice: str  # the choice in one line
    rows: list[tuple[str, str]]


class Comparison(NamedTuple):
    """The weighed candidates as a table, best first, and the load in words."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    load: str
