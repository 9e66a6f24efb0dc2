"""The ledger: every second is counted, whatever becomes of the process that spent it; and the limit on it."""

import math
import multiprocessing
import os
import signal
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.run import budget, files
from {{cookiecutter.__package}}.run.budget import DONE, FAILED, RUNNING, Budget, BudgetError, Entry, Ledger, Limit


def entry(folder: Path, what: str, usd: float, state: str = DONE, began: float | None = None) -> None:
    """An attempt on a container of 36 USD an hour: a cent a second."""
    began = time.time() if began is None else began
    found = Entry(what, state, began, began, usd * 100, 36.0, every_s=15.0)
    files.save(folder / f"{len(list(folder.glob('*')))}.json", asdict(found))


def test_seconds_become_dollars(tmp_path: Path):
    ledger = Ledger(tmp_path, usd_per_hour=3600.0)
    with ledger.meter("a", every_s=60) as meter:
        time.sleep(0.05)
        assert ledger.entries()[0].state == RUNNING
        assert ledger.entries()[0].seconds >= 60  # a running one counts up to the next time it writes
        least = meter.seconds
    (found,) = ledger.entries()
    assert found.state == DONE and 0.05 <= least <= found.seconds <= meter.seconds
    assert found.usd == pytest.approx(found.seconds) and budget.spent_usd([found]) == found.usd


def test_a_failed_attempt_is_counted_and_its_error_kept(tmp_path: Path):
    with pytest.raises(RuntimeError), Ledger(tmp_path).meter("a"):
        raise RuntimeError("the engine died")
    (found,) = Ledger(tmp_path).entries()
    assert (found.state, found.error) == (FAILED, "RuntimeError: the engine died") and found.seconds > 0


def killed(folder: str) -> None:
    ledger = Ledger(Path(folder))
    ledger.start("a", every_s=0.05)
    while ledger.entries()[0].seconds < 0.25:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_attempt_is_counted(tmp_path: Path):
    process = multiprocessing.get_context("spawn").Process(target=killed, args=(str(tmp_path),))
    begun = time.monotonic()
    process.start()
    process.join()
    (found,) = Ledger(tmp_path).entries()
    assert found.state == RUNNING and 0.25 <= found.seconds <= time.monotonic() - begun + 0.05


def test_a_silent_attempt_is_not_live(tmp_path: Path):
    entry(tmp_path, "old", 1.0, RUNNING, began=time.time() - 61)
    entry(tmp_path, "new", 1.0, RUNNING)
    assert [found.live for found in Ledger(tmp_path).entries()] == [False, True]


def test_what_a_container_that_died_could_not_write_is_counted_to_its_end(tmp_path: Path):
    now, shard = time.time(), "job/000001"
    entry(tmp_path, shard, 0.1, RUNNING, began=now - 60)  # ten of sixty seconds
    entry(tmp_path, shard, 0.1, FAILED, began=now - 60)
    entry(tmp_path, "job/000002", 0.1, RUNNING, began=now - 60)
    entry(tmp_path, shard, 0.1, RUNNING, began=now - 600)
    ledger = Ledger(tmp_path)
    ledger.count_silent(shard, since=now - 100)
    [lost] = [one for one in ledger.entries() if one.what == budget.SILENT]
    assert lost.of == shard and lost.state == FAILED and 50 <= lost.seconds <= 50 + time.time() - now
    assert lost.usd == pytest.approx(lost.seconds / 100)


def test_many_writers_lose_nothing(tmp_path: Path):
    """Each attempt is a file of its own, so threads here stand for containers there."""
    from concurrent.futures import ThreadPoolExecutor

    def one(number: int) -> None:
        with Ledger(tmp_path).meter(f"shard {number}", every_s=0.001):
            time.sleep(0.005)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(64)))
    found = Ledger(tmp_path).entries()
    assert sorted(entry.what for entry in found) == sorted(f"shard {number}" for number in range(64))
    assert {entry.state for entry in found} == {DONE}


def test_a_damaged_entry_is_not_free(tmp_path: Path):
    entry(tmp_path, "a", 1.0)
    next(tmp_path.iterdir()).write_text("{")
    with pytest.raises(BudgetError, match="what it cost is unknown"):
        Ledger(tmp_path).entries()


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("50/run", Limit(50.0, "run")),
        ("$12.5 / month", Limit(12.5, "month")),
        ("4/hour", Limit(4.0, "hour")),
        ("40", Limit(40.0, "run")),
        ("none", Limit(0.0, "none")),
    ],
)
def test_budgets_as_people_write_them(text: str, limit: Limit):
    assert budget.parse(text) == limit
    assert budget.parse(str(limit)) == limit


@pytest.mark.parametrize("text", ["", "a lot", "4/week", "-3/run", "4/run/month"])
def test_what_is_no_budget_is_refused(text: str):
    with pytest.raises(BudgetError, match="write 50/run"):
        budget.parse(text)


def test_what_runs_counts_at_what_it_may_cost(tmp_path: Path):
    entry(tmp_path, "a", 3.0)
    entry(tmp_path, "b", 0.5, RUNNING)
    entry(tmp_path, "c", 2.5, RUNNING)
    here = Budget(Ledger(tmp_path), Limit(10.0, "run"))
    in_flight = {"b": 1.0, "c": 1.0, "d": 1.0}  # c has cost more than expected, d has not written yet
    assert here.committed_usd(in_flight) == pytest.approx(3.0 + 1.0 + 2.5 + 1.0)
    assert here.left_usd(in_flight) == pytest.approx(2.5)
    assert here.left_s() == pytest.approx(4.0 * 3600 / plan.USD_PER_HOUR)


def test_an_attempt_that_died_counts_as_far_as_it_came(tmp_path: Path):
    entry(tmp_path, "a", 2.0, RUNNING, began=time.time() - 3600)
    assert Budget(Ledger(tmp_path), Limit(10.0, "run")).left_usd() == pytest.approx(8.0)


def test_a_month_is_of_all_jobs_and_ends(tmp_path: Path):
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()
    for job, began in (("one", month - 1), ("one", month + 1), ("other", month + 2)):
        entry(tmp_path / job, "a", 2.0, began=began)
    assert Budget(Ledger(tmp_path), Limit(10.0, "month")).left_usd() == pytest.approx(6.0)
    assert Budget(Ledger(tmp_path), Limit(10.0, "run")).left_usd() == pytest.approx(4.0)


@pytest.mark.parametrize("limit", [Limit(4.0, "hour"), Limit(0.0, "none")])
def test_an_hourly_budget_bounds_containers_and_no_sum(tmp_path: Path, limit: Limit):
    entry(tmp_path, "a", 1000.0)
    assert Budget(Ledger(tmp_path), limit).left_usd() == Budget(Ledger(tmp_path), limit).left_s() == math.inf


def test_reading_again_is_cheap_and_sees_what_is_new(tmp_path: Path):
    ledger = Ledger(tmp_path)
    entry(tmp_path, "a", 1.0)
    first = ledger.entries()
    entry(tmp_path, "b", 1.0)
    again = ledger.entries()
    assert again[0] is first[0] and [found.what for found in again] == ["a", "b"]
