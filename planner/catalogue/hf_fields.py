"""Typed access to the keys of a Hugging Face config.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schema import Refusal


def count_at(config: Mapping[str, Any], *keys: str, default: int | None = None) -> int:
    """Return the first of `keys` that is present, as a count (0 only with a default); Refusal names the key."""
    for key in keys:
        value = config.get(key)
        if value is None:
            continue
        least = 1 if default is None else 0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1 != 0 or value < least:
            raise Refusal(f"{key} in the config.json is {value!r}; it must be a whole number of at least {least}")
        return int(value)
    if default is None:
        raise Refusal(f"the config.json has no {keys[0]}; add it, or give the model's size instead")
    return default


def typed_at(config: Mapping[str, Any], kind: type, *keys: str) -> Any:
    """Return the first of `keys` that is present, of that kind, empty where none is; Refusal names the key."""
    for key in keys:
        value = config.get(key)
        if value is not None and not isinstance(value, kind):
            wanted = {"dict": "an object", "list": "a list", "str": "a string"}[kind.__name__]
            raise Refusal(f"{key} in the config.json is {value!r}; it must be {wanted}")
        if value is not None:
            return value
    return kind()
