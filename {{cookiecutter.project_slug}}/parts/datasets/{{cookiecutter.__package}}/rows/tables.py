"""The rows of a CSV or TSV file: its delimiter, its header, and quotes that nobody closes."""

import csv
import io
import itertools
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from .encodings import DataError, file_format, first_line, open_text, valid_unicode
from .records import NOT_UTF8, Record, unreadable

DELIMITERS = ",;\t|"
FIELD_CHARACTERS = 4 * 2**20  # of one CSV field: a quote that is not closed ends there, and not with the file
HEAD = 2**16  # characters from which the delimiter is found


class PhysicalLines:
    """The lines of a text, of which some may be given back to be read again."""

    def __init__(self, text: Iterator[str]) -> None:
        self.text = text
        self.again: deque[str] = deque()
        self.record: list[str] = []  # those of the record that is read
        self.number = 1  # of the first of them

    def __iter__(self) -> "PhysicalLines":
        return self

    def __next__(self) -> str:
        self.record.append(self.again.popleft() if self.again else next(self.text))
        return self.record[-1]

    def next_record(self) -> None:
        self.number += len(self.record)
        self.record.clear()

    def give_back(self) -> str:
        """Return the record's first line, and let all after it be read again."""
        first, *rest = self.record
        self.again.extendleft(reversed(rest))
        self.record[:] = [first]
        return first


def csv_records(path: Path, text: TextIO) -> Iterator[Record]:
    """Yield the rows of a table with a header. A quote that nobody closes costs the line it stands in and no other.

    Many tables with tabs know no quotes: a line that has all its fields without them is a row of its own.
    """
    delimiter = find_delimiter(path)
    csv.field_size_limit(FIELD_CHARACTERS)
    lines = PhysicalLines(text)
    rows = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=blank_after_delimiter(path, delimiter))
    header: list[str] = []
    while True:
        lines.next_record()
        try:
            fields = next(rows, None)
        except csv.Error as error:
            line = lines.give_back()
            if delimiter == "\t" and (fields := unquoted(line, len(header))):
                yield dict(zip(header, fields, strict=True))
                continue
            yield unreadable(lines.number, f"is not CSV: {csv_error(error)}", line)
            continue
        if delimiter == "\t" and len(lines.record) > 1 and all(unquoted(line, len(header)) for line in lines.record):
            fields = unquoted(lines.give_back(), len(header))
        if fields is None:
            return
        if not fields or (not header and lines.record[0].lower().startswith("sep=")):  # Excel's word on the delimiter
            continue
        if not header:
            header = column_names(path, fields)
        elif any("\0" in field or not valid_unicode(field) for field in fields):
            wrong = "holds a NUL byte" if any("\0" in field for field in fields) else NOT_UTF8
            yield unreadable(lines.number, wrong, "".join(lines.record))
        elif len(fields) != len(header):
            wrong = f"has {len(fields)} fields where the header has {len(header)}"
            yield unreadable(lines.number, wrong, "".join(lines.record))
        elif len(header) > 1 and [field.strip() for field in fields] == header:  # of a second table below the first
            yield unreadable(lines.number, "repeats the header: take it out", "".join(lines.record))
        else:
            yield dict(zip(header, fields, strict=True))


def csv_error(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a field of over {FIELD_CHARACTERS:,} characters: close its quote, or write such texts as .jsonl"
    return "a quote that is opened and not closed" if "unexpected end" in str(error) else first_line(error)


def unquoted(line: str, width: int) -> list[str]:
    """Return the fields of a line between its tabs, quotes as they are; none where they are not `width`, or one."""
    fields = line.rstrip("\r\n").split("\t")
    sound = len(fields) == width > 1 and "\0" not in line and valid_unicode(line)
    return fields if sound else []


def blank_after_delimiter(path: Path, delimiter: str) -> bool:
    """Whether each delimiter of the header has a blank after it, which then belongs to no field."""
    with open_text(path) as text:
        names = next(text, "").rstrip("\r\n").split(delimiter)
    return len(names) > 1 and all(name.startswith(" ") and name.strip() for name in names[1:])


def column_names(path: Path, header: list[str]) -> list[str]:
    """Return the names in a header. DataError where two are the same."""
    names = [name.strip() for name in header]
    if len(names) == 1 and names[0].startswith("# "):
        raise DataError(f"{path.name} begins with a comment: take out the lines before its header")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise DataError(f"{path.name} has two columns {twice!r}: give each a name of its own")
    if not all(map(valid_unicode, names)):
        raise DataError(f"the header of {path.name} is not UTF-8: convert the file, as `iconv` does")
    return names


def usual_delimiter(path: Path) -> str:
    return "\t" if file_format(path) == ".tsv" else ","


def find_delimiter(path: Path) -> str:
    """Return the delimiter that makes columns of the header, and as many of most rows. DataError for JSON."""
    with open_text(path) as text:
        head = text.read(HEAD)
    if re.match(r'\s*(\{|\[\s*\{)\s*"', head):
        raise DataError(f"{path.name} holds JSON and no table: name it .jsonl, or .json")
    if found := re.match(r"sep=(.)\r?\n", head, re.IGNORECASE):
        return found[1]
    best, most = usual_delimiter(path), (1.0, 0.0)
    for delimiter in sorted(DELIMITERS, key=lambda one: one != best):
        rows = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        try:
            widths = [len(fields) for fields in itertools.islice(rows, 50) if fields]
        except csv.Error:
            continue
        score = (float(min(2, widths[0])), widths.count(widths[0]) / len(widths)) if widths else most
        if score[0] > 1 and score > most:
            best, most = delimiter, score
    return best
