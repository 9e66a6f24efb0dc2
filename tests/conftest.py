"""Fixtures: bakes that equal answers share, and git and cookiecutter with no trace of whoever runs the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import bake as bakes
import pytest


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Clones, replays and git's identity live in a temporary folder, here and in every subprocess."""
    home = tmp_path_factory.mktemp("home")
    config = home / "cookiecutter.yaml"
    config.write_text(f"cookiecutters_dir: {home / 'clones'}\nreplay_dir: {home / 'replay'}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COOKIECUTTER_CONFIG", str(config))
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "A Tester")
            patch.setenv(f"GIT_{who}_EMAIL", "tester@example.com")
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "PYTHONPATH", "GPU"):
            patch.delenv(name, raising=False)
        yield home


@pytest.fixture(scope="session")
def bake(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bakes.Project]:
    """`bake(model_size="4B")`: the project of those answers, baked once. Tests read it and leave it as it is."""
    baked: dict[frozenset[tuple[str, str]], bakes.Project] = {}

    def one(**answers: str) -> bakes.Project:
        key = frozenset(answers.items())
        if key not in baked:
            baked[key] = bakes.bake_into(tmp_path_factory.mktemp("bake"), **answers)
        return baked[key]

    return one


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A git repository that holds the template as it lies here, committed and tagged v1."""
    repository = bakes.copy_template(tmp_path / "template")
    bakes.git("init", "-q", "-b", "main", cwd=repository)
    bakes.git("add", "--all", cwd=repository)
    bakes.git("commit", "-q", "-m", "The template", cwd=repository)
    bakes.git("tag", "v1", cwd=repository)
    return repository
