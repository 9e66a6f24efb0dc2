"""What code types: the words of every command in a Python file, read from its syntax tree and never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HOLE = "\0"  # what a word holds that is known only when it runs


def spoken(path: Path, function: str = "") -> list[list[str]]:
    """The words of each call, tuple and list in a file, or in one of its functions. KeyError where it has no such."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    inside = functions[function] if function else tree
    assigned = {
        target.id: node.value
        for node in ast.walk(inside)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    reader = Reader(functions, assigned)
    return [
        words
        for node in ast.walk(inside)
        if isinstance(node, ast.Call | ast.Tuple | ast.List) and (words := list(reader.words(node)))
    ]


class Reader:
    """Reads words with the file's functions and one function's variables at hand."""

    def __init__(self, functions: dict[str, ast.FunctionDef], assigned: dict[str, ast.expr]) -> None:
        self.functions, self.assigned = functions, assigned

    def words(self, node: ast.expr, depth: int = 4) -> Iterator[str]:
        """Of a call its arguments; after a star also what a function of this file returns, or a variable holds."""
        items = node.args if isinstance(node, ast.Call) else getattr(node, "elts", [])
        for item in items:
            if isinstance(item, ast.Starred) and depth:
                yield from self.starred(item.value, depth - 1)
            elif isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield item.value
            elif isinstance(item, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in item.values)

    def starred(self, node: ast.expr, depth: int) -> Iterator[str]:
        if isinstance(node, ast.Name) and node.id in self.assigned:
            yield from self.starred(self.assigned[node.id], depth)
        elif isinstance(node, ast.IfExp):
            yield from self.starred(node.body, depth)
            yield from self.starred(node.orelse, depth)
        elif isinstance(node, ast.Subscript):  # all but the last word, say
            yield from self.starred(node.value, depth)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for inside in ast.walk(self.functions[name]) if name in self.functions else ():
                if isinstance(inside, ast.Return) and isinstance(inside.value, ast.Tuple):
                    yield from self.words(inside.value, depth)
            yield from self.words(node, depth)
        else:
            yield from self.words(node, depth)


def says(spoken: list[list[str]], wanted: list[str]) -> bool:
    """Whether all wanted words stand in one list, with whatever between them: options anywhere, the rest in order."""
    plain, options = ([word for word in wanted if word.startswith("-") is is_option] for is_option in (False, True))
    return any(set(options) <= set(words) and in_order(words, plain) for words in spoken)


def in_order(words: list[str], wanted: list[str]) -> bool:
    left = iter(words)
    return all(any(same(word, one) for word in left) for one in wanted)


def same(word: str, wanted: str) -> bool:
    """Whether a word is the wanted one, or may be for what is not known of it."""
    known = [re.escape(part) for part in word.split(HOLE)]
    return word == wanted or (any(known) and re.fullmatch(".*".join(known), wanted) is not None)


def typed_to(path: Path, names: set[str]) -> dict[tuple[str, str], str]:
    """(name, first argument) -> function, for each call of one of these names with a text: `serve("make")`."""
    found = {}
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                    first = node.args[0] if node.args else None
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        found[node.func.id, first.value] = function.name
    return found
