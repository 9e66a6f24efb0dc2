"""The planner's folders import in one direction, and no two modules import each other."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# folder or module -> those that it may import
ALLOWED = {
    "reasons": set(),
    "asked": set(),
    "draft": set(),
    "schema": {"reasons", "asked", "draft"},
    "catalogue": {"schema", "draft"},
    "request": {"schema", "asked", "catalogue"},
    "estimate": {"schema", "draft", "reasons", "catalogue"},
    "choose": {"schema", "draft", "reasons", "asked", "catalogue", "request", "estimate"},
    "describe": {"schema", "reasons", "asked", "catalogue", "request", "estimate", "choose"},
    "write": {"schema", "catalogue", "request", "estimate", "choose", "describe"},
    "questions": {"schema", "catalogue", "request"},
    "api": {"schema", "catalogue", "questions", "estimate", "describe"},
    "hub": {"schema", "catalogue"},  # the network: for `gpu-plan` and scripts, not for a hook
    "hook": {"schema", "request", "describe", "write"},
    "__main__": {"schema", "catalogue", "request", "describe", "write", "api", "hub"},
    "__init__": set(),
}


def imported(path: str) -> set[str]:
    """The planner's modules that the one at `path` imports, those inside functions too."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = Path(path).parents[node.level - 1].joinpath(*(node.module or "").split(".")).as_posix()
            names = {f"{folder}/{alias.name}.py" for alias in node.names}
            found |= {name if (ROOT / name).is_file() else f"{folder}.py" for name in names}
    return found


def modules() -> dict[str, set[str]]:
    paths = [path.relative_to(ROOT).as_posix() for path in (ROOT / "planner").rglob("*.py")]
    return {path: imported(path) for path in paths}


def folder(path: str) -> str:
    return Path(path).parts[1].removesuffix(".py")


def test_imports_name_modules_that_exist() -> None:
    graph = modules()
    assert set().union(*graph.values()) <= set(graph) and len(graph) > 50


def test_folders_import_in_one_direction() -> None:
    for path, others in modules().items():
        assert {folder(other) for other in others} - {folder(path)} <= ALLOWED[folder(path)], path


def test_no_circle() -> None:
    assert list(TopologicalSorter(modules()).static_order())  # CycleError where there is one


def test_choose_makes_no_sentences() -> None:
    """Every f-string in choose/ is a name of a few words: sentences are made in describe/."""
    for path in (ROOT / "planner" / "choose").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                words = "".join(part.value for part in node.values if isinstance(part, ast.Constant)).split()
                assert len(words) < 3, f"{path.name}, line {node.lineno}"


def test_files_are_short() -> None:
    for path in (ROOT / "planner").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 300, path
