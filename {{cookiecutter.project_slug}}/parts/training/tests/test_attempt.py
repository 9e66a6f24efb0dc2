"""The ends of a run that are final: a user error, out of memory, a crash loop. Anything else is tried again."""

import os
import time
from dataclasses import replace
from pathlib import Path

import attempts
import pytest
import torch

from {{cookiecutter.__package}}.monitoring import oom
from {{cookiecutter.__package}}.run import budget, reply, run_dir, status
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training import train
from {{cookiecutter.__package}}.training.callbacks import checkpoints
from {{cookiecutter.__package}}.training.config import Job


def test_a_user_error_comes_back_as_its_sentence():
    @reply.reply_errors
    def work() -> reply.Reply:
        raise UserError("set SEQ_LEN lower")

    assert work() == reply.Reply(error="set SEQ_LEN lower") and str(work()) == "error: set SEQ_LEN lower"


def test_a_full_memory_comes_back_with_what_to_change():
    @reply.reply_errors
    def work() -> reply.Reply:
        return reply.Reply(str(torch.empty(2**50)))

    assert work().error == f"out of memory: the machine has no RAM left: {oom.LOWER}"
    assert "in plan.py, or take a larger GPU" in work().error


def test_anything_else_is_raised_so_that_modal_tries_again():
    @reply.reply_errors
    def work() -> reply.Reply:
        raise ConnectionResetError("the network")

    with pytest.raises(ConnectionResetError):
        work()


def ended(run: run_dir.Run, *states: str) -> None:
    """Attempts that ended one after the other."""
    for state in states:
        meter = run.ledger().start("training", every_s=0.0)
        meter.state, meter.error = state, "" if state == budget.DONE else "RuntimeError: a fan fell off"
        meter.stop()
        time.sleep(0.01)


@pytest.fixture
def run(tmp_path: Path) -> run_dir.Run:
    return run_dir.Run(tmp_path, "run", "none")


def test_three_attempts_that_saved_nothing_are_enough(run: run_dir.Run):
    ended(run, *[budget.FAILED] * 2)
    assert train.crash_loop_reason(run, 0.0) == ""
    ended(run, budget.FAILED)
    message = train.crash_loop_reason(run, 0.0)
    assert (
        message.startswith("3 attempts in a row ended before they could save anything") and "a fan fell off" in message
    )


def test_an_attempt_that_saved_lets_the_next_one_begin(run: run_dir.Run):
    ended(run, *[budget.FAILED] * 3)
    folder = run.checkpoints / "checkpoint-3"
    folder.mkdir(parents=True)
    (folder / "weights").write_text("x")
    checkpoints.seal(folder, checkpoints.sync_files(folder))
    assert train.crash_loop_reason(run, 0.0) == ""
    os.utime(folder / checkpoints.MARKER, (time.time() - 3600, time.time() - 3600))
    assert train.crash_loop_reason(run, 0.0)


def test_attempts_before_the_command_do_not_count(run: run_dir.Run):
    ended(run, *[budget.FAILED] * 3)
    assert train.crash_loop_reason(run, time.time()) == ""


def test_attempts_that_are_killed_count_too(chat_job: Job, tmp_path: Path):
    run = run_dir.Run(tmp_path, "run")
    job = replace(chat_job, save_every_s=0.0)
    for _ in range(3):
        assert attempts.end(attempts.begin(job, tmp_path, die=("writing tensors", 1))) == -9
    assert "the last one: it was killed after" in train.crash_loop_reason(run, 0.0)


def test_status_tells_a_finished_run_from_a_killed_and_a_running_one(chat_job: Job, tmp_path: Path):
    run = run_dir.Run(tmp_path, "run")
    assert str(status.run_status(run)) == "run run has not begun: start it with `train`"
    job = replace(chat_job, save_every_s=0.0)
    assert attempts.end(attempts.begin(job, tmp_path, die=("writing tensors", 12))) == -9
    time.sleep(1.0)  # four updates of the killed attempt's ledger have been missed
    killed = status.run_status(run)
    assert killed.last and 0 < killed.last.step < killed.last.steps == 8
    assert not killed.running and killed.attempts == 1
    assert "attempt 1 ended: it was killed" in str(killed) and f"left    {8 - killed.last.step} steps" in str(killed)
    meter = run.ledger().start("training")
    assert status.run_status(run).running and "attempt 2 is running" in str(status.run_status(run))
    meter.stop()
    assert attempts.end(attempts.begin(job, tmp_path)) == 0
    done = status.run_status(run)
    assert f"step 8 of 8, {status.FINISHED}" in str(done) and "left" not in str(done) and done.spent_usd > 0


def test_the_last_whole_step_is_published(chat_job: Job, tmp_path: Path):
    assert status.last_step(tmp_path / "metrics.jsonl") is None
    assert attempts.end(attempts.begin(chat_job, tmp_path)) == 0
    path = run_dir.Run(tmp_path, "run").folder / "metrics.jsonl"
    with path.open("a") as file:
        file.write('{"event": "step", "step": 9, "st')
    now = status.last_step(path)
    assert now and (now.step, now.steps, now.attempt) == (8, 8, 1)
    assert now.loss == pytest.approx(run_dir.Run(tmp_path, "run").metrics().losses()[8])
    assert f"loss {now.loss:.4f}" in str(now) and "planned" in str(now)
