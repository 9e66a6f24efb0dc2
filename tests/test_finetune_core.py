"""The finetune task's files pass their own checks and tests, laid together as a bake will lay them."""

import sys
from pathlib import Path

import pytest
from bake import run
from lay import lay


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay(tmp_path_factory.mktemp("finetune"), "finetune")


def test_it_is_clean(project: Path):
    run(sys.executable, "-m", "ruff", "check", ".", cwd=project)
    run(sys.executable, "-m", "ruff", "format", "--check", ".", cwd=project)


@pytest.mark.slow
def test_its_own_tests_pass(project: Path):
    run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "tests/test_data.py",
        "tests/test_train.py",
        cwd=project,
        HF_HUB_OFFLINE="1",
    )
