"""The finetune task's files are clean, laid together as a bake will lay them. Its tests need TRL and bitsandbytes."""

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
