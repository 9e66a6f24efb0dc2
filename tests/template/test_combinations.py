"""Every pair of answers that can go together is in some bake that is whole; every other pair is refused, as expected.

The combinations are chosen by scripts/combinations.py; what cannot go together stands in docs/combinations.md.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from bake import ROOT, Project, run
from recorded import Deployed, deployed

from planner.schema import Refusal
from scripts import combinations

WRITTEN = json.loads(combinations.WRITTEN.read_text(encoding="utf-8"))
CHOSEN: list[dict[str, str]] = WRITTEN["combinations"]
NAMES = [f"c{number:03}-{one['task']}-{one['workload']}" for number, one in enumerate(CHOSEN)]
PAGE = ROOT / "docs" / "combinations.md"
pytestmark = pytest.mark.xdist_group("combinations")  # one worker bakes them
PERMISSIVE = {"task": "serve", "workload": "generation", "size": "medium", "budget": "none", "context": "short"}


def impossible() -> dict[combinations.Pair, str]:
    """Pair, its axes in order -> the pattern of what is said: the page's table, which is written by hand."""
    found = {}
    table = PAGE.read_text(encoding="utf-8").partition("## Invalid combinations")[2]
    for this, with_this, said in re.findall(r"^\| (\w+: `.*) \| (\w+: `.*) \| (.*) \|$", table, re.M):
        pattern = "|".join(re.escape(words).replace(r"\.\.\.", ".*") for words in said.split("; or: "))
        for first, second in product(answers_of(this), answers_of(with_this)):
            low, high = sorted([first, second])
            found[low, high] = pattern
    return found


def answers_of(cell: str) -> list[tuple[str, str]]:
    """(axis, value) for each value of a cell, such as "gpu: `T4`, `L4`"."""
    axis, _, values = cell.partition(": ")
    return [(axis, value) for value in re.findall(r"`([\w-]+)`", values)]


def test_what_no_bake_has_is_what_the_table_says() -> None:
    assert {tuple(map(tuple, pair)) for pair in WRITTEN["impossible"]} == set(impossible())


def test_every_other_pair_is_in_a_bake_and_so_is_every_attention_kernel() -> None:
    covered = set[Any]().union(*(combinations.pairs(one) for one in CHOSEN))
    assert set(combinations.all_pairs()) - set(impossible()) <= covered
    assert {"sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4"} <= {c["attention"] for c in CHOSEN}


@pytest.mark.parametrize("pair", impossible(), ids=lambda pair: "-".join("=".join(half) for half in pair))
def test_what_cannot_go_together_is_refused_with_its_reason(pair: combinations.Pair) -> None:
    rest = {axis: PERMISSIVE.get(axis, values[0]) for axis, values in combinations.AXES.items()}
    with pytest.raises(Refusal, match=impossible()[pair]):
        combinations.attention(rest | dict(pair))


@pytest.fixture(scope="module")
def baked(bake: Callable[..., Project]) -> dict[str, Project]:
    """All of them, each under its own name."""
    found = {}
    for name, combination in zip(NAMES, CHOSEN, strict=True):
        typed = combinations.answers(combination)
        assert typed is not None
        found[name] = bake(**typed, project_slug=name)
    return found


@pytest.mark.slow
def test_all_of_them_are_clean(baked: dict[str, Project]) -> None:
    roots = [str(project.root) for project in baked.values()]
    run(sys.executable, "-m", "ruff", "check", *roots, cwd=Path(roots[0]))
    run(sys.executable, "-m", "ruff", "format", "--check", *roots, cwd=Path(roots[0]))


@pytest.mark.slow
def test_their_types_hold(baked: dict[str, Project]) -> None:
    """Of each project whose code, or whose kind of a planned value, no other has: a dozen of them."""
    if "TRAIN_PYTHON" not in os.environ:
        pytest.skip("TRAIN_PYTHON names no Python that holds TRL and DeepSpeed: run make test-slow")
    trained = str(Path(os.environ["TRAIN_PYTHON"]).parents[1])  # what trains has an environment of its own
    different = {code_of(project): project for project in baked.values()}
    for project in different.values():
        prefix = sys.prefix if "ENGINE" in project.plan else trained
        run(sys.executable, "-m", "ty", "check", "--python", prefix, cwd=project.root)


def code_of(project: Project) -> tuple[str, ...]:
    """The Python files, their own name aside, and the type of each constant of plan.py."""
    files = sorted(path for path in project.root.rglob("*.py") if path.name != "plan.py")
    texts = [f"{path.relative_to(project.root)}\n{path.read_text(encoding='utf-8')}" for path in files]
    constants = [f"{name}: {type(value).__name__}" for name, value in project.plan.items()]
    return *(text.replace(project.package, "package") for text in texts), *constants


@pytest.mark.slow
def test_the_attention_is_the_one_that_was_weighed(baked: dict[str, Project]) -> None:
    planned = {name: project.plan["ATTENTION"] for name, project in baked.items()}
    assert planned == {name: one["attention"] for name, one in zip(NAMES, CHOSEN, strict=True)}


@pytest.mark.slow
def test_every_app_imports_with_deprecations_as_errors(baked: dict[str, Project]) -> None:
    paths = [str(project.root) for project in baked.values()]
    modules = [f"{project.package}.app" for project in baked.values()]
    names = f"importlib.import_module(module).app.name for module in {modules}"
    code = f"import importlib, sys; sys.path[:0] = {paths}; print(*({names}))"
    said = run(sys.executable, "-B", "-W", "error", "-c", code, cwd=Path(paths[0])).stdout
    assert said.split() == [project.plan["NAME"] for project in baked.values()]


@pytest.mark.slow
def test_what_is_registered_is_what_was_planned(baked: dict[str, Project]) -> None:
    for name, found in zip(baked, deployed(list(baked.values())), strict=True):
        plan, works = found.plan, worker(found)
        card, _, count = plan["GPU"].partition(":")
        assert works["gpu"] == f"{card}:{count or 1}", name
        assert works["startup_timeout"] == plan["STARTUP_TIMEOUT"], name
        for registered_as, constant in {
            "max_containers": "MAX_CONTAINERS",
            "min_containers": "MIN_CONTAINERS",
            "scaledown_window": "SCALEDOWN_WINDOW",
        }.items():
            assert works[registered_as] == plan.get(constant, works[registered_as]), (name, constant)
        if plan["TASK"] != "serve":
            assert works["timeout"] == plan["TIMEOUT"], name
        assert max(works["nodes"], 1) == plan.get("NODES", 1), name
        assert found.fetch["secrets"] == plan["SECRETS"] and found.published == [plan["NAME"]], name


def worker(found: Deployed) -> dict[str, Any]:
    """The function or class with the plan's GPU that the task is about."""
    names = {"serve": ("Server", "Server.*"), "batch": ("Worker.*",)}.get(found.plan["TASK"], ("train",))
    return next(found.functions[name] for name in names if name in found.functions)
