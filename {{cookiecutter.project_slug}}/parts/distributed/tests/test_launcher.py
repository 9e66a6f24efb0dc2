"""The launcher's use of Modal, torchrun and DeepSpeed, and its messages with the ranks."""

import json
import multiprocessing
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import idle_rank
import modal._cluster
import pytest

from {{cookiecutter.__package}} import app, hardware
from {{cookiecutter.__package}}.data import check
from {{cookiecutter.__package}}.distributed import ipc, zero
from {{cookiecutter.__package}}.run import attempt, run_dir, status
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training import config
from {{cookiecutter.__package}}.training.callbacks import checkpoints
from {{cookiecutter.__package}}.training.config import Job

HANGS_S = 300  # after which a rank is taken to hang


@pytest.fixture
def several(chat_job: Job) -> Job:
    """As it would be planned for 16 GPUs."""
    return replace(chat_job, method="full", micro_batch=2, accumulation=3, ranks=16, sharding="zero3")


def test_the_plan_is_launched_with_its_examples_on_as_many_ranks_as_there_are():
    assert (
        config.launched_job().ranks == config.RANKS_PER_NODE == 2
        and config.launched_job().batch == config.planned_job().batch
    )


def test_a_step_has_as_many_examples_on_any_number_of_ranks(several: Job):
    assert several.batch == 96
    for count in (1, 2, 8, 48):
        found = config.share_batch(several, count)
        assert (found.ranks, found.batch, found.micro_batch) == (count, 96, 2)
    for count in (5, 64):
        with pytest.raises(UserError, match=f"cannot be shared by {count} processes"):
            config.share_batch(several, count)


@pytest.mark.parametrize("offload", ["none", "optimizer", "all"])
@pytest.mark.parametrize("stage", ["zero1", "zero2", "zero3"])
def test_deepspeed_reads_its_configuration_as_it_is_meant(several: Job, stage: str, offload: str):
    pytest.importorskip("deepspeed", reason="DeepSpeed is not installed here")
    from deepspeed.runtime.zero.config import DeepSpeedZeroConfig

    job = replace(several, sharding=stage, offload=offload)
    found = zero.config(job, on_gpu=True, parameters=10**10)
    assert found["train_batch_size"] == 16 * found["train_micro_batch_size_per_gpu"] * 3 == 96
    assert found["bf16"]["enabled"] and not found["fp16"]["enabled"]
    read = DeepSpeedZeroConfig(**found["zero_optimization"])
    assert read.stage == int(stage[-1]) and not read.model_extra
    assert (read.offload_optimizer is not None, read.offload_param is not None) == (offload != "none", offload == "all")
    assert read.gather_16bit_weights_on_model_save == (stage == "zero3")
    defaults = DeepSpeedZeroConfig(stage=read.stage)
    for name in ("reduce_bucket_size", "max_live_parameters", "max_reuse_distance", "prefetch_bucket_size"):
        assert getattr(read, name) == getattr(defaults, name), "the plan counts with DeepSpeed's defaults"


def test_without_sharding_there_is_no_deepspeed(several: Job):
    assert zero.config(replace(several, sharding="none"), on_gpu=True, parameters=10**10) == {}


def test_the_configuration_of_the_plan_can_be_read_by_a_person():
    done = subprocess.run([sys.executable, "-m", zero.__name__], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout or "{}") == zero.config(config.planned_job(), True, zero.BUCKET)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "qlora"}, "cannot spread 4-bit weights"),
        ({"packing": True}, "set PACKING = False"),
        ({"offload": "all", "optimizer": "adamw_8bit"}, 'needs OPTIMIZER = "adamw"'),
        ({"offload": "all", "sharding": "zero2"}, 'needs SHARDING = "zero3"'),
        ({"offload": "optimizer", "sharding": "none"}, "needs SHARDING"),
        ({"sharding": "zero4"}, "SHARDING = 'zero4' is none of none, zero1, zero2, zero3"),
        ({"offload": "disk"}, "OFFLOAD = 'disk' is none of"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(several: Job, changes: dict[str, object], message: str):
    with pytest.raises(UserError, match=message):
        check.check_job(replace(several, **changes))


def test_parts_of_a_checkpoint_belong_to_as_many_ranks_and_the_same_sharding(several: Job):
    with pytest.raises(UserError, match="GPUs was 16 and is 8"):
        config.check_same(config.share_batch(several, 8), several)
    with pytest.raises(UserError, match="SHARDING was 'zero3' and is 'zero2'"):
        config.check_same(replace(several, sharding="zero2"), several)
    whole = replace(several, sharding="none")
    config.check_same(config.share_batch(whole, 8), whole)  # every rank has all of it


def test_no_rank_is_started_for_what_is_refused_finished_or_unpaid(
    several: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def none(*_: object) -> int:
        raise AssertionError("torchrun was started")

    monkeypatch.setattr(attempt, "wait_for", none)
    run, node = run_dir.Run(tmp_path, "run", "0/run"), attempt.Node(0, 1, "127.0.0.1")
    assert attempt.launch(node, several, run).status == status.STOPPED
    config.write_job(several, run.folder / "job.json")
    idle_rank.DONE.save(run)
    assert attempt.launch(node, several, run) == idle_rank.DONE
    checkpoint = run.checkpoints / "checkpoint-8"
    checkpoint.mkdir(parents=True)
    checkpoints.seal(checkpoint, {})
    with pytest.raises(UserError, match="SEED was 0 and is 7"):
        attempt.launch(node, replace(several, seed=7), run)


def test_a_container_finds_its_place_in_modals_cluster(monkeypatch: pytest.MonkeyPatch):
    addresses = ["fdaa::1", "fdaa::2"]
    context = modal._cluster.ClusterContext(1, "cu-1", addresses, ["10.0.0.1", "10.0.0.2"], [])
    monkeypatch.setattr(modal._cluster, "current_cluster_context", context)
    assert attempt.this_node() == attempt.Node(0, 1, "127.0.0.1"), "one node needs no cluster"
    monkeypatch.setattr(attempt, "NODES", 2)
    assert attempt.this_node() == attempt.Node(1, 2, "fdaa::1")
    monkeypatch.setattr(attempt, "NODES", 4)
    with pytest.raises(RuntimeError, match="4 containers are planned, and the cluster has 2"):
        attempt.this_node()


def test_several_nodes_are_a_cluster_with_rdma(monkeypatch: pytest.MonkeyPatch):
    def function() -> None: ...

    assert app.on_nodes(function) is function
    monkeypatch.setattr(config, "NODES", 4)
    found = app.on_nodes(function)
    assert isinstance(found, modal.partial_function.PartialFunction)
    other = modal.App("cluster", include_source=False)
    assert other.function(gpu="H100:8", serialized=True)(found)


def test_torchrun_gets_the_node_and_the_port(several: Job, tmp_path: Path):
    """By torchrun's own reading of it."""
    from torch.distributed.run import config_from_args, parse_args

    command = attempt.torchrun_command(several, attempt.Node(1, 2, "fdaa::1"), tmp_path, 29501)
    assert command[1:3] == ["-m", "torch.distributed.run"]
    config, _program, arguments = config_from_args(parse_args(command[3:]))
    assert (config.min_nodes, config.max_nodes, config.nproc_per_node) == (2, 2, 8)
    assert config.rdzv_endpoint == "fdaa::1:29501" and config.rdzv_configs["rank"] == 1
    assert config.max_restarts == 0 and arguments[-1] == str(tmp_path)


def test_ranks_share_the_cores_and_find_what_lies_beside_python():
    found = attempt.torchrun_environment(2)
    assert int(found["OMP_NUM_THREADS"]) >= 1 and found["PATH"].startswith(str(Path(sys.executable).parent))
    assert (found.get("DS_ACCELERATOR") == "cpu") == (not hardware.GPUS)


@pytest.fixture
def line() -> Iterator[Path]:
    """A folder for the socket, whose path may have a hundred characters."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_rank_has_the_volume_committed_is_asked_to_end_and_says_how_it_did(line: Path):
    committed = threading.Event()
    with ipc.Launcher(line, committed.set) as launcher:
        process = multiprocessing.get_context("spawn").Process(target=idle_rank.rank, args=(line, ipc.OUTCOME))
        process.start()
        assert committed.wait(HANGS_S)
        launcher.stop()
        process.join(HANGS_S)
    assert process.exitcode == 0 and launcher.results == {ipc.OUTCOME: idle_rank.DONE}


def test_a_rank_ends_when_its_launcher_is_gone(line: Path):
    committed = threading.Event()
    with pytest.raises(KeyboardInterrupt), ipc.Launcher(line, committed.set):
        process = multiprocessing.get_context("spawn").Process(target=idle_rank.rank, args=(line, ""))
        process.start()
        assert committed.wait(HANGS_S)
        raise KeyboardInterrupt
    process.join(HANGS_S)
    assert process.exitcode == ipc.ORPHANED


def test_a_commit_that_fails_fails_in_the_rank(line: Path):
    def commit() -> None:
        raise OSError("the Volume is full")

    with ipc.Launcher(line, commit) as launcher:
        process = multiprocessing.get_context("spawn").Process(target=idle_rank.rank, args=(line, ipc.OUTCOME))
        process.start()
        process.join(HANGS_S)
    assert launcher.results == {ipc.MEMORY: "the Volume could not be committed: OSError: the Volume is full"}
