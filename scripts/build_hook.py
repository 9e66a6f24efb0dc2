"""Write hooks/pre_gen_project.py from planner/: a hook cannot see files beside it, so it carries the planner as source.

python scripts/build_hook.py            write it
python scripts/build_hook.py --check    exit status 1 where the file is not what would be written

planner/hook.py and the modules that it imports, dependencies first, become one module. A name gets its module's name in
front where several modules define it, where it is a builtin, and where others write it as an attribute: training.weigh.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOOK = ROOT / "hooks" / "pre_gen_project.py"
ENTRY = "planner/hook.py"
CATALOGUE = "planner/catalogue/models.json"

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

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


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
    bodies = [f"# ---- {module.path}\n\n\n{Merger(module, names).body()}" for module in modules]
    inside = import_lines(imports) + "\n" + "\n\n".join(bodies)
    if "{%" in inside and "endraw" in inside:
        raise ValueError("the planner's source holds Jinja's endraw tag")
    text = HEAD + inside + TAIL
    compile(text, HOOK.name, "exec")
    return text


@dataclass
class Module:
    """A module of the planner, and what its import statements bind."""

    path: str  # from the repository's root
    source: str
    tree: ast.Module
    defined: set[str] = field(default_factory=set)  # top-level names
    names: dict[str, tuple[str, str]] = field(default_factory=dict)  # name -> (path, name there)
    modules: dict[str, str] = field(default_factory=dict)  # name -> path
    library: set[tuple[str, str]] = field(default_factory=set)  # (module, name), or ("", module)


def reachable(path: str, seen: dict[str, Module], above: tuple[str, ...]) -> Iterator[Module]:
    """Yield the module at `path` and those that it imports, dependencies first. ValueError for a circle."""
    if path in above:
        raise ValueError(f"circle of imports: {' -> '.join((*above[above.index(path) :], path))}")
    if path in seen:
        return
    module = seen[path] = read_module(path)
    for other in dict.fromkeys([*(path for path, _name in module.names.values()), *module.modules.values()]):
        if other in above or other not in seen:
            yield from reachable(other, seen, (*above, path))
    yield module


def read_module(path: str) -> Module:
    source = (ROOT / path).read_text(encoding="utf-8")
    module = Module(path, source, ast.parse(source))
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            module.defined.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            module.defined |= {leaf.id for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            read_import(module, node)
    return module


def read_import(module: Module, node: ast.Import | ast.ImportFrom) -> None:
    """Note what a top-level import statement binds."""
    if any(alias.asname for alias in node.names):
        raise ValueError(f"{module.path}, line {node.lineno}: import names as they are, without `as`")
    if isinstance(node, ast.Import):
        module.library |= {("", alias.name) for alias in node.names}
    elif not node.level:
        module.library |= {(str(node.module), alias.name) for alias in node.names if node.module != "__future__"}
    else:
        folder = Path(module.path).parents[node.level - 1]
        for part in node.module.split(".") if node.module else ():
            folder /= part
        for alias in node.names:
            if (ROOT / folder / f"{alias.name}.py").is_file():
                module.modules[alias.name] = (folder / f"{alias.name}.py").as_posix()
            else:
                module.names[alias.name] = f"{folder.as_posix()}.py", alias.name


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


def attributes(module: Module) -> set[tuple[str, str]]:
    """Return the (path, name) that a module uses as attributes of other modules."""
    found = {
        (node.value.id, node.attr)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return {(module.modules[name], attribute) for name, attribute in found if name in module.modules}


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


class Merger(ast.NodeTransformer):
    """Renames a module's global names in its tree, and notes the same edits of its source, comments kept."""

    def __init__(self, module: Module, names: dict[tuple[str, str], str]) -> None:
        self.module = module
        self.names = {name: names[module.path, name] for name in module.defined}
        for name, (path, there) in module.names.items():
            if (path, there) not in names:
                raise ValueError(f"{module.path} imports {there}, which {path} does not define")
            self.names[name] = names[path, there]
        self.all_names = names
        self.scopes: list[tuple[bool, set[str]]] = []  # (of a class, bound names), innermost last
        self.edits: list[tuple[int, int, bytes]] = []
        self.text = module.source.encode()
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.formatted: list[dict[str, str]] = []  # replacements inside the f-string at hand

    def body(self) -> str:
        """Return the module's source without docstring and imports, renamed; models.json in place of its reader."""
        for node in self.module.tree.body[:]:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if docstring or isinstance(node, ast.Import | ast.ImportFrom):
                self.edits.append((*self.span(node), b""))
                self.module.tree.body.remove(node)
            elif isinstance(node, ast.FunctionDef) and node.name == "_catalogue_text":
                self.edits.append((*self.span(node), catalogue_function().encode()))
                self.module.tree.body[self.module.tree.body.index(node)] = ast.parse(catalogue_function()).body[0]
        tree = self.visit(self.module.tree)
        text = self.text
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        merged = text.decode().strip() + "\n"
        if ast.dump(ast.parse(merged)) != ast.dump(tree):
            raise ValueError(f"{self.module.path}: a renamed name stands where it cannot be replaced")
        return merged

    def span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        """Return the node's first and last byte in the source."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def replace(self, node: ast.expr, new: str) -> None:
        """Note that the expression becomes a name. Inside an f-string its position is not known (Python 3.11)."""
        if self.formatted:
            self.formatted[-1][ast.unparse(node)] = new
        else:
            self.edits.append((*self.span(node), new.encode()))

    def is_local(self, name: str) -> bool:
        innermost = len(self.scopes) - 1
        return any(name in bound for n, (of_class, bound) in enumerate(self.scopes) if not of_class or n == innermost)

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if self.is_local(node.id):
            return node
        if node.id in self.module.modules:
            raise ValueError(f"{self.module.path}, line {node.lineno}: use {node.id} for its names only")
        new = self.names.get(node.id, node.id)
        if new == node.id:
            return node
        if self.is_local(new):
            raise ValueError(f"{self.module.path}, line {node.lineno}: {new} is a local name, too")
        self.replace(node, new)
        return ast.Name(new, node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        value = node.value
        if isinstance(value, ast.Name) and value.id in self.module.modules and not self.is_local(value.id):
            path = self.module.modules[value.id]
            if (path, node.attr) not in self.all_names:
                raise ValueError(f"{self.module.path}, line {node.lineno}: {path} does not define {node.attr}")
            new = self.all_names[path, node.attr]
            if self.is_local(new):
                raise ValueError(f"{self.module.path}, line {node.lineno}: {new} is a local name, too")
            self.replace(node, new)
            return ast.Name(new, node.ctx)
        node.value = self.visit(value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        if self.formatted:
            self.generic_visit(node)
            return node
        self.formatted.append({})
        self.generic_visit(node)
        found = self.formatted.pop()
        if found:
            start, end = self.span(node)
            self.edits.append((start, end, replaced_in_fields(self.text[start:end].decode(), found).encode()))
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.rename_definition(node)
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.args, node.returns = self.visit(node.args), self.visit(node.returns) if node.returns else None
        self.scopes.append((False, bound_names(node)))
        node.body = [self.visit(statement) for statement in node.body]
        self.scopes.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        node.args = self.visit(node.args)
        self.scopes.append((False, bound_names(node)))
        node.body = self.visit(node.body)
        self.scopes.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.rename_definition(node)
        for part in ("bases", "keywords", "decorator_list"):
            setattr(node, part, [self.visit(one) for one in getattr(node, part)])
        self.scopes.append((True, bound_names(node)))
        node.body = [self.visit(statement) for statement in node.body]
        self.scopes.pop()
        return node

    def visit_comprehension_scope(self, node: Comprehension) -> Comprehension:
        first = node.generators[0]
        first.iter = self.visit(first.iter)  # evaluated outside
        outside, first.iter = first.iter, ast.Constant(None)
        self.scopes.append((False, bound_names(node)))
        self.generic_visit(node)
        self.scopes.pop()
        first.iter = outside
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_comprehension_scope

    def rename_definition(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        """Rename a top-level function or class where it is defined."""
        new = self.names.get(node.name, node.name)
        if self.scopes or new == node.name:
            return
        start = self.span(node)[0] + len("def " if isinstance(node, ast.FunctionDef) else "class ")
        self.edits.append((start, start + len(node.name.encode()), new.encode()))
        node.name = new


def bound_names(scope: Function | ast.ClassDef | Comprehension) -> set[str]:
    """Return the names that a function, a class body or a comprehension binds itself."""
    found = set()
    if isinstance(scope, Function):
        arguments = scope.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        found |= {argument.arg for argument in every if argument}
    todo: list[ast.AST] = []
    if isinstance(scope, Comprehension):
        todo.extend(generator.target for generator in scope.generators)
    elif isinstance(scope, ast.Lambda):
        todo.append(scope.body)
    else:
        todo.extend(scope.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
        if isinstance(node, Comprehension):  # only what := binds reaches out of it
            todo.extend(inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        elif not isinstance(node, Function | ast.ClassDef):
            todo.extend(ast.iter_child_nodes(node))
    return found


def replaced_in_fields(text: str, new: dict[str, str]) -> str:
    """Return the source of an f-string with expressions replaced inside its braces."""
    pattern = re.compile(r"(?<![\w.])(" + "|".join(map(re.escape, sorted(new, key=len, reverse=True))) + r")(?!\w)")
    out, depth, begin = [], 0, 0
    for brace in re.finditer(r"\{\{|\}\}|[{}]", text):
        if len(brace[0]) == 2 and (not depth or brace[0] == "{{"):
            continue
        inside = text[begin : brace.start()]
        out += [pattern.sub(lambda found: new[found[1]], inside) if depth else inside, brace[0]]
        depth += {"{": 1, "}": -1, "}}": -2}[brace[0]]
        begin = brace.end()
    return "".join(out) + text[begin:]


def catalogue_function() -> str:
    """Return the source of a function that returns the model catalogue."""
    text = (ROOT / CATALOGUE).read_text(encoding="utf-8")
    if "'''" in text:
        raise ValueError(f"{CATALOGUE} holds three single quotes in a row")
    return f"def _catalogue_text() -> str:\n    return r'''{text}'''"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
