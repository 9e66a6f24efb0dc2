"""The batch task, which the prompts do not offer yet: what its template bakes is clean."""

import shutil
import sys
from itertools import product
from pathlib import Path

import pytest
from bake import Project, bake_into, run

from planner.answers import BUILT, WORKLOADS
from planner.plan import ENGINES

CLOSED = 'BUILT = {("serve", workload) for workload in WORKLOADS}'
OPEN = 'BUILT = {(task, workload) for task in ("serve", "batch") for workload in WORKLOADS}'
MODELS = {("vllm", "classification"): {"model_id": "ProsusAI/finbert"}}  # vLLM does not run the default classifier


@pytest.fixture(scope="module")
def opened(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template, with batch among what its hook plans."""
    copy = tmp_path_factory.mktemp("opened") / template.name
    shutil.copytree(template, copy)
    hook = copy / "hooks" / "pre_gen_project.py"
    text = hook.read_text(encoding="utf-8")
    assert CLOSED in text
    hook.write_text(text.replace(CLOSED, OPEN), encoding="utf-8")
    return copy


def baked(opened: Path, folder: Path, engine: str, workload: str) -> Project:
    answers = {"task": "batch", "engine": engine, "workload": workload, "budget": "20/run"}
    return bake_into(folder, opened, **answers, **MODELS.get((engine, workload), {}))


def test_batch_is_not_offered_before_it_is_done() -> None:
    assert not {task for task, _workload in BUILT} - {"serve"}


@pytest.mark.parametrize(("engine", "workload"), product(ENGINES, WORKLOADS))
def test_it_is_clean(engine: str, workload: str, opened: Path, tmp_path: Path) -> None:
    project = baked(opened, tmp_path, engine, workload)
    for tool in (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("ty", "check", "--python", sys.prefix)):
        run(sys.executable, "-m", *tool, cwd=project.root)
