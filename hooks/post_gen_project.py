"""Puts the chosen task's files in place. Runs in the new project after rendering; writes and deletes files, no more.

plan.py, which the pre-gen hook wrote, says which task, engine and workload. Each folder of tasks/ is named by words,
and goes into a project that has all of them: serve, vllm, serve-vllm, serve-vllm-embedding. Cookiecutter copies tasks/
as it is: rendering every task's files took most of a bake. The chosen ones are rendered here, by the same Jinja.
"""

# {% raw %}
import json
import re
import shutil
import sys
from pathlib import Path

import jinja2  # Cookiecutter's: a hook runs on its Python

PACKAGE = "{{cookiecutter.__package}}"  # the name of a folder
VERBATIM = {".github"}  # GitHub's expressions look like Jinja's
CACHES = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}  # of somebody who worked in a clone

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


def files_of(folder: Path) -> list[Path]:
    """Every file below a folder, relative to it, without what tools leave behind."""
    found = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return [file for file in found if not CACHES & set(file.parts)]


def arrange(root: Path, typed: str) -> None:
    """Render the folders of tasks/ that are this project's into `root`, and remove what belongs to others.

    `typed` is Cookiecutter's context as JSON.
    """
    plan, tasks = root / "plan.py", root / "tasks"
    if not plan.is_file():
        sys.exit("error: the pre-gen hook did not run, so nothing was planned; bake again and accept both hooks")
    answers, jinja = json.loads(typed), jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    chosen = dict(re.findall(r"^(\w+) = ['\"]([\w-]+)['\"]", plan.read_text(encoding="utf-8"), re.M))
    package = chosen["NAME"].replace("-", "_")
    ours = words(chosen["TASK"], chosen.get("ENGINE", ""), chosen.get("WORKLOAD", ""))

    def placed(file: Path) -> Path:
        return root / file.as_posix().replace(PACKAGE, package)

    layers = {folder: files_of(folder) for folder in tasks.iterdir()}
    owned = {placed(file) for files in layers.values() for file in files}
    for path in owned:  # a bake over an earlier project leaves nothing of another task or engine
        path.unlink(missing_ok=True)
    for folder, files in layers.items():
        for file in files if set(folder.name.split("-")) <= ours else []:
            text = (folder / file).read_text(encoding="utf-8")
            if "{" in text and not VERBATIM & set(file.parts):
                text = jinja.from_string(text).render(cookiecutter=answers)
            placed(file).parent.mkdir(parents=True, exist_ok=True)
            placed(file).write_text(text, encoding="utf-8", newline="\n")
    for folder in sorted({folder for path in owned for folder in path.parents if root in folder.parents}, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    plan.replace(root / package / "plan.py")
    shutil.rmtree(tasks)
    (root / "UNFINISHED.md").unlink(missing_ok=True)


# {% endraw %}
if __name__ == "__main__":
    arrange(Path.cwd(), r"""{{ cookiecutter | tojson }}""")
