"""The documents name files, make targets, scripts, commands and options that are there."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from bake import ROOT, Project, git, run
from documented import Command, commands, of_file

from scripts import readme_sessions

Bake = Callable[..., Project]
# The bakes whose documents are read: one for each README that differs
BAKES: dict[str, dict[str, str]] = {
    "serve": {},
    "serve, transformers": {"engine": "transformers"},
    "serve, embedding": {"workload": "embedding"},
    "serve, classification": {"workload": "classification"},
    "batch": {"task": "batch"},
    "finetune": {"task": "finetune"},
    "finetune, classification": {"task": "finetune", "workload": "classification"},
    "distributed": {"task": "distributed"},
}
OWN = re.compile(r"(?:batch|tune|python -m my_llm)((?: [a-z]+)?(?: .*)?)$")  # a project's own command


@pytest.fixture(scope="module")
def ours() -> list[Command]:
    """The commands of the template's own documents."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "*.md", cwd=ROOT).split("\n")
    files = [name for name in listed if not name.startswith(("{{", '"{{')) and (ROOT / name).is_file()]
    return [one for name in files for one in of_file(ROOT / name, name)]


def of_project(project: Project) -> list[Command]:
    """The commands of a project's documents."""
    paths = sorted(project.root.rglob("*.md"))
    return [one for path in paths for one in commands(path.read_text(encoding="utf-8"), path.name)]


def targets(folder: Path) -> set[str]:
    """The make targets of a folder."""
    files = [path for path in (folder / "Makefile", folder / "task.mk") if path.exists()]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return set(re.findall(r"^([a-z][\w-]*):", text, re.M))


def made(command: Command) -> list[str]:
    """The targets in a command: `GPU=none make deploy`, `make lock test`."""
    found = re.search(r"(?:^|&& )(?:[A-Z_]+=\S+ )*make((?: [\w-]+(?=\s|$)(?!=))*)", command.text)
    return found[1].split() if found else []


@pytest.mark.parametrize("name", BAKES)
def test_a_projects_make_targets_and_commands_are_there(name: str, bake: Bake) -> None:
    project = bake(**BAKES[name])
    known, told = targets(project.root) | targets(bake().root), of_project(project)  # a tuned model is served
    assert len(told) > 15 and len(known) > 5
    assert [one.where for one in told if not set(made(one)) <= known] == []

    @cache
    def help_of(*words: str) -> str:
        return project.python("-m", project.package, *words, "--help", GPU="none", COLUMNS="200")

    for command in told:
        if found := OWN.match(command.text):
            words = found[1].split()
            assert set(re.findall(r"(?<= )--[a-z-]+", found[1])) <= set(
                re.findall(r"--[a-z-]+", help_of(*[word for word in words[:1] if word.isalpha()]))
            ), command.where


def test_the_templates_make_targets_and_scripts_are_there(ours: list[Command], bake: Bake) -> None:
    known = targets(ROOT).union(*(targets(bake(**answers).root) for answers in BAKES.values()))
    assert len(ours) > 40
    assert [one.where for one in ours if not set(made(one)) <= known] == []
    scripts = [(one.where, found[1]) for one in ours if (found := re.search(r"python3? (\S+\.py)\b", one.text))]
    assert scripts and [where for where, name in scripts if not (ROOT / name).is_file()] == []
    modules = [(one.where, found[1]) for one in ours if (found := re.search(r"python3? -m ([a-z][\w.]*)", one.text))]
    missing = [where for where, name in modules if name != "my_llm" and not importlib.util.find_spec(name)]
    assert modules and missing == []


def test_the_files_that_documents_name_are_there() -> None:
    """Inline code that is a path of this repository, and links."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in [*pages, ROOT / "tests" / "README.md"]:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        named = re.findall(r"`((?:planner|scripts|tests|hooks|benchmarks|docs)/[\w./-]+\.\w+)`", text)
        assert [name for name in named if not (ROOT / name).exists()] == [], page.name
        linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
        assert [name for name in linked if not (page.parent / name).exists()] == [], page.name


def test_output_in_the_templates_documents_is_compared(ours: list[Command]) -> None:
    """By tests/docs/test_readme.py, where it stands between <!-- session --> and <!-- end -->."""
    for command in (one for one in ours if one.prints):
        sessions = readme_sessions.SESSION.findall((ROOT / command.file).read_text(encoding="utf-8"))
        assert command.text in {session[1] for session in sessions}, command.where


@pytest.mark.parametrize("script", ["bake", "serve", "batch", "gpu"])
def test_a_benchmark_says_what_it_takes(script: str) -> None:
    words = ["-m", "benchmarks.gpu"] if script == "gpu" else [f"benchmarks/{script}.py"]
    assert "usage:" in run(sys.executable, "-B", *words, "--help", cwd=ROOT).stdout
