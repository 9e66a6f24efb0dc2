"""A text that is typed after make reaches the program as it is: nothing in it is expanded, and nothing is run."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bake import Project, run

Bake = Callable[..., Project]
TEXT = """a `touch ran` $(touch ran) $(shell touch ran) ${HOME} costs $5, "quoted", 's, 100% #1 \\ ; touch ran"""
STUB = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"
QUOTED = "'" + TEXT.replace("'", "'\"'\"'") + "'"  # as a person quotes it within ROWS and ARGS


@pytest.fixture
def make(bake: Bake, tmp_path: Path) -> Callable[..., list[str]]:
    """Run a target of a baked project whose package only prints its arguments; return them."""

    def typed(task: str, *arguments: str, **environment: str) -> list[str]:
        project = bake(task=task)
        for name in ("Makefile", "task.mk"):
            shutil.copy(project.root / name, tmp_path / name)
        for module in ("__main__.py", "load_test/__main__.py"):
            file = tmp_path / project.package / module
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(STUB)
        (tmp_path / ".venv").mkdir(exist_ok=True)
        (tmp_path / "requirements").mkdir(exist_ok=True)
        for name in ("requirements/laptop.txt", ".venv/.installed"):
            (tmp_path / name).touch()
        done = run("make", "-s", *arguments, f"PYTHON={sys.executable}", cwd=tmp_path, **environment)
        assert not (tmp_path / "ran").exists()
        return json.loads(done.stdout)

    return typed


@pytest.mark.parametrize(
    ("task", "target", "variable", "words"),
    [
        ("serve", "ask", "PROMPT", ["--prompt", TEXT]),
        ("serve", "local", "PROMPT", ["--local", "--prompt", TEXT]),
        ("serve", "local", "MODEL", ["--local", "--model", TEXT]),
        ("batch", "estimate", "INPUT", ["estimate", TEXT, "--column", "text"]),
        ("finetune", "sample", "PROMPT", ["sample", "--prompt", TEXT]),
        ("finetune", "local", "DATASET", ["--local", "--dataset", TEXT]),
    ],
)
def test_any_text_is_one_argument(
    make: Callable[..., list[str]], task: str, target: str, variable: str, words: list[str]
) -> None:
    assert make(task, target, f"{variable}={TEXT}") == words
    assert make(task, target, **{variable: TEXT}) == words  # of the environment


def test_options_are_split_into_words_and_not_run(make: Callable[..., list[str]]) -> None:
    rows, other = f"ROWS=--template {QUOTED} --id name", f"ARGS=--run {QUOTED}"
    assert make("batch", "run", "INPUT=my rows.csv", rows) == ["run", "my rows.csv", "--template", TEXT, "--id", "name"]
    assert make("batch", "run") == ["run", "--column", "text"]
    assert make("finetune", "sample", "PROMPT=hi", other) == ["sample", "--prompt", "hi", "--run", TEXT]
    assert make("finetune", "train", "ARGS=--detach") == ["train", "--detach"]
    assert make("finetune", "train") == ["train"]
    assert make("serve", "load", "ARGS=--concurrency 64") == ["--concurrency", "64"]
