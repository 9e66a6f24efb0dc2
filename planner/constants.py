"""A plan as the generated `plan.py`: constants, each with its reason."""

from __future__ import annotations

import textwrap

from .batch_constants import batch_constants
from .inference_constants import DONE
from .plan import Plan
from .serve_constants import serve_constants

WIDTH = 120  # characters of a line of plan.py
HEAD = (
    '"""What was decided for this project, and why. Edit it here; all else reads it. How it was weighed: PLAN.md."""\n'
)


def plan_py(plan: Plan, slug: str) -> str:
    """The text of the generated `plan.py`."""
    rows = {"serve": serve_constants, "batch": batch_constants}[plan.request.task](plan, slug)
    return HEAD + "".join(constant(*row) for row in (DONE, *rows))


def constant(name: str, value: object, reason: str) -> str:
    """One line of Python, with its reason behind it, or above it where the line would grow too long."""
    if not name:
        return "\n"
    kind = ": list[str]" if value == [] else ""
    code = f"{name}{kind} = {literal(value)}"
    comment = " ".join(reason.split())
    if not comment:
        return f"{code}\n"
    if len(code) + len(comment) + 4 <= WIDTH:
        return f"{code}  # {comment}\n"
    above = "".join(f"# {line}\n" for line in textwrap.wrap(comment, WIDTH - 2))
    return f"{above}{code}\n"


def literal(value: object) -> str:
    """A Python literal as ruff would format it: double quotes, unless they need more escapes than single ones."""
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if not isinstance(value, str):
        return repr(value)
    quote = "'" if value.count('"') > value.count("'") else '"'
    body = value.encode("unicode_escape").decode("ascii").replace(quote, "\\" + quote)
    return f"{quote}{body}{quote}"
