"""The template's pre-gen hook: checks the answers, plans, writes plan.py, PLAN.md and memory.svg."""

from __future__ import annotations

import os
import sys

from .describe.refusal import plan_for
from .request.prompts import check_answers
from .schema import Refusal
from .write.memory_svg import memory_svg
from .write.plan_md import plan_md
from .write.plan_py.render import plan_py
from .write.terminal import terminal_lines


def run_hook(typed: dict[str, object], folder: str | os.PathLike[str]) -> int:
    """Plan and write the three files into `folder`. Return 1, with one line on stderr, where that is refused."""
    try:
        answers = check_answers(typed)
        plan = plan_for(answers.request)
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    files = {"plan.py": plan_py(plan, answers.slug), "PLAN.md": plan_md(plan), "memory.svg": memory_svg(plan)}
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    print("\n".join(terminal_lines(plan, answers.slug)))
    return 0
