"""The progress of a run: published by its container in a Modal Dict, shown in the terminal that watches."""

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TextIO

import modal

from .. import plan
from . import calls
from .reply import Reply, UserError
from .run_dir import Run, parse_lines

EVERY_S = 2.0
LINE_EVERY_S = 15.0  # where the terminal is a log
TAIL = 8192  # bytes of the metrics that surely hold the last lines

progress_dict = modal.Dict.from_name(f"{plan.NAME}-progress", create_if_missing=True)  # run -> Progress, and its call


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
