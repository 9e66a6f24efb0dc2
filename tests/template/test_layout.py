"""The layout of generated projects: few modules at the top, no circle of imports, and the table that documents it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from bake import ROOT, Project
from import_graph import circle, imports

from scripts import parts

Bake = Callable[..., Project]
KINDS = {name: answers for name, answers, _ in parts.kinds()}


@pytest.fixture(params=KINDS)
def project(request: pytest.FixtureRequest, bake: Bake) -> Project:
    return bake(**KINDS[request.param])


def test_no_circle_of_imports(project: Project) -> None:
    assert circle(imports(project.root / project.package)) == []


def test_a_circle_is_found_and_lazy_imports_count(tmp_path: Path) -> None:
    package = tmp_path / "it"
    (package / "deep").mkdir(parents=True)
    for name, text in {"__init__": "", "app": "from .deep import cli\n", "deep/__init__": ""}.items():
        (package / f"{name}.py").write_text(text)
    (package / "deep" / "cli.py").write_text("def run():\n    from .. import app\n")
    assert set(circle(imports(package))) == {"app", "deep.cli"}
    (package / "deep" / "cli.py").write_text("import it\n")
    assert circle(imports(package)) == []


def test_at_most_eight_modules_lie_at_the_top(project: Project) -> None:
    assert parts.size(project.root).at_top <= 8


def test_every_folder_says_what_it_is_for(project: Project) -> None:
    package = project.root / project.package
    for folder in {file.parent for file in package.rglob("*.py")}:
        told = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
        assert told and told.endswith("."), folder


def test_the_list_of_parts_holds_every_file_of_a_bake(project: Project) -> None:
    plan = {name: str(project.plan.get(name, "")) for name in ("TASK", "ENGINE", "WORKLOAD")}
    listed = parts.files(*plan.values())
    assert {file.replace(parts.hook.PACKAGE, project.package) for file in listed} == set(project.files())


def test_the_table_in_the_documents_is_what_bakes_give() -> None:
    text = (ROOT / "docs" / "dev" / "architecture.md").read_text(encoding="utf-8")
    found = parts.TABLE.search(text)
    assert found and found[0] == parts.table(), "run `make parts TABLE=1`"
