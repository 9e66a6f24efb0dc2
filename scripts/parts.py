"""The parts of a generated project: which file comes from which, and how large each kind of project is.

python scripts/parts.py --task serve --engine vllm     lists file -> part
python scripts/parts.py --table                        writes the table of docs/dev/architecture.md, from real bakes
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BODY = ROOT / "{{cookiecutter.project_slug}}"
PAGE = ROOT / "docs" / "dev" / "architecture.md"
TABLE = re.compile(r"(?<=<!-- table: make parts TABLE=1 -->\n).*?(?=<!-- end -->)", re.DOTALL)
CHOICES = {
    "task": ("serve", "batch", "finetune", "distributed"),
    "engine": ("vllm", "transformers"),
    "workload": ("generation", "embedding", "classification"),
}

_spec = importlib.util.spec_from_file_location("post_gen_project", ROOT / "hooks" / "post_gen_project.py")
assert _spec is not None and _spec.loader is not None
hook = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(hook)


@dataclass(frozen=True, slots=True)
class Size:
    """A generated project in figures. Modules are counted without `__init__.py`, lines with it."""

    at_top: int
    modules: int
    lines: int
    test_lines: int


def parts_of(task: str, engine: str, workload: str) -> list[str]:
    """The parts of a kind of project, in order, as the post-gen hook finds them."""
    manifest = json.loads((BODY / "parts" / "manifest.json").read_text(encoding="utf-8"))
    return hook.parts_of(manifest, task, engine, workload)


def files(task: str, engine: str, workload: str) -> dict[str, str]:
    """File of the project -> its part, sorted by file."""
    readme = f"README-{task if task in ('serve', 'batch') else 'training'}.md"
    found = {"README.md": readme, "pyproject.toml": "rendered by Cookiecutter"}
    for part in parts_of(task, engine, workload):
        found |= dict.fromkeys(hook.files_of(str(BODY / "parts" / part)), part)
    written = {f"{hook.PACKAGE}/plan.py", "PLAN.md", "memory.svg"}
    found |= dict.fromkeys(written, "the planner, in the pre-gen hook") | {hook.RECORD: "the post-gen hook"}
    return dict(sorted(found.items()))


def size(project: Path) -> Size:
    """Count a baked project."""
    package = sorted((project / project.name.replace("-", "_")).rglob("*.py"))
    modules = [file for file in package if file.name != "__init__.py"]
    return Size(
        at_top=sum(file.parent == package[0].parent for file in modules),
        modules=len(modules),
        lines=sum(map(lines, package)),
        test_lines=sum(map(lines, (project / "tests").rglob("*.py"))),
    )


def lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def kinds() -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Each kind of project, task x engine and workload where that matters: its name, its answers, its parts."""
    for task in CHOICES["task"]:
        if task in ("finetune", "distributed"):
            yield task, {"task": task}, parts_of(task, "", "generation")
            continue
        for engine in CHOICES["engine"]:
            generation, pooling = parts_of(task, engine, "generation"), parts_of(task, engine, "embedding")
            answers = {"task": task, "engine": engine}
            if generation == pooling:
                yield f"{task}, {engine}", answers, generation
            else:
                yield f"{task}, {engine}, generation", answers, generation
                yield f"{task}, {engine}, embedding or classification", answers | {"workload": "embedding"}, pooling


def table() -> str:
    """The Markdown table of all kinds of project, each baked with the defaults."""
    from cookiecutter.main import cookiecutter

    rows = [
        "| project | parts | modules at the top | modules | lines of package | lines of tests |",
        "|---|---|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as out, quiet():
        for name, answers, parts in kinds():
            baked = cookiecutter(
                str(ROOT), no_input=True, extra_context=answers, output_dir=out, overwrite_if_exists=True
            )
            counted = size(Path(baked))
            rows.append(
                f"| {name} | {', '.join(parts)} | {counted.at_top} | {counted.modules} "
                f"| {counted.lines:,} | {counted.test_lines:,} |"
            )
    return "\n".join(rows) + "\n"


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Send this process's standard output, and that of its children, nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, choices in CHOICES.items():
        parser.add_argument(f"--{name}", choices=choices, default=choices[0])
    parser.add_argument("--table", action="store_true", help="write the table of docs/dev/architecture.md")
    options = parser.parse_args()
    if options.table:
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(TABLE.sub(lambda _: table(), text), encoding="utf-8", newline="\n")
        return 0
    listed = {
        file.replace(hook.PACKAGE, "my_llm"): part
        for file, part in files(options.task, options.engine, options.workload).items()
    }
    width = max(map(len, listed))
    for file, part in listed.items():
        print(f"{file:<{width}}  {part}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
