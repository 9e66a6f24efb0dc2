"""Read modules and their imports, and rename the global names of one in its source, comments kept.

The names are found in the syntax tree by Python's rules of scope. Every edit is checked: the edited source must parse
to the renamed tree.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Module:
    """A module, and what its import statements bind."""

    def __init__(self, root: Path, path: str) -> None:
        self.root = root
        self.path = path  # below root
        self.source = (root / path).read_text(encoding="utf-8")
        self.tree = ast.parse(self.source)
        self.defined: set[str] = set()  # top-level names
        self.names: dict[str, tuple[str, str]] = {}  # name -> (path, name there)
        self.modules: dict[str, str] = {}  # name -> path
        self.library: set[tuple[str, str]] = set()  # (module, name), or ("", module)


def read_module(root: Path, path: str) -> Module:
    """Return the module at `path` below `root`."""
    module = Module(root, path)
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
            if (module.root / folder / f"{alias.name}.py").is_file():
                module.modules[alias.name] = (folder / f"{alias.name}.py").as_posix()
            else:
                module.names[alias.name] = f"{folder.as_posix()}.py", alias.name


def attributes(module: Module) -> set[tuple[str, str]]:
    """Return the (path, name) that a module uses as attributes of other modules."""
    found = {
        (node.value.id, node.attr)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return {(module.modules[name], attribute) for name, attribute in found if name in module.modules}


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
        """Return the module's source without docstring and imports, its global names renamed."""
        for node in self.module.tree.body[:]:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if docstring or isinstance(node, ast.Import | ast.ImportFrom):
                self.edits.append((*self.span(node), b""))
                self.module.tree.body.remove(node)
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
