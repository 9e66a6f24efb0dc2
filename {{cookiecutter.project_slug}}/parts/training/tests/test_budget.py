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


@pytest.fixture
def job(chat_job: Job) -> Job:
    return replace(chat_job, micro_batch=16, accumulation=1, max_steps=400, epochs=50, seq_len=48)


def dear(root: Path, limit: str, name: str = "run") -> run_dir.Run:
    """A run on a GPU that costs a dollar a second."""
    return run_dir.Run(root, name, limit, usd_per_hour=budget.HOUR)


def test_a_spent_budget_ends_the_run_with_a_checkpoint_a_result_and_a_price(job: Job, tmp_path: Path):
    run = dear(tmp_path, "8/run")
    outcome = train.train(job, run, meter_every_s=0.2)
    assert outcome.status == status.STOPPED and 0 < outcome.step < outcome.steps == 400
    newest = checkpoints.newest(run.checkpoints)
    assert newest and checkpoints.step_of(newest) == outcome.step
    assert outcome.after["loss"] < outcome.before["loss"]
    assert list(run.result.glob("adapter_model.safetensors"))
    assert outcome.spent_usd < 8 * 1.5 and outcome.remaining_usd > 0
    message = status.report(outcome, run)
    assert "raise BUDGET" in message and f"{400 - outcome.step} steps" in message

    again = train.train(job, run, meter_every_s=0.2)  # too little to begin and end with: nothing is loaded or spent
    assert again == outcome and len(run.ledger().entries()) == 1
    assert len(run.metrics().losses()) == outcome.step


def test_a_run_that_was_stopped_and_continued_has_the_losses_of_one_that_was_not(job: Job, tmp_path: Path):
    job = replace(job, max_steps=60)
    train.train(job, whole := dear(tmp_path, "none", "whole"))
    first = train.train(job, dear(tmp_path, "1/run", "parts"), meter_every_s=0.1)
    limit = f"{first.spent_usd + first.again_usd + 6:.1f}/run"
    second = train.train(job, dear(tmp_path, limit, "parts"), meter_every_s=0.1)
    last = train.train(job, parts := dear(tmp_path, "none", "parts"))
    assert first.status == status.STOPPED and last.status == status.FINISHED
    assert 1 <= first.step < second.step <= last.step == 60
    assert first.spent_usd < second.spent_usd
    assert parts.metrics().losses() == pytest.approx(whole.metrics().losses(), abs=5e-5)


def test_a_container_that_answers_is_counted_once_and_is_no_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run_dir, "_counted", [])
    monkeypatch.setattr(budget, "process_s", lambda: 30.0)
    run = run_dir.Run(tmp_path, "run", "50/run")
    for _ in range(2):
        run_dir.count_container(run, "sample")
    [meter] = run_dir._counted
    meter.stop()
    [entry] = run.ledger().entries()
    assert entry.what == "sample" and 30.0 <= entry.seconds < 35.0 and run.attempts() == []
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
        ledger = dear(tmp_path, "none", name).ledger()
        ledger.start("training", every_s=0.0).stop()
        [entry] = ledger.entries()
        path = next(ledger.folder.glob("*.json"))
        found = json.loads(path.read_text())
        del found["checksum"]
        files.save(path, found | {"seconds": 10.0})
        assert entry.seconds < 1
    left = {limit: dear(tmp_path, limit, "first").budget().left_usd() for limit in ("50/run", "50/month", "4/hour")}
    assert left == {"50/run": pytest.approx(50 - 10), "50/month": pytest.approx(50 - 20), "4/hour": float("inf")}


def test_what_is_no_budget_is_refused_before_anything_starts(chat_job: Job, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "BUDGET", "a lot")
    with pytest.raises(budget.BudgetError, match="write 50/run"):
        check.check_job(chat_job)


def hang(root: Path) -> None:
    """An attempt that never comes to its next step, and holds Python's lock."""
    callbacks.OVERTIME_S = 0.5 + budget.process_s()
    run = dear(root, "1/run")
    (root / "began").write_text(str(time.time()))
    with callbacks.end_after_budget(run.budget()), run.ledger().meter("training", 0.2):
        ctypes.PyDLL(None).sleep(60)


def test_an_attempt_that_hangs_is_ended_when_budget_and_overtime_are_over(tmp_path: Path):
    process = attempts.SERVER.Process(target=hang, args=(tmp_path,))
    process.start()
    assert attempts.end(process) == 1
    assert 1.4 < time.time() - float((tmp_path / "began").read_text()) < 10.0


def test_the_end_is_kept_money_for_as_the_saves_took_so_far(tmp_path: Path):
    run = dear(tmp_path, "100/run")
    with run.ledger().meter("training", 0.2) as meter:
        callback = BudgetCallback(run.budget(), meter, lambda: False)
        assert callback.reserve_s == 0.0 and not callback.is_spent()
        callback.eval_s = 4.0
        callback.saved(30.0)
        callback.saved(20.0)
        assert callback.reserve_s == 1.5 * (4.0 + 30.0 + 30.0)
        assert not callback.is_spent()
        callback.saved(40.0)
        assert callback.is_spent(), "126 seconds to end in, and 100 left"
