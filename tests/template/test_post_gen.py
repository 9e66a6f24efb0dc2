"""The post-gen hook as a function on folders: any task and engine, over an empty folder and over an earlier project."""

from __future__ import annotations

import importlib.util
import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from planner.schema import ENGINES, TASKS, WORKLOADS

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
TYPED = json.dumps({"project_name": 'My "LLM"', "__package": "my_llm"})
PROJECTS = tuple(itertools.product(TASKS, ENGINES, WORKLOADS))


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("post_gen_project", ROOT / "hooks" / "post_gen_project.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rendered(root: Path, plan: str | None) -> None:
    """What Cookiecutter leaves, in little: common files, every task's files, and the plan where pre-gen ran."""
    files = {
        "README-common.md": "common",
        "UNFINISHED.md": "unfinished",
        "my_llm/hardware.py": "common",
        "tasks/serve/{{cookiecutter.__package}}/connection.py": "connection",
        "tasks/serve-vllm/{{cookiecutter.__package}}/engine.py": "vllm",
        "tasks/serve-vllm/{{cookiecutter.__package}}/middleware.py": "vllm only",
        "tasks/serve-vllm/requirements/image.txt": "vllm==1",
        "tasks/serve-transformers/{{cookiecutter.__package}}/engine.py": "transformers",
        "tasks/serve-transformers/{{cookiecutter.__package}}/web.py": "transformers only",
        "tasks/serve-generation/{{cookiecutter.__package}}/client.py": "client",
        "tasks/serve-embedding/{{cookiecutter.__package}}/client.py": "vectors",
        "tasks/serve-transformers-generation/{{cookiecutter.__package}}/routes.py": "chat",
        "tasks/serve-transformers-embedding/{{cookiecutter.__package}}/routes.py": "embeddings",
        "tasks/batch/{{cookiecutter.__package}}/shards.py": "shards",
        "tasks/batch/{{cookiecutter.__package}}/__pycache__/shards.pyc": "left by somebody",
        "tasks/batch/README.md": "# {{ cookiecutter.project_name }}\n",
        "tasks/batch/.github/workflows/test.yml": "${{ secrets.TOKEN }}",
        "tasks/batch/deep/er/only.txt": "batch only",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    if plan is not None:
        (root / "plan.py").write_text(plan)


def plan(task: str, engine: str = "", workload: str = "generation") -> str:
    written = {"NAME": "my-llm", "TASK": task, "ENGINE": engine, "WORKLOAD": workload}
    return "".join(f'{name} = "{value}"  # why\n' for name, value in written.items() if value)


def files(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_only_the_chosen_task_and_engine_remain(hook: ModuleType, tmp_path: Path):
    rendered(tmp_path, plan("serve", "vllm"))
    hook.arrange(tmp_path, TYPED)
    assert files(tmp_path) == {
        "README-common.md": "common",
        "my_llm/hardware.py": "common",
        "my_llm/plan.py": plan("serve", "vllm"),
        "my_llm/client.py": "client",
        "my_llm/connection.py": "connection",
        "my_llm/engine.py": "vllm",
        "my_llm/middleware.py": "vllm only",
        "requirements/image.txt": "vllm==1",
    }


def test_the_workload_brings_its_own_files_and_those_of_its_engine(hook: ModuleType, tmp_path: Path):
    rendered(tmp_path, plan("serve", "transformers", "embedding"))
    hook.arrange(tmp_path, TYPED)
    held = files(tmp_path)
    assert held["my_llm/client.py"] == "vectors" and held["my_llm/routes.py"] == "embeddings"
    assert held["my_llm/web.py"] == "transformers only" and "my_llm/middleware.py" not in held


@pytest.mark.parametrize(
    "again", [("serve", "transformers"), ("batch", ""), ("serve", "vllm"), ("serve", "transformers", "embedding")]
)
def test_a_bake_over_another_tasks_project_equals_a_fresh_one(hook: ModuleType, tmp_path: Path, again: tuple[str, ...]):
    old, fresh = tmp_path / "old", tmp_path / "fresh"
    for first in (("batch", ""), ("serve", "vllm"), again):
        rendered(old, plan(*first))
        hook.arrange(old, TYPED)
    rendered(fresh, plan(*again))
    hook.arrange(fresh, TYPED)
    assert files(old) == files(fresh)
    assert not [path for path in old.rglob("*") if path.is_dir() and not any(path.iterdir())]


def test_the_chosen_files_are_rendered_and_github_s_expressions_stay(hook: ModuleType, tmp_path: Path):
    rendered(tmp_path, plan("batch"))
    hook.arrange(tmp_path, TYPED)
    held = files(tmp_path)
    assert held["README.md"] == '# My "LLM"\n' and held[".github/workflows/test.yml"] == "${{ secrets.TOKEN }}"
    assert "my_llm/shards.py" in held and not any("__pycache__" in name for name in held)


def test_what_a_person_added_stays(hook: ModuleType, tmp_path: Path):
    rendered(tmp_path, plan("serve", "vllm"))
    hook.arrange(tmp_path, TYPED)
    (tmp_path / "my_llm" / "mine.py").write_text("mine")
    rendered(tmp_path, plan("batch"))
    hook.arrange(tmp_path, TYPED)
    assert (tmp_path / "my_llm" / "mine.py").read_text() == "mine"


def test_without_a_plan_it_says_so_in_one_line_and_touches_nothing(tmp_path: Path):
    rendered(tmp_path, None)
    before = files(tmp_path)
    command = [sys.executable, str(ROOT / "hooks" / "post_gen_project.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and files(tmp_path) == before
    assert done.stderr.startswith("error: the pre-gen hook did not run") and len(done.stderr.splitlines()) == 1


def test_no_file_of_a_task_is_also_a_common_file():
    common = {path.relative_to(TEMPLATE) for path in TEMPLATE.rglob("*") if path.is_file()}
    for folder in (TEMPLATE / "tasks").iterdir():
        for file in folder.rglob("*"):
            assert file.is_dir() or file.relative_to(folder) not in common, file


def test_every_folder_of_the_template_is_some_projects(hook: ModuleType):
    for folder in (TEMPLATE / "tasks").iterdir():
        assert any(set(folder.name.split("-")) <= hook.words(*project) for project in PROJECTS), folder.name


def test_no_two_layers_of_one_project_hold_the_same_file(hook: ModuleType):
    held = {
        folder.name: {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}
        for folder in (TEMPLATE / "tasks").iterdir()
    }
    for one, other in itertools.combinations(sorted(held), 2):
        apart = {frozenset(one.split("-")), frozenset(other.split("-"))}
        together = any(all(layer <= hook.words(*project) for layer in apart) for project in PROJECTS)
        assert not together or not held[one] & held[other], f"{one} and {other}"
