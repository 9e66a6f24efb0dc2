"""A job from its first shard to its last: memory that runs out, failures, money that ends, a second run beside it."""

import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import jobs
import pytest
from jobs import HANGS_S

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.input import shards
from {{cookiecutter.__package}}.input.prompts import Prompt
from {{cookiecutter.__package}}.input.readers import Source
from {{cookiecutter.__package}}.output.results import Failed, Result
from {{cookiecutter.__package}}.run import budget, files, scheduler, shard_runner, status
from {{cookiecutter.__package}}.run.budget import OUT_OF_MEMORY, Ledger
from {{cookiecutter.__package}}.run.job import Job, JobSpec, create_job
from {{cookiecutter.__package}}.run.shard_runner import Outcome
from {{cookiecutter.__package}}.run.status import scan_results

ROWS = 200


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return jobs.written(tmp_path / "in.jsonl", ROWS, bad_every=100)


@pytest.fixture
def job(tmp_path: Path, path: Path) -> Job:
    return jobs.job(tmp_path / "root", path)


def attempts(job: Job) -> Counter[str]:
    """Shard name -> attempts in the ledger."""
    return Counter(entry.what.rpartition("/")[2] for entry in Ledger(job.ledger).entries())


def test_a_job_ends_in_what_a_plain_loop_gives(job: Job, path: Path, tmp_path: Path):
    report = jobs.run(job)
    rows, dead = jobs.outcome(job, tmp_path)
    assert report.complete and not report.stopped and rows == jobs.expected(path)
    assert len(rows) == ROWS - 2 and len(dead) == 2
    assert set(attempts(job).values()) == {1} and len(attempts(job)) == 20
    assert report.status.usd == pytest.approx(sum(entry.usd for entry in Ledger(job.ledger).entries()))


def test_a_second_run_of_a_complete_job_asks_for_nothing(job: Job):
    jobs.run(job)
    report = jobs.run(job, lambda shard: pytest.fail(f"{shard.name} was run again"))
    assert report.complete and set(attempts(job).values()) == {1}


def test_at_most_so_many_run_at_once(job: Job):
    lock, now, most, three = threading.Lock(), 0, 0, threading.Event()

    def counted(shard: shards.Shard) -> Outcome:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            if most == 3:
                three.set()
        try:
            assert three.wait(HANGS_S)
            return shard_runner.run_shard(job.root, shard, jobs.engine, jobs.FAST)
        finally:
            with lock:
                now -= 1

    assert jobs.run(job, counted, at_once=3).complete and most == 3


def test_a_shard_that_does_not_fit_is_halved_until_it_does(job: Job, path: Path, tmp_path: Path):
    sizes: list[int] = []

    def small(prompts: list[Prompt]) -> list[Result | Failed]:
        sizes.append(len(prompts))
        if len(prompts) > 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 22 GiB")
        return jobs.engine(prompts)

    assert jobs.run(job, lambda shard: shard_runner.run_shard(job.root, shard, small, jobs.FAST)).complete
    assert jobs.outcome(job, tmp_path)[0] == jobs.expected(path)
    assert max(sizes) == 10 and {entry.state for entry in Ledger(job.ledger).entries()} == {"done", OUT_OF_MEMORY}


def test_what_ran_out_of_memory_is_remembered_over_a_restart(job: Job, path: Path, tmp_path: Path):
    def full(prompts: list[Prompt]) -> list[Result | Failed]:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    shard = job.shards()[4]
    assert shard_runner.run_shard(job.root, shard, full).state == OUT_OF_MEMORY
    jobs.run(job)
    assert attempts(job)["000004"] == 1 and attempts(job)["000004.0"] == attempts(job)["000004.1"] == 1
    assert jobs.outcome(job, tmp_path)[0] == jobs.expected(path)


def test_what_ran_out_of_memory_in_another_run_is_taken_in_halves(job: Job, path: Path, tmp_path: Path):
    def full(prompts: list[Prompt]) -> list[Result | Failed]:
        raise MemoryError

    def worker(shard: shards.Shard) -> Outcome:
        if not attempts(job):  # while the first shard of this run is at work, another run tries another one
            other = next(one for one in job.shards() if one != shard)
            assert shard_runner.run_shard(job.root, other, full, jobs.FAST).state == OUT_OF_MEMORY
        return shard_runner.run_shard(job.root, shard, jobs.engine, jobs.FAST)

    assert jobs.run(job, worker, at_once=1).complete
    assert sorted(Counter(attempts(job).values())) == [1] and len(attempts(job)) == 22
    assert jobs.outcome(job, tmp_path)[0] == jobs.expected(path)


def test_a_months_money_is_that_of_all_jobs(job: Job, path: Path, tmp_path: Path):
    jobs.run(job)
    spent = budget.spent_usd(Ledger(job.ledger).entries())
    other = jobs.job(tmp_path / "root", path, settings=replace(jobs.SETTINGS, model="org/other"))
    assert scheduler.job_budget(other, budget.parse("5/month")).left_usd() == pytest.approx(5 - spent)
    assert scheduler.job_budget(other, budget.parse("5/run")).left_usd() == 5.0


def test_a_single_row_that_no_memory_holds_is_dead(job: Job, path: Path, tmp_path: Path):
    def picky(prompts: list[Prompt]) -> list[Result | Failed]:
        if any(str(prompt).startswith("row 57 ") for prompt in prompts):
            raise MemoryError
        return jobs.engine(prompts)

    assert jobs.run(job, lambda shard: shard_runner.run_shard(job.root, shard, picky, jobs.FAST)).complete
    rows, dead = jobs.outcome(job, tmp_path)
    assert rows == [row for row in jobs.expected(path) if row["row"] != 57]
    assert [line["id"] for line in dead if line["error"].startswith("out of memory")] == ["r57"]


def test_a_container_that_dies_is_tried_again(job: Job, path: Path, tmp_path: Path):
    died: Counter[str] = Counter()

    def fragile(shard: shards.Shard) -> Outcome:
        died[shard.name] += 1
        if died[shard.name] == 1 and shard.index % 4 == 0:
            raise ConnectionError("the container was preempted")
        return shard_runner.run_shard(job.root, shard, jobs.engine, jobs.FAST)

    report = jobs.run(job, fragile)
    assert report.complete and not report.failed and max(died.values()) == 2
    assert jobs.outcome(job, tmp_path)[0] == jobs.expected(path)


def test_a_shard_that_fails_for_good_is_in_the_report_and_the_next_run_tries_it(job: Job, tmp_path: Path):
    def broken(shard: shards.Shard) -> Outcome:
        if shard.index == 7:
            raise ConnectionError("no such luck")
        return shard_runner.run_shard(job.root, shard, jobs.engine, jobs.FAST)

    report = jobs.run(job, broken)
    assert [failure.shard.name for failure in report.failed] == ["000007"] and not report.complete
    assert "shard 000007 failed: ConnectionError: no such luck" in str(report)
    assert report.status.left == 10 and report.status.shards_done == 19
    assert jobs.run(job).complete


def test_a_broken_engine_is_not_paid_for_on_every_shard(job: Job):
    def broken(prompts: list[Prompt]) -> list[Result | Failed]:
        raise RuntimeError("no kernel image is available")

    report = jobs.run(job, lambda shard: shard_runner.run_shard(job.root, shard, broken, jobs.FAST))
    assert "attempts in a row failed" in report.stopped and "no kernel image" in report.stopped
    assert sum(attempts(job).values()) < 10


def test_an_engine_that_refuses_everything_kills_no_row(job: Job):
    def buggy(prompts: list[Prompt]) -> list[Result | Failed]:
        raise TypeError("generate() got an unexpected keyword argument")

    report = jobs.run(job, lambda shard: shard_runner.run_shard(job.root, shard, buggy, jobs.FAST))
    assert "prompts, the first with TypeError: generate() got an unexpected keyword" in report.stopped
    assert report.status.dead == 0 and report.status.left == ROWS


def test_where_nothing_ever_fits_only_bad_rows_are_dead(job: Job):
    def full(prompts: list[Prompt]) -> list[Result | Failed]:
        raise MemoryError

    report = jobs.run(job, lambda shard: shard_runner.run_shard(job.root, shard, full, jobs.FAST))
    assert "attempts in a row did not fit, the last one out of memory: lower CONCURRENCY" in report.stopped
    assert report.failed and sum(attempts(job).values()) <= 2 * 16 + 4 + 4
    assert {manifest.shard for manifest in scan_results(job).done} <= {"000000.000", "000010.000"}  # rows 0 and 100


def test_half_of_the_money_does_half_and_the_rest_does_the_rest(
    job: Job, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each shard is made to take 10 s, whatever this machine is busy with: 20 shards, 200 s."""
    monkeypatch.setattr(budget.SpendMeter, "seconds", property(lambda meter: 10.0))
    shard_usd = 10 / 3600 * plan.USD_PER_HOUR
    report = jobs.run(job, limit=f"{10.7 * shard_usd:.8f}/run", seconds_per_row=1.0)
    assert report.stopped.endswith(f" is left of ${10.7 * shard_usd:g}/run, and a shard costs about ${shard_usd:.2f}")
    assert report.status.shards_done == 10 and report.status.usd == pytest.approx(10 * shard_usd)
    assert report.status.left_usd == pytest.approx(10 * shard_usd)
    assert "the same command continues" in str(report)
    report = jobs.run(job, limit=f"{21 * shard_usd:.8f}/run", seconds_per_row=1.0)
    assert report.complete and set(attempts(job).values()) == {1}
    assert jobs.outcome(job, tmp_path)[0] == jobs.expected(path)


def test_what_costs_more_than_expected_stops_it_sooner(job: Job, monkeypatch: pytest.MonkeyPatch):
    """Twice the expected cost: the first shards show it, and from then on it is what is expected."""
    monkeypatch.setattr(budget.SpendMeter, "seconds", property(lambda meter: 20.0))
    shard_usd = 20 / 3600 * plan.USD_PER_HOUR
    report = jobs.run(job, limit=f"{10.7 * shard_usd:.8f}/run", seconds_per_row=1.0)
    assert report.status.shards_done == 10 and report.status.usd == pytest.approx(10 * shard_usd)


def test_without_money_nothing_starts(job: Job):
    report = jobs.run(job, lambda shard: pytest.fail("paid"), limit="0/run")
    assert report.stopped.startswith("$0.00 is left of $0/run") and report.status.left == ROWS


def test_a_stop_file_ends_it_after_what_runs(job: Job):
    def last(shard: shards.Shard) -> Outcome:
        job.stop_file.touch()
        return shard_runner.run_shard(job.root, shard, jobs.engine, jobs.FAST)

    report = jobs.run(job, last)
    assert report.stopped == "as you asked" and 0 < report.status.shards_done <= 3
    done, again = (
        report.status.shards_done,
        jobs.run(job),
    )  # Modal's own retry of the orchestrator, not a user's command
    assert again.stopped == "as you asked" and again.status.shards_done == done
    assert create_job(job.root, JobSpec(Source(job.split.source), jobs.TEXT, job.settings)) == job
    assert jobs.run(job).complete


def test_two_runs_at_once_do_no_harm_and_little_work_twice(job: Job, path: Path, tmp_path: Path):
    def worker(shard: shards.Shard) -> Outcome:
        def slow(prompts: list[Prompt]) -> list[Result | Failed]:
            time.sleep(0.05)
            return jobs.engine(prompts)

        return shard_runner.run_shard(job.root, shard, slow)

    reports: list[scheduler.Report] = []
    runs = [threading.Thread(target=lambda: reports.append(jobs.run(job, worker))) for _ in range(2)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert [report.complete for report in reports] == [True, True]
    assert jobs.outcome(job, tmp_path)[0] == jobs.expected(path)
    assert sum(attempts(job).values()) <= 20 + 6


def test_a_second_run_leaves_to_the_first_what_it_has_begun(job: Job, path: Path, tmp_path: Path):
    shard = job.shards()[3]
    release = threading.Event()

    def held(prompts: list[Prompt]) -> list[Result | Failed]:
        assert release.wait(HANGS_S)
        return jobs.engine(prompts)

    def other(one: shards.Shard) -> Outcome:
        """The last of the other shards lets the first run end its own."""
        outcome = shard_runner.run_shard(job.root, one, jobs.engine, jobs.FAST)
        if len(scan_results(job, verify=False).done) == len(job.shards()) - 1:
            release.set()
        return outcome

    first = threading.Thread(target=lambda: shard_runner.run_shard(job.root, shard, held))
    first.start()
    while not Ledger(job.ledger).entries():
        time.sleep(0.01)
    assert jobs.run(job, other).complete
    first.join()
    assert attempts(job)["000003"] == 1 and jobs.outcome(job, tmp_path)[0] == jobs.expected(path)


def test_what_killed_attempts_left_is_removed_when_nothing_runs_any_more(job: Job):
    jobs.run(job)
    results = {path.name for path in (job.folder / "output").iterdir()}
    left = job.folder / "output" / "000003.0123456789ab.parquet"
    left.write_text("of a killed attempt")
    meter = Ledger(job.ledger).start("another container", every_s=10.0)
    jobs.run(job)
    assert left.exists()
    meter.stop()
    jobs.run(job)
    assert {path.name for path in (job.folder / "output").iterdir()} == results


def test_the_manifest_says_where_everything_is(job: Job):
    jobs.run(job)
    value = files.load(job.folder / "manifest.json")
    assert value and value["complete"] and value["rows"] == ROWS and value["dead"] == 2 and value["pending"] == []
    assert sum(rows for _file, rows, _sha256 in value["output"]) == ROWS - 2
    for file, _rows, sha256 in value["output"]:
        assert files.sha256(job.folder / file) == sha256


def test_status_is_true_while_it_runs(job: Job):
    seen: list[status.Status] = []

    def look(shard: shards.Shard) -> Outcome:
        outcome = shard_runner.run_shard(job.root, shard, jobs.engine, jobs.FAST)
        found = scan_results(job, verify=False)
        seen.append(status.status(job, found, Ledger(job.ledger).entries()))
        return outcome

    jobs.run(job, look, at_once=1)
    assert [status.shards_done for status in seen] == list(range(1, 21))
    assert all(status.done + status.dead + status.left == ROWS for status in seen)
    assert seen[4].rows_per_s and seen[4].left_usd and seen[-1].left == 0
    assert str(seen[-1]).startswith("198 of 200 rows done, 2 unusable, 0 to go\n20 of 20 shards done, ")


@pytest.mark.parametrize(("seconds", "words"), [(90, "90 s"), (180, "3 min"), (3600, "60 min"), (9000, "2.5 h")])
def test_the_end_is_told_while_something_runs(job: Job, seconds: float, words: str):
    """By hand: all 200 rows, at so many a second."""
    idle = status.status(job, scan_results(job), [])
    runs = replace(idle, rows_per_s=ROWS / seconds, running=1)
    assert idle.eta_s is None and "finished in" not in str(idle)
    assert str(runs).endswith(f"finished in about {words}")
