"""A plan as the generated plan.py: constants, each with its reason."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from ...schema import AnyPlan
from .common import DONE, Constant

WIDTH = 120  # characters of a line of plan.py
HEAD = (
    '"""Settings of this project, each with its reason; everything else reads them. PLAN.md explains the choice."""\n'
)
MAPPINGS = {"SPECULATIVE": "dict[str, object]"}  # types of constants that are no dict[str, str]


def plan_py(plan: AnyPlan, slug: str) -> str:
    """Return the text of the generated plan.py."""
    return HEAD + "".join(constant(*row) for row in (DONE, *constants_of(plan, slug)))


def constants_of(plan: AnyPlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of the project."""
    return _constants(plan.request.task)(plan, slug)


def _constants(task: str) -> Callable[[Any, str], list[Constant]]:
    """Return the function for a task, imported here: a bake compiles what it imports."""
    if task == "serve":
        from . import serve

        return serve.constants
    if task == "batch":
        from . import batch

        return batch.constants
    from . import training

    return training.constants


def constant(name: str, value: object, reason: str) -> str:
    """Return one assignment with its reason behind it, or above it where the line would be too long; or a heading."""
    if not name:
        return f"# {reason}\n" if reason else "\n"
    kind = ": list[str]" if value == [] else f": {MAPPINGS.get(name, 'dict[str, str]')}" if value == {} else ""
    code = f"{name}{kind} = {literal(value)}"
    comment = " ".join(reason.split())
    if not comment:
        return f"{code}\n"
    if "\n" not in code and len(code) + len(comment) + 4 <= WIDTH:
        return f"{code}  # {comment}\n"
    above = "".join(f"# {line}\n" for line in textwrap.wrap(comment, WIDTH - 2))
    return f"{above}{code}\n"


def literal(value: object) -> str:
    """Return a Python literal as ruff formats it: double quotes, unless they need more escapes than single ones."""
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
