"""The import graph of a package, read from its source: imports inside functions and under TYPE_CHECKING count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path


def imports(package: Path) -> dict[str, set[str]]:
    """Module -> modules of the same package that it imports, both as dotted paths below the package's folder."""
    modules = {dotted(package, file): file for file in package.rglob("*.py")}
    return {
        name: set(targets(name, file, package.name, set(modules))) - {name} for name, file in sorted(modules.items())
    }


def dotted(package: Path, file: Path) -> str:
    parts = file.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def targets(name: str, file: Path, package: str, modules: set[str]) -> Iterator[str]:
    """Modules of the package that a file imports. A package's `__init__` counts where its own names are taken."""
    above = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith(f"{package}."):
                    yield alias.name.removeprefix(f"{package}.")
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = [*above[: len(above) - node.level + 1], *(node.module or "").split(".")]
            elif (node.module or "").split(".")[0] == package:
                base = (node.module or "").split(".")[1:]
            else:
                continue
            for alias in node.names:
                module = ".".join(filter(None, [*base, alias.name]))
                yield module if module in modules else ".".join(filter(None, base))


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle of imports, first and last alike; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []
