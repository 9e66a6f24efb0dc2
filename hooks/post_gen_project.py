"""Puts the chosen task's files in place. Runs in the new project after rendering; moves and deletes files, no more.

plan.py, which the pre-gen hook wrote, says which task, engine and workload. Each folder of tasks/ is named by words,
and goes into a project that has all of them: serve, vllm, serve-vllm, serve-vllm-embedding.
"""

import re
import shutil
import sys
from pathlib import Path

# infer: uses a model; train: changes one; run: ends
TASK_WORDS = {
    "serve": {"infer"},
    "batch": {"infer", "run"},
    "finetune": {"train", "run"},
    "distributed": {"train", "run"},
}


def words(task: str, engine: str = "", workload: str = "") -> set[str]:
    """What a project is, in the words that name the folders of tasks/. A workload that writes no text is reading."""
    return {task, engine, workload, *TASK_WORDS.get(task, ()), *(["reading"] if workload != "generation" else [])}


def arrange(root: Path) -> None:
    """Merge the folders of tasks/ that are this project's into `root`, and remove what belongs to others."""
    plan, tasks = root / "plan.py", root / "tasks"
    if not plan.is_file():
        sys.exit("error: the pre-gen hook did not run, so nothing was planned; bake again and accept both hooks")
    chosen = dict(re.findall(r"^(\w+) = ['\"]([\w-]+)['\"]", plan.read_text(encoding="utf-8"), re.M))
    ours = words(chosen["TASK"], chosen.get("ENGINE", ""), chosen.get("WORKLOAD", ""))
    owned = {file.relative_to(folder) for folder in tasks.iterdir() for file in folder.rglob("*") if file.is_file()}
    for file in owned:  # a bake over an earlier project leaves nothing of another task or engine
        (root / file).unlink(missing_ok=True)
    for folder in (folder for folder in tasks.iterdir() if set(folder.name.split("-")) <= ours):
        shutil.copytree(folder, root, dirs_exist_ok=True)
    for folder in sorted({root / parent for file in owned for parent in file.parents} - {root}, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    plan.replace(root / chosen["NAME"].replace("-", "_") / "plan.py")
    shutil.rmtree(tasks)
    (root / "UNFINISHED.md").unlink(missing_ok=True)


if __name__ == "__main__":
    arrange(Path.cwd())
