"""Puts the chosen task's files in place: runs in the new project after rendering, moves and deletes files, nothing else.

plan.py, which the pre-gen hook wrote, says which task and engine; tasks/ holds the files of all of them.
"""

import re
import shutil
import sys
from pathlib import Path


def arrange(root: Path) -> None:
    """Merge tasks/<task> and tasks/<task>-<engine> into `root`, and remove what belongs to the others."""
    plan, tasks = root / "plan.py", root / "tasks"
    if not plan.is_file():
        sys.exit("error: the pre-gen hook did not run, so nothing was planned: bake again and accept both hooks")
    chosen = dict(re.findall(r'^(TASK|ENGINE) = "([\w-]+)"', plan.read_text(encoding="utf-8"), re.MULTILINE))
    wanted = [tasks / chosen["TASK"], tasks / f"{chosen['TASK']}-{chosen.get('ENGINE', '')}"]
    owned = {file.relative_to(folder) for folder in tasks.iterdir() for file in folder.rglob("*") if file.is_file()}
    for stale in owned:
        (root / stale).unlink(missing_ok=True)  # a re-bake over another task's project
    for folder in filter(Path.is_dir, wanted):
        shutil.copytree(folder, root, dirs_exist_ok=True)
    package = next(root.glob("*/hardware.py")).parent
    plan.replace(package / "plan.py")
    shutil.rmtree(tasks)
    (root / "UNFINISHED.md").unlink(missing_ok=True)
    for empty in sorted({(root / file).parent for file in owned} - {root}, reverse=True):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


if __name__ == "__main__":
    arrange(Path.cwd())
