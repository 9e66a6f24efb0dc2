"""Two real ranks under torchrun: they train as one process does, and faults cost no step.

On a CPU with gloo. Losses of two ranks and of one process agree to four digits: they add up in another order.
"""

import json
import math
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jobs
import pytest
import torch
from safetensors.torch import load_file
from torch.distributed.distributed_c10d import default_pg_timeout

from {{cookiecutter.__package}}.result import generate
from {{cookiecutter.__package}}.run import attempt, run_dir, status
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training.callbacks import checkpoints
from {{cookiecutter.__package}}.training.callbacks.budget import Interrupted
from {{cookiecutter.__package}}.training.config import Job

FOUR_DIGITS = 5e-5
GONE_S = default_pg_timeout.total_seconds() / 10  # a collective waits ten times as long for a rank that is gone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def together(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Every weight trained by two ranks, without dropout, four examples of each in a step."""
    from conftest import SAMPLES

    return Job(
        workload="generation",
        model=str(tiny),
        revision="main",
        dataset=str(SAMPLES / "chat.jsonl"),
        eval_share=0.05,
        seq_len=96,  # no row is left out: of unequal shares the Trainer fills up one with rows of the other
        method="full",
        micro_batch=4,
        accumulation=1,
        max_steps=8,
        learning_rate=2e-3,
        activation_checkpointing=False,
        save_every_s=0.0,
        ranks=2,
    )


@pytest.fixture(scope="session")
def by_one(together: Job, tmp_path_factory: pytest.TempPathFactory) -> run_dir.Run:
    """The same job trained by one process."""
    return jobs.alone(together, tmp_path_factory.mktemp("one"))


def sharded(job: Job, sharding: str, offload: str = "none") -> Job:
    if sharding != "none":
        pytest.importorskip("deepspeed", reason="DeepSpeed is not installed here")
    return replace(job, sharding=sharding, offload=offload)


def same(run: run_dir.Run, known: run_dir.Run) -> None:
    """That a run ended as another did: all its losses, on the rows held out too, and its weights."""
    assert jobs.losses(run) == pytest.approx(jobs.losses(known), abs=FOUR_DIGITS)
    ours, theirs = (each.metrics().evaluations() for each in (run, known))
    for step, figures in theirs.items():
        assert ours[step]["loss"] == pytest.approx(figures["loss"], abs=FOUR_DIGITS)
    weights = load_file(known.result / "model.safetensors")
    for name, weight in load_file(run.result / "model.safetensors").items():
        torch.testing.assert_close(weight, weights[name], atol=1e-4, rtol=1e-3)


def began(run: run_dir.Run) -> list[dict[str, Any]]:
    return [line for line in run.metrics().read() if line["event"] == "begin"]


@pytest.mark.parametrize(
    ("sharding", "offload"), [("none", "none"), ("zero2", "none"), ("zero3", "none"), ("zero3", "all")]
)
def test_two_ranks_train_as_one_process_does(
    together: Job, by_one: run_dir.Run, tmp_path: Path, sharding: str, offload: str
):
    run = jobs.run_at(tmp_path)
    committed: list[Path | None] = []
    outcome = jobs.launched(
        sharded(together, sharding, offload),
        run,
        commit=lambda: committed.append(checkpoints.newest(run.checkpoints)),
    )
    assert outcome.status == status.FINISHED and outcome.step == 8
    assert [line["world_size"] for line in began(run)] == [2]
    same(run, by_one)
    each_step = [f"checkpoint-{step}" for step in range(1, 9)]
    assert [path and path.name for path in committed] == [*each_step, "checkpoint-8"], "and once more at the end"
    written = run.folder / "deepspeed.json"
    if sharding == "none":
        assert not written.exists()
        return
    parts = list((run.checkpoints / "checkpoint-8").glob("global_step8/*optim_states.pt"))
    assert len(parts) == 2, "each rank keeps its part of the optimizer"
    assert json.loads(written.read_text())["zero_optimization"]["stage"] == int(sharding[-1])
    gathered_is_consolidated(run)
    if (sharding, offload) == ("zero3", "none"):  # killed after the last step, before it could say so
        shutil.rmtree(run.result)
        run.outcome.unlink()
        assert jobs.launched(replace(together, sharding=sharding), run).status == status.FINISHED
        assert jobs.steps_done(run) == 8
        same(run, by_one)


def gathered_is_consolidated(run: run_dir.Run) -> None:
    """The result, gathered from the ranks, is what DeepSpeed's own tool puts together from the parts on disk."""
    from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint

    whole = get_fp32_state_dict_from_zero_checkpoint(str(run.checkpoints / "checkpoint-8"))
    gathered = load_file(run.result / "model.safetensors")
    assert gathered.keys() <= whole.keys() and len(gathered) > 10
    for name, weight in gathered.items():
        torch.testing.assert_close(weight, whole[name], atol=0, rtol=0)
    assert not list(run.result.glob("*.bin"))


@pytest.mark.parametrize(("method", "sharding"), [("full", "zero2"), ("full", "zero3"), ("lora", "zero3")])
def test_pairs_of_answers_train_on_two_ranks_as_on_one(together: Job, tmp_path: Path, method: str, sharding: str):
    """The reference of DPO is a model of its own in full training, spread as the trained one is, or adapters off."""
    from conftest import SAMPLES

    pairs = {"objective": "dpo", "dataset": str(SAMPLES / "pairs.jsonl"), "learning_rate": 1e-3, "seq_len": 128}
    job = replace(together, method=method, lora_rank=4, micro_batch=2, **pairs)
    known = jobs.alone(job, tmp_path / "one")
    run = jobs.run_at(tmp_path / "two")
    outcome = jobs.launched(sharded(job, sharding), run)
    assert outcome.status == status.FINISHED
    assert outcome.before["loss"] == pytest.approx(math.log(2), abs=FOUR_DIGITS)
    assert jobs.losses(run) == pytest.approx(jobs.losses(known), abs=FOUR_DIGITS)


def test_adapters_of_a_sharded_model_load_beside_the_original(together: Job, tmp_path: Path):
    job = replace(together, method="lora", lora_rank=4, learning_rate=1e-2, activation_checkpointing=True)
    job = sharded(job, "zero3")
    run = jobs.run_at(tmp_path)
    outcome = jobs.launched(job, run)
    assert outcome.after["loss"] < outcome.before["loss"] - 0.1
    adapter = load_file(run.result / "adapter_model.safetensors")
    assert len(adapter) == 2 * 2 * 7 and all(weight.numel() for weight in adapter.values())
    assert generate.generate(generate.load(run.result, job.model), "Do you deliver?", 4) is not None


@pytest.mark.parametrize(("sharding", "rank"), [("none", 0), ("zero3", 1)])
def test_kills_of_a_rank_end_the_job_soon_and_lose_nothing(
    together: Job, by_one: run_dir.Run, tmp_path: Path, sharding: str, rank: int
):
    """kill -9 of one rank at a random moment, and of the other inside a save."""
    job, run = sharded(together, sharding), jobs.run_at(tmp_path)
    fate = jobs.After(run, 2, random.random(), lambda: jobs.kill(rank))
    fate.start()
    with (
        jobs.waiting_after(tmp_path / "waiting", steps=4),
        pytest.raises(RuntimeError, match="a rank failed or was killed"),
    ):
        jobs.launched(job, run)
    assert time.monotonic() - fate.done_at < GONE_S
    assert not jobs.ranks()
    with jobs.dying_in_a_save(tmp_path / "lethal", rank=1 - rank, number=2), pytest.raises(RuntimeError):
        jobs.launched(job, run)
    half = [path for path in checkpoints.list_checkpoints(run.checkpoints) if not checkpoints.is_complete(path)]
    assert len(half) == 1, "the checkpoint of which a rank wrote half counts"
    outcome = jobs.launched(job, run)
    assert outcome.status == status.FINISHED and outcome.attempts == 3
    same(run, by_one)
    assert [line["world_size"] for line in began(run)] == [2] * 3


def test_the_signal_before_a_preemption_saves_and_the_next_attempt_goes_on(
    together: Job, by_one: run_dir.Run, tmp_path: Path
):
    job, run = replace(sharded(together, "zero2"), save_every_s=3600.0), jobs.run_at(tmp_path)
    fate = jobs.After(run, 2, 0.0, jobs.ask)
    fate.start()
    with jobs.waiting_after(tmp_path / "waiting", steps=4), pytest.raises(Interrupted, match="saved at step"):
        jobs.launched(job, run)
    ended = status.last_outcome(run)
    assert ended and ended.status == status.INTERRUPTED and 2 <= ended.step <= 4
    assert checkpoints.newest(run.checkpoints) == run.checkpoints / f"checkpoint-{ended.step}"
    assert jobs.launched(job, run).status == status.FINISHED
    assert jobs.steps_done(run) == 8, "no step was done twice"
    same(run, by_one)


def test_all_ranks_stop_at_the_budget_and_go_on_when_it_is_raised(together: Job, by_one: run_dir.Run, tmp_path: Path):
    run = jobs.run_at(tmp_path, "0.0001/run")
    outcome = jobs.launched(together, run)
    assert outcome.status == status.STOPPED and 0 < outcome.step < 8 and outcome.remaining_usd > 0
    assert jobs.launched(together, run).step == outcome.step, "nothing is left, and no rank is started"
    assert len(began(run)) == 1
    outcome = jobs.launched(together, jobs.run_at(tmp_path))
    assert outcome.status == status.FINISHED and jobs.steps_done(run) == 8
    same(run, by_one)


def test_two_nodes_train_as_one_process_does_and_each_sees_the_volume_in_its_own_way(
    together: Job, by_one: run_dir.Run, tmp_path: Path
):
    """A rank on each. One is killed, both containers end, and the next attempt goes on from what both committed."""
    job, volume = sharded(together, "zero3"), tmp_path / "volume"
    volume.mkdir()
    run, first, address = jobs.run_at(volume), jobs.run_at(tmp_path / "first"), jobs.loopback()
    port = jobs.free_port()
    fate = jobs.After(first, 3, 0.5, lambda: jobs.kill(0))
    fate.start()
    with jobs.waiting_after(tmp_path / "waiting", steps=5):
        other = jobs.second_node(job, volume, tmp_path / "second", address, port)
        with pytest.raises(RuntimeError, match="a rank failed or was killed"):
            jobs.node(job, volume, tmp_path / "first", 0, address, port)
        other.join(GONE_S)
    assert other.exitcode == 1 and time.monotonic() - fate.done_at < GONE_S
    newest = checkpoints.newest(run.checkpoints)
    assert newest and checkpoints.step_of(newest) >= 2

    port = jobs.free_port()
    other = jobs.second_node(job, volume, tmp_path / "second", address, port)
    outcome = jobs.node(job, volume, tmp_path / "first", 0, address, port)
    other.join(GONE_S)
    assert other.exitcode == 0 and outcome.status == status.FINISHED and outcome.attempts == 2
    assert [line["world_size"] for line in began(run)] == [2, 2]
    same(run, by_one)
    assert [path.name for path in checkpoints.list_checkpoints(run.checkpoints)] == ["checkpoint-7", "checkpoint-8"]
    sealed = json.loads((run.checkpoints / "checkpoint-8" / checkpoints.MARKER).read_text())["files"]
    assert {"rng_state_0.pth", "rng_state_1.pth"} <= sealed.keys()


def test_what_the_user_can_correct_comes_out_as_a_user_error(together: Job, tmp_path: Path):
    (tmp_path / "rows.jsonl").write_text('{"question": "Why?"}\n' * 30)
    with pytest.raises(UserError, match="needs the columns"):
        jobs.launched(replace(together, dataset=str(tmp_path / "rows.jsonl")), jobs.run_at(tmp_path))


def test_a_job_with_fewer_ranks_than_planned_fails_before_its_first_step(together: Job, tmp_path: Path):
    run = jobs.run_at(tmp_path)
    job = replace(together, ranks=3)  # torchrun is told two by the node that has them
    command = attempt.torchrun_command

    def two(job: Job, *rest: Any) -> list[str]:
        return command(replace(job, ranks=2), *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempt, "torchrun_command", two)
        with pytest.raises(RuntimeError, match="a rank failed"):
            jobs.launched(job, run)
    assert jobs.steps_done(run) == 0
