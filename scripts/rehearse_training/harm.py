"""What goes wrong in a run's life, done on purpose: its container killed between steps, and in the middle of a save."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

sys.path.append(str(Path(__file__).parents[2] / "tests" / "e2e" / "serve"))
import containers  # ty: ignore[import-not-found]  # beside the serve rehearsal

TRAIN = "train"
MARKER = "COMPLETE"  # the last file of a checkpoint
PATIENCE_S = 900.0


def training(plane: str) -> list[psutil.Process]:
    """The processes of the container that trains; none where none does."""
    found = containers.of_function(plane, TRAIN)
    return found[0] if found else []


def seen(process: psutil.Process, path: str) -> Path:
    """A path as the process's container has it."""
    return Path(f"/proc/{process.pid}/root{path}")


def kill(plane: str) -> None:
    containers.end(training(plane))


def fresh(plane: str) -> None:
    """End containers that wait for more. After a deployment Modal takes new ones; not every plane does."""
    containers.kill(plane)


def waited(plane: str, holds: Callable[[psutil.Process], bool]) -> None:
    """Until something holds of the container that trains. TimeoutError where it never does."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if (found := training(plane)) and holds(found[0]):
                return
        except OSError:  # it ended under our eyes
            continue
        time.sleep(0.002)
    raise TimeoutError(f"it did not come to that in {PATIENCE_S:.0f} s")


def steps(folder: str) -> Callable[[psutil.Process], int]:
    """Lines of steps that a run's container has written, of all attempts."""

    def count(process: psutil.Process) -> int:
        path = seen(process, f"{folder}/metrics.jsonl")
        return path.read_bytes().count(b'"event": "step"') if path.is_file() else 0

    return count


def between_steps(plane: str, folder: str, more: int) -> str:
    """Kill the container some steps after a look at it."""
    count, first = steps(folder), list[int]()

    def far(process: psutil.Process) -> bool:
        now = count(process)
        first.extend([now] * (not first and now > 0))
        return bool(first) and now >= first[0] + more

    waited(plane, far)
    kill(plane)
    return f"{more} steps on"


def within_save(plane: str, folder: str) -> str:
    """Kill the container while a checkpoint lacks its marker."""

    def half(process: psutil.Process) -> bool:
        found = seen(process, f"{folder}/checkpoints").glob("checkpoint-*")
        return any(any(path.iterdir()) and not (path / MARKER).is_file() for path in found)

    waited(plane, half)
    kill(plane)
    return "inside a save"
