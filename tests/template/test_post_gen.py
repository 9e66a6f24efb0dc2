"""The post-gen hook, called on folders: into an empty project and over an earlier one; and the manifest of parts."""

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
PROJECTS = tuple(itertools.product(TASKS, ENGINES, WORKLOADS))


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("post_gen_project", ROOT / "hooks" / "post_gen_project.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rendered(root: Path, plan: str | None) -> None:
    """Write a small project as Cookiecutter renders it: a README, all parts, and the pre-gen hook's plan."""
    parts = {
        "serve vllm": ["common", "serve", "serve_vllm"],
        "serve transformers generation": ["common", "serve", "serve_transformers"],
        "serve transformers pooling": ["common", "serve", "serve_transformers", "pooling"],
        "batch": ["common", "batch"],
    }
    files = {
        "README.md": "rendered",
        "UNFINISHED.md": "unfinished",
        "parts/common/{{cookiecutter.__package}}/hardware.py": "common",
        "parts/manifest.json": json.dumps(parts),
        "parts/README-serve.md": "included by README.md",
        "parts/serve/{{cookiecutter.__package}}/client/connection.py": "connection",
        "parts/serve/tests/test_client.py": "from {{cookiecutter.__package}} import plan",
        "parts/serve_vllm/{{cookiecutter.__package}}/engine/server.py": "vllm",
        "parts/serve_vllm/{{cookiecutter.__package}}/api/middleware.py": "vllm only",
        "parts/serve_vllm/requirements/image.txt": "vllm==1",
        "parts/serve_transformers/{{cookiecutter.__package}}/engine/server.py": "transformers",
        "parts/serve_transformers/{{cookiecutter.__package}}/web.py": "transformers only",
        "parts/pooling/{{cookiecutter.__package}}/engine/encoder.py": "vectors",
        "parts/batch/{{cookiecutter.__package}}/input/shards.py": "shards",
        "parts/batch/{{cookiecutter.__package}}/input/__pycache__/shards.pyc": "left by somebody",
        "parts/batch/.github/workflows/test.yml": "${{ secrets.TOKEN }}",
        "parts/batch/deep/er/only.txt": "batch only",
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
    """Every file, without the record of what was written."""
    found = {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}
    return {name: text for name, text in found.items() if name != ".template-files.json"}


def test_only_the_chosen_parts_remain(hook: ModuleType, tmp_path: Path):
    rendered(tmp_path, plan("serve", "vllm"))
    hook.arrange(tmp_path)
    assert files(tmp_path) == {
        "README.md": "rendered",
        "my_llm/hardware.py": "common",
        "my_llm/plan.py": plan("serve", "vllm"),
        "my_llm/client/connection.py": "connection",
        "my_llm/engine/server.py": "vllm",
        "my_llm/api/middleware.py": "vllm only",
        "requirements/image.txt": "vllm==1",
        "tests/test_client.py": "from my_llm import plan",
    }


def test_a_workload_that_pools_gets_its_own_parts(hook: ModuleType, tmp_path: Path):
    for workload in ("embedding", "classification"):
        rendered(tmp_path, plan("serve", "transformers", workload))
        hook.arrange(tmp_path)
        assert files(tmp_path)["my_llm/engine/encoder.py"] == "vectors"
    rendered(tmp_path, plan("serve", "transformers", "generation"))
    hook.arrange(tmp_path)
    held = files(tmp_path)
    assert held["my_llm/engine/server.py"] == "transformers" and "my_llm/engine/encoder.py" not in held


@pytest.mark.parametrize(
    "again", [("serve", "transformers"), ("batch", ""), ("serve", "vllm"), ("serve", "transformers", "embedding")]
)
def test_a_bake_over_another_tasks_project_equals_a_fresh_one(hook: ModuleType, tmp_path: Path, again: tuple[str, ...]):
    old, fresh = tmp_path / "old", tmp_path / "fresh"
    for first in (("batch", ""), ("serve", "vllm"), again):
        rendered(old, plan(*first))
        hook.arrange(old)
    rendered(fresh, plan(*again))
    hook.arrange(fresh)
    assert files(old) == files(fresh)
    assert not [path for path in old.rglob("*") if path.is_dir() and not any(path.iterdir())]


def test_caches_stay_behind_and_github_s_expressions_as_they_are(hook: ModuleType, tmp_path: Path):
    rendered(tmp_path, plan("batch"))
    hook.arrange(tmp_path)
    held = files(tmp_path)
    assert held[".github/workflows/test.yml"] == "${{ secrets.TOKEN }}"
    assert "my_llm/input/shards.py" in held and not any("__pycache__" in name for name in held)


def test_what_a_person_added_stays(hook: ModuleType, tmp_path: Path):
    rendered(tmp_path, plan("serve", "vllm"))
    hook.arrange(tmp_path)
    (tmp_path / "my_llm" / "mine.py").write_text("mine")
    rendered(tmp_path, plan("batch"))
    hook.arrange(tmp_path)
    assert (tmp_path / "my_llm" / "mine.py").read_text() == "mine"


def test_a_bake_deletes_only_what_the_template_wrote_and_nobody_changed(hook: ModuleType, tmp_path: Path):
    rendered(tmp_path, plan("serve", "vllm"))
    hook.arrange(tmp_path)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "only.txt").write_text("mine")  # where another task has a file of its own
    (tmp_path / "requirements" / "image.txt").write_text("edited")
    rendered(tmp_path, plan("serve", "transformers"))
    hook.arrange(tmp_path)
    held = files(tmp_path)
    assert held["deep/er/only.txt"] == "mine" and held["requirements/image.txt"] == "edited"
    assert "my_llm/api/middleware.py" not in held


def test_a_file_in_the_way_stays_and_nothing_is_moved(hook: ModuleType, tmp_path: Path):
    """Where the pre-gen hook could not see the template, and so not the file."""
    rendered(tmp_path, plan("batch"))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "only.txt").write_text("mine")
    with pytest.raises(SystemExit, match=r"deep/er/only\.txt would be overwritten"):
        hook.arrange(tmp_path)
    assert files(tmp_path) == {"README.md": "rendered", "deep/er/only.txt": "mine"}


def test_without_a_plan_it_says_so_in_one_line_and_touches_nothing(tmp_path: Path):
    rendered(tmp_path, None)
    before = files(tmp_path)
    command = [sys.executable, str(ROOT / "hooks" / "post_gen_project.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and files(tmp_path) == before
    assert done.stderr.startswith("error: the pre-gen hook did not run") and len(done.stderr.splitlines()) == 1


PARTS = TEMPLATE / "parts"
MANIFEST: dict[str, list[str]] = json.loads((PARTS / "manifest.json").read_text(encoding="utf-8"))


def held_by(folder: Path) -> set[Path]:
    return {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}


def test_every_part_is_in_the_manifest_and_every_row_in_some_project(hook: ModuleType):
    listed = {part for parts in MANIFEST.values() for part in parts}
    assert listed == {folder.name for folder in PARTS.iterdir() if folder.is_dir()}
    chosen = [hook.parts_of(MANIFEST, *project) for project in PROJECTS]
    assert all(parts in chosen for parts in MANIFEST.values())


@pytest.mark.parametrize("project", PROJECTS, ids="-".join)
def test_no_two_parts_of_a_project_hold_the_same_file(hook: ModuleType, project: tuple[str, str, str]):
    seen = {file for file in held_by(TEMPLATE) if file.parts[0] != "parts"}
    for part in hook.parts_of(MANIFEST, *project):
        assert not seen & held_by(PARTS / part), part
        seen |= held_by(PARTS / part)
