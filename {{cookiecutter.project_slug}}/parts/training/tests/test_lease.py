"""One attempt at a run: a second leaves the first one's checkpoints alone, and takes over from one that was killed."""

import time
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attempts
import modal
import pytest

from {{cookiecutter.__package}}.run import calls, files, lease, run_dir, status
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training import train
from {{cookiecutter.__package}}.training.callbacks import checkpoints
from {{cookiecutter.__package}}.training.config import Job


@pytest.fixture
def run(tmp_path: Path) -> run_dir.Run:
    found = run_dir.Run(tmp_path, "run")
    found.folder.mkdir(parents=True)
    return found


def half_written(run: run_dir.Run) -> list[Path]:
    """Checkpoints that have begun and are not whole."""
    return [path for path in checkpoints.list_checkpoints(run.checkpoints) if not checkpoints.is_complete(path)]


def wait_for_save(run: run_dir.Run) -> Path:
    attempts.pause_until(lambda: bool(half_written(run)))
    return half_written(run)[0]


def test_a_second_attempt_beside_the_first_leaves_its_half_written_checkpoint(chat_job: Job, tmp_path: Path):
    job = replace(chat_job, save_every_s=0.0)
    assert attempts.end(attempts.begin(job, tmp_path / "alone")) == 0
    root = tmp_path / "both"
    run = run_dir.Run(root, "run")
    first = attempts.begin(job, root, go=tmp_path / "go", every_s=2.0)
    folder = wait_for_save(run)
    assert attempts.end(attempts.begin(job, root)) == train.USER_ERROR
    assert folder.is_dir() and not checkpoints.is_complete(folder)
    (tmp_path / "go").touch()
    assert attempts.end(first) == 0
    losses, outcome = attempts.result_of(root)
    assert losses == pytest.approx(attempts.result_of(tmp_path / "alone")[0], abs=5e-5)
    assert outcome["status"] == status.FINISHED and outcome["attempts"] == 1 and not half_written(run)


def test_the_lease_of_a_killed_attempt_lapses_and_is_taken_over(
    chat_job: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    job, run = replace(chat_job, save_every_s=0.0), run_dir.Run(tmp_path, "run")
    assert attempts.end(attempts.begin(job, tmp_path, die=("writing tensors", 4))) == -9
    held, left = files.load(run.lease), half_written(run)
    assert held and left
    assert train.train(job, run, meter_every_s=0.2).status == status.FINISHED
    said = capsys.readouterr().out
    assert f"the lease of attempt {held['attempt']}, which has not renewed it for" in said
    assert f"left half-written and removed: {left[0].name}" in said and not run.lease.exists()


def test_an_attempt_whose_lease_was_taken_ends_at_once(chat_job: Job, tmp_path: Path):
    run = run_dir.Run(tmp_path, "run")
    process = attempts.begin(replace(chat_job, save_every_s=0.0), tmp_path, go=tmp_path / "never")
    wait_for_save(run)
    while process.exitcode is None:  # the other renews it too
        files.save(run.lease, asdict(lease.Holder("another", "", time.time(), 0.1)))
        process.join(0.1)
    assert attempts.end(process) == lease.LOST


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("a result", "has ended"),
        (RuntimeError("a fan fell off"), "ended with RuntimeError"),
        (modal.exception.FunctionTimeoutError("too long"), "ended with FunctionTimeoutError"),
        (calls.StillRunning(), ""),
    ],
)
def test_modal_says_whether_another_call_has_ended(
    run: run_dir.Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: Any, said: str
):
    def result(call: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(modal, "current_function_call_id", lambda: "fc-mine")
    monkeypatch.setattr(modal.FunctionCall, "from_id", lambda call: call)
    monkeypatch.setattr(calls, "result", result)
    files.save(run.lease, asdict(lease.Holder("another", "fc-other", time.time(), 15.0)))
    if not said:
        with pytest.raises(UserError, match="is trained by another attempt, another, which goes on"), held(run):
            pass
        return
    with held(run):
        assert f"the lease of attempt another, which {said}, is taken over" in capsys.readouterr().out
    assert not run.lease.exists()


def held(run: run_dir.Run) -> Any:
    return lease.hold(run, lambda: None)


def test_modals_own_retry_of_a_call_takes_over_at_once(
    run: run_dir.Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(modal, "current_function_call_id", lambda: "fc-mine")
    files.save(run.lease, asdict(lease.Holder("before", "fc-mine", time.time(), 15.0)))
    with held(run):
        assert "attempt before, which Modal tries again, is taken over" in capsys.readouterr().out


def test_where_modal_does_not_answer_the_lease_itself_decides(run: run_dir.Run, monkeypatch: pytest.MonkeyPatch):
    def unreachable(call: Any) -> Any:
        raise calls.Unreachable("ConnectionError")

    monkeypatch.setattr(modal, "current_function_call_id", lambda: "fc-mine")
    monkeypatch.setattr(modal.FunctionCall, "from_id", lambda call: call)
    monkeypatch.setattr(calls, "result", unreachable)
    now = began = time.time()

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(lease, "time", SimpleNamespace(time=lambda: now, monotonic=lambda: now, sleep=sleep))
    files.save(run.lease, asdict(lease.Holder("another", "fc-other", began, 15.0)))
    with held(run):
        assert 60.0 <= now - began < 64.0, "four updates of 15 s, looked at each quarter of one"
    assert [entry.what for entry in run.ledger().entries()] == ["lease"] and run.attempts() == []
