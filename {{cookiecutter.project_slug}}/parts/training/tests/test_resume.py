"""Nothing is lost: kill -9 at any moment, also inside a save, and the run ends with the same losses and weights."""

import json
import random
import signal
from dataclasses import replace
from pathlib import Path

import attempts
import pytest
import torch
from safetensors.torch import load_file

from {{cookiecutter.__package}}.run import run_dir, status
from {{cookiecutter.__package}}.training import train
from {{cookiecutter.__package}}.training.callbacks import checkpoints
from {{cookiecutter.__package}}.training.callbacks.budget import stop_signals
from {{cookiecutter.__package}}.training.config import Job

FOUR_DIGITS = 5e-5


@pytest.fixture
def job(chat_job: Job) -> Job:
    """Two epochs and a bit, with dropout in the adapters, a checkpoint after every step."""
    return replace(chat_job, micro_batch=16, accumulation=1, epochs=3, max_steps=40, save_every_s=0.0, seq_len=48)


def undisturbed(job: Job, root: Path) -> tuple[dict[int, float], dict[str, torch.Tensor]]:
    """Losses by step and final weights of a run that nobody disturbs."""
    assert attempts.end(attempts.begin(job, root)) == 0
    return attempts.result_of(root)[0], weights(root)


def weights(root: Path) -> dict[str, torch.Tensor]:
    [path] = run_dir.Run(root, "run").result.glob("*.safetensors")
    return load_file(path)


def same(job: Job, root: Path, known: tuple[dict[int, float], dict[str, torch.Tensor]]) -> None:
    """That the run ended as the undisturbed one did."""
    losses, outcome = attempts.result_of(root)
    assert outcome["status"] == status.FINISHED and outcome["step"] == job.max_steps
    assert losses == pytest.approx(known[0], abs=FOUR_DIGITS) and len(losses) == job.max_steps
    for name, weight in weights(root).items():
        torch.testing.assert_close(weight, known[1][name], atol=1e-5, rtol=1e-4)


def test_kills_inside_a_save_lose_nothing(job: Job, tmp_path: Path):
    """In the middle of a file, before the marker, and while an old checkpoint is removed."""
    known = undisturbed(job, tmp_path / "undisturbed")
    root = tmp_path / "killed"
    for place, number in (("writing tensors", 1), ("writing tensors", 8), ("sealing", 5), ("removing", 4)):
        assert attempts.end(attempts.begin(job, root, die=(place, number))) == -9
    assert attempts.end(attempts.begin(job, root)) == 0
    same(job, root, known)
    assert attempts.result_of(root)[1]["attempts"] == 5
    assert len(checkpoints.list_checkpoints(run_dir.Run(root, "run").checkpoints)) == job.checkpoints_kept


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_ten_kills_at_random_moments_lose_nothing(job: Job, tmp_path: Path, seed: int):
    known, step_s = undisturbed(job, tmp_path / "undisturbed"), attempts.step_s(tmp_path / "undisturbed")
    root, chance, killed = tmp_path / "killed", random.Random(seed), 0
    while killed < 10:
        process = attempts.begin(job, root, wait_at=4)  # ten times three saved steps, of forty
        attempts.kill_after(process, root, chance.randrange(3), chance.random() * 2 * step_s)
        assert attempts.end(process) == -9, "the run was over before it had been killed ten times"
        killed += 1
    assert attempts.end(attempts.begin(job, root)) == 0
    same(job, root, known)


@pytest.mark.parametrize("method", ["full", "qlora"])
def test_other_methods_go_on_as_exactly(job: Job, tmp_path: Path, method: str):
    job = replace(job, method=method, max_steps=12, learning_rate=1e-3)
    known = undisturbed(job, tmp_path / "undisturbed")
    root = tmp_path / "killed"
    assert attempts.end(attempts.begin(job, root, die=("writing tensors", 10))) == -9
    assert attempts.end(attempts.begin(job, root)) == 0
    same(job, root, known)


def test_a_classifier_goes_on_as_exactly(label_job: Job, job: Job, tmp_path: Path):
    """Its head begins at random and its dropout is everywhere."""
    job = replace(label_job, max_steps=20, save_every_s=0.0)
    known = undisturbed(job, tmp_path / "undisturbed")
    root = tmp_path / "killed"
    for number in (1, 20):
        assert attempts.end(attempts.begin(job, root, die=("writing tensors", number))) == -9
    assert attempts.end(attempts.begin(job, root)) == 0
    same(job, root, known)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_signal_before_a_preemption_saves_and_the_next_attempt_goes_on(
    job: Job, tmp_path: Path, number: signal.Signals
):
    """Modal sends one before it takes a container away. No step is done twice, and nothing but the signal saved."""
    job = replace(job, max_steps=12, save_every_s=3600.0)
    known = undisturbed(job, tmp_path / "undisturbed")
    root = tmp_path / "asked"
    process = attempts.begin(job, root, wait_at=4)
    attempts.kill_after(process, root, 3, number=number)
    assert attempts.end(process) == train.LATER
    run, ended = run_dir.Run(root, "run"), attempts.result_of(root)[1]
    assert ended["status"] == status.INTERRUPTED and ended["step"] == 4
    assert checkpoints.newest(run.checkpoints) == run.checkpoints / f"checkpoint-{ended['step']}"
    assert not run.result.exists() and [entry.state for entry in run.ledger().entries()] == ["done"]
    assert attempts.end(attempts.begin(job, root)) == 0
    assert attempts.steps_done(root) == 12
    same(job, root, known)


def test_a_second_signal_acts_at_once():
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        with stop_signals() as asked, pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
            assert asked()
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, inherited)


def test_a_kill_after_the_last_step_costs_no_step(job: Job, tmp_path: Path):
    job = replace(job, max_steps=3)
    known = undisturbed(job, tmp_path)
    run_dir.Run(tmp_path, "run").outcome.unlink()
    assert attempts.end(attempts.begin(job, tmp_path)) == 0
    assert attempts.steps_done(tmp_path) == 3
    same(job, tmp_path, known)


def test_the_same_seed_gives_the_same_losses_and_another_one_others(job: Job, tmp_path: Path):
    job = replace(job, max_steps=3)
    first, again, other = (
        undisturbed(replace(job, seed=seed), tmp_path / name)[0] for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again != other


def folder_of(root: Path, step: int) -> Path:
    """A folder as the Trainer writes one."""
    folder = root / f"checkpoint-{step}"
    (folder / "deeper").mkdir(parents=True)
    (folder / "weights").write_bytes(b"x" * 1000)
    (folder / "deeper" / "state").write_bytes(b"y" * 10)
    return folder


def sealed(root: Path, step: int) -> None:
    folder = folder_of(root, step)
    checkpoints.seal(folder, checkpoints.sync_files(folder))


def test_a_checkpoint_counts_once_it_is_sealed(tmp_path: Path):
    folder = folder_of(tmp_path, 3)
    assert not checkpoints.is_complete(folder) and checkpoints.newest(tmp_path) is None
    checkpoints.seal(folder, checkpoints.sync_files(folder))
    assert checkpoints.newest(tmp_path) == folder
    assert json.loads((folder / checkpoints.MARKER).read_text())["files"] == {"weights": 1000, "deeper/state": 10}


@pytest.mark.parametrize("harm", ["cut", "gone", "marker cut"])
def test_a_sealed_checkpoint_that_was_harmed_does_not_count(tmp_path: Path, harm: str):
    for step in (2, 10):
        sealed(tmp_path, step)
    broken = tmp_path / "checkpoint-10"
    if harm == "cut":
        (broken / "weights").write_bytes(b"x" * 999)
    elif harm == "gone":
        (broken / "deeper" / "state").unlink()
    else:
        (broken / checkpoints.MARKER).write_text('{"step": 10, "fi')
    assert checkpoints.newest(tmp_path) == tmp_path / "checkpoint-2"
    assert checkpoints.remove_incomplete(tmp_path) == ["checkpoint-10"] and not broken.exists()


def test_the_last_ones_are_kept_by_step_and_not_by_name(tmp_path: Path):
    for step in (9, 10, 100):
        sealed(tmp_path, step)
    folder_of(tmp_path, 101)
    assert [path.name for path in checkpoints.expired(tmp_path, 2)] == ["checkpoint-9"]


def test_what_must_not_be_lost_is_committed_after_each_checkpoint_and_at_the_end(chat_job: Job, tmp_path: Path):
    run, seen = run_dir.Run(tmp_path, "run"), []
    job = replace(chat_job, max_steps=3, save_every_s=0.0)
    train.train(job, run, commit=lambda: seen.append((checkpoints.newest(run.checkpoints), run.outcome.exists())))
    assert [path and path.name for path, _ in seen] == ["checkpoint-1", "checkpoint-2", "checkpoint-3", "checkpoint-3"]
    assert [ended for _, ended in seen] == [False, False, False, True]
