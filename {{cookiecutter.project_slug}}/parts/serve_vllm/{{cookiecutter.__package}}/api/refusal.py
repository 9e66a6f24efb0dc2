"""RefusedRequest, and what the checks of requests share."""

from collections.abc import Iterator
from typing import Any

MOST_DEPTH = 64  # objects and lists inside each other; deeper ones overflow what reads them

Request = dict[str, Any]


class RefusedRequest(Exception):
    """One sentence on what a request may not hold, and what it may."""


def check_depth(request: Request) -> None:
    """Raise RefusedRequest for a request nested deeper than MOST_DEPTH, found without recursion."""
    level: list[Any] = [request]
    for _ in range(MOST_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise RefusedRequest(f"the request is nested too deep; {MOST_DEPTH} levels are read")


def _inside(value: Any) -> Iterator[Any]:
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (inner for inner in values if isinstance(inner, dict | list))


def is_one_of(value: Any, names: set[str]) -> bool:
    return isinstance(value, str) and value in names


def shown(value: Any) -> str:
    return ascii(value)[:60]
