"""Where runs lie: the Volume, the folders of one run, and its metrics. Loads no library but Modal's."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import modal

from .. import plan
from . import budget, files
from .reply import UserError

MOUNT = "/training"  # of the Volume, in every container
TRAINING = "training"  # an attempt in the ledger
MERGE_INTO = "/target"  # where `merge --into` mounts the weights of another project

volume = modal.Volume.from_name(f"{plan.NAME}-runs", create_if_missing=True, version=2)


def weights_volume(project: str) -> modal.Volume:
    """The Volume from which another project of this template serves."""
    return modal.Volume.from_name(f"{project}-weights", create_if_missing=True)


def merged_name(run: str) -> str:
    """The folder on a weights Volume that holds the tuned model as plain weights."""
    return f"{plan.NAME}-{run}"


def check_name(run: str) -> None:
    """UserError for the name of a run that would lead out of its folder."""
    if not files.is_name(run):
        raise UserError(f"RUN = {run!r} is no name: write it of letters, digits, blanks, hyphens, dots and underscores")


@dataclass(frozen=True)
class Run:
    """The folders of one run below `root`, which on Modal is a Volume, and what it may cost."""

    root: Path
    name: str
    limit: str = plan.BUDGET
    usd_per_hour: float = plan.USD_PER_HOUR
    volume: str = ""  # name of the Volume that `root` is in a container

    def __post_init__(self) -> None:
        check_name(self.name)

    @property
    def folder(self) -> Path:
        return self.root / "runs" / self.name

    @property
    def job(self) -> Path:
        return self.folder / "job.json"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def result(self) -> Path:
        """The adapter or the model, with its tokenizer."""
        return self.folder / "result"

    @property
    def outcome(self) -> Path:
        return self.folder / "outcome.json"

    @property
    def lease(self) -> Path:
        return self.folder / "lease.json"

    def place(self, path: Path) -> str:
        """How a person finds a path below `root`."""
        return f"{path.relative_to(self.root)} on the Volume {self.volume}" if self.volume else str(path)

    def metrics(self) -> "Metrics":
        return Metrics(self.folder / "metrics.jsonl")

    def ledger(self) -> budget.Ledger:
        return budget.Ledger(self.root / "ledger" / self.name, self.usd_per_hour)

    def attempts(self) -> list[budget.Entry]:
        """The attempts at training in the ledger, the oldest first, without what else was paid for the run."""
        return [entry for entry in self.ledger().entries() if entry.what == TRAINING]

    def budget(self) -> budget.Budget:
        """The limit on this run, or where it is for a month on all runs."""
        limit = budget.parse(self.limit)
        all_runs = budget.Ledger(self.root / "ledger", self.usd_per_hour)
        return budget.Budget(all_runs if limit.per == "month" else self.ledger(), limit)


def on_volume(name: str) -> Run:
    """A run as a container sees it."""
    return Run(Path(MOUNT), name, volume=f"{plan.NAME}-runs")


def count_container(run: Run, what: str) -> None:
    """Count this container in a run's ledger, from its start until it is taken away; only the first call does."""
    if not _counted:
        _counted.append(run.ledger().start(what, earlier_s=budget.process_s()))


_counted: list[budget.SpendMeter] = []


class Metrics:
    """The JSON lines of a run, over all its attempts: one for each step, each evaluation, each begin and end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.attempt = max((line.get("attempt", 0) for line in self.read()), default=0) + 1
        self._begun = False

    def write(self, event: str, **values: Any) -> None:
        if not self._begun:  # here and not before, since readers and other processes must not write
            self._begun = True
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.is_file() and self.path.stat().st_size and not self.path.read_bytes().endswith(b"\n"):
                self._append("\n")  # what a kill cut off stays a line of its own
        line = {"event": event, "attempt": self.attempt, "seconds": round(time.time(), 3), **values}
        self._append(json.dumps(line) + "\n")

    def _append(self, text: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)

    def read(self) -> list[dict[str, Any]]:
        """Every whole line, oldest first."""
        if not self.path.is_file():
            return []
        return parse_lines(self.path.read_text(encoding="utf-8", errors="replace"))

    def losses(self) -> dict[int, float]:
        """Training loss by step. A step that was done again after a kill counts once, as it was done last."""
        found = {line["step"]: line["loss"] for line in self.read() if line["event"] == "step"}
        return dict(sorted(found.items()))

    def evaluations(self) -> dict[int, dict[str, float]]:
        """Figures on the rows held out, by step; step 0 is before the training."""
        found = {line["step"]: line for line in self.read() if line["event"] == "evaluation"}
        bare = ("event", "attempt", "seconds", "step")
        return {step: {k: v for k, v in line.items() if k not in bare} for step, line in sorted(found.items())}


def parse_lines(text: str) -> list[dict[str, Any]]:
    """The JSON objects in a text, one a line, without lines that a kill or a seek cut off."""
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return [line for line in found if isinstance(line, dict)]
