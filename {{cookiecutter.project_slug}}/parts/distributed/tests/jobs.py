"""Attempts of two real ranks on this machine, and faults injected while they run."""

import multiprocessing
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from unittest.mock import patch

import psutil

from {{cookiecutter.__package}}.run import attempt, run_dir, status
from {{cookiecutter.__package}}.training import config, train
from {{cookiecutter.__package}}.training.config import Job

HOME = Path(__file__).parent.parent
os.environ["PYTHONPATH"] = os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")])  # ranks import the project
ALONE = attempt.Node(0, 1, "127.0.0.1")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def run_at(root: Path, limit: str = "none") -> run_dir.Run:
    return run_dir.Run(root, "run", limit)


def launched(job: Job, run: run_dir.Run, **options: object) -> status.Outcome:
    """One attempt of all ranks in this container."""
    return attempt.launch(ALONE, job, run, port=free_port(), **options)  # ty: ignore[invalid-argument-type]


def losses(run: run_dir.Run) -> dict[int, float]:
    return run.metrics().losses()


def steps_done(run: run_dir.Run) -> int:
    """Lines that all attempts together have written of steps."""
    path = run.folder / "metrics.jsonl"
    return path.read_text().count('"event": "step"') if path.is_file() else 0


def ranks() -> list[psutil.Process]:
    """The ranks that this process's torchrun has started, in their order."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            words = process.cmdline()
            if "{{cookiecutter.__package}}.distributed.worker" in words and "torch.distributed.run" not in words:
                found.append((int(process.environ()["RANK"]), process))
        except psutil.Error:  # it has just ended
            continue
    return [process for _, process in sorted(found, key=lambda pair: pair[0])]


class After(threading.Thread):
    """Does something beside the launcher, once two or more steps are done and a share of the time of one has passed."""

    def __init__(self, run: run_dir.Run, steps: int, share: float, action: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.where, self.action, self.share = run, action, share
        self.until = steps_done(run) + steps
        self.done_at = 0.0

    def run(self) -> None:
        while steps_done(self.where) < self.until:
            time.sleep(0.005)
        before, last = [line["seconds"] for line in self.where.metrics().read() if line["event"] == "step"][-2:]
        time.sleep(self.share * (last - before))
        self.done_at = time.monotonic()
        self.action()


def kill(rank: int) -> None:
    for process in ranks()[rank : rank + 1]:
        process.kill()


def ask() -> None:
    """Send what Modal sends before it takes a container away."""
    os.kill(os.getpid(), signal.SIGINT)


DYING = """
import os
if os.environ.get("RANK") == os.environ["DIES"]:
    import signal
    import torch
    save, calls = torch.save, [0]

    def dying(value, path, *arguments, **options):
        calls[0] += 1
        if calls[0] == int(os.environ["DIES_AT"]):
            with open(path, "wb") as file:
                file.write(b"half of a file")
            os.kill(os.getpid(), signal.SIGKILL)
        return save(value, path, *arguments, **options)

    torch.save = dying
"""
WAITING = """
import os
if os.environ.get("RANK") == "0":
    import time
    from {{cookiecutter.__package}}.training.callbacks.budget import BudgetCallback
    end_step, steps, deadline = BudgetCallback.on_step_end, [0], time.monotonic() + 300

    def waiting(callback, *arguments, **options):
        steps[0] += 1
        while steps[0] == int(os.environ["WAITS_AFTER"]) and not callback.requested() and time.monotonic() < deadline:
            time.sleep(0.005)
        end_step(callback, *arguments, **options)

    BudgetCallback.on_step_end = waiting
"""


@contextmanager
def injected(folder: Path, code: str, **variables: str) -> Generator[None]:
    """In the block, every Python process that starts runs `code` first."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(code)
    path = f"{folder}{os.pathsep}{os.environ['PYTHONPATH']}"
    with patch.dict(os.environ, {**variables, "PYTHONPATH": path}):
        yield


def dying_in_a_save(folder: Path, rank: int, number: int) -> AbstractContextManager[None]:
    """In the block, a rank is killed half-way through the n-th file that torch writes for it."""
    return injected(folder, DYING, DIES=str(rank), DIES_AT=str(number))


def waiting_after(folder: Path, steps: int) -> AbstractContextManager[None]:
    """In the block, rank 0, and with it all, waits after so many steps until a rank is killed or asked to end."""
    return injected(folder, WAITING, WAITS_AFTER=str(steps))


def alone(job: Job, root: Path) -> run_dir.Run:
    """The same job in one process: twice the micro-batches for half the ranks."""
    run = run_at(root)
    train.train(config.share_batch(job, 1), run)
    return run


class View:
    """A Volume as a container sees it: its own copy, from which others get something by a commit and a reload."""

    def __init__(self, folder: Path, volume: Path) -> None:
        self.folder, self.volume = folder, volume
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(volume, folder)
        self.known = self._files()

    def _files(self) -> dict[Path, tuple[int, int]]:
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return {path.relative_to(self.folder): (path.stat().st_mtime_ns, path.stat().st_size) for path in found}

    def commit(self) -> None:
        """Hand over what was written and removed here since it was last done, and nothing else."""
        now = self._files()
        for path in self.known.keys() - now.keys():
            (self.volume / path).unlink(missing_ok=True)
            for folder in (self.volume / path).parents:
                if folder == self.volume or not folder.is_dir() or any(folder.iterdir()):
                    break
                folder.rmdir()
        for path in [path for path in now if now[path] != self.known.get(path)]:
            (self.volume / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.folder / path, self.volume / path)
        self.known = now


def node(job: Job, volume: Path, folder: Path, rank: int, address: str, port: int) -> status.Outcome:
    """One attempt of one of two containers, which shares nothing with the other but a Volume and the network."""
    view = View(folder, volume)
    place = attempt.Node(rank, 2, address)
    try:
        return attempt.launch(place, job, run_at(view.folder), commit=view.commit, port=port)
    finally:
        view.commit()  # as Modal does when a container ends


def second_node(job: Job, volume: Path, folder: Path, address: str, port: int) -> BaseProcess:
    """The other container, in a process of its own. Its exit code is not 0 where its attempt failed."""
    process = multiprocessing.get_context("spawn").Process(target=node, args=(job, volume, folder, 1, address, port))
    process.start()
    return process


def loopback() -> str:
    """Modal's clusters speak IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as found:
            found.bind(("::1", 0))
        return "::1"
    except OSError:
        return "127.0.0.1"
