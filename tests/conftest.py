"""Fixtures: bakes shared by equal answers, and git and cookiecutter with a home of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import bake as bakes
import pytest
from hub import hub as hub  # a fixture


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, by `slow(minutes=2)`, so that two workers end at about the same time."""
    minutes = {item: [mark.kwargs.get("minutes", 0) for mark in item.iter_markers("slow")] for item in items}
    items.sort(key=lambda item: -max(minutes[item], default=0))


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Put clones, replays and git's identity into a temporary folder, here and in every subprocess."""
    home = tmp_path_factory.mktemp("home")
    config = home / "cookiecutter.yaml"
    config.write_text(f"cookiecutters_dir: {home / 'clones'}\nreplay_dir: {home / 'replay'}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COOKIECUTTER_CONFIG", str(config))
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("HF_HUB_CACHE", str(home / "hub"))  # a hook reads it: no model of the machine's own
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "A Tester")
            patch.setenv(f"GIT_{who}_EMAIL", "tester@example.com")
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "PYTHONPATH", "GPU"):
            patch.delenv(name, raising=False)
        yield home


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the template's files in the working tree, committed or not."""
    return bakes.copy_template(tmp_path_factory.mktemp("template") / "modal-gpu-template")


@pytest.fixture(scope="session")
def bake(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bakes.Project]:
    """`bake(model_size="4B")`: the project of those answers, baked once and shared: tests must not change it."""
    baked: dict[frozenset[tuple[str, str]], bakes.Project] = {}

    def one(**answers: str) -> bakes.Project:
        key = frozenset(answers.items())
        if key not in baked:
            baked[key] = bakes.bake_into(tmp_path_factory.mktemp("bake"), template, **answers)
        return baked[key]

    return one


# Script and name of each small model
MODELS = {
    "tiny": ("tiny_model.py", "tiny"),
    "generation": ("small_model.py", "SmolLM2-135M-Instruct"),
    "embedding": ("small_embedder.py", "all-MiniLM-L6-v2"),
    "classification": ("small_classifier.py", "MiniLM-reviews"),
}


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`weights("tiny")`: the folder of a small model, written once for all workers: tests must not change it."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "weights"

    def one(model: str) -> Path:
        script, name = MODELS[model]
        if not (shared / name).exists():
            made = tmp_path_factory.mktemp("weights") / name
            bakes.run(sys.executable, "-B", f"scripts/{script}", str(made), cwd=bakes.ROOT)
            shared.mkdir(exist_ok=True)
            with contextlib.suppress(OSError):  # another worker was quicker
                made.rename(shared / name)
        return shared / name

    return one


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Path:
    """The template as a git repository of one commit, tagged v1."""
    folder = tmp_path / "modal-gpu-template"
    shutil.copytree(template, folder)
    bakes.git("init", "-q", "-b", "main", cwd=folder)
    bakes.git("add", "--all", cwd=folder)
    bakes.git("commit", "-q", "-m", "The template", cwd=folder)
    bakes.git("tag", "v1", cwd=folder)
    return folder
