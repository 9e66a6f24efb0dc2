"""Write hooks/pre_gen_project.py from planner/: a hook cannot see files beside it, so it carries the planner as source.

python scripts/build_hook.py            write it
python scripts/build_hook.py --check    exit status 1 where the file is not what would be written
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOOK = ROOT / "hooks" / "pre_gen_project.py"
MODULES = (
    "plan words gpus catalogue sizes config_json models memory speed estimate training training_run "
    "warm answers choose choose_training tasks explain training_explain "
    "shared_constants inference_constants serve_constants batch_constants training_constants constants "
    "run_words page inference_report training_report report terminal picture hook"
).split()

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
    sys.exit(run_hook(ANSWERS, Path.cwd()))
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
    """The text of the hook. ValueError where the modules cannot stand in one file."""
    imports, bodies = {"import json", "import sys", "from pathlib import Path"}, []
    owner: dict[str, str] = {line.split()[-1]: line for line in imports}  # name -> where it comes from
    for module in MODULES:
        source = (ROOT / "planner" / f"{module}.py").read_text(encoding="utf-8")
        tree = ast.parse(source)
        for name in defined(tree):
            if owner.setdefault(name, f"planner/{module}.py") != f"planner/{module}.py":
                raise ValueError(f"{name} is defined in {owner[name]} and in planner/{module}.py")
        for line in plain_imports(tree, module):
            name = line.split()[-1].split(".")[0]
            if owner.setdefault(name, line) != line:
                raise ValueError(f"{name} is both {owner[name]!r} and {line!r} in planner/{module}.py")
            imports.add(line)
        bodies.append(f"# ---- planner/{module}.py\n\n\n" + body(source, tree))
    text = HEAD + "\n".join(sorted(imports - {"import sys"}, key=import_order)) + "\n\n" + "\n\n".join(bodies) + TAIL
    inside = text[len(HEAD) : -len(TAIL)]
    if "{%" in inside and "endraw" in inside:
        raise ValueError("the planner's source holds Jinja's endraw tag")
    compile(text, HOOK.name, "exec")
    return text


def defined(tree: ast.Module) -> set[str]:
    """Names that a module defines at its top level."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {leaf.id for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)}
    return names


def plain_imports(tree: ast.Module, module: str) -> set[str]:
    """Imports from the standard library, one a line; those from sibling modules vanish. None may rename."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and any(alias.asname for alias in node.names):
            raise ValueError(f"planner/{module}.py, line {node.lineno}: import names as they are, without `as`")
        if isinstance(node, ast.Import):
            found |= {f"import {alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            if node.module is None:
                raise ValueError(f"planner/{module}.py, line {node.lineno}: import names, not a sibling module")
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            found |= {f"from {node.module} import {alias.name}" for alias in node.names}
    return found


def import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line


def body(source: str, tree: ast.Module) -> str:
    """A module without its docstring and imports, and with the catalogue's text in place of the file that holds it."""
    lines = source.splitlines(keepends=True)
    for node in reversed(tree.body):
        start, end = node.lineno - 1, node.end_lineno
        if isinstance(node, ast.Import | ast.ImportFrom) or node is tree.body[0]:
            del lines[start:end]
        elif isinstance(node, ast.FunctionDef) and node.name == "_catalogue_text":
            lines[start:end] = [catalogue()]
    return "".join(lines).strip() + "\n"


def catalogue() -> str:
    """The source of a function that returns the model catalogue."""
    text = (ROOT / "planner" / "models.json").read_text(encoding="utf-8")
    if "'''" in text:
        raise ValueError("planner/models.json holds three single quotes in a row")
    return f"def _catalogue_text() -> str:\n    return r'''{text}'''\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
