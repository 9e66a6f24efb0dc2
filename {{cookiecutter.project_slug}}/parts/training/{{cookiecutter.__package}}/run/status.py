"""How a run stands, from its files alone: the outcome of its last attempt, and its progress while it goes on."""

from dataclasses import asdict, dataclass, field
from typing import Any

from .. import plan
from . import files
from .budget import HOUR, spent_usd
from .run_dir import Metrics, Run

FINISHED, STOPPED, INTERRUPTED = "finished", "stopped at budget", "to be continued"
WINDOW = 50  # last steps whose speed counts


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. Losses are those on the rows held out, or of the training where none are."""

    status: str  # FINISHED, STOPPED or INTERRUPTED
    step: int
    steps: int
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    attempts: int = 1
    spent_usd: float = 0.0
    remaining_usd: float = 0.0  # price of the steps that are left
    again_usd: float = 0.0  # of it, what another attempt needs to begin and to end
    tokens_per_s: float = 0.0  # of this attempt
    peak_gib: float = 0.0
    lines: list[str] = field(default_factory=list)  # for the terminal

    def save(self, run: Run) -> None:
        files.save(run.outcome, asdict(self))


def last_outcome(run: Run) -> Outcome | None:
    """Return the run's last outcome; None where no attempt came to an end."""
    found = files.load(run.outcome)
    return Outcome(**found) if found else None


def budget_exhausted(run: Run) -> bool:
    """Whether the budget pays for no further attempt. One that it stopped has measured what begin and end take."""
    ended = last_outcome(run)
    needed = ended.again_usd if ended and ended.status == STOPPED else 0.0
    return run.budget().left_usd() <= needed


def before_and_after(metrics: Metrics) -> tuple[dict[str, float], dict[str, float]]:
    """First and last figures on the rows held out, or first and last training loss where none are."""
    evaluations = list(metrics.evaluations().values())
    if len(evaluations) > 1:
        return evaluations[0], evaluations[-1]
    ends = [{"loss": loss} for loss in metrics.losses().values()]
    return (ends[0], ends[-1]) if ends else ({}, {})


def report(outcome: Outcome, run: Run) -> str:
    """The outcome for the terminal: figures before and after, speed, memory, price, what is left."""
    lines = [f"{outcome.status} at step {outcome.step:,} of {outcome.steps:,}, attempt {outcome.attempts}"]
    for name in outcome.before:
        old, new = outcome.before[name], outcome.after.get(name, float("nan"))
        lines.append(f"{name.replace('mean_token_', ''):7} {old:.4f} before, {new:.4f} after")
    lines += outcome.lines
    if run.usd_per_hour:
        lines.append(f"spent   {outcome.spent_usd:.2f} USD on GPUs, of a budget of {run.limit}")
    if outcome.status != FINISHED:
        left = outcome.steps - outcome.step
        price = f"{left:,} steps, about {outcome.remaining_usd:.2f} USD" if outcome.steps else "everything"
        more = "raise BUDGET in plan.py and run it again" if outcome.status == STOPPED else "run it again"
        lines.append(f"left    {price}: {more}, and it goes on from here")
    if outcome.status != INTERRUPTED:
        lines.append(f"result  {run.place(run.result)}")
    return "\n".join(lines)


@dataclass(frozen=True)
class Status:
    """A run so far. Seconds and dollars that are left count steps alone, not starts and evaluations."""

    run: str
    outcome: Outcome | None  # of the last attempt that came to an end
    step: int
    steps: int
    loss: float | None
    tokens_per_s: float
    peak_gib: float
    attempts: int
    running: bool  # an attempt has updated its ledger entry lately
    spent_usd: float
    step_s: float  # seconds of a step, lately
    last_error: str = ""  # of the last attempt, where it failed

    @property
    def left_s(self) -> float:
        return (self.steps - self.step) * self.step_s

    def __str__(self) -> str:
        if not self.attempts:
            return f"run {self.run} has not begun: start it with `train`"
        lines = [f"run {self.run}: step {self.step:,} of {self.steps:,}, {self._attempt()}"]
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

    def _attempt(self) -> str:
        attempt = f"attempt {self.attempts}"
        if self.running:
            return f"{attempt} is running"
        if self.outcome and self.outcome.step >= self.step:
            return f"{self.outcome.status}, {attempt}"
        return f"{attempt} ended: {self.last_error or 'it was killed'}"


def run_status(run: Run) -> Status:
    """Read the run's metrics, ledger and outcome."""
    steps = [line for line in run.metrics().read() if line["event"] == "step"]
    entries, last = run.ledger().entries(), steps[-1] if steps else {}
    return Status(
        run=run.name,
        outcome=last_outcome(run),
        step=last.get("step", 0),
        steps=last.get("steps", 0),
        loss=last.get("loss"),
        tokens_per_s=last.get("tokens_per_s", 0.0),
        peak_gib=last.get("peak_gib", 0.0),
        attempts=len(entries),
        running=any(entry.live for entry in entries),
        spent_usd=spent_usd(entries, run.budget().limit.since),
        step_s=mean_step_s([line for line in steps[-WINDOW:] if line["attempt"] == last["attempt"]]),
        last_error=entries[-1].error.partition("\n")[0] if entries else "",
    )


def mean_step_s(steps: list[dict[str, Any]]) -> float:
    """Mean seconds of a step, from the times at which lines of one attempt were written."""
    return (steps[-1]["seconds"] - steps[0]["seconds"]) / (len(steps) - 1) if len(steps) > 1 else 0.0


def duration(seconds: float) -> str:
    """Seconds as a person would say them: `90 s`, `12 min`, `3.4 h`."""
    if seconds < 2 * 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"
