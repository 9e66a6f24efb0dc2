"""The real Modal client registers of a training what plan.py holds, combination by combination."""

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from bake import Project
from bakes import DISTRIBUTED, FINETUNE
from recorded import Deployed, all_baked, all_deployed, deployed, imports

from planner.request.checks import TRAINED

KINDS = [("finetune", "default"), ("finetune", "classification"), ("distributed", "default")]
ON_GPUS = ("train", "sample")
BASES = {"finetune": "FROM python:3.12", "distributed": "FROM nvidia/cuda:"}


def train(found: Deployed) -> dict[str, Any]:
    """The function that trains."""
    return found.functions["train"]


TABLES = {"finetune": FINETUNE, "distributed": DISTRIBUTED}
ROWS = [(task, name) for task, table in TABLES.items() for name in table]


@pytest.fixture(scope="module")
def every(bake: Callable[..., Project]) -> dict[tuple[str, str], Deployed]:
    projects = {
        (task, name): project
        for task, table in TABLES.items()
        for name, project in all_baked(bake, task, table).items()
    }
    return dict(zip(projects, deployed(list(projects.values())), strict=True))


@pytest.fixture(params=ROWS, ids="-".join)
def wire(request: pytest.FixtureRequest, every: dict[tuple[str, str], Deployed]) -> Deployed:
    return every[request.param]


@pytest.fixture(scope="module")
def all_on_cpus(bake: Callable[..., Project]) -> dict[str, Deployed]:
    one = all_deployed(bake, "finetune", {"cpu": ({}, {})}, GPU="none")
    many = all_deployed(bake, "distributed", {"cpus": ({}, {}), "nodes-cpu": DISTRIBUTED["four-nodes"]}, GPU="none")
    return one | many


@pytest.fixture(params=["cpu", "cpus", "nodes-cpu"])
def on_cpus(request: pytest.FixtureRequest, all_on_cpus: dict[str, Deployed]) -> Deployed:
    return all_on_cpus[request.param]


def test_every_task_workload_and_method_is_there(every: dict[tuple[str, str], Deployed]) -> None:
    plans = [found.plan for found in every.values()]
    assert {(plan["TASK"], plan["WORKLOAD"]) for plan in plans} == set(product(TABLES, TRAINED))
    assert {plan["METHOD"] for plan in plans} == {"full", "lora", "qlora"}


def test_the_app_is_published_with_its_functions(wire: Deployed) -> None:
    assert wire.published == [wire.plan["NAME"]]
    assert set(wire.functions) == {"fetch", "check", "train", "sample", "merge", "send", "state"}


def test_only_training_and_asking_have_the_plans_gpus(wire: Deployed) -> None:
    card, _, count = wire.plan["GPU"].partition(":")
    for name, function in wire.functions.items():
        assert function["gpu"] == (f"{card}:{count or 1}" if name in ON_GPUS else ""), name


def test_an_attempt_is_as_long_as_planned_and_its_container_starts_in_time(wire: Deployed) -> None:
    assert train(wire)["timeout"] == wire.plan["TIMEOUT"] <= 24 * 3600
    assert train(wire)["startup_timeout"] == wire.plan["STARTUP_TIMEOUT"]


def test_modal_starts_the_next_attempt_in_a_new_container_and_never_two_at_once(wire: Deployed) -> None:
    nodes = wire.plan.get("NODES", 1)
    assert train(wire)["retries"] == 10 and train(wire)["single_use"]
    assert train(wire)["max_containers"] == nodes and train(wire)["min_containers"] == 0
    assert not any(function["retries"] for name, function in wire.functions.items() if name != "train")


def test_an_attempt_has_the_planned_nodes(wire: Deployed) -> None:
    nodes = wire.plan.get("NODES", 1)
    assert train(wire)["nodes"] == (nodes if nodes > 1 else 0)
    assert train(wire)["rdma"] == (nodes > 1)
    assert not any(function["nodes"] for name, function in wire.functions.items() if name != "train")


def test_what_is_offloaded_has_its_main_memory(wire: Deployed) -> None:
    assert train(wire)["memory_mib"] >= wire.plan.get("PREDICTED_HOST_GIB", 0.0) * 1024


def test_weights_runs_and_caches_lie_on_volumes_of_their_own(wire: Deployed) -> None:
    name = wire.plan["NAME"]
    weights, runs = {"/weights": f"{name}-weights"}, {"/training": f"{name}-runs"}
    assert train(wire)["volumes"] == weights | runs | {"/root/.cache": f"{name}-cache"}
    assert wire.fetch["volumes"] == weights and wire.functions["state"]["volumes"] == runs
    for function in ("check", "sample", "merge", "send"):
        assert wire.functions[function]["volumes"] == weights | runs, function


def test_only_what_reads_or_writes_the_hub_sees_its_token_and_training_that_of_its_tracker(wire: Deployed) -> None:
    tracker = ["wandb-secret"] if wire.plan["TRACKER"] == "wandb" else []
    for name, function in wire.functions.items():
        hub = wire.plan["SECRETS"] if name in ("fetch", "check", "send") else []
        assert function["secrets"] == (tracker if name == "train" else hub), name


def test_no_gpu_waits_for_a_download(wire: Deployed) -> None:
    for name in ON_GPUS:
        assert wire.functions[name]["env"]["HF_HUB_OFFLINE"] == "1", name
        assert wire.functions[name]["env"]["GPU"] == wire.plan["GPU"], name  # the container imports the app again
    assert "HF_HUB_OFFLINE" not in wire.functions["check"]["env"]


def test_images_install_the_pinned_locks_on_their_base(wire: Deployed) -> None:
    for name in ("check", "train", "sample", "merge"):
        assert wire.functions[name]["image"][0].startswith(BASES[wire.plan["TASK"]]), name
        assert wire.functions[name]["lock"] == wire.lock("image.txt"), name
    pinned = {line.partition("==")[0] for line in train(wire)["lock"]}
    assert pinned >= {"torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "wandb", "trackio"}
    for name in ("fetch", "send", "state"):
        assert wire.functions[name]["image"][0].startswith("FROM python:3.12"), name
        assert wire.functions[name]["lock"] == wire.lock("fetch.txt"), name


def test_deepspeed_is_built_where_it_is_needed_and_with_a_version(wire: Deployed) -> None:
    built = [line for line in train(wire)["image"] if "deepspeed==" in line]
    assert len(built) == (wire.plan["TASK"] == "distributed")
    assert all("--no-build-isolation" in line and "--no-deps" in line for line in built)


def test_the_whole_package_and_nothing_else_is_uploaded(wire: Deployed) -> None:
    for name, function in wire.functions.items():
        assert function["files"] == wire.package_files(), name


def test_nothing_listens(wire: Deployed) -> None:
    for function in wire.functions.values():
        assert function["kind"] == "function" and not function["port"] and not any(function["proxy_auth"].values())


def test_without_gpus_none_is_asked_for_and_the_container_knows(on_cpus: Deployed) -> None:
    assert {function["gpu"] for function in on_cpus.functions.values()} == {""}
    assert train(on_cpus)["cpu"] >= 1 and train(on_cpus)["memory_mib"] >= 1024
    assert train(on_cpus)["env"]["GPU"] == "none"
    assert train(on_cpus)["nodes"] == 0 and train(on_cpus)["max_containers"] == 1  # Modal has no clusters of CPUs
    assert not any("cuda" in command for command in train(on_cpus)["image"])


@pytest.mark.parametrize("name", KINDS, ids="-".join)
@pytest.mark.parametrize("where", ["fetch", "send", "state"])
def test_a_small_container_can_import_what_it_gets(
    name: tuple[str, str], where: str, every: dict[tuple[str, str], Deployed], tmp_path: Path
) -> None:
    found = every[name]
    assert imports(found, found.functions[where], ["app", "cli"], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS, ids="-".join)
def test_what_a_container_imports_to_train_is_in_its_lock(
    name: tuple[str, str], every: dict[tuple[str, str], Deployed], tmp_path: Path
) -> None:
    python = os.environ.get("TRAIN_PYTHON")
    if not python:
        pytest.skip("TRAIN_PYTHON names no Python that holds TRL and DeepSpeed: run make test-slow")
    found = every[name]
    assert imports(
        found, train(found), ["app", "data.check", "run.attempt", "result.generate", "result.merge"], tmp_path, python
    )
