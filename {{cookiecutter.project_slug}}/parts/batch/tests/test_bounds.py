"""The most that a job's containers cost together, whatever they do, and the containers that jobs share at one time."""

import ctypes
import math
import multiprocessing
import threading
import time
from collections import deque
from dataclasses import asdict, replace
from pathlib import Path

import jobs
import psutil
import pytest
from jobs import HANGS_S

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.input import shards
from {{cookiecutter.__package}}.run import budget, files, scheduler, shard_runner
from {{cookiecutter.__package}}.run.budget import Ledger
from {{cookiecutter.__package}}.run.claim import Claim
from {{cookiecutter.__package}}.run.job import Job
from {{cookiecutter.__package}}.run.scheduler import Dispatcher
from {{cookiecutter.__package}}.run.shard_runner import Outcome

A_START_S = 1.2  # to which a process's start is known


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return jobs.written(tmp_path / "in.jsonl", 200)


@pytest.fixture
def job(tmp_path: Path, path: Path) -> Job:
    return jobs.job(tmp_path / "root", path)


def dispatcher(job: Job, limit: str, at_once: int, start_s: float = 0.0, idle_s: float = 0.0) -> Dispatcher:
    """Ten rows a shard, a second a row, a dollar a second."""
    limited = budget.Budget(Ledger(job.ledger), budget.parse(limit))
    return Dispatcher(deque(job.shards()), limited, at_once, 1.0, start_s, idle_s, usd_per_hour=3600.0)


def test_the_start_of_each_container_is_expected_to_be_paid(job: Job):
    now = dispatcher(job, "none", 2, start_s=100.0)
    assert now.expected_usd(now.waiting[0]) == 110.0
    first, second = now.next(), now.next()
    assert first and second and now.next() is None
    assert now.most_s(first) == now.most_s(second) == math.inf
    now.record(first, Outcome(budget.FAILED))
    assert now.expected_usd(now.waiting[0]) == 10.0  # a container is there


def test_what_runs_may_not_cost_more_than_is_left_whatever_it_hangs_in(job: Job):
    """100 USD, of which each container keeps 5 for its last wait: 85 for three shards; the next has what one left."""
    now = dispatcher(job, "100/run", 3, idle_s=5.0)
    shards_now = [shard for shard in (now.next(), now.next(), now.next()) if shard]
    assert len(shards_now) == 3 and sum(map(now.most_s, shards_now)) == pytest.approx(85.0)
    assert min(map(now.most_s, shards_now)) == pytest.approx(85.0 / 3)
    paid = Ledger(job.ledger).folder / "one.json"
    entry = budget.Entry(shards_now[0].label, budget.DONE, time.time(), time.time(), 12.0, 3600.0, 15.0)
    files.save(paid, asdict(entry))
    now.record(shards_now[0], Outcome(budget.FAILED))
    following = now.next()
    assert following and sum(map(now.most_s, [*shards_now[1:], following])) == pytest.approx(85.0 - 12.0)


def test_what_another_run_has_begun_counts_at_what_it_may_cost(job: Job):
    """As after a restart of the orchestrator: its calls go on, and the ledger alone lists them."""
    meter = Ledger(job.ledger, 3600.0).start(budget.START, of=job.shards()[3].label, most_s=60.0)
    now = dispatcher(job, "100/run", 1)
    shard = now.next({meter.of})
    assert shard and shard != job.shards()[3] and now.most_s(shard) == pytest.approx(40.0, abs=0.1)
    meter.stop()


def test_a_call_that_outlives_its_time_is_cancelled_and_all_when_nothing_is_left():
    began = time.time() - 100.0

    def running(call: str, what: str = "job/000001", most_s: float = 0.0, silent_s: float = 0.0) -> budget.Entry:
        updated = time.time() - silent_s
        return budget.Entry(what, budget.RUNNING, began, updated, 100.0, 1.0, 15.0, call=call, most_s=most_s)

    entries = [
        running("late", most_s=30.0),
        running("in time", most_s=90.0),
        running("unbounded"),
        running("", most_s=30.0),  # of no call
        running("frozen", "job/000002", most_s=30.0, silent_s=90.0),
        running("long dead", "job/000003", most_s=30.0, silent_s=90.0),
    ]
    assert scheduler.overdue(entries, {"job/000002"}, broke=False) == {"late", "frozen"}
    assert scheduler.overdue(entries, {"job/000002"}, broke=True) == {"late", "in time", "unbounded", "frozen"}


def test_jobs_that_run_at_the_same_time_share_what_an_hour_pays_for(job: Job, path: Path, tmp_path: Path):
    """Three containers are paid for: each job alone may take two, and both together never have more than three."""
    other = jobs.job(tmp_path / "root", path, settings=replace(jobs.SETTINGS, model="org/other"))
    lock, now, most, three = threading.Lock(), 0, 0, threading.Event()

    def worker(shard: shards.Shard) -> Outcome:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
            if most == 3:
                three.set()
        assert three.wait(HANGS_S)
        time.sleep(0.02)  # for a fourth, which there should not be
        try:
            return shard_runner.run_shard(job.root, shard, jobs.engine, jobs.FAST)
        finally:
            with lock:
                now -= 1

    reports: list[scheduler.Report] = []
    limit = f"{3.5 * plan.USD_PER_HOUR:.4f}/hour"
    runs = [
        threading.Thread(target=lambda one=one: reports.append(jobs.run(one, worker, limit=limit, at_once=2)))
        for one in (job, other)
    ]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert [report.complete for report in reports] == [True, True] and most == 3


def test_a_claim_of_a_killed_job_lapses(tmp_path: Path):
    def claim() -> Claim:
        return Claim(str(tmp_path), 3, lambda: None, lambda: None)

    first, second = claim(), claim()
    assert first.grow(2) and second.grow(1) and not second.grow(2) and not first.grow(3)
    value = files.load(first.path)
    assert value
    del value["until"]
    files.save(first.path, {**value, "until": time.time() - 1.0})  # its last renewal is long ago
    assert second.grow(3)
    second.release(0.0)
    assert first.grow(3)


def hangs(root: str, shard: shards.Shard) -> None:
    shard_runner.Container(root, shard.job, HangingEngine).run(shard, most_s=1.5)


class HangingEngine:
    """It never answers, and holds Python's lock while it does not, so that no thread runs."""

    def __call__(self, prompts: list) -> list:
        return [ctypes.PyDLL(None).sleep(HANGS_S)]

    def close(self) -> None: ...


def test_a_container_that_hangs_ends_itself_and_every_second_of_it_is_in_the_ledger(job: Job):
    process = multiprocessing.get_context("spawn").Process(target=hangs, args=(job.root, job.shards()[0]))
    process.start()
    began = psutil.Process(process.pid).create_time()
    process.join()
    lived = time.time() - began
    assert process.exitcode == 1, "it went on when it no longer hung"
    entries = {entry.what: entry for entry in Ledger(job.ledger).entries()}
    assert set(entries) == {budget.IDLE, budget.START, job.shards()[0].label}
    hung = entries[job.shards()[0].label]
    assert hung.state == budget.RUNNING and hung.seconds <= 1.5  # it counts no further than it may go
    counted = sum(entry.seconds for entry in entries.values())
    assert counted == pytest.approx(hung.began + 1.5 - began, abs=A_START_S) and counted < lived + A_START_S
