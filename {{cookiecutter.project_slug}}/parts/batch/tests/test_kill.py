"""Killed anywhere, a job ends as if nothing had happened."""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from pathlib import Path

import jobs
import pytest

from {{cookiecutter.__package}}.input import shards
from {{cookiecutter.__package}}.run import files, shard_runner
from {{cookiecutter.__package}}.run.shard_runner import Outcome
from {{cookiecutter.__package}}.run.status import scan_results

FORK = multiprocessing.get_context("forkserver")
# Imported once: a process starts in milliseconds
FORK.set_forkserver_preload(["{{cookiecutter.__package}}.run.scheduler"])
ROWS, SHARD_ROWS = 60, 10


@pytest.fixture(scope="module", autouse=True)
def forks() -> Iterator[None]:
    """The server that forks them ends with these tests: others measure the memory of all children."""
    yield
    forkserver._forkserver._stop()  # ty: ignore[missing-attribute]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return jobs.written(tmp_path / "in.jsonl", ROWS, bad_every=25)


@pytest.fixture
def undisturbed(tmp_path: Path, path: Path) -> tuple[list[dict], list[dict]]:
    job = jobs.job(tmp_path / "undisturbed", path, SHARD_ROWS)
    jobs.run(job)
    return jobs.outcome(job, tmp_path)


def started(target: Callable[..., None], *arguments: object) -> multiprocessing.process.BaseProcess:
    process = FORK.Process(target=target, args=arguments)
    process.start()
    return process


def die_at(step: int, root: str, path: str) -> None:
    """A whole run that kills itself with SIGKILL at the step-th time it syncs or renames a file."""
    left, lock = step, threading.Lock()

    def dying(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            nonlocal left
            with lock:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments)

        return call

    files.sync = dying(files.sync)  # ty: ignore[invalid-assignment]
    files.os.replace = dying(os.replace)  # ty: ignore[invalid-assignment]
    jobs.process(root, path, SHARD_ROWS)


@pytest.mark.parametrize("every", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_any_write_and_run_again(
    tmp_path: Path, path: Path, undisturbed: tuple[list[dict], list[dict]], every: int
):
    for step in range(1, 1000, every):
        root = tmp_path / f"step{step}"
        killed = started(die_at, step, str(root), str(path))
        killed.join()
        job = jobs.job(root, path, SHARD_ROWS)
        jobs.run(job)
        assert jobs.outcome(job, tmp_path) == undisturbed, step
        if killed.exitcode == 0:
            break
        assert killed.exitcode == -signal.SIGKILL
    assert step > 60  # it was killed that far into its writes


def test_killed_at_any_moment_until_it_is_done(tmp_path: Path, path: Path, undisturbed: tuple[list[dict], list[dict]]):
    root, chance, kills = str(tmp_path / "root"), random.Random(0), 0
    while True:
        process = started(jobs.process, root, str(path), SHARD_ROWS)
        process.join(chance.uniform(0.0, 0.1 * 1.2**kills))  # it gets more time, until it is done
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        kills += 1
    assert process.exitcode == 0 and kills >= 3
    assert jobs.outcome(jobs.job(Path(root), path, SHARD_ROWS), tmp_path) == undisturbed


def shard_alone(root: str, shard: shards.Shard, delay: float) -> None:
    def slowly(prompts: list) -> list:
        time.sleep(delay)
        return jobs.engine(prompts)

    shard_runner.run_shard(root, shard, slowly, jobs.FAST)


def test_ten_containers_killed_while_the_job_runs(
    tmp_path: Path, path: Path, undisturbed: tuple[list[dict], list[dict]]
):
    job = jobs.job(tmp_path / "root", path, SHARD_ROWS)
    chance, kills, lock = random.Random(0), 0, threading.Lock()
    doomed = chance.choices([True, False], weights=[2, 1], k=14)

    def container(shard: shards.Shard) -> Outcome:
        """A shard in a process of its own, which is killed in two cases of three, ten times in all."""
        nonlocal kills
        with lock:
            dies = kills < 10 and (not doomed or doomed.pop())
            kills += dies
        process = started(shard_alone, job.root, shard, 60.0 if dies else 0.0)
        if dies:
            process.join(chance.uniform(0.0, 0.1))
            process.kill()
        process.join()
        found = scan_results(job, only=shard).done
        if process.exitcode or not found:
            raise ConnectionError("the container was killed")
        return Outcome("done", found[0])

    for _ in range(5):
        if jobs.run(job, container).complete:
            break
    assert kills == 10 and jobs.outcome(job, tmp_path) == undisturbed


def test_temporary_files_of_killed_writers_go_when_they_are_old(tmp_path: Path):
    for name, age_s in (("old", files.ABANDONED_S + 60), ("new", 60)):
        file = tmp_path / "jobs" / f".{name}.0123{files.TEMPORARY}"
        file.parent.mkdir(exist_ok=True)
        file.touch()
        modified = time.time() - age_s
        os.utime(file, (modified, modified))
    files.remove_stale_temp(tmp_path)
    assert [file.name for file in (tmp_path / "jobs").iterdir()] == [f".new.0123{files.TEMPORARY}"]
