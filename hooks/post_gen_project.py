"""Moves the chosen parts into the new project and removes the others. It writes, moves and deletes files, no more.

parts/manifest.json lists the parts of each kind of project; plan.py, which the pre-gen hook wrote, holds the task,
engine and workload. Cookiecutter copies parts/ without rendering it; the package's name is put into its files here.
"""

# {% raw %}
import json
import os
import re
import shutil
import sys
from pathlib import Path

PACKAGE = "{{cookiecutter.__package}}"  # the name of a folder, and of the package in tests
CACHES = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}  # left in a clone by tools


def parts_of(manifest: dict[str, list[str]], task: str, engine: str, workload: str) -> list[str]:
    """The parts of a project: the one row of the manifest whose words are all true of it."""
    true = {task, engine, workload, "generation" if workload == "generation" else "pooling"}
    [parts] = [parts for row, parts in manifest.items() if true.issuperset(row.split())]
    return parts


def files_of(folder: Path) -> list[Path]:
    """Every file below a folder, relative to it, caches aside."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in CACHES]
        found += [Path(parent, name).relative_to(folder) for name in names]
    return found


def arrange(root: Path) -> None:
    """Move the files of the chosen parts into the project at `root`, and remove the files of all other parts."""
    plan, parts = root / "plan.py", root / "parts"
    if not plan.is_file():
        sys.exit("error: the pre-gen hook did not run, so nothing was planned; bake again and accept both hooks")
    chosen = dict(re.findall(r"^(\w+) = ['\"]([\w-]+)['\"]", plan.read_text(encoding="utf-8"), re.M))
    package = chosen["NAME"].replace("-", "_")
    manifest = json.loads((parts / "manifest.json").read_text(encoding="utf-8"))
    ours = parts_of(manifest, chosen["TASK"], chosen.get("ENGINE", ""), chosen.get("WORKLOAD", ""))
    folders = set()
    for part in sorted({part for row in manifest.values() for part in row}, key=ours.__contains__):  # others first
        for file in files_of(parts / part):
            placed = root / file.as_posix().replace(PACKAGE, package)
            folders.update(folder for folder in placed.parents if root in folder.parents)
            if part in ours:
                placed.parent.mkdir(parents=True, exist_ok=True)
                move(parts / part / file, placed, package)
            else:  # an earlier bake may have put it there
                placed.unlink(missing_ok=True)
    for folder in sorted(folders, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    plan.replace(root / package / "plan.py")
    shutil.rmtree(parts)
    (root / "UNFINISHED.md").unlink(missing_ok=True)


def move(file: Path, to: Path, package: str) -> None:
    """Move a file of a part, with the package's name in place of its placeholder."""
    text = file.read_bytes()
    if PACKAGE.encode() in text:
        to.write_bytes(text.replace(PACKAGE.encode(), package.encode()))
    else:
        file.replace(to)


# {% endraw %}
if __name__ == "__main__":
    arrange(Path.cwd())
