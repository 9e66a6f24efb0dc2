"""Shared by the wire tests: registrations of deployed projects, and the modules that a container can import."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bake import Project, run
from bakes import Table

RECORDER = Path(__file__).with_name("registration.py")
BASES = {"vllm": "FROM nvidia/cuda:", "transformers": "FROM python:3.12"}  # of an engine's image


@dataclass(frozen=True)
class Deployed:
    """A project and what was registered for it."""

    project: Project
    functions: dict[str, dict[str, Any]]
    published: list[str]
    kept: list[int]  # containers that opening and closing the warm pool asked for, where there is one

    @property
    def plan(self) -> dict[str, Any]:
        return self.project.plan

    @property
    def fetch(self) -> dict[str, Any]:
        return self.functions["fetch"]

    def lock(self, name: str) -> list[str]:
        """The lines of one of the project's locks, in order."""
        return sorted((self.project.root / "requirements" / name).read_text(encoding="utf-8").splitlines())

    def package_files(self) -> list[str]:
        """Where a container finds the project's own modules."""
        package = self.project.root / self.project.package
        return sorted(f"/root/{path.relative_to(self.project.root).as_posix()}" for path in package.rglob("*.py"))


def deployed(projects: list[Project], **env: str) -> list[Deployed]:
    """Deploy them all in one process; their packages have different names."""
    folders = (str(project.root) for project in projects)
    said = run(sys.executable, str(RECORDER), *folders, cwd=RECORDER.parent, **env)
    found = json.loads(said.stdout)
    return [Deployed(project, **registered) for project, registered in zip(projects, found, strict=True)]


def all_baked(bake: Callable[..., Project], task: str, table: Table) -> dict[str, Project]:
    """The project of each row, under its own name, with the row's edits."""
    found = {}
    for name, (row, _) in table.items():
        edits = {key: value for key, value in row.items() if key.isupper()}
        answers = {key: str(value) for key, value in row.items() if key not in edits}
        found[name] = bake(**answers, task=task, project_slug=f"my-{task}-{name}")
        found[name].edit(**edits)
    return found


def all_deployed(bake: Callable[..., Project], task: str, table: Table, **env: str) -> dict[str, Deployed]:
    """The registration of each row, all deployed at once."""
    projects = all_baked(bake, task, table)
    return dict(zip(projects, deployed(list(projects.values()), **env), strict=True))


# Run where a container would be: only what was uploaded, only what the image's lock or Modal itself installs.
CONTAINER = """
import importlib, importlib.machinery, importlib.metadata as metadata, json, re, sys
folder, lock, modules = json.loads(sys.argv[1])

def plain(name): return re.sub(r"[-_.]+", "-", name).lower()

def needed(name, found):  # Modal mounts its client with all that it needs
    found.add(plain(name))
    for line in metadata.requires(name) or ():
        other = re.match(r"[\\w.-]+", line)[0]
        if "extra ==" not in line and plain(other) not in found:
            try: needed(other, found)
            except metadata.PackageNotFoundError: pass
    return found

allowed = {plain(re.split(r"[=\\[;@ ]", line)[0]) for line in lock} | needed("modal", set())
owners = metadata.packages_distributions()

class Installed(importlib.machinery.PathFinder):  # as if nothing else were there
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if "." not in name and name in owners and not allowed & set(map(plain, owners[name])):
            return None
        return super().find_spec(name, path, target)

class Listed(metadata.MetadataPathFinder):
    @classmethod
    def find_distributions(cls, context=metadata.DistributionFinder.Context()):
        return (one for one in super().find_distributions(context) if plain(one.metadata["Name"]) in allowed)

Installed.find_distributions = Listed.find_distributions
sys.meta_path[sys.meta_path.index(importlib.machinery.PathFinder)] = Installed
sys.path.insert(0, folder)
for module in modules:
    importlib.import_module(module)
print("imported")
"""


def imports(
    found: Deployed, function: dict[str, Any], modules: list[str], folder: Path, python: str = sys.executable
) -> bool:
    """Whether modules of the package import where the container of a registered function would be.

    `python` is one whose environment holds what the function's lock names; nothing else that it holds is seen.
    """
    for name in function["files"]:
        inside = folder / Path(name).relative_to("/root")
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_bytes((found.project.root / Path(name).relative_to("/root")).read_bytes())
    wanted = [f"{found.project.package}.{name}" for name in modules]
    arguments = json.dumps([str(folder), function["lock"], wanted])
    done = run(python, "-I", "-B", "-c", CONTAINER, arguments, cwd=folder, **function["env"])
    return done.stdout == "imported\n"
