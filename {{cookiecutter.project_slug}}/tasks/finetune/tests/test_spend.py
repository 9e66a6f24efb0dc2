"""The budget: counted over all attempts, and the run ends in good order when it is spent."""

import json
from dataclasses import replace
from pathlib import Path

import attempts
import pytest

from {{cookiecutter.__package}} import budget, checkpoints, files, plan, train
from {{cookiecutter.__package}}.job import Job


@pytest.fixture
def job(chat_job: Job) -> Job:
    return replace(chat_job, micro_batch=16, accumulation=1, max_steps=400, epochs=50, seq_len=48)


def spend(usd_per_s: float, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that is dear enough to spend a budget in seconds."""
    monkeypatch.setattr(plan, "USD_PER_HOUR", usd_per_s * budget.HOUR)
    monkeypatch.setattr(plan, "BUDGET", limit)


def test_a_spent_budget_ends_the_run_with_a_checkpoint_a_result_and_a_price(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    spend(1.0, "8/run", monkeypatch)
    where = train.Run(tmp_path, "run")
    outcome = train.run(job, where, meter_every_s=0.2)
    assert outcome.status == train.STOPPED and 0 < outcome.step < outcome.steps == 400
    newest = checkpoints.newest(where.checkpoints)
    assert newest and checkpoints.step_of(newest) == outcome.step
    assert outcome.after["loss"] < outcome.before["loss"]
    assert list(where.result.glob("adapter_model.safetensors"))
    assert outcome.spent_usd < 8 * 1.25 and outcome.remaining_usd > 0
    said = train.report(outcome, where)
    assert "raise BUDGET" in said and f"{400 - outcome.step} steps" in said

    again = train.run(job, where, meter_every_s=0.2)  # no money, no weights loaded, nothing spent
    assert again.status == train.STOPPED and again.step == outcome.step
    assert len(where.metrics().losses()) == outcome.step


def test_a_run_that_was_stopped_and_continued_has_the_losses_of_one_that_was_not(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    job = replace(job, max_steps=60)
    spend(0.0, "none", monkeypatch)
    whole = train.Run(tmp_path, "whole")
    train.run(job, whole)
    parts = train.Run(tmp_path, "parts")
    limit = 0.0
    stops = 0
    while train.run(job, parts, meter_every_s=0.1).status == train.STOPPED:
        stops += 1
        limit += 1.5
        spend(1.0, f"{limit}/run", monkeypatch)
        assert limit < 100
    assert stops > 1
    assert parts.metrics().losses() == pytest.approx(whole.metrics().losses(), abs=5e-5)


def test_killed_attempts_are_counted(job: Job, tmp_path: Path):
    job = replace(job, save_every_s=0.0)
    assert attempts.end(attempts.begin(job, tmp_path, die=("writing tensors", 6))) == -9
    [entry] = train.Run(tmp_path, "run").ledger().entries()
    assert entry.state == budget.RUNNING and entry.seconds > 0.2
    spent = train.Run(tmp_path, "run").budget("5/run").committed_usd()
    assert spent == pytest.approx(entry.seconds / budget.HOUR * plan.USD_PER_HOUR)


def test_a_monthly_budget_counts_all_runs_and_a_run_budget_its_own(tmp_path: Path):
    for name in ("first", "second"):
        ledger = train.Run(tmp_path, name).ledger(usd_per_hour=7200.0)
        ledger.start("training", every_s=0.0).stop()
        [entry] = ledger.entries()
        path = next(ledger.folder.glob("*.json"))
        found = json.loads(path.read_text())
        del found["checksum"]
        files.save(path, found | {"seconds": 10.0})
        assert entry.seconds < 1
    where = train.Run(tmp_path, "first")
    assert where.budget("50/run").left_usd() == pytest.approx(50 - 20)
    assert where.budget("50/month").left_usd() == pytest.approx(50 - 40)
    assert where.budget("4/hour").left_usd() == float("inf")


def test_what_is_no_budget_is_said_before_anything_starts(chat_job: Job, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "BUDGET", "a lot")
    with pytest.raises(budget.BudgetError, match="write 50/run"):
        train.check(chat_job)
