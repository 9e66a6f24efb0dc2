"""A row as it is read: a record, or a part of a file that is none."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

NOT_UTF8 = "is not UTF-8: convert the file, as `iconv -f ENCODING -t UTF-8` does"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of a file that is no row, and why."""

    error: str
    raw: str


Record = dict[str, Any] | Unreadable


def without_nulls(value: Any) -> Any:
    """Return a nested value without the keys that hold null: a table gives each struct the keys of all other rows."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def quoted(names: Iterable[str], most: int = 20) -> str:
    """Return names in quotes for a sentence, at most so many of them and the count of the rest."""
    found = [repr(name) for name in names]
    rest = f" and {len(found) - most:,} more" if len(found) > most else ""
    return ", ".join(found[:most]) + rest


def unreadable(line: int, error: str, raw: str) -> Unreadable:
    """A bad line; what is no UTF-8 in it stays readable as \\xff."""
    content = raw.rstrip("\r\n").encode("utf-8", "surrogateescape")
    return Unreadable(f"line {line} {error}", content.decode("utf-8", "backslashreplace"))
