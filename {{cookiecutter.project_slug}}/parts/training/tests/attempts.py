"""Attempts at a run in processes of their own, that may be killed at any moment."""

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from {{cookiecutter.__package}}.run import run_dir
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training import train
from {{cookiecutter.__package}}.training.callbacks.budget import BudgetCallback, Interrupted
from {{cookiecutter.__package}}.training.config import Job

HANGS_S = 300  # after which an attempt is taken to hang
# A server that has imported everything and computed nothing forks an attempt in milliseconds
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["{{cookiecutter.__package}}.training.train"])


def attempt(
    job: Job,
    root: Path,
    die: tuple[str, int] | None = None,
    go: Path | None = None,
    wait_at: int = 0,
    every_s: float = 0.2,
) -> None:
    """One attempt. With `die` it is killed the n-th time it comes to that place.

    Its first save goes on once there is a file `go`; after `wait_at` steps it waits for a signal. `every_s` lie
    between two updates of ledger and lease.
    """
    import torch

    from {{cookiecutter.__package}}.training.callbacks import checkpoints

    torch.set_num_threads(1)
    if die:
        place, number = die
        spots: dict[str, tuple[Any, str]] = {
            "writing tensors": (torch, "save"),
            "sealing": (checkpoints, "seal"),
            "removing": (checkpoints.shutil, "rmtree"),
        }
        lethal(*spots[place], number)
    if go:
        halt_first_save(torch, go)
    if wait_at:
        wait_for_signal(wait_at)
    try:
        train.train(job, run_dir.Run(root, "run"), meter_every_s=every_s)
    except Interrupted:
        sys.exit(train.LATER)
    except UserError as error:
        print(error, flush=True)
        sys.exit(train.USER_ERROR)


def pause_until(condition: Callable[[], bool]) -> None:
    """Wait, but not for ever: RuntimeError, so that an attempt which nobody ends fails."""
    deadline = time.monotonic() + HANGS_S
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("waited in vain")
        time.sleep(0.005)


def halt_first_save(torch: Any, go: Path) -> None:
    """Let the first file that torch writes be half-written until there is a file `go`."""
    save = torch.save

    def call(value: Any, path: Any, *arguments: Any, **options: Any) -> Any:
        torch.save = save
        Path(path).write_bytes(b"half of a file")
        pause_until(go.exists)
        return save(value, path, *arguments, **options)

    torch.save = call


def wait_for_signal(steps: int) -> None:
    """Let this process wait, once it has done so many steps, until it is killed or asked to end."""
    end_step, done = BudgetCallback.on_step_end, 0

    def call(callback: BudgetCallback, *arguments: Any, **options: Any) -> None:
        nonlocal done
        done += 1
        if done == steps:
            pause_until(callback.requested)
        end_step(callback, *arguments, **options)

    BudgetCallback.on_step_end = call  # ty: ignore[invalid-assignment]


def lethal(module: Any, name: str, number: int) -> None:
    """Let the n-th call of a function do half of its work and then kill this process."""
    real: Callable[..., Any] = getattr(module, name)
    calls = 0

    def call(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls < number:
            return real(*arguments, **options)
        if name == "save":
            Path(arguments[1]).write_bytes(b"half of a file")
        if name == "rmtree":
            next(path for path in Path(arguments[0]).iterdir() if path.is_file()).unlink()
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, call)


def begin(job: Job, root: Path, **options: Any) -> BaseProcess:
    process = SERVER.Process(target=attempt, args=(job, root), kwargs=options)
    process.start()
    return process


def end(process: BaseProcess) -> int:
    """Exit code; -9 of one that was killed."""
    process.join(HANGS_S)
    assert process.exitcode is not None, "an attempt hangs"
    return process.exitcode


def steps_done(root: Path) -> int:
    """Lines that all attempts together have written of steps."""
    path = run_dir.Run(root, "run").folder / "metrics.jsonl"
    return path.read_text().count('"event": "step"') if path.is_file() else 0


def step_s(root: Path) -> float:
    """Seconds from one step to the next, saves in between, in a run that nobody disturbed."""
    times = [line["seconds"] for line in run_dir.Run(root, "run").metrics().read() if line["event"] == "step"]
    return (times[-1] - times[0]) / (len(times) - 1)


def kill_after(
    process: BaseProcess, root: Path, steps: int, seconds: float = 0.0, number: signal.Signals = signal.SIGKILL
) -> None:
    """Kill an attempt, or send it another signal, some time after it has done some more steps."""
    before = steps_done(root)
    while process.is_alive() and steps_done(root) < before + steps:
        time.sleep(0.005)
    time.sleep(seconds)
    assert process.pid is not None
    os.kill(process.pid, number)


def result_of(root: Path) -> tuple[dict[int, float], dict[str, Any]]:
    """Losses by step and the outcome."""
    run = run_dir.Run(root, "run")
    return run.metrics().losses(), json.loads(run.outcome.read_text())
