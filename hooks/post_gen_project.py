"""Puts the chosen task's files in place. Runs in the new project after rendering; moves and deletes files, no more.

plan.py, which the pre-gen hook wrote, says which task, engine and workload. tasks/ holds the files of all of them, a
folder for each and for what they add to each other: serve, vllm, serve-vllm, serve-embedding, serve-vllm-embedding; and
run, for what tasks that end share.
"""

import re
import shutil
import sys
from pathlib import Path


def arrange(root: Path) -> None:
    """Merge the chosen layers of tasks/ into `root`, and remove what belongs to others."""
    plan, tasks = root / "plan.py", root / "tasks"
    if not plan.is_file():
        sys.exit("error: the pre-gen hook did not run, so nothing was planned; bake again and accept both hooks")
    chosen = dict(re.findall(r"^(\w+) = ['\"]([\w-]+)['\"]", plan.read_text(encoding="utf-8"), re.M))
    task, engine, workload = chosen["TASK"], chosen.get("ENGINE", ""), chosen.get("WORKLOAD", "")
    ends = "serve" if task == "serve" else "run"
    layers = (task, ends, engine, f"{task}-{engine}", f"{task}-{workload}", f"{task}-{engine}-{workload}")
    owned = {file.relative_to(folder) for folder in tasks.iterdir() for file in folder.rglob("*") if file.is_file()}
    for file in owned:  # a bake over an earlier project leaves nothing of another task or engine
        (root / file).unlink(missing_ok=True)
    for folder in filter(Path.is_dir, (tasks / layer for layer in dict.fromkeys(layers) if layer)):
        shutil.copytree(folder, root, dirs_exist_ok=True)
    for folder in sorted({root / parent for file in owned for parent in file.parents} - {root}, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    plan.replace(root / chosen["NAME"].replace("-", "_") / "plan.py")
    shutil.rmtree(tasks)
    (root / "UNFINISHED.md").unlink(missing_ok=True)


if __name__ == "__main__":
    arrange(Path.cwd())
