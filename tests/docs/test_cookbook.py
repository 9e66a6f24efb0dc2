"""Each recipe of docs/cookbook.md makes a project in which its next two steps can be typed."""

import re
import shlex
import sys
from collections.abc import Callable

import pytest
from bake import ROOT, Project, run
from documented import Command, commands

from scripts.readme_sessions import COOKBOOK, SESSION

RECIPES = re.split(r"^## \d+\. ", COOKBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def steps(recipe: str) -> list[Command]:
    """The indented commands after `Then:`."""
    block = recipe.partition("\nThen:\n")[2].strip("\n").partition("\n\n")[0]
    return commands(f"\n{block}", "docs/cookbook.md")


def test_there_are_a_dozen_recipes() -> None:
    assert len(RECIPES) >= 12
    assert [recipe.splitlines()[0] for recipe in RECIPES if len(SESSION.findall(recipe)) != 1] == []


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.splitlines()[0])
def test_the_next_two_steps_can_be_typed(recipe: str, bake: Callable[..., Project]) -> None:
    words = shlex.split(SESSION.findall(recipe)[0][1])
    typed = steps(recipe)
    assert len(typed) == 2
    if words[0] != "cookiecutter":
        for command in typed:
            assert "chosen" in run(sys.executable, *shlex.split(command.text)[1:], cwd=ROOT).stdout
        return
    answers = dict(word.split("=", 1) for word in words[words.index("--no-input") + 1 :])
    if (ROOT / answers.get("model_id", "auto")).is_dir():
        answers["model_id"] = str(ROOT / answers["model_id"])
    project = bake(**answers)
    assert project.root.name in recipe  # the folder that the output names
    for command in typed:
        if command.text.startswith("make "):  # -n: make prints what it would run, and runs nothing
            assert run(*shlex.split(command.text), "-n", cwd=project.root).stdout
        else:
            assert command.text.startswith("modal volume create private-weights")  # typed in test_commands.py
