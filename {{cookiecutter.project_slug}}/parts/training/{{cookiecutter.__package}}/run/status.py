"""How a run stands, from its files alone: true while it goes on, and whatever was killed."""

from dataclasses import dataclass
from typing import Any

from .. import plan
from . import run_dir
from ..metrics import Metrics
from .budget import Entry, HOUR, spent_usd

WINDOW = 50  # steps whose speed counts


@dataclass(frozen=True)
class Status:
    """A run so far. Seconds and dollars that are left count steps alone, not starts and evaluations."""

    run: str
    outcome: run_dir.Outcome | None  # of the last attempt that came to an end
    step: int
    steps: int
    loss: float | None
    tokens_per_s: float
    peak_gib: float
    attempts: int
    running: bool  # an attempt has said lately that it runs
    spent_usd: float
    step_s: float  # seconds of a step, lately
    last_error: str = ""  # of the last attempt, where it failed

    @property
    def left_s(self) -> float:
        return (self.steps - self.step) * self.step_s

    def __str__(self) -> str:
        if not self.attempts:
            return f"run {self.run} has not begun: start it with `train`"
        lines = [f"run {self.run}: step {self.step:,} of {self.steps:,}, {self._how()}"]
        if self.loss is not None:
            lines.append(f"loss    {self.loss:.4f}")
        if self.tokens_per_s:
            lines.append(f"speed   {self.tokens_per_s:,.0f} tokens/s, planned {plan.PREDICTED_TOKENS_PER_S:,.0f}")
            lines.append(f"memory  planned {plan.PREDICTED_PEAK_GIB:.1f} GiB, measured {self.peak_gib:.1f}")
        lines.append(f"spent   {self.spent_usd:.2f} USD on GPUs, of a budget of {plan.BUDGET}")
        if self.step < self.steps:
            price = self.left_s / HOUR * plan.USD_PER_HOUR
            lines.append(f"left    {self.steps - self.step:,} steps, {duration(self.left_s)}, about {price:.2f} USD")
        return "\n".join(lines)

    def _how(self) -> str:
        attempt = f"attempt {self.attempts}"
        if self.running:
            return f"{attempt} is running"
        if self.outcome and self.outcome.step >= self.step:
            return f"{self.outcome.status}, {attempt}"
        return f"{attempt} ended: {self.last_error or 'it was killed'}"


def status(where: run_dir.Run) -> Status:
    """What the files below `where` say."""
    lines = [line for line in Metrics(where.folder / "metrics.jsonl").read() if line["event"] == "step"]
    entries, outcome = where.ledger().entries(), run_dir.outcome_of(where)
    last = lines[-1] if lines else {}
    return Status(
        run=where.name,
        outcome=outcome,
        step=last.get("step", 0),
        steps=last.get("steps", 0),
        loss=last.get("loss"),
        tokens_per_s=last.get("tokens_per_s", 0.0),
        peak_gib=last.get("peak_gib", 0.0),
        attempts=len(entries),
        running=any(entry.live for entry in entries),
        spent_usd=spent_usd(entries, where.budget().limit.since),
        step_s=seconds_of_a_step([line for line in lines[-WINDOW:] if line["attempt"] == last["attempt"]]),
        last_error=error_of(entries),
    )


def seconds_of_a_step(lines: list[dict[str, Any]]) -> float:
    """From the times at which steps of one attempt were written."""
    return (lines[-1]["seconds"] - lines[0]["seconds"]) / (len(lines) - 1) if len(lines) > 1 else 0.0


def error_of(entries: list[Entry]) -> str:
    return entries[-1].error.partition("\n")[0] if entries else ""


def duration(seconds: float) -> str:
    """In the unit that a person would take."""
    if seconds < 2 * 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"
