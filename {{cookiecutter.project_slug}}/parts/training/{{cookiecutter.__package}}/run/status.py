"""How a run stands: the outcome of its last attempt, from its files, and its last step while it goes on.

Its container publishes the steps in a Modal Dict, for the terminal that watches.
"""

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TextIO

import modal

from .. import plan
from . import budget, calls, files
from .reply import Reply, UserError
from .run_dir import Metrics, Run, parse_lines

FINISHED, STOPPED, INTERRUPTED = "finished", "stopped at budget", "to be continued"
WINDOW = 50  # last steps whose speed counts
EVERY_S = 2.0  # between two looks at the steps
LINE_EVERY_S = 15.0  # where the terminal is a log
TAIL = 8192  # bytes of the metrics that surely hold the last lines

progress_dict = modal.Dict.from_name(f"{plan.NAME}-progress", create_if_missing=True)  # run -> Progress, and its call


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
        lines.append(f"spent   ${outcome.spent_usd:.2f} on GPUs; the budget is {budget.parse(run.limit)}")
    if outcome.status != FINISHED:
        left = outcome.steps - outcome.step
        price = f"{left:,} steps, about ${outcome.remaining_usd:.2f}" if outcome.steps else "everything"
        more = "raise BUDGET in plan.py and run it again" if outcome.status == STOPPED else "run it again"
        lines.append(f"left    {price}: {more}, and it goes on from here")
    if outcome.status != INTERRUPTED:
        lines.append(f"result  {run.place(run.result)}")
    return "\n".join(lines)


@dataclass(frozen=True)
class Progress:
    """The last step that a run has done."""

    attempt: int
    step: int
    steps: int
    loss: float
    tokens_per_s: float
    peak_gib: float
    planned_gib: float

    @classmethod
    def of(cls, line: dict[str, Any]) -> "Progress":
        """Take the fields from a step's line in the metrics."""
        return cls(**{field.name: line[field.name] for field in fields(cls)})

    def __str__(self) -> str:
        again = f"  attempt {self.attempt}" if self.attempt > 1 else ""
        return figures(self.loss, self.tokens_per_s, self.peak_gib, self.planned_gib) + again


def figures(loss: float, tokens_per_s: float, peak_gib: float, planned_gib: float) -> str:
    """The figures of a step for a progress line."""
    return f"loss {loss:.4f}  {tokens_per_s:,.0f} tokens/s  peak {peak_gib:.1f} GiB of {planned_gib:.1f} planned"


def last_step(metrics: Path) -> Progress | None:
    """The last step in a run's metrics; None where there is none near the end."""
    if not metrics.is_file():
        return None
    with metrics.open("rb") as file:
        file.seek(max(0, metrics.stat().st_size - TAIL))
        lines = parse_lines(file.read().decode(errors="replace"))
    steps = [line for line in lines if line.get("event") == "step"]
    return Progress.of(steps[-1]) if steps else None


@dataclass(frozen=True)
class Status:
    """A run so far. Seconds and dollars that are left count steps alone, not starts and evaluations."""

    run: str
    outcome: Outcome | None  # of the last attempt that came to an end
    last: Progress | None  # its last step
    attempts: int
    running: bool  # an attempt has updated its ledger entry lately
    spent_usd: float
    step_s: float  # seconds of a step, lately
    last_error: str = ""  # of the last attempt, where it failed

    def __str__(self) -> str:
        if not self.attempts:
            return f"run {self.run} has not begun: start it with `train`"
        step, steps = (self.last.step, self.last.steps) if self.last else (0, 0)
        lines = [f"run {self.run}: step {step:,} of {steps:,}, {self._attempt(step)}"]
        if self.last:
            lines.append(f"loss    {self.last.loss:.4f}")
            planned = plan.PREDICTED_TOKENS_PER_S
            lines.append(f"speed   {self.last.tokens_per_s:,.0f} tokens/s, planned {planned:,.0f}")
            lines.append(f"memory  planned {plan.PREDICTED_PEAK_GIB:.1f} GiB, measured {self.last.peak_gib:.1f}")
        lines.append(f"spent   ${self.spent_usd:.2f} on GPUs; the budget is {budget.parse(plan.BUDGET)}")
        if step < steps:
            left_s = (steps - step) * self.step_s
            price = left_s / budget.HOUR * plan.USD_PER_HOUR
            lines.append(f"left    {steps - step:,} steps, {duration(left_s)}, about ${price:.2f}")
        return "\n".join(lines)

    def _attempt(self, step: int) -> str:
        attempt = f"attempt {self.attempts}"
        if self.running:
            return f"{attempt} is running"
        if self.outcome and self.outcome.step >= step:
            return f"{self.outcome.status}, {attempt}"
        return f"{attempt} ended: {self.last_error or 'it was killed'}"


def run_status(run: Run) -> Status:
    """Read the run's metrics, ledger and outcome."""
    steps = [line for line in run.metrics().read() if line["event"] == "step"]
    recent = [line["seconds"] for line in steps[-WINDOW:] if line["attempt"] == steps[-1]["attempt"]]
    entries, attempts = run.ledger().entries(), run.attempts()
    return Status(
        run=run.name,
        outcome=last_outcome(run),
        last=Progress.of(steps[-1]) if steps else None,
        attempts=len(attempts),
        running=bool(attempts) and attempts[-1].live,  # the newest: one that was killed seems alive for a while
        spent_usd=budget.spent_usd(entries, run.budget().limit.since),
        step_s=(recent[-1] - recent[0]) / (len(recent) - 1) if len(recent) > 1 else 0.0,
        last_error=attempts[-1].error.partition("\n")[0] if attempts else "",
    )


def duration(seconds: float) -> str:
    """Seconds as a person would say them: `90 s`, `12 min`, `3.4 h`."""
    if seconds < 2 * 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * budget.HOUR else f"{seconds / budget.HOUR:.1f} h"


@contextmanager
def publish(run: Run) -> Generator[None]:
    """Put the last step into the Dict while the block runs. Containers that write no metrics put nothing."""
    stop, path, begun = threading.Event(), run.metrics().path, time.time()

    def put_steps() -> None:
        before: Progress | None = None
        while not stop.wait(EVERY_S):
            now = last_step(path) if path.is_file() and path.stat().st_mtime >= begun else None
            if now and now != before:
                progress_dict.put(run.name, before := now)

    thread = threading.Thread(target=put_steps, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class StepDisplay:
    """A bar of steps on stderr, or a line in `log` now and then where stderr is no terminal."""

    def __init__(self, log: TextIO, shown_at: float = 0.0) -> None:
        self.log, self.shown_at = log, shown_at
        self.bar: Any = None

    def show(self, step: int, steps: int, text: str, always: bool = False) -> None:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = self.bar or tqdm(total=steps, initial=step, unit="step", dynamic_ncols=True)
            self.bar.n = step
            self.bar.set_postfix_str(text)
        elif always or time.monotonic() - self.shown_at > LINE_EVERY_S:
            self.shown_at = time.monotonic()
            print(f"step {step:,} of {steps:,}  {text}", file=self.log, flush=True)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def record_call(run: str, call: modal.FunctionCall) -> None:
    """Remember the call that trains a run, so that nobody starts a second one."""
    progress_dict.pop(run, None)
    progress_dict.put(f"{run} is trained by", call.object_id)


def running_call(run: str) -> modal.FunctionCall | None:
    """The call that trains a run now, if there is one. UserError where Modal does not say."""
    known = progress_dict.get(f"{run} is trained by")
    if not known:
        return None
    call = modal.FunctionCall.from_id(known)
    try:
        calls.result(call)
    except calls.StillRunning:
        return call
    except calls.Unreachable as error:
        raise UserError(f"Modal does not say whether the run {run} goes on ({error}): try again") from error
    except Exception:  # whatever ended it is raised here
        return None
    return None


def follow(run: str, call: modal.FunctionCall) -> Reply:
    """Show the steps until the training ends, and return its reply."""
    display, shown = StepDisplay(sys.stderr), None
    try:
        while True:
            try:
                return calls.result(call, EVERY_S)
            except modal.exception.FunctionTimeoutError:
                return Reply(error=f"the last attempt ended after {plan.TIMEOUT:,} s: `train` goes on from there")
            except calls.Unreachable:  # the training goes on there
                time.sleep(calls.PAUSE_S)
            except calls.StillRunning:
                if (now := progress_dict.get(run)) and now != shown:
                    shown = now
                    display.show(now.step, now.steps, str(now))
    finally:
        display.close()
