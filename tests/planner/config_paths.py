"""Ways through a config.json, key by key."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any


def paths(config: dict[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the keys that lead to each value."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from paths(value, (*before, key))
        else:
            yield (*before, key)


def changed(config: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return the config with another value in one key."""
    config = copy.deepcopy(config)
    section = config
    for key in path[:-1]:
        section = section[key]
    value = section[path[-1]]
    if isinstance(value, bool):
        other: Any = not value
    elif isinstance(value, (int, float)):
        other = 2 * value
    else:
        other = {str: f"{value}x", list: (value or [])[:-1]}.get(type(value), 3) if value is not None else 3
    section[path[-1]] = other
    return config
