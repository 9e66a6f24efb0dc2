"""A life ends at its first step that fails, and each is played on a control plane of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from bake import bake_into
from control_plane import listening
from control_plane.containers import can_run

pytest.register_assert_rewrite("e2e.on_modal", "e2e.workloads")
from e2e import ACCOUNT  # noqa: E402
from e2e.on_modal import OnModal  # noqa: E402

PYTHONS = {"vllm": "VLLM_PYTHON", "transformers": "", "train": "TRAIN_PYTHON"}  # what a container needs -> variable
Begin = Callable[..., AbstractContextManager[OnModal]]
failed: set[tuple[Path, str]] = set()  # lives: a file and the parameter of its project


def life(item: pytest.Item) -> tuple[Path, str]:
    return item.path, getattr(getattr(item, "callspec", None), "id", "")


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        failed.add(life(item))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if life(item) in failed:
        pytest.skip("an earlier step of this life failed")


@pytest.fixture(scope="session")
def begin(template: Path, weights: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Begin:
    """`with begin("vllm", "tiny", task="serve") as project`: baked for a small model, on a control plane.

    The first argument is a key of PYTHONS, the second a model of the fixture `weights`. The app is stopped at the end.
    """

    @contextmanager
    def one(needs: str, model: str, name: str, max_containers: int = 2, **answers: str) -> Iterator[OnModal]:
        python = os.environ.get(PYTHONS[needs], "") if PYTHONS[needs] else sys.executable
        if not (ACCOUNT or can_run()):
            pytest.skip("containers need root on Linux")
        if not python:
            pytest.skip(f"{PYTHONS[needs]} names no Python that holds {needs}: run make e2e")
        answers |= {"project_slug": name, "model_id": str(weights(model)), "budget": "none"}
        project = bake_into(tmp_path_factory.mktemp("e2e"), template, **answers)
        if ACCOUNT:
            account = OnModal(project, weights(model), None)
            try:
                yield account
            finally:
                account.modal("app", "stop", "-y", name, check=False)
            return
        with listening(python=python, max_containers=max_containers) as plane:
            yield OnModal(project, weights(model), plane)

    return one
