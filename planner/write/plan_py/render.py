"""A plan as the generated `plan.py`: constants, each with its reason."""

from __future__ import annotations

import textwrap

from .batch_constants import batch_constants
from .plan import AnyPlan, TrainingPlan
from .serve_constants import serve_constants
from .shared_constants import DONE, Constant
from .training_constants import training_constants

WIDTH = 120  # characters of a line of plan.py
HEAD = (
    '"""What was decided for this project, and why. Edit it here; all else reads it. How it was weighed: PLAN.md."""\n'
)


def plan_py(plan: AnyPlan, slug: str) -> str:
    """The text of the generated `plan.py`."""
    return HEAD + "".join(constant(*row) for row in (DONE, *constants_of(plan, slug)))


def constants_of(plan: AnyPlan, slug: str) -> list[Constant]:
    """(name, value, reason) of every constant that the project reads."""
    if isinstance(plan, TrainingPlan):
        return training_constants(plan, slug)
    return {"serve": serve_constants, "batch": batch_constants}[plan.request.task](plan, slug)


def constant(name: str, value: object, reason: str) -> str:
    """One line of Python, with its reason behind it, or above it where the line would grow too long."""
    if not name:
        return "\n"
    kind = ": list[str]" if value == [] else ": dict[str, str]" if value == {} else ""
    code = f"{name}{kind} = {literal(value)}"
    comment = " ".join(reason.split())
    if not comment:
        return f"{code}\n"
    if "\n" not in code and len(code) + len(comment) + 4 <= WIDTH:
        return f"{code}  # {comment}\n"
    above = "".join(f"# {line}\n" for line in textwrap.wrap(comment, WIDTH - 2))
    return f"{above}{code}\n"


def literal(value: object) -> str:
    """A Python literal as ruff would format it: double quotes, unless they need more escapes than single ones."""
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, dict):
        lines = [f"    {literal(key)}: {literal(item)},\n" for key, item in value.items()]
        return "{\n" + "".join(lines) + "}" if lines else "{}"
    if not isinstance(value, str):
        return repr(value)
    quote = "'" if value.count('"') > value.count("'") else '"'
    body = value.encode("unicode_escape").decode("ascii").replace(quote, "\\" + quote)
    return f"{quote}{body}{quote}"
