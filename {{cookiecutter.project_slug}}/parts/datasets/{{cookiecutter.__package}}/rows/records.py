"""A row as it is read: a record, or a part of a file that is none."""

from dataclasses import dataclass
from typing import Any

NOT_UTF8 = "is not UTF-8: convert the file, as `iconv -f ENCODING -t UTF-8` does"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of a file that is no row, and why."""

    error: str
    raw: str


Record = dict[str, Any] | Unreadable


def unreadable(line: int, error: str, raw: str) -> Unreadable:
    """A bad line; what is no UTF-8 in it stays readable as \\xff."""
    content = raw.rstrip("\r\n").encode("utf-8", "surrogateescape")
    return Unreadable(f"line {line} {error}", content.decode("utf-8", "backslashreplace"))
