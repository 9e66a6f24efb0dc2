"""The budget: counted over all attempts, and the run ends in good order when it is spent."""

import ctypes
import json
import time
from dataclasses import replace
from pathlib import Path

import attempts
import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.data import check
from {{cookiecutter.__package}}.run import budget, files, run_dir, status
from {{cookiecutter.__package}}.training import train
from {{cookiecutter.__package}}.training.callbacks import budget as callbacks
from {{cookiecutter.__package}}.training.callbacks import checkpoints
from {{cookiecutter.__package}}.training.callbacks.budget import BudgetCallback
from {{cookiecutter.__package}}.training.config import Job

CENTS = 0.5  # what half an hour beside the steps costs


@pytest.fixture
def job(chat_job: Job) -> Job:
    return replace(chat_job, micro_batch=16, accumulation=1, max_steps=400, epochs=50, seq_len=48)


def hourly(root: Path, limit: str, name: str = "run") -> run_dir.Run:
    """A run on a GPU that costs a dollar an hour."""
    return run_dir.Run(root, name, limit, usd_per_hour=1.0)


@pytest.mark.usefixtures("hour_a_step")
def test_a_spent_budget_ends_the_run_with_a_checkpoint_a_result_and_a_price(job: Job, tmp_path: Path):
    run = hourly(tmp_path, "40/run")
    outcome = train.train(job, run)
    assert outcome.status == status.STOPPED and (outcome.step, outcome.steps) == (40, 400)
    newest = checkpoints.newest(run.checkpoints)
    assert newest and checkpoints.step_of(newest) == outcome.step
    assert outcome.after["loss"] < outcome.before["loss"]
    assert list(run.result.glob("adapter_model.safetensors"))
    assert outcome.spent_usd == pytest.approx(40, abs=CENTS)
    assert outcome.remaining_usd == pytest.approx(360 + outcome.again_usd, abs=CENTS) and 0 < outcome.again_usd < CENTS
    message = status.report(outcome, run)
    assert "raise BUDGET" in message and "360 steps" in message

    again = train.train(job, run)  # too little to begin and end with: nothing is loaded or spent
    assert again == outcome and len(run.ledger().entries()) == 1
    assert len(run.metrics().losses()) == outcome.step


@pytest.mark.usefixtures("hour_a_step")
def test_a_run_that_was_stopped_and_continued_has_the_losses_of_one_that_was_not(job: Job, tmp_path: Path):
    job = replace(job, max_steps=60)
    train.train(job, whole := hourly(tmp_path, "none", "whole"))
    first = train.train(job, hourly(tmp_path, "1/run", "parts"))
    second = train.train(job, hourly(tmp_path, "25/run", "parts"))
    last = train.train(job, parts := hourly(tmp_path, "none", "parts"))
    assert first.status == second.status == status.STOPPED and last.status == status.FINISHED
    assert (first.step, second.step, last.step) == (1, 25, 60)
    assert [one.spent_usd for one in (first, second, last)] == pytest.approx([1, 25, 60], abs=CENTS)
    assert parts.metrics().losses() == pytest.approx(whole.metrics().losses(), abs=5e-5)


def test_a_container_that_answers_is_counted_once_and_is_no_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run_dir, "_counted", [])
    monkeypatch.setattr(budget, "process_s", lambda: 30.0)
    run, began = run_dir.Run(tmp_path, "run", "50/run"), time.monotonic()
    for _ in range(2):
        run_dir.count_container(run, "sample")
    [meter] = run_dir._counted
    meter.stop()
    [entry] = run.ledger().entries()
    assert entry.what == "sample" and run.attempts() == []
    assert 30.0 <= entry.seconds <= 30.0 + time.monotonic() - began
    assert run.budget().committed_usd() == pytest.approx(entry.usd) and status.run_status(run).attempts == 0


def test_killed_attempts_are_counted(job: Job, tmp_path: Path):
    job = replace(job, save_every_s=0.0)
    assert attempts.end(attempts.begin(job, tmp_path, die=("writing tensors", 6))) == -9
    [entry] = run_dir.Run(tmp_path, "run").ledger().entries()
    assert entry.state == budget.RUNNING and entry.seconds > 0.2
    spent = run_dir.Run(tmp_path, "run", "5/run").budget().committed_usd()
    assert spent == pytest.approx(entry.seconds / budget.HOUR * plan.USD_PER_HOUR)


def test_a_monthly_budget_counts_all_runs_and_a_run_budget_its_own(tmp_path: Path):
    for name in ("first", "second"):
        ledger = hourly(tmp_path, "none", name).ledger()
        ledger.start("training").stop()
        [path] = ledger.folder.glob("*.json")
        found = json.loads(path.read_text())
        del found["checksum"]
        files.save(path, found | {"seconds": 10.0 * budget.HOUR})
    left = {limit: hourly(tmp_path, limit, "first").budget().left_usd() for limit in ("50/run", "50/month", "4/hour")}
    assert left == {"50/run": pytest.approx(50 - 10), "50/month": pytest.approx(50 - 20), "4/hour": float("inf")}


def test_what_is_no_budget_is_refused_before_anything_starts(chat_job: Job, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "BUDGET", "a lot")
    with pytest.raises(budget.BudgetError, match="write 50/run"):
        check.check_job(chat_job)


def hang(root: Path) -> None:
    """An attempt that does not come to its next step, and holds Python's lock, on a GPU of a dollar a second."""
    (root / "began").write_text(str(time.time()))
    callbacks.OVERTIME_S = 0.5 + budget.process_s()
    run = run_dir.Run(root, "run", "1/run", usd_per_hour=budget.HOUR)
    with callbacks.end_after_budget(run.budget()), run.ledger().meter("training", 0.2):
        ctypes.PyDLL(None).sleep(attempts.HANGS_S)


def test_an_attempt_that_hangs_is_ended_when_budget_and_overtime_are_over(tmp_path: Path):
    process = attempts.SERVER.Process(target=hang, args=(tmp_path,))
    process.start()
    assert attempts.end(process) == 1, "it went on when it no longer hung"
    assert time.time() - float((tmp_path / "began").read_text()) > 1.4


def test_the_end_is_kept_money_for_as_the_saves_took_so_far(tmp_path: Path):
    run = hourly(tmp_path, "100/run")
    with run.ledger().meter("training") as meter:
        callback = BudgetCallback(run.budget(), meter, lambda: False)
        assert callback.reserve_s == 0.0 and not callback.is_spent()
        callback.eval_s = 4.0 * budget.HOUR
        callback.saved(30.0 * budget.HOUR)
        callback.saved(20.0 * budget.HOUR)
        assert callback.reserve_s == 1.5 * (4.0 + 30.0 + 30.0) * budget.HOUR
        assert not callback.is_spent()
        callback.saved(40.0 * budget.HOUR)
        assert callback.is_spent(), "126 hours to end in, and 100 left"
