"""Projects baked from this template, with cookiecutter as a person runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ("cookiecutter.json", "hooks", "{{cookiecutter.project_slug}}")  # all that a bake reads
LEAVINGS = shutil.ignore_patterns("__pycache__", ".*_cache")


@dataclass(frozen=True)
class Project:
    """A baked project."""

    root: Path

    @property
    def package(self) -> str:
        return self.root.name.replace("-", "_")

    @property
    def plan_file(self) -> Path:
        return self.root / self.package / "plan.py"


def template(to: Path) -> Path:
    """A copy of the template without what tools leave behind, which cookiecutter would take for its files."""
    for name in TEMPLATE:
        source = ROOT / name
        if source.is_dir():
            shutil.rmtree(to / name, ignore_errors=True)  # of a scratch folder that was kept
            shutil.copytree(source, to / name, ignore=LEAVINGS)
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, to / name)
    return to


def bake(source: Path, out: Path, answers: dict[str, str]) -> Project:
    """The project of those answers. RuntimeError with the planner's sentence where it refuses."""
    words = [f"{key}={value}" for key, value in answers.items()]
    command = [
        sys.executable,
        "-m",
        "cookiecutter",
        str(source),
        "--no-input",
        "--default-config",
        "-f",
        "-o",
        str(out),
    ]
    done = subprocess.run([*command, *words], capture_output=True, text=True)
    if done.returncode:
        said = re.search(r"^error: .*", done.stderr, re.MULTILINE)
        raise RuntimeError(said[0] if said else done.stderr[-2000:])
    return Project(out / answers["project_slug"])


def edit(project: Project, **constants: object) -> None:
    """Change constants in plan.py, "the file to edit", as a person would. KeyError for one that is not there."""
    text = project.plan_file.read_text(encoding="utf-8")
    for name, value in constants.items():
        text, count = re.subn(rf"^{name}(: [^=]+)? = .*?(  # .*)?$", f"{name} = {value!r}", text, flags=re.MULTILINE)
        if count != 1:
            raise KeyError(f"plan.py of {project.root.name} has no constant {name}")
    project.plan_file.write_text(text, encoding="utf-8")
