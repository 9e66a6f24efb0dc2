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
from {{cookiecutter.__package}}.training.callbacks.budget import Interrupted
from {{cookiecutter.__package}}.training.config import Job

# A server that has imported everything and computed nothing forks an attempt in milliseconds
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["{{cookiecutter.__package}}.training.train"])


def attempt(job: Job, root: Path, die: tuple[str, int] | None = None, save_s: float = 0.0) -> None:
    """One attempt, whose first save takes `save_s`; with `die` it is killed the n-th time it comes to that place."""
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
    if save_s:
        slow(torch, save_s)
    try:
        train.train(job, run_dir.Run(root, "run"), meter_every_s=0.2)
    except Interrupted:
        sys.exit(train.LATER)
    except UserError as error:
        print(error, flush=True)
        sys.exit(train.USER_ERROR)


def slow(torch: Any, seconds: float) -> None:
    """Let the first file that torch writes be half-written for so long."""
    save = torch.save

    def call(value: Any, path: Any, *arguments: Any, **options: Any) -> Any:
        torch.save = save
        Path(path).write_bytes(b"half of a file")
        time.sleep(seconds)
        return save(value, path, *arguments, **options)

    torch.save = call


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
    process.join(300)
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
