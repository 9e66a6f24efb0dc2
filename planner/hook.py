"""The template's pre-gen hook: checks the answers, plans, writes plan.py, PLAN.md and memory.svg."""

from __future__ import annotations

import json
import os
import sys

from .describe.refusal import plan_for
from .request.prompts import check_answers
from .schema import Refusal
from .write.command import made_with
from .write.memory_svg import memory_svg
from .write.plan_md import plan_md
from .write.plan_py.render import plan_py
from .write.terminal import terminal_lines

RECORD = ".template-files.json"  # in a project: file -> SHA-256 of what the template wrote, by the post-gen hook
AT_THE_ROOT = ("README.md", "pyproject.toml", "PLAN.md", "memory.svg")
IN_PASSING = ("plan.py", "parts", "UNFINISHED.md")  # written to the root and moved or removed by the post-gen hook


def run_hook(typed: dict[str, object], folder: str | os.PathLike[str]) -> int:
    """Plan and write the three files into `folder`. Return 1, with one line on stderr, where that is refused."""
    try:
        refuse_stored_count(typed)
        answers = check_answers(typed)
        plan = plan_for(answers.request)
        words = {plan.request.task, plan.request.workload, str(getattr(plan.chosen.setup, "engine", ""))}
        # Cookiecutter gives the template's folder as it was typed, and hooks start in the project; PWD is the shell's
        typed_in = os.path.join(os.environ.get("PWD", ""), str(typed.get("_repo_dir", "")))
        template = os.path.join(typed_in, "{{" + "cookiecutter.project_slug" + "}}")
        refuse_overwriting(folder, files_of_bake(template, words, answers.slug.replace("-", "_")))
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    files = {
        "plan.py": plan_py(plan, answers.slug),
        "PLAN.md": plan_md(plan, made_with(typed)),
        "memory.svg": memory_svg(plan),
    }
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    print("\n".join(terminal_lines(plan, answers.slug)))
    return 0


def refuse_stored_count(typed: dict[str, object]) -> None:
    """Refusal where cruft updates a project that still stores `gpu_count`: Cookiecutter drops what is no prompt."""
    path = os.path.join(os.environ.get("PWD", ""), ".cruft.json")  # hooks start elsewhere; PWD is the shell's folder
    if not os.path.isfile(path):
        return
    with open(path, encoding="utf-8") as file:
        stored = json.load(file).get("context", {}).get("cookiecutter", {})
    count, gpu = str(stored.get("gpu_count", "auto")), str(typed.get("gpu"))
    if stored.get("project_slug") == typed.get("project_slug") and count.isdigit() and ":" not in gpu:
        gpus = json.dumps({"gpu": f"{gpu}:{count}"})
        raise Refusal(
            f"this project's stored gpu_count {count} is part of gpu now: cruft update --variables-to-update '{gpus}'"
        )


def files_of_bake(template: str, words: set[str], package: str) -> set[str]:
    """Return the files that a bake writes, as far as the template's folder can be found from here."""
    found = {*AT_THE_ROOT, *IN_PASSING, f"{package}/plan.py"}
    parts = os.path.join(template, "parts")
    if not os.path.isfile(os.path.join(parts, "manifest.json")):
        return found
    with open(os.path.join(parts, "manifest.json"), encoding="utf-8") as file:
        rows = json.load(file)
    true = {*words, "generation" if "generation" in words else "pooling"}
    for part in [part for row, parts_of_row in rows.items() if true.issuperset(row.split()) for part in parts_of_row]:
        root = os.path.join(parts, part)
        for folder, _folders, names in os.walk(root):
            below = (
                os.path.relpath(folder, root)
                .replace(os.sep, "/")
                .replace("{{" + "cookiecutter.__package" + "}}", package)
            )
            found.update(name if below == "." else f"{below}/{name}" for name in names)
    return found


def refuse_overwriting(folder: str | os.PathLike[str], files: set[str]) -> None:
    """Refusal where a bake would overwrite a file that no bake wrote. An edited one of the template is overwritten."""
    record, known = os.path.join(folder, RECORD), {}
    if os.path.isfile(record):
        with open(record, encoding="utf-8") as file:
            known = json.load(file)
    own = sorted(file for file in files if file not in known and os.path.lexists(os.path.join(folder, file)))
    if own:
        more = f" and {len(own) - 3} more" if len(own) > 3 else ""
        raise Refusal(
            f"{', '.join(own[:3])}{more} in {os.path.basename(os.path.abspath(folder))}/ would be overwritten, and the "
            "template did not write that: move it away, or bake into another folder"
        )
