"""Bakes for the tests: the real cookiecutter on this repository, and the project it writes."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cookiecutter.main import cookiecutter

ROOT = Path(__file__).resolve().parents[1]
BODY = ROOT / "{{cookiecutter.project_slug}}"
TEMPLATE_PARTS = ("cookiecutter.json", "hooks", "planner", "scripts", BODY.name)  # what a bake and `make hook` read
LOCAL_MODEL = ROOT / "tests" / "data" / "local_model"  # a folder with a config.json: 22 layers, 1.1B parameters
PROMPTS = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
# The default answers
DEFAULTS: dict[str, str] = {
    "project_name": "My LLM",
    "project_slug": "my-llm",
    "task": "serve",
    "workload": "generation",
    "model_size": "auto",
    "model_id": "auto",
    "budget": "4/hour",
    "warm": "auto",
    "context_len": "auto",
    "concurrency": "16",
    "dataset": "none",
    "gpu": "auto",
    "quantization": "auto",
    "engine": "auto",
    "method": "auto",
    "objective": "sft",
    "optimize": "cost",
}
CACHES = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".git"}  # not written by a bake


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

    @cached_property
    def plan(self) -> dict[str, object]:
        """The constants of plan.py, read as literals, without an import."""
        return constants(self.plan_file.read_text(encoding="utf-8"))

    def edit(self, **constants: object) -> None:
        """Give constants of plan.py other values, as its owner would."""
        text = self.plan_file.read_text(encoding="utf-8")
        for name, value in constants.items():
            line = re.compile(rf"^({name}(?:: [^=\n]+)? = )(?:\"[^\"]*\"|[^\n#]*?)(  #|$)", re.M)
            assert len(line.findall(text)) == 1, f"{self.plan_file} has not one line of {name}"
            text = line.sub(lambda found, value=value: f"{found[1]}{value!r}{found[2]}", text)
        self.plan_file.write_text(text, encoding="utf-8")
        self.__dict__.pop("plan", None)

    def files(self) -> dict[str, bytes]:
        """Every file by its path below the project."""
        return contents(self.root)

    def python(self, *arguments: str, **env: str) -> str:
        """Run this Python in the project and return its standard output. CalledProcessError carries both streams."""
        return run(sys.executable, "-B", *arguments, cwd=self.root, **env).stdout


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, without tools' caches."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not CACHES & set(path.relative_to(folder).parts)
    }


def constants(source: str) -> dict[str, object]:
    """Name -> value of every assignment of a literal at the top of `source`."""
    found: dict[str, object] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            assert isinstance(target, ast.Name)
            found[target.id] = ast.literal_eval(node.value)
    return found


def embedded(hook: str) -> dict[str, str]:
    """The planner's files in the source of the pre-gen hook, path -> text."""
    found = {}
    for node in ast.parse(hook).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            found[ast.literal_eval(node.targets[0].slice)] = ast.literal_eval(node.value)
    return found


def bake_into(out: Path, template: Path, **answers: str) -> Project:
    """Bake in process, as `cookiecutter --no-input` does."""
    return Project(Path(cookiecutter(str(template), no_input=True, extra_context=answers, output_dir=str(out))))


def run(*command: str, cwd: Path, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return its streams as text. AssertionError, with both streams, where it fails."""
    done = subprocess.run(command, cwd=cwd, env=os.environ | env, capture_output=True, text=True, encoding="utf-8")
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def git(*arguments: str, cwd: Path) -> str:
    return run("git", *arguments, cwd=cwd).stdout.strip()


def template_files() -> list[Path]:
    """The template's files in the working tree, committed or not, relative to the repository."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *TEMPLATE_PARTS, cwd=ROOT)
    return [Path(name) for name in sorted(set(filter(None, listed.split("\0")))) if (ROOT / name).is_file()]


def copy_template(to: Path) -> Path:
    """Copy the template's files, and nothing else of this repository, to a new folder."""
    for name in template_files():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes((ROOT / name).read_bytes())
    return to
