"""The batch task's files pass their own checks and tests, laid together as a bake will lay them."""

import sys
from pathlib import Path

import pytest
from bake import ROOT, run
from jinja2 import Environment, StrictUndefined
from lay import TEMPLATE, lay, named, names


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay(tmp_path_factory.mktemp("batch"), "batch")


def test_rendering_changes_nothing_but_the_names():
    jinja = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    for file in (TEMPLATE / "tasks" / "batch").rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            text = file.read_text(encoding="utf-8")
            assert jinja.from_string(text).render(cookiecutter=names("batch")) == named(text, "batch"), file


def test_it_is_clean(project: Path):
    run(sys.executable, "-m", "ruff", "check", ".", cwd=project)
    run(sys.executable, "-m", "ruff", "format", "--check", ".", cwd=project)
    run(sys.executable, "-m", "ty", "check", "--python", sys.prefix, cwd=project)


@pytest.mark.slow
def test_its_own_tests_pass(project: Path):
    without_app = ("--ignore", "tests/test_hardware.py")  # it loads app.py
    run(sys.executable, "-m", "pytest", "-q", "-m", "not slow", *without_app, cwd=project)


@pytest.mark.slow
def test_memory_is_flat_and_resume_is_quick():
    """A tenth of the benchmark: ten times the rows take no more memory, and a complete job is seen to be complete."""
    told = run(sys.executable, "benchmarks/batch_core.py", "--rows", "100000", cwd=ROOT).stdout
    peaks = [
        {line[:24].strip(): float(line.split()[-1]) for line in part.splitlines()[2:] if line.split()[-1].isdigit()}
        for part in told.strip().split("\n\n")
    ]
    large, small = peaks
    assert len(large) == 10 and large.keys() == small.keys()
    assert all(large[step] < 1.35 * small[step] for step in large), told
    assert "0 to go" in told
