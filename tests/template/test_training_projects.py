"""The training projects' own tests, with TRL and DeepSpeed in the environment that `make test-slow` creates."""

import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bake import Project, run

Bake = Callable[..., Project]
# What a project of the one task is answered, and which of its tests run: the core's own run once
PROJECTS = {
    "finetune": ({}, ("tests",)),
    "classification": ({"workload": "classification"}, ("tests/test_local.py",)),
    "distributed": ({"task": "distributed"}, ("tests/test_launcher.py", "tests/test_workers.py")),
}


@pytest.mark.slow(minutes=7)
@pytest.mark.parametrize("name", PROJECTS)
def test_a_training_project_passes_its_own_tests(name: str, bake: Bake, tmp_path: Path) -> None:
    """One process, two ranks and two nodes train, are killed, and resume."""
    python = os.environ.get("TRAIN_PYTHON")
    if not python:
        pytest.skip("TRAIN_PYTHON names no Python that holds TRL and DeepSpeed: run make test-slow")
    answers, chosen = PROJECTS[name]
    project = Project(tmp_path / "my-llm")
    shutil.copytree(bake(**{"task": "finetune", **answers}).root, project.root)
    run(sys.executable, "-m", "ty", "check", "--python", str(Path(python).parents[1]), cwd=project.root)
    said = run(python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *chosen, cwd=project.root).stdout
    assert re.search(r"\b[1-9]\d* passed", said)
    assert all("needs a GPU" in line for line in said.splitlines() if line.startswith("SKIPPED"))
