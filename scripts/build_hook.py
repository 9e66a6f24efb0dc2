"""Write hooks/pre_gen_project.py from planner/: a hook cannot see files beside it, so it carries the planner as source.

python scripts/build_hook.py            write it
python scripts/build_hook.py --check    exit status 1 where the file is not what would be written

planner/hook.py and the modules that it imports, dependencies first, become one module. A name gets its module's name in
front where several modules define it, where it is a builtin, and where others write it as an attribute: training.weigh.
"""

from __future__ import annotations

import builtins
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from merge_modules import Merger, Module, attributes, read_module  # noqa: E402

HOOK = ROOT / "hooks" / "pre_gen_project.py"
ENTRY = "planner/hook.py"
CATALOGUE = "planner/catalogue/models.json"
CATALOGUE_READER = """    with open(os.path.join(os.path.dirname(__file__), "models.json"), encoding="utf-8") as file:
        return file.read()
"""

HEAD = '''"""Plans before anything is rendered: refuses what cannot work, writes plan.py, PLAN.md and memory.svg.

Built from planner/ by `make hook`; change it there.
"""

# {% raw %}
from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # before anything that an older one has not got
    own = "%d.%d" % sys.version_info[:2]
    sys.exit(f"error: cookiecutter runs on Python {own}; this template wants 3.11 or newer: uvx -p 3.12 cookiecutter")

'''
TAIL = """
# {% endraw %}
ANSWERS = json.loads(r'''{{ cookiecutter | tojson }}''')

if __name__ == "__main__":
    sys.exit(run_hook(ANSWERS, os.getcwd()))
"""
TAIL_IMPORTS = {("", "json"), ("", "os"), ("", "sys")}


def main(arguments: list[str]) -> int:
    text = build()
    if "--check" in arguments:
        fresh = HOOK.exists() and HOOK.read_text(encoding="utf-8") == text
        print("the hook is fresh" if fresh else "hooks/pre_gen_project.py is stale: run make hook")
        return 0 if fresh else 1
    HOOK.write_text(text, encoding="utf-8", newline="\n")
    return 0


def build() -> str:
    """Return the text of the hook. ValueError where the modules cannot stand in one file."""
    modules = list(reachable(ENTRY, {}, ()))
    names = global_names(modules)
    imports = TAIL_IMPORTS.union(*(module.library for module in modules))
    bodies = [f"# ---- {module.path}\n\n\n{merged(module, names)}" for module in modules]
    inside = import_lines(imports) + "\n" + "\n\n".join(bodies)
    if "{%" in inside and "endraw" in inside:
        raise ValueError("the planner's source holds Jinja's endraw tag")
    if "__file__" in inside:
        raise ValueError("a module reads a file beside itself, which the hook does not have")
    text = HEAD + inside + TAIL
    compile(text, HOOK.name, "exec")
    return text


def reachable(path: str, seen: dict[str, Module], above: tuple[str, ...]) -> Iterator[Module]:
    """Yield the module at `path` and those that it imports, dependencies first. ValueError for a circle."""
    if path in above:
        raise ValueError(f"circle of imports: {' -> '.join((*above[above.index(path) :], path))}")
    if path in seen:
        return
    module = seen[path] = read_module(ROOT, path)
    for other in dict.fromkeys([*(path for path, _name in module.names.values()), *module.modules.values()]):
        if other in above or other not in seen:
            yield from reachable(other, seen, (*above, path))
    yield module


def global_names(modules: list[Module]) -> dict[tuple[str, str], str]:
    """Return the name in the hook of each (path, name). ValueError where no prefix makes it unique."""
    library = {(name.partition(".")[0], source) for module in modules for source, name in module.library}
    library |= {(name, source) for source, name in TAIL_IMPORTS}
    ambiguous = [name for name, count in Counter(name for name, _source in library).items() if count > 1]
    if ambiguous:
        raise ValueError(f"{ambiguous[0]} is imported from two modules of the standard library")
    taken = {name for name, _source in library} | set(dir(builtins)) | {"own", "ANSWERS"}
    count = Counter(name for module in modules for name in module.defined)
    dotted = {use for module in modules for use in attributes(module)}
    found = {}
    for module in modules:
        for name in sorted(module.defined):
            plain = count[name] == 1 and name not in taken and (module.path, name) not in dotted
            found[module.path, name] = name if plain else prefixed(module.path, name)
    twice = [name for name, count in Counter(found.values()).items() if count > 1 or name in taken]
    if twice:
        raise ValueError(f"{twice[0]} would be defined twice in the hook; rename one of its definitions")
    return found


def prefixed(path: str, name: str) -> str:
    """Return `name` with its folder's and module's names in front: choose_training_weigh."""
    prefix = "_".join(Path(path).with_suffix("").parts[1:][-2:])
    return f"_{prefix}{name}" if name.startswith("_") else f"{prefix}_{name}"


def import_lines(imports: set[tuple[str, str]]) -> str:
    """Return the import statements, those of one module together."""
    plain = sorted(name for source, name in imports - {("", "sys")} if not source)
    sources = sorted({source for source, _name in imports if source})
    lines = [f"import {name}" for name in plain]
    for source in sources:
        lines.append(f"from {source} import {', '.join(sorted(name for of, name in imports if of == source))}")
    return "\n".join(lines) + "\n"


def merged(module: Module, names: dict[tuple[str, str], str]) -> str:
    """Return a module's source as it stands in the hook."""
    text = Merger(module, names).body()
    return text.replace(CATALOGUE_READER, catalogue_reader()) if CATALOGUE_READER in text else text


def catalogue_reader() -> str:
    """Return the source of a function that returns the model catalogue."""
    text = (ROOT / CATALOGUE).read_text(encoding="utf-8")
    if "'''" in text:
        raise ValueError(f"{CATALOGUE} holds three single quotes in a row")
    return f"    return r'''{text}'''\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
