"""The commands in the documents, typed: those that need engines, locks or the package index."""

from __future__ import annotations

import json
import os
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from bake import Project, git, run
from terminal import INSTEAD, Terminal, account, clone, copied, installed, terminal

from planner.catalogue.gpus import GPUS

pytestmark = pytest.mark.slow(minutes=1)
Bake = Callable[..., Project]
Weights = Callable[[str], Path]
# test_bake.py and test_training_projects.py run all of a project's tests
SOME_TESTS = {"PYTEST_ADDOPTS": "-p no:cacheprovider -k gpu_memory"}


def test_a_service_answers_on_this_machine(bake: Bake, weights: Weights, tmp_path: Path) -> None:
    serve = terminal(bake(), tmp_path, SMALL=str(weights("generation")))
    assert "Paris" in serve("make local", MODEL=str(weights("generation")), PROMPT="What is the capital of France?")
    assert "tokens/s" in serve('make local PROMPT="..." MODEL=folder-or-hub-id')
    assert " passed" in serve("make test", **SOME_TESTS)
    assert " passed" in serve("make test-all", **SOME_TESTS)
    assert "All checks passed!" in serve("make lint")


def test_locks_are_moved(bake: Bake, tmp_path: Path) -> None:
    with account() as (modal, env):
        serve = terminal(bake(engine="transformers"), tmp_path, **env)
        serve(". .venv/bin/activate")
        serve("modal setup")
        said = serve("make lock test deploy", **SOME_TESTS)
        assert "requirements/image.txt" in said and " passed" in said and "my-llm" in modal.published


def test_a_batch_runs_on_this_machine(bake: Bake, weights: Weights, tmp_path: Path) -> None:
    batch = terminal(bake(task="batch", engine="transformers"), tmp_path)
    batch("make local", MODEL=str(weights("tiny")))
    batch(". .venv/bin/activate")
    batch('alias batch="python -m my_llm"')
    batch("batch join results.jsonl --local")
    lines = (batch.folder / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 10 and "text" in json.loads(lines[0])
    assert " passed" in batch("make test", **SOME_TESTS)


TRAINS = pytest.mark.skipif(
    "TRAIN_PYTHON" not in os.environ, reason="TRAIN_PYTHON names no Python that holds TRL and DeepSpeed: make test-slow"
)


@TRAINS
def test_a_training_runs_on_this_machine(bake: Bake, weights: Weights, tmp_path: Path) -> None:
    train = terminal(bake(task="finetune"), tmp_path, os.environ["TRAIN_PYTHON"], MODEL=str(weights("tiny")))
    assert "after" in train("make local")
    train(". .venv/bin/activate")
    train('alias tune="python -m my_llm"')
    Project(train.folder).edit(MODEL=str(weights("tiny")))
    assert "304 rows of prompt and completion" in train("tune check --local")
    assert "after" in train("tune --local")
    assert " passed" in train("make test", **SOME_TESTS)


def test_uvx_needs_no_clone(weights: Weights, tmp_path: Path) -> None:
    repository = copied(tmp_path / "repository")
    git("init", "-q", cwd=repository)
    git("add", "--all", cwd=repository)
    git("commit", "-q", "-m", "The template", cwd=repository)
    venv.create(tmp_path / "uv", with_pip=True)
    run(str(tmp_path / "uv" / "bin" / "python"), "-m", "pip", "install", "-q", "uv==0.13.9", cwd=tmp_path)
    path = f"{tmp_path / 'uv' / 'bin'}:{os.environ['PATH']}"
    template = Terminal(
        tmp_path, INSTEAD, {"TEMPLATE": str(repository), "PATH": path, "MODEL": str(weights("generation"))}
    )
    assert "Next: cd my-llm" in template("uvx cookiecutter gh:ORG/modal-gpu-template", answer="\n" * 17)
    run("rm", "-r", "my-llm", cwd=tmp_path)
    start = "uvx cookiecutter gh:ORG/modal-gpu-template --no-input task=serve model_id=Qwen/Qwen3-8B budget=4/hour"
    assert "cd my-llm" in template(start)
    installed(tmp_path / "my-llm" / ".venv", ".installed")
    assert "tokens/s" in template("cd my-llm && make local")
    table = template("uvx --from git+https://github.com/ORG/modal-gpu-template gpu-plan compare ...")
    assert table.rstrip().splitlines()[-1].split()[0] in GPUS


def test_a_clone_shows_itself(tmp_path: Path) -> None:
    template = clone(tmp_path)
    assert "tokens/s" in template("make demo")
