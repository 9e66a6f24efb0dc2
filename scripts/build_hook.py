"""Write hooks/pre_gen_project.py from planner/: a hook cannot see files beside it, so it carries the planner as text.

python scripts/build_hook.py            write it
python scripts/build_hook.py --check    exit status 1 where the file is not what would be written

planner/hook.py and the modules that it imports stand in the hook as they are, dependencies first. Python compiles each
when it is first imported: a bake pays for what its task needs.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOOK = ROOT / "hooks" / "pre_gen_project.py"
ENTRY = "planner/hook.py"
DATA = {"planner/catalogue/shipped.py": "planner/catalogue/models.json"}  # module -> the file that it reads

HEAD = '''"""Plans before anything is rendered: refuses what cannot work, writes plan.py, PLAN.md and memory.svg.

Built from planner/ by `make hook`; change it there. Its files stand here as they are, and are imported from here.
"""

# {% raw %}
import sys

if sys.version_info < (3, 11):  # before anything that an older one has not got
    own = "%d.%d" % sys.version_info[:2]
    sys.exit(f"error: cookiecutter runs on Python {own}; this template wants 3.11 or newer: uvx -p 3.12 cookiecutter")

import gc
import json
import os
from importlib.machinery import ModuleSpec, SourceFileLoader

gc.disable()  # collecting costs more than it frees in the tenth of a second that this runs
FILES = {}  # path -> text


class Finder:
    """Finds the modules of planner/ in FILES. Python compiles each when it is first imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        module = name.replace(".", "/")
        for file in (module + ".py", module + "/__init__.py"):
            if file in FILES:
                spec = ModuleSpec(name, Loader(name, file), origin=file, is_package=file.endswith("__init__.py"))
                spec.has_location = True
                return spec
        return None


class Loader(SourceFileLoader):
    """Reads FILES in place of a disk, and keeps no bytecode."""

    def get_data(self, path):
        return FILES[path].encode()

    def get_code(self, name):
        return compile(FILES[self.path], self.path, "exec", dont_inherit=True)


sys.meta_path.insert(0, Finder)
'''
TAIL = """
# {% endraw %}
ANSWERS = json.loads(r'''{{ cookiecutter | tojson }}''')

if __name__ == "__main__":
    from planner.hook import run_hook

    sys.exit(run_hook(ANSWERS, os.getcwd()))
"""


def main(arguments: list[str]) -> int:
    text = build()
    if "--check" in arguments:
        fresh = HOOK.exists() and HOOK.read_text(encoding="utf-8") == text
        print("the hook is fresh" if fresh else "hooks/pre_gen_project.py is stale: run make hook")
        return 0 if fresh else 1
    HOOK.write_text(text, encoding="utf-8", newline="\n")
    return 0


def build() -> str:
    """Return the text of the hook. ValueError where a file cannot stand in it."""
    files = list(reachable(ENTRY, set(), ()))
    text = HEAD + "".join(embedded(path) for path in files) + TAIL
    compile(text, HOOK.name, "exec")
    return text


def embedded(path: str) -> str:
    """Return the lines of the hook that hold a file."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if "'''" in text:
        raise ValueError(f"{path} holds three single quotes in a row, which end a text in the hook")
    if "{%" in text and "endraw" in text:
        raise ValueError(f"{path} holds Jinja's endraw tag")
    return f"\nFILES[\"{path}\"] = r'''{text}'''\n"


def reachable(path: str, seen: set[str], above: tuple[str, ...]) -> Iterator[str]:
    """Yield the module at `path` and those that it imports, dependencies first. ValueError for a circle."""
    if path in above:
        raise ValueError(f"circle of imports: {' -> '.join((*above[above.index(path) :], path))}")
    if path in seen:
        return
    seen.add(path)
    for other in [*packages(path), *imported(path)]:
        yield from reachable(other, seen, (*above, path))
    if path in DATA:
        yield DATA[path]
    yield path


def packages(path: str) -> list[str]:
    """Return the __init__.py of each folder around a module."""
    folders = list(Path(path).parents)[-2::-1]
    return [f"{folder.as_posix()}/__init__.py" for folder in folders if Path(path).name != "__init__.py"]


def imported(path: str) -> list[str]:
    """Return the planner's modules that one imports, those inside functions too."""
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = Path(path).parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for alias in node.names:
                module = folder / f"{alias.name}.py"
                found[(module if (ROOT / module).is_file() else folder.with_suffix(".py")).as_posix()] = None
    return list(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
