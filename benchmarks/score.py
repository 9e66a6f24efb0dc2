"""One prediction held against one measurement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """A measured figure and the planner's for the same run, in the same unit.

    `kind` is the row of the accuracy table it counts for ("weights 16-bit", "training peak LoRA", ...); `family` and
    `source` say what must be left out together when a constant is fitted. For yes-or-no rows (fits, ran out of
    memory) both figures are 0.0 or 1.0.
    """

    kind: str
    family: str
    source: str
    model: str
    predicted: float
    measured: float
    note: str = ""

    @property
    def error(self) -> float:
        """Relative error of the prediction, signed."""
        return self.predicted / self.measured - 1

    @property
    def factor(self) -> float:
        """How many times too high or too low, at least 1."""
        return max(self.predicted / self.measured, self.measured / self.predicted)
