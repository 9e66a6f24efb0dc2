"""Projects baked from this template, with cookiecutter as a person runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bake import bake_command, copied_template


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
    """A copy of the template, in place of the one of a scratch folder that was kept."""
    shutil.rmtree(to, ignore_errors=True)
    return copied_template(to)


def bake(source: Path, out: Path, answers: dict[str, str]) -> Project:
    """The project of those answers. RuntimeError with the planner's sentence where it refuses."""
    done = subprocess.run(bake_command(source, out, answers), capture_output=True, text=True)
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
