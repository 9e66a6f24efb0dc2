"""What the real Modal client registers over the wire is what plan.py says, for both engines, on GPUs and without."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bake import Project, run

WIRE = Path(__file__).with_name("modal_wire.py")
CASES: dict[str, dict[str, str]] = {
    "vllm": {},
    "transformers": {"engine": "transformers"},
    "two cards": {"model_size": "32B", "gpu": "H100:2", "quantization": "none", "budget": "none"},
    "kept warm": {"optimize": "latency"},
    "kept warm, transformers": {"optimize": "latency", "engine": "transformers"},
    "gated": {"model_id": "meta-llama/Llama-3.1-8B-Instruct"},
    "a small card": {"model_size": "1.5B", "gpu": "T4"},
}


@dataclass(frozen=True)
class Deployed:
    """A project and what was registered for it."""

    project: Project
    functions: dict[str, dict[str, Any]]
    published: list[str]

    @property
    def server(self) -> dict[str, Any]:
        return self.functions["Server" if self.project.plan["ENGINE"] == "vllm" else "Server.*"]

    @property
    def fetch(self) -> dict[str, Any]:
        return self.functions["fetch"]

    @property
    def plan(self) -> dict[str, Any]:
        return self.project.plan


def deployed(project: Project, **env: str) -> Deployed:
    """Deploy in a process of its own, so that no module of one project is seen by the next."""
    said = project.python(
        str(WIRE), f"{project.package}.app", str(project.plan["NAME"]), PYTHONPATH=str(project.root), **env
    )
    return Deployed(project, **json.loads(said))


@pytest.fixture(scope="module", params=CASES)
def wire(request: pytest.FixtureRequest, bake: Callable[..., Project]) -> Deployed:
    return deployed(bake(**CASES[request.param]))


@pytest.fixture(scope="module", params=["vllm", "transformers"])
def on_cpus(request: pytest.FixtureRequest, bake: Callable[..., Project]) -> Deployed:
    return deployed(bake(engine=request.param, optimize="latency"), GPU="none")


def test_the_app_is_published_under_its_name_with_two_functions(wire: Deployed) -> None:
    assert wire.published == [wire.plan["NAME"]]
    assert len(wire.functions) == 2
    assert wire.server["kind"] == {"vllm": "server", "transformers": "class"}[wire.plan["ENGINE"]]


def test_the_gpus_are_the_plans(wire: Deployed) -> None:
    card, _, count = wire.plan["GPU"].partition(":")
    assert wire.server["gpu"] == f"{card}:{count or 1}"


def test_containers_come_and_go_as_planned(wire: Deployed) -> None:
    for registered, planned in {
        "min_containers": "MIN_CONTAINERS",
        "max_containers": "MAX_CONTAINERS",
        "buffer_containers": "BUFFER_CONTAINERS",
        "scaledown_window": "SCALEDOWN_WINDOW",
        "startup_timeout": "STARTUP_TIMEOUT",
    }.items():
        assert wire.server[registered] == wire.plan[planned], registered


def test_one_container_takes_the_planned_concurrency(wire: Deployed) -> None:
    taken = "target_concurrency" if wire.plan["ENGINE"] == "vllm" else "max_inputs"
    assert wire.server[taken] == wire.plan["CONCURRENCY"]


def test_the_http_server_gets_the_startup_timeout_too(wire: Deployed) -> None:
    if wire.plan["ENGINE"] == "vllm":
        assert wire.server["http_startup_timeout"] == wire.plan["STARTUP_TIMEOUT"] and wire.server["port"] == 8000


def test_nobody_gets_in_without_a_token(wire: Deployed) -> None:
    if wire.plan["ENGINE"] == "vllm":
        assert wire.server["http_private"]
    else:
        assert wire.server["methods"] == ["generate", "web"] and wire.server["proxy_auth"]["web"]


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
import importlib, importlib.abc, importlib.metadata as metadata, json, re, sys
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

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if "." not in name and name in owners and not allowed & set(map(plain, owners[name])):
            raise ModuleNotFoundError(f"the image has no {name}", name=name)

sys.meta_path.insert(0, Missing())
sys.path.insert(0, folder)
for module in modules:
    importlib.import_module(module)
print("imported")
"""


@pytest.mark.parametrize("engine", ["vllm", "transformers"])
@pytest.mark.parametrize("where", ["server", "fetch"])
def test_a_container_can_import_what_it_gets(
    engine: str, where: str, bake: Callable[..., Project], tmp_path: Path
) -> None:
    found = deployed(bake(engine=engine))
    function = found.server if where == "server" else found.fetch
    for name in function["files"]:
        inside = tmp_path / Path(name).relative_to("/root")
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_bytes((found.project.root / Path(name).relative_to("/root")).read_bytes())
    modules = [f"{found.project.package}.{name}" for name in (["app", "engine"] if where == "server" else ["app"])]
    arguments = json.dumps([str(tmp_path), function["lock"], modules])
    done = run(sys.executable, "-I", "-B", "-c", CONTAINER, arguments, cwd=tmp_path, **function["env"])
    assert done.stdout == "imported\n"
