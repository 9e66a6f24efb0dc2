"""The real Modal client registers of a service what plan.py holds, combination by combination."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from bake import Project
from bakes import SERVE, Table
from recorded import BASES, Deployed, all_deployed, imports

from planner.schema import ENGINES, WORKLOADS


def server(found: Deployed) -> dict[str, Any]:
    return found.functions["Server" if found.plan["ENGINE"] == "vllm" else "Server.*"]


@pytest.fixture(scope="module")
def every(bake: Callable[..., Project]) -> dict[str, Deployed]:
    return all_deployed(bake, "serve", SERVE)


@pytest.fixture(params=SERVE)
def wire(request: pytest.FixtureRequest, every: dict[str, Deployed]) -> Deployed:
    return every[request.param]


@pytest.fixture(scope="module")
def both_on_cpus(bake: Callable[..., Project]) -> dict[str, Deployed]:
    table: Table = {f"cpu-{engine}": ({"engine": engine, "optimize": "latency"}, {}) for engine in ENGINES}
    return all_deployed(bake, "serve", table, GPU="none")


@pytest.fixture(params=ENGINES)
def on_cpus(request: pytest.FixtureRequest, both_on_cpus: dict[str, Deployed]) -> Deployed:
    return both_on_cpus[f"cpu-{request.param}"]


def test_every_engine_and_workload_is_there(every: dict[str, Deployed]) -> None:
    kinds = {(found.plan["ENGINE"], found.plan["WORKLOAD"]) for found in every.values()}
    assert kinds == set(product(ENGINES, WORKLOADS))


def test_the_app_is_published_under_its_name_with_its_functions(wire: Deployed) -> None:
    assert wire.published == [wire.plan["NAME"]]
    assert len(wire.functions) == 4 and {"fetch", "open_pool", "close_pool"} < set(wire.functions)
    assert server(wire)["kind"] == {"vllm": "server", "transformers": "class"}[wire.plan["ENGINE"]]


def test_the_gpus_are_the_plans(wire: Deployed) -> None:
    card, _, count = wire.plan["GPU"].partition(":")
    assert server(wire)["gpu"] == f"{card}:{count or 1}"
    assert {function["gpu"] for function in wire.functions.values()} == {"", server(wire)["gpu"]}


def test_containers_come_and_go_as_planned(wire: Deployed) -> None:
    for registered, planned in {
        "min_containers": "MIN_CONTAINERS",
        "max_containers": "MAX_CONTAINERS",
        "buffer_containers": "BUFFER_CONTAINERS",
        "scaledown_window": "SCALEDOWN_WINDOW",
        "startup_timeout": "STARTUP_TIMEOUT",
    }.items():
        assert server(wire)[registered] == wire.plan[planned], registered


def test_the_warm_pool_opens_and_closes_when_planned(wire: Deployed) -> None:
    for function, planned in (("open_pool", "WARM_FROM"), ("close_pool", "WARM_UNTIL")):
        line = wire.plan[planned]
        assert wire.functions[function]["schedule"] == ([line, wire.plan["WARM_TIMEZONE"]] if line else ["", ""])


def test_the_warm_pool_is_as_large_as_planned(wire: Deployed) -> None:
    assert wire.kept == [wire.plan["WARM_CONTAINERS"], wire.plan["MIN_CONTAINERS"]]


def test_another_container_starts_at_the_planned_concurrency(wire: Deployed) -> None:
    if wire.plan["ENGINE"] == "vllm":
        assert server(wire)["target_concurrency"] == wire.plan["TARGET_CONCURRENCY"]
    else:
        assert server(wire)["target_inputs"] == wire.plan["TARGET_CONCURRENCY"]
        assert server(wire)["max_inputs"] >= wire.plan["CONCURRENCY"]


def test_snapshots_are_the_plans(wire: Deployed) -> None:
    of_gpu = wire.plan["GPU_SNAPSHOT"]
    assert server(wire)["experimental"].get("enable_gpu_snapshot", "False") == str(of_gpu)
    assert server(wire)["memory_snapshot"] == (wire.plan["MEMORY_SNAPSHOT"] or of_gpu)


def test_containers_run_in_the_plans_region_and_else_anywhere(wire: Deployed) -> None:
    asked = [wire.plan["REGION"]] if wire.plan["REGION"] else []
    assert server(wire)["regions"] == asked and wire.fetch["regions"] == []


def test_a_region_is_asked_for_on_both_engines(every: dict[str, Deployed]) -> None:
    found = {one.plan["ENGINE"] for one in every.values() if one.plan["REGION"]}
    assert found == set(ENGINES)


def test_the_http_server_gets_the_startup_timeout_too(wire: Deployed) -> None:
    if wire.plan["ENGINE"] == "vllm":
        assert server(wire)["http_startup_timeout"] == wire.plan["STARTUP_TIMEOUT"] and server(wire)["port"] == 8000


def test_nobody_gets_in_without_a_token_unless_the_plan_says_public(wire: Deployed) -> None:
    private = not wire.plan["PUBLIC"]
    if wire.plan["ENGINE"] == "vllm":
        assert server(wire)["http_private"] == private
    else:
        assert server(wire)["methods"] == ["answer", "web"] and server(wire)["proxy_auth"]["web"] == private


def test_weights_are_fetched_without_a_gpu_to_the_volume_that_serves_them(wire: Deployed) -> None:
    name = wire.plan["NAME"]
    assert wire.fetch["gpu"] == "" and wire.fetch["timeout"] >= 3600
    assert wire.fetch["volumes"] == {"/weights": f"{name}-weights"}
    assert server(wire)["volumes"] == {"/weights": f"{name}-weights", "/root/.cache": f"{name}-cache"}


def test_only_the_download_sees_the_hubs_token(wire: Deployed) -> None:
    assert wire.fetch["secrets"] == wire.plan["SECRETS"] and server(wire)["secrets"] == []
    assert server(wire)["env"]["HF_HUB_OFFLINE"] == "1"
    assert server(wire)["env"]["GPU"] == wire.plan["GPU"]  # the container imports the app again


def test_images_install_the_pinned_locks_on_their_base(wire: Deployed) -> None:
    assert server(wire)["image"][0].startswith(BASES[wire.plan["ENGINE"]])
    assert wire.fetch["image"][0].startswith("FROM python:3.12")
    for function, lock in ((server(wire), "image.txt"), (wire.fetch, "fetch.txt")):
        assert any("uv pip install" in command and lock in command for command in function["image"])
        assert function["lock"] == wire.lock(lock) and len(wire.lock(lock)) > 5
    assert any(line.startswith(f"{wire.plan['ENGINE']}==") for line in server(wire)["lock"])


def test_the_whole_package_and_nothing_else_is_uploaded(wire: Deployed) -> None:
    assert server(wire)["files"] == wire.fetch["files"] == wire.package_files()


def test_without_gpus_none_is_asked_for_and_the_container_knows(on_cpus: Deployed) -> None:
    assert {function["gpu"] for function in on_cpus.functions.values()} == {""}
    assert server(on_cpus)["cpu"] >= 1 and server(on_cpus)["memory_mib"] >= 1024
    assert server(on_cpus)["env"]["GPU"] == "none"
    assert not any("cuda" in command for command in server(on_cpus)["image"])
    assert server(on_cpus)["min_containers"] == on_cpus.plan["MIN_CONTAINERS"] == 1
    assert server(on_cpus)["max_containers"] == on_cpus.plan["MAX_CONTAINERS"]


@pytest.mark.parametrize(
    "name", ["default", "transformers", "embedding", "embedding-vllm", "classification", "classification-vllm"]
)
@pytest.mark.parametrize("where", ["server", "fetch"])
def test_a_container_can_import_what_it_gets(name: str, where: str, every: dict[str, Deployed], tmp_path: Path) -> None:
    found = every[name]
    function = server(found) if where == "server" else found.fetch
    assert imports(found, function, ["app", "engine.server"] if where == "server" else ["app"], tmp_path)
