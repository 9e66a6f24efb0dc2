"""What the real Modal client registers of a service is what plan.py says, combination by combination."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bake import Project
from recorded import BASES, Deployed, baked, deployed, imports

from planner.schema import ENGINES, WORKLOADS

TRANSFORMERS, CLASSIFY = {"engine": "transformers"}, {"workload": "classification"}
EMBED = {"workload": "embedding", **TRANSFORMERS}  # "auto" would be whichever engine reads faster
HOURS = "1 mon-fri 8-18 Europe/Berlin"
# What is answered; in capitals, what is then edited in plan.py, as its owner would
CASES: dict[str, dict[str, str]] = {
    "vllm": {},
    "two-cards": {"model_size": "32B", "gpu": "H100:2", "quantization": "none", "budget": "none"},
    "four-cards": {"model_size": "235B", "budget": "20/hour", "gpu": "H200:4"},
    "small-card": {"model_size": "1.5B", "gpu": "T4"},
    "gated": {"model_id": "meta-llama/Llama-3.1-8B-Instruct"},
    "latency": {"optimize": "latency"},
    "latency-rich": {"optimize": "latency", "budget": "20/hour"},
    "throughput": {"optimize": "throughput", "budget": "20/hour"},
    "monthly": {"budget": "3000/month"},
    "busy": {"concurrency": "64", "budget": "12/hour"},
    "alone": {"concurrency": "1"},
    "long": {"context_len": "32k", "budget": "8/hour"},
    "fp8": {"quantization": "fp8", "gpu": "H100"},
    "mxfp4": {"model_size": "120B", "budget": "8/hour"},
    "warm-two": {"warm": "2"},
    "warm-hours": {"warm": HOURS},
    "warm-nights": {"warm": "2 daily 22:30-6 America/New_York"},
    "public": {"PUBLIC": "True"},
    "gpu-snapshot": {"MEMORY_SNAPSHOT": "True", "GPU_SNAPSHOT": "True"},
    "embed-vllm": EMBED | {"engine": "vllm"},
    "classify-vllm": CLASSIFY | {"engine": "vllm", "model_id": "ProsusAI/finbert"},
    "embed-vllm-warm": EMBED | {"engine": "vllm", "warm": HOURS},
    "transformers": TRANSFORMERS,
    "transformers-warm": TRANSFORMERS | {"optimize": "latency"},
    "transformers-hours": TRANSFORMERS | {"warm": "1 sat,sun 9-17"},
    "transformers-nf4": TRANSFORMERS | {"quantization": "nf4", "model_size": "14B"},
    "transformers-busy": TRANSFORMERS | {"concurrency": "48", "budget": "12/hour", "model_size": "4B"},
    "transformers-public": TRANSFORMERS | {"PUBLIC": "True"},
    "transformers-gpu-snapshot": TRANSFORMERS | {"GPU_SNAPSHOT": "True"},
    "transformers-no-snapshot": TRANSFORMERS | {"MEMORY_SNAPSHOT": "False"},
    "transformers-gated": TRANSFORMERS | {"model_id": "meta-llama/Llama-3.1-8B-Instruct"},
    "embed": EMBED,
    "embed-small": EMBED | {"model_size": "33M", "gpu": "L4"},
    "embed-warm": EMBED | {"warm": "3"},
    "classify": CLASSIFY,
    "classify-latency": CLASSIFY | {"optimize": "latency", "concurrency": "8"},
}


def server(found: Deployed) -> dict[str, Any]:
    return found.functions["Server" if found.plan["ENGINE"] == "vllm" else "Server.*"]


def all_on(engine: str, bake: Callable[..., Project]) -> dict[str, Deployed]:
    """All cases of one engine, deployed at once."""
    ours = {name: answers for name, answers in CASES.items() if engine_of(answers) == engine}
    projects = {name: baked(bake, name, **answers) for name, answers in ours.items()}
    return dict(zip(projects, deployed(list(projects.values())), strict=True))


def engine_of(answers: dict[str, str]) -> str:
    """What `auto` is: vLLM to generate, transformers for the default classifier, which vLLM refuses."""
    return answers.get("engine", "transformers" if "workload" in answers else "vllm")


@pytest.fixture(scope="module")
def on_vllm(bake: Callable[..., Project]) -> dict[str, Deployed]:
    return all_on("vllm", bake)


@pytest.fixture(scope="module")
def on_transformers(bake: Callable[..., Project]) -> dict[str, Deployed]:
    return all_on("transformers", bake)


@pytest.fixture(params=CASES)
def wire(request: pytest.FixtureRequest) -> Deployed:
    return request.getfixturevalue(f"on_{engine_of(CASES[request.param])}")[request.param]


@pytest.fixture(scope="module")
def both_on_cpus(bake: Callable[..., Project]) -> dict[str, Deployed]:
    projects = {name: baked(bake, f"cpu-{name}", engine=name, optimize="latency") for name in ENGINES}
    return dict(zip(projects, deployed(list(projects.values()), GPU="none"), strict=True))


@pytest.fixture(params=ENGINES)
def on_cpus(request: pytest.FixtureRequest, both_on_cpus: dict[str, Deployed]) -> Deployed:
    return both_on_cpus[request.param]


def test_there_are_thirty_combinations_and_each_answer_is_among_them() -> None:
    assert len(CASES) >= 30
    plain = {(case.get("engine", "auto"), case.get("workload", "generation")) for case in CASES.values()}
    assert {workload for _, workload in plain} == set(WORKLOADS)
    assert {("transformers", "generation"), ("vllm", "embedding"), ("vllm", "classification")} <= plain


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


@pytest.mark.parametrize("name", ["vllm", "transformers", "embed", "embed-vllm", "classify", "classify-vllm"])
@pytest.mark.parametrize("where", ["server", "fetch"])
def test_a_container_can_import_what_it_gets(
    name: str, where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found = request.getfixturevalue(f"on_{engine_of(CASES[name])}")[name]
    function = server(found) if where == "server" else found.fetch
    assert imports(found, function, ["app", "engine.server"] if where == "server" else ["app"], tmp_path)
