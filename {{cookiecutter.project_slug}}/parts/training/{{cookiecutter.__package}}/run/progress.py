"""How far a run is, told to whoever watches: through a Modal Dict, so that no one needs to."""

import json
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import modal

from .. import plan
from .run_dir import Run
from .reply import Said

EVERY_S = 2.0
LINE_EVERY_S = 15.0  # where the terminal is a log
TAIL = 8192  # bytes of the metrics that surely hold the last lines

board = modal.Dict.from_name(f"{plan.NAME}-progress", create_if_missing=True)  # run -> its last Progress, and its call


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

    def __str__(self) -> str:
        again = f"  attempt {self.attempt}" if self.attempt > 1 else ""
        memory = f"peak {self.peak_gib:.1f} GiB of {self.planned_gib:.1f} planned"
        return f"loss {self.loss:.4f}  {self.tokens_per_s:,.0f} tokens/s  {memory}{again}"


def last(path: Path) -> Progress | None:
    """The last step in a run's metrics; None where there is none near the end."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        lines = file.read().decode(errors="replace").splitlines()
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except json.JSONDecodeError:  # cut off, by the seek or by a write under way
            continue
        if isinstance(found, dict) and found.get("event") == "step":
            return Progress(**{name: found[name] for name in Progress.__dataclass_fields__})
    return None


@contextmanager
def told(where: Run) -> Generator[None]:
    """While the block runs, the board knows the steps that are done. Containers that write no metrics tell nothing."""
    stop, path, begun = threading.Event(), where.folder / "metrics.jsonl", time.time()

    def tell() -> None:
        before: Progress | None = None
        while not stop.wait(EVERY_S):
            now = last(path) if path.is_file() and path.stat().st_mtime >= begun else None
            if now and now != before:
                board.put(where.name, before := now)

    thread = threading.Thread(target=tell, name="teller", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Line:
    """A progress bar of steps on stderr, or now and then a line where that is a log."""

    def __init__(self) -> None:
        self.bar: Any = None
        self.said_at, self.shown = 0.0, None

    def __enter__(self) -> "Line":
        return self

    def show(self, now: Progress | None) -> None:
        if now is None or now == self.shown:
            return
        self.shown = now
        if sys.stderr.isatty():
            self._move(now)
        elif time.monotonic() - self.said_at > LINE_EVERY_S:
            self.said_at = time.monotonic()
            print(f"step {now.step:,} of {now.steps:,}  {now}", file=sys.stderr, flush=True)

    def _move(self, now: Progress) -> None:
        from tqdm import tqdm

        if self.bar is None:
            self.bar = tqdm(total=now.steps, initial=now.step, unit="step", dynamic_ncols=True)
        self.bar.n = now.step
        self.bar.set_postfix_str(str(now))

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()


def began(run: str, call: modal.FunctionCall) -> None:
    """Remember the call that trains a run, so that nobody starts a second one."""
    board.pop(run, None)
    board.put(f"{run} is trained by", call.object_id)


def running(run: str) -> modal.FunctionCall | None:
    """The call that trains a run now, if there is one."""
    known = board.get(f"{run} is trained by")
    if not known:
        return None
    try:
        call = modal.FunctionCall.from_id(known)
        call.get(timeout=0)
    except modal.exception.FunctionTimeoutError:  # its last attempt is over
        return None
    except (TimeoutError, modal.exception.TimeoutError):
        return call
    except Exception:  # what it raised is whatever ended it; it has ended
        return None
    return None


def watched(run: str, call: modal.FunctionCall) -> Said:
    """What the training has to say at its end, with a progress line until then."""
    with Line() as line:
        while True:
            try:
                return call.get(timeout=EVERY_S)
            except modal.exception.FunctionTimeoutError:
                return Said(error=f"the last attempt ended after {plan.TIMEOUT:,} s: `train` goes on from there")
            except (TimeoutError, modal.exception.TimeoutError):
                line.show(board.get(run))
