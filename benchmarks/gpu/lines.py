"""A measurement as one JSON line: what ran, on what, what was measured, and what the planner was asked and said."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.gpu_names import family
from benchmarks.score import Score

from .configurations import Configuration

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Line:
    """One configuration's outcome. Sizes GiB, times seconds, rates tokens/s; None is what this run does not have."""

    id: str
    date: str
    configuration: dict[str, Any]
    params: int  # of the model
    dtype: str  # that it computes in
    card: dict[str, Any] | None  # name, driver, total_gib; None on a CPU, whose lines say nothing about the planner
    versions: dict[str, str]
    question: dict[str, Any]  # for `python -m planner estimate`
    planned: dict[str, Any]  # what it answered on that day
    measured: dict[str, Any] = field(default_factory=dict)
    oom: bool = False
    error: str = ""  # one sentence or the last line of a log, where it did not come to an end

    @property
    def mode(self) -> str:
        return self.configuration["mode"]

    def score(self, kind: str, predicted: float, measured: float) -> Score:
        """One figure of this run against the planner's."""
        assert self.card is not None, f"{self.id} was measured on no card"
        model = self.configuration["model"]
        return Score(kind, family(model), f"measured by us, {self.card['name']}", model, predicted, measured, self.id)

    def text(self) -> str:
        """The line, with its newline."""
        return json.dumps(asdict(self)) + "\n"


def parse(text: str) -> Line:
    """The line in `text`."""
    return Line(**json.loads(text))


def read(path: Path) -> list[Line]:
    """The lines of a file, oldest first; none where it is not there."""
    if not path.is_file():
        return []
    return [parse(text) for text in path.read_text(encoding="utf-8").splitlines() if text.strip()]


def append(path: Path, line: Line) -> None:
    """Write one more, on the disk before the next configuration begins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(line.text())
        file.flush()
        os.fsync(file.fileno())


def left(wanted: list[Configuration], path: Path) -> list[Configuration]:
    """Those of which the file holds no line yet."""
    done = {line.id for line in read(path)}
    return [one for one in wanted if one.id not in done]


def measurements(folder: Path = RESULTS) -> Iterator[Line]:
    """Every line of a folder that was measured on a card. Lines of a CPU have no place there: ValueError."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in read(path):
            if line.card is None or line.configuration["model"].startswith("toy/"):
                raise ValueError(f"{path.name} holds {line.id!r}, which was measured on no card: take that line out")
            yield line
