"""The real Modal client registers of a batch what plan.py holds, combination by combination."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from bake import Project
from bakes import BATCH, Table
from recorded import BASES, Deployed, all_deployed, imports

from planner.schema import ENGINES, WORKLOADS

CPU_ONLY = ("fetch", "prepare", "run", "status", "stop", "join", "estimate")


def worker(found: Deployed) -> dict[str, Any]:
    """The class that loads the model."""
    return found.functions["Worker.*"]


@pytest.fixture(scope="module")
def every(bake: Callable[..., Project]) -> dict[str, Deployed]:
    return all_deployed(bake, "batch", BATCH)


@pytest.fixture(params=BATCH)
def wire(request: pytest.FixtureRequest, every: dict[str, Deployed]) -> Deployed:
    return every[request.param]


@pytest.fixture(scope="module")
def both_on_cpus(bake: Callable[..., Project]) -> dict[str, Deployed]:
    table: Table = {f"cpu-{engine}": ({"engine": engine}, {}) for engine in ENGINES}
    return all_deployed(bake, "batch", table, GPU="none")


@pytest.fixture(params=ENGINES)
def on_cpus(request: pytest.FixtureRequest, both_on_cpus: dict[str, Deployed]) -> Deployed:
    return both_on_cpus[f"cpu-{request.param}"]


def test_every_engine_and_workload_is_there(every: dict[str, Deployed]) -> None:
    kinds = {(found.plan["ENGINE"], found.plan["WORKLOAD"]) for found in every.values()}
    assert kinds == set(product(ENGINES, WORKLOADS))


def test_the_app_is_published_with_its_functions(wire: Deployed) -> None:
    assert wire.published == [wire.plan["NAME"]]
    assert set(wire.functions) == {"Worker.*", *CPU_ONLY}
    assert worker(wire)["kind"] == "class" and worker(wire)["methods"] == ["run"]


def test_only_the_worker_has_the_plans_gpus(wire: Deployed) -> None:
    card, _, count = wire.plan["GPU"].partition(":")
    assert worker(wire)["gpu"] == f"{card}:{count or 1}"
    assert {wire.functions[name]["gpu"] for name in CPU_ONLY} == {""}


def test_containers_come_and_go_as_planned(wire: Deployed) -> None:
    for registered, planned in {
        "max_containers": "MAX_CONTAINERS",
        "scaledown_window": "SCALEDOWN_WINDOW",
        "startup_timeout": "STARTUP_TIMEOUT",
        "timeout": "TIMEOUT",
    }.items():
        assert worker(wire)[registered] == wire.plan[planned], registered
    assert worker(wire)["min_containers"] == worker(wire)["buffer_containers"] == 0  # nothing runs between two runs


def test_one_container_serves_one_job_a_shard_at_a_time(wire: Deployed) -> None:
    assert worker(wire)["parameters"] == ["job"]
    assert worker(wire)["max_inputs"] in (0, 1)


def test_our_orchestrator_counts_the_attempts_at_a_shard_and_modal_keeps_the_orchestrator_alive(wire: Deployed) -> None:
    assert worker(wire)["retries"] == 0
    assert wire.functions["run"]["retries"] == 10 and wire.functions["run"]["timeout"] == 24 * 3600


def test_rows_and_results_lie_on_a_volume_and_weights_on_another(wire: Deployed) -> None:
    name = wire.plan["NAME"]
    results, weights = {"/results": f"{name}-results"}, {"/weights": f"{name}-weights"}
    assert worker(wire)["volumes"] == results | weights | {"/root/.cache": f"{name}-cache"}
    assert wire.fetch["volumes"] == weights and wire.functions["estimate"]["volumes"] == results | weights
    for function in ("prepare", "run", "status", "stop", "join"):
        assert wire.functions[function]["volumes"] == results, function


@pytest.mark.parametrize(
    ("name", "mounted"),
    [
        ("run", {}),
        ("bucket", {"/bucket": ["rows", "", "", True]}),
        ("other-bucket", {"/bucket": ["rows", "https://store.example", "keys", True]}),
    ],
)
def test_a_bucket_is_mounted_to_be_read_where_an_input_is(
    name: str, mounted: dict[str, list[object]], every: dict[str, Deployed]
) -> None:
    for function, registered in every[name].functions.items():
        assert registered["buckets"] == (mounted if function in ("prepare", "estimate") else {}), function


def test_only_what_reads_the_hub_sees_its_token(wire: Deployed) -> None:
    for name, function in wire.functions.items():
        assert function["secrets"] == (wire.plan["SECRETS"] if name in ("fetch", "prepare", "estimate") else []), name
    assert worker(wire)["env"]["HF_HUB_OFFLINE"] == "1"
    assert worker(wire)["env"]["GPU"] == wire.plan["GPU"]  # the container imports the app again


def test_images_install_the_pinned_locks_on_their_base(wire: Deployed) -> None:
    assert worker(wire)["image"][0].startswith(BASES[wire.plan["ENGINE"]])
    assert worker(wire)["lock"] == wire.lock("image.txt") and len(worker(wire)["lock"]) > 5
    assert any(line.startswith(f"{wire.plan['ENGINE']}==") for line in worker(wire)["lock"])
    for name in CPU_ONLY:
        assert wire.functions[name]["image"][0].startswith("FROM python:3.12")
        assert wire.functions[name]["lock"] == wire.lock("data.txt") and len(wire.functions[name]["lock"]) > 5


def test_the_whole_package_and_nothing_else_is_uploaded(wire: Deployed) -> None:
    for name, function in wire.functions.items():
        assert function["files"] == wire.package_files(), name


def test_nothing_listens(wire: Deployed) -> None:
    for function in wire.functions.values():
        assert function["kind"] != "server" and not any(function["proxy_auth"].values()) and not function["port"]


def test_without_gpus_none_is_asked_for_and_the_container_knows(on_cpus: Deployed) -> None:
    assert {function["gpu"] for function in on_cpus.functions.values()} == {""}
    assert worker(on_cpus)["cpu"] >= 1 and worker(on_cpus)["memory_mib"] >= 1024
    assert worker(on_cpus)["env"]["GPU"] == "none"
    assert not any("cuda" in command for command in worker(on_cpus)["image"])


KINDS = ["run", "transformers", "embedding", "embedding-vllm", "classification", "classification-vllm"]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("where", ["Worker.*", "prepare"])
def test_a_container_can_import_what_it_gets(name: str, where: str, every: dict[str, Deployed], tmp_path: Path) -> None:
    found = every[name]
    modules = ["app", "input.readers", "output.join", "run.shard_runner" if where == "Worker.*" else "run.estimate"]
    if where == "Worker.*" and found.plan["ENGINE"] == "transformers":  # vLLM itself is not installed here
        modules.append("engine.model")
    assert imports(found, found.functions[where], modules, tmp_path)
