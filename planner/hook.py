"""What the template's pre-gen hook does: answers in, three files and a few lines out."""

from __future__ import annotations

import sys
from pathlib import Path

from .answers import check_answers
from .constants import plan_py
from .picture import memory_svg
from .plan import Refusal
from .report import plan_md
from .tasks import plan_for
from .terminal import terminal_lines


def run_hook(typed: dict[str, object], folder: Path) -> int:
    """Plan and write plan.py, PLAN.md and memory.svg into `folder`; 1 and one line on stderr where that is refused."""
    try:
        answers = check_answers(typed)
        plan = plan_for(answers.request)
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    files = {"plan.py": plan_py(plan, answers.slug), "PLAN.md": plan_md(plan), "memory.svg": memory_svg(plan)}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    print("\n".join(terminal_lines(plan, answers.slug)))
    return 0
