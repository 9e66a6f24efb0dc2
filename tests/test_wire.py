"""What the real Modal client registers over the wire is what plan.py says, combination by combination."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bake import Project, run

from planner.answers import WORKLOADS
from planner.plan import ENGINES

WIRE = Path(__file__).with_name("modal_wire.py")
TRANSFORMERS, EMBED, CLASSIFY = {"engine": "transformers"}, {"workload": "embedding"}, {"workload": "classification"}
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


@dataclass(frozen=True)
class Deployed:
    """A project and what was registered for it."""

    project: Project
    functions: dict[str, dict[str, Any]]
    published: list[str]
    kept: list[int]  # containers that opening and closing the warm pool asked for

    @property
    def server(self) -> dict[str, Any]:
        return self.functions["Server" if self.project.plan["ENGINE"] == "vllm" else "Server.*"]

    @property
    def fetch(self) -> dict[str, Any]:
        return self.functions["fetch"]

    @property
    def plan(self) -> dict[str, Any]:
        return self.project.plan


def deployed(projects: list[Project], **env: str) -> list[Deployed]:
    """Deploy them all in one process; their packages have different names."""
    said = run(sys.executable, "-B", str(WIRE), *(str(project.root) for project in projects), cwd=WIRE.parent, **env)
    found = json.loads(said.stdout)
    return [Deployed(project, **registered) for project, registered in zip(projects, found, strict=True)]


def baked(bake: Callable[..., Project], name: str, **answers: str) -> Project:
    """The project of a case, under its own name, with its edits."""
    edits = {key: value for key, value in answers.items() if key.isupper()}
    project = bake(**{key: value for key, value in answers.items() if key not in edits}, project_slug=f"my-{name}")
    text = project.plan_file.read_text(encoding="utf-8")
    for constant, value in edits.items():
        text, found = re.subn(rf"^{constant} = \S+", f"{constant} = {value}", text, flags=re.M)
        assert found == 1
    project.plan_file.write_text(text, encoding="utf-8")
    return project


def all_on(engine: str, bake: Callable[..., Project]) -> dict[str, Deployed]:
    """All cases of one engine, deployed at once."""
    ours = {name: answers for name, answers in CASES.items() if engine_of(answers) == engine}
    projects = {name: baked(bake, name, **answers) for name, answers in ours.items()}
    return dict(zip(projects, deployed(list(projects.values())), strict=True))


def engine_of(answers: dict[str, str]) -> str:
    """What `auto` is: vLLM to generate, transformers to read."""
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
    assert wire.server["kind"] == {"vllm": "server", "transformers": "class"}[wire.plan["ENGINE"]]


def test_the_gpus_are_the_plans(wire: Deployed) -> None:
    card, _, count = wire.plan["GPU"].partition(":")
    assert wire.server["gpu"] == f"{card}:{count or 1}"
    assert {function["gpu"] for function in wire.functions.values()} == {"", wire.server["gpu"]}


def test_containers_come_and_go_as_planned(wire: Deployed) -> None:
    for registered, planned in {
        "min_containers": "MIN_CONTAINERS",
        "max_containers": "MAX_CONTAINERS",
        "buffer_containers": "BUFFER_CONTAINERS",
        "scaledown_window": "SCALEDOWN_WINDOW",
        "startup_timeout": "STARTUP_TIMEOUT",
    }.items():
        assert wire.server[registered] == wire.plan[planned], registered


def test_the_warm_pool_opens_and_closes_when_planned(wire: Deployed) -> None:
    for function, planned in (("open_pool", "WARM_FROM"), ("close_pool", "WARM_UNTIL")):
        line = wire.plan[planned]
        assert wire.functions[function]["schedule"] == ([line, wire.plan["WARM_TIMEZONE"]] if line else ["", ""])


def test_the_warm_pool_is_as_large_as_planned(wire: Deployed) -> None:
    assert wire.kept == [wire.plan["WARM_CONTAINERS"], wire.plan["MIN_CONTAINERS"]]


def test_another_container_starts_at_the_planned_concurrency(wire: Deployed) -> None:
    if wire.plan["ENGINE"] == "vllm":
        assert wire.server["target_concurrency"] == wire.plan["TARGET_CONCURRENCY"]
    else:
        assert wire.server["target_inputs"] == wire.plan["TARGET_CONCURRENCY"]
        assert wire.server["max_inputs"] >= wire.plan["CONCURRENCY"]


def test_snapshots_are_the_plans(wire: Deployed) -> None:
    of_gpu = wire.plan["GPU_SNAPSHOT"]
    assert wire.server["experimental"].get("enable_gpu_snapshot", "False") == str(of_gpu)
    assert wire.server["memory_snapshot"] == (wire.plan["MEMORY_SNAPSHOT"] or of_gpu)


def test_the_http_server_gets_the_startup_timeout_too(wire: Deployed) -> None:
    if wire.plan["ENGINE"] == "vllm":
        assert wire.server["http_startup_timeout"] == wire.plan["STARTUP_TIMEOUT"] and wire.server["port"] == 8000


def test_nobody_gets_in_without_a_token_unless_the_plan_says_public(wire: Deployed) -> None:
    private = not wire.plan["PUBLIC"]
    if wire.plan["ENGINE"] == "vllm":
        assert wire.server["http_private"] == private
    else:
        assert wire.server["methods"] == ["answer", "web"] and wire.server["proxy_auth"]["web"] == private


def test_weights_are_fetched_without_a_gpu_to_the_volume_that_serves_them(wire: Deployed) -> None:
    name = wire.plan["NAME"]
    assert wire.fetch["gpu"] == "" and wire.fetch["timeout"] >= 3600
    assert wire.fetch["volumes"] == {"/weights": f"{name}-weights"}
    assert wire.server["volumes"] == {"/weights": f"{name}-weights", "/root/.cache": f"{name}-cache"}


def test_only_the_download_sees_the_hubs_token(wire: Deployed) -> None:
    assert wire.fetch["secrets"] == wire.plan["SECRETS"] and wire.server["secrets"] == []
    assert wire.server["env"]["HF_HUB_OFFLINE"] == "1"
    assert wire.server["env"]["GPU"] == wire.plan["GPU"]  # the container imports the app again


def test_images_install_the_pinned_locks_on_their_base(wire: Deployed) -> None:
    bases = {"vllm": "FROM nvidia/cuda:", "transformers": "FROM python:3.12"}
    assert wire.server["image"][0].startswith(bases[wire.plan["ENGINE"]])
    assert wire.fetch["image"][0].startswith("FROM python:3.12")
    for function, lock in ((wire.server, "image.txt"), (wire.fetch, "fetch.txt")):
        assert any("uv pip install" in command and lock in command for command in function["image"])
        written = (wire.project.root / "requirements" / lock).read_text(encoding="utf-8").splitlines()
        assert function["lock"] == sorted(written) and len(written) > 5
    assert any(line.startswith(f"{wire.plan['ENGINE']}==") for line in wire.server["lock"])


def test_the_whole_package_and_nothing_else_is_uploaded(wire: Deployed) -> None:
    package = wire.project.root / wire.project.package
    here = sorted(f"/root/{wire.project.package}/{path.name}" for path in package.glob("*.py"))
    assert wire.server["files"] == wire.fetch["files"] == here


def test_without_gpus_none_is_asked_for_and_the_container_knows(on_cpus: Deployed) -> None:
    assert {function["gpu"] for function in on_cpus.functions.values()} == {""}
    assert on_cpus.server["cpu"] >= 1 and on_cpus.server["memory_mib"] >= 1024
    assert on_cpus.server["env"]["GPU"] == "none"
    assert not any("cuda" in command for command in on_cpus.server["image"])
    assert on_cpus.server["min_containers"] == on_cpus.plan["MIN_CONTAINERS"] == 1
    assert on_cpus.server["max_containers"] == on_cpus.plan["MAX_CONTAINERS"]


# Run where a container would be: only what was uploaded, only what the image's lock or Modal itself installs.
CONTAINER = """
import importlib, importlib.machinery, importlib.metadata as metadata, json, re, sys
folder, lock, modules = json.loads(sys.argv[1])

def plain(name): return re.sub(r"[-_.]+", "-", name).lower()

def needed(name, found):  # Modal mounts its client with all that it needs
    found.add(plain(name))
    for line in metadata.requires(name) or ():
        other = re.match(r"[\\w.-]+", line)[0]
        if "extra ==" not in line and plain(other) not in found:
            try: needed(other, found)
            except metadata.PackageNotFoundError: pass
    return found

allowed = {plain(re.split(r"[=\\[;@ ]", line)[0]) for line in lock} | needed("modal", set())
owners = metadata.packages_distributions()

class Installed(importlib.machinery.PathFinder):  # as if nothing else were there
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if "." not in name and name in owners and not allowed & set(map(plain, owners[name])):
            return None
        return super().find_spec(name, path, target)

class Listed(metadata.MetadataPathFinder):
    @classmethod
    def find_distributions(cls, context=metadata.DistributionFinder.Context()):
        return (one for one in super().find_distributions(context) if plain(one.metadata["Name"]) in allowed)

Installed.find_distributions = Listed.find_distributions
sys.meta_path[sys.meta_path.index(importlib.machinery.PathFinder)] = Installed
sys.path.insert(0, folder)
for module in modules:
    importlib.import_module(module)
print("imported")
"""


@pytest.mark.parametrize("name", ["vllm", "transformers", "embed", "embed-vllm", "classify", "classify-vllm"])
@pytest.mark.parametrize("where", ["server", "fetch"])
def test_a_container_can_import_what_it_gets(
    name: str, where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found = request.getfixturevalue(f"on_{engine_of(CASES[name])}")[name]
    function = found.server if where == "server" else found.fetch
    for name in function["files"]:
        inside = tmp_path / Path(name).relative_to("/root")
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_bytes((found.project.root / Path(name).relative_to("/root")).read_bytes())
    modules = [f"{found.project.package}.{name}" for name in (["app", "engine"] if where == "server" else ["app"])]
    arguments = json.dumps([str(tmp_path), function["lock"], modules])
    done = run(sys.executable, "-I", "-B", "-c", CONTAINER, arguments, cwd=tmp_path, **function["env"])
    assert done.stdout == "imported\n"
