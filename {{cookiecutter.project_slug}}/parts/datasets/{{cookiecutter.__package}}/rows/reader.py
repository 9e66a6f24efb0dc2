"""The rows of a file or folder as a stream: JSON, CSV, Parquet and Arrow. A bad line is a bad row."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from .encodings import (
    COMPRESSIONS,
    DataError,
    explain_damage,
    file_format,
    first_line,
    open_text,
    refuse_other_content,
    text_encoding,
    valid_unicode,
)
from .records import NOT_UTF8, Record, Unreadable, quoted, unreadable, without_nulls
from .tables import csv_records, find_delimiter, usual_delimiter

LINES = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv")
COLUMNAR = (".parquet", ".arrow")
FORMATS = (*LINES, *TABLES, *COLUMNAR)
OTHERWISE = {  # suffix of a file that is not read -> what would do
    ".xlsx": "save it as .csv",
    ".xls": "save it as .csv",
    ".ods": "save it as .csv",
    ".feather": "name it .arrow",
    ".zip": "unpack it",
    ".tar": "unpack it",
    ".xz": "unpack it",
    ".pkl": "write it with `to_parquet`",
    ".pickle": "write it with `to_parquet`",
    ".db": "export its table as .csv",
    ".sqlite": "export its table as .csv",
    ".sqlite3": "export its table as .csv",
    ".txt": 'write it as .jsonl, an object such as {"text": "..."} a line',
}
NOTES = (".md", ".rst", ".py", ".yaml", ".yml", ".lock")  # suffixes of what lies beside rows and holds none
NO_ROWS = {"state.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json"}  # of the library datasets
WRAPPERS = {"data", "rows", "examples", "records", "items", "instances", "samples", "train"}  # keys of a list of rows
BATCH = 1024  # rows of a Parquet file in memory at once


def dataset_files(path: Path, split: str = "train") -> list[Path]:
    """Return the files with rows of a file or folder, in name order; of what `save_to_disk` wrote, those of a split.

    DataError where there is none that can be read.
    """
    refuse_address(str(path))
    if not path.exists():
        raise DataError(f"there is no file {path}: give a file, a folder, or a Hugging Face id such as org/name")
    if (path / "dataset_dict.json").is_file():
        if not (path / split).is_dir():
            splits = json.loads((path / "dataset_dict.json").read_text(encoding="utf-8"))["splits"]
            raise DataError(f"{path} has no split {split!r}, but {', '.join(splits)}")
        path /= split
    if (path / "state.json").is_file():
        saved = json.loads((path / "state.json").read_text(encoding="utf-8"))
        if "_data_files" in saved:
            return [path / file["filename"] for file in saved["_data_files"]]
    inside = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    found = [file for file in inside if file_format(file) in FORMATS and file.name not in NO_ROWS]
    found = [file for file in found if path.is_file() or not is_hidden(file, path)]
    if not found:
        known = f"{', '.join(FORMATS)}, nor one of them with {', '.join(COMPRESSIONS)}"
        suffixes = [OTHERWISE[suffix] for file in inside if (suffix := file_format(file)) in OTHERWISE]
        folder = "" if path.is_file() else ", and no folder that holds one"
        raise DataError(f"{path.name} is none of {known}{folder}" + "".join(f": {one}" for one in suffixes[:1]))
    refuse_copies(found)
    return found


def is_hidden(file: Path, folder: Path) -> bool:
    """Whether a file's name, or that of a folder on the way to it, begins with a dot or an underscore."""
    return any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)


def unread_files(path: Path) -> str:
    """Return a note on the files of a folder that are of no format of rows, but for documents; "" for none."""
    if not path.is_dir() or (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
        return ""
    inside = sorted(file for file in path.rglob("*") if file.is_file() and not is_hidden(file, path))
    known = (*FORMATS, *NOTES, "")
    left = [str(file.relative_to(path)) for file in inside if file_format(file) not in known]
    return f"not read, of another format: {quoted(left, 5)}" if left else ""


def refuse_address(name: str, otherwise: str = "download it, and give the file") -> None:
    """DataError for the address of something on the web or in a bucket."""
    if found := re.fullmatch(
        r"(?:https?:/+(?:www\.)?(?:huggingface\.co|hf\.co)/|hf:/+)datasets/([^/]+/[^/?#]+).*", name
    ):
        raise DataError(f"{name} is an address: write the id of the dataset, {found[1]}")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", name):
        raise DataError(f"{name} is an address: {otherwise}")


def refuse_copies(paths: list[Path]) -> None:
    """DataError where two files of a folder have one name and two formats: the same rows, and read twice."""
    seen: dict[tuple[Path, str], Path] = {}
    for path in paths:
        stem = path.name.lower().partition(file_format(path))[0]
        other = seen.setdefault((path.parent, stem), path)
        if file_format(other) != file_format(path):
            raise DataError(f"{other.name} and {path.name} look like the same rows twice: give one of them")


def read_records(path: Path, columns: Sequence[str] = ()) -> Iterator[Record]:
    """Yield the rows of one file in order. Parquet and Arrow are read for `columns` only, where they are given.

    DataError where the file as a whole cannot be read: damaged, cut off, or not of the format in its name.
    """
    kind = file_format(path)
    with explain_damage(path):
        if kind in COLUMNAR:
            yield from columnar_records(path, columns)
            return
        with open_text(path) as text:
            yield from (csv_records if kind in TABLES else json_records)(path, text)


def describe(path: Path) -> str:
    """Return what is unusual in how a file is written, for the terminal; empty for UTF-8 with commas or tabs."""
    if file_format(path) in COLUMNAR:
        return ""
    with explain_damage(path):
        names = {"cp1252": "Windows-1252, as its bytes look", "utf-8-sig": "", "utf-8": ""}
        encoding = text_encoding(path)
        found = [names.get(encoding, encoding.upper().removesuffix("-LE").removesuffix("-BE"))]
        if file_format(path) in TABLES:
            delimiter = find_delimiter(path)
            if delimiter != usual_delimiter(path):
                found.append("fields separated by " + ("tabs" if delimiter == "\t" else repr(delimiter)))
    return f"{path.name}: {', '.join(filter(None, found))}" if any(found) else ""


def json_records(path: Path, text: TextIO) -> Iterator[Record]:
    """Yield JSON lines, or the objects of one array. A comma after a line is left out."""
    begun = False
    alone: dict[str, Any] = {}  # the first line, until another shows that it is a row
    for number, line in enumerate(text, 1):
        if line.isspace():
            continue
        if not begun and line.lstrip().startswith("["):
            yield from array_records(path, line + text.read())
            return
        if not begun and line.strip() == "{":
            raise DataError(f"{path.name} is one JSON object over several lines: write one object a line, or an array")
        if alone:
            yield alone
            alone = {}
        first, begun = not begun, True
        if not valid_unicode(line):
            yield unreadable(number, NOT_UTF8, line)
            continue
        try:
            record = json.loads(line.rstrip().removesuffix(","))
        except (ValueError, RecursionError) as error:
            yield unreadable(number, f"is not JSON: {json_error(error)}", line)
            continue
        if not isinstance(record, dict):
            yield unreadable(number, f"is {json_type(record)}, not an object", line)
        elif first:
            alone = record
        else:
            yield record
    if alone:
        refuse_wrapped(path, alone)
        yield alone


def json_error(error: Exception) -> str:
    """Return what is wrong with a line, and in which column of it."""
    if not isinstance(error, json.JSONDecodeError):
        return first_line(error)
    what = "more than one value in the line" if error.msg == "Extra data" else error.msg
    return f"{what} (column {error.colno})"


def refuse_wrapped(path: Path, only: dict[str, Any]) -> None:
    """DataError for a file of one object that holds all rows: in a list, or by column as pandas writes them."""
    pandas = "write it with `to_json(..., orient='records', lines=True)`"
    rows = list(only.values())
    if len(rows) > 2 and all(isinstance(one, dict) and one and one.keys() == rows[0].keys() for one in rows):
        raise DataError(f"{path.name} is one JSON object with a row for each key: write the rows as a list")
    if {"columns", "data"} <= only.keys() or all(isinstance(one, dict) and "0" in one for one in only.values()):
        raise DataError(f"{path.name} is one JSON object of columns, as pandas writes it: {pandas}")
    for key in WRAPPERS & only.keys():
        inside = only[key]
        rows = [one for one in inside if isinstance(one, dict)] if isinstance(inside, list) else []
        if rows and not any({"role", "from"} & one.keys() for one in rows):
            raise DataError(f"{path.name} is one JSON object with the rows in {key!r}: write that list alone")


def array_records(path: Path, text: str) -> Iterator[Record]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path.name} is one JSON array and cannot be read ({first_line(error)}): write one object a line"
        ) from error
    for number, record in enumerate(found, 1):
        if isinstance(record, dict):
            yield record
        else:
            yield Unreadable(f"row {number} is {json_type(record)}, not an object", json.dumps(record))


def json_type(found: Any) -> str:
    """The type of a value in JSON's words."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(found), "null" if found is None else type(found).__name__)


def columnar_records(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    import pyarrow

    with open(path, "rb") as file:
        if (first := file.read(32)).startswith(b"version https"):  # of Git LFS, in place of the file
            refuse_other_content(path, first)
    try:
        for batch in columnar_batches(path, columns):
            structs = [field.name for field in batch.schema if "struct<" in str(field.type)]
            for row in batch.to_pylist():
                yield row | {name: without_nulls(row[name]) for name in structs}
    except pyarrow.ArrowException as error:
        kind = file_format(path).removeprefix(".").capitalize()
        raise DataError(f"{path} cannot be read as {kind}: {first_line(error)}") from error


def columnar_batches(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    """Yield record batches of a Parquet file, or of an Arrow file in either of its two forms."""
    import pyarrow
    from pyarrow import parquet

    asked = {part for column in columns for part in (column, column.partition(".")[0])}  # "a.b" may be a key of "a"

    def wanted(names: Sequence[str]) -> list[str]:
        there = [name for name in names if not columns or name in asked]
        return there or list(names[:1])  # a row is a row, even where it has none of the columns

    if file_format(path) == ".parquet":
        with parquet.ParquetFile(path) as file:
            yield from file.iter_batches(BATCH, columns=wanted(file.schema_arrow.names))
        return
    with pyarrow.memory_map(str(path)) as source:
        if source.read(6) == b"ARROW1":
            file = pyarrow.ipc.open_file(source)
            yield from (
                file.get_batch(number).select(wanted(file.schema.names)) for number in range(file.num_record_batches)
            )
        else:
            source.seek(0)
            stream = pyarrow.ipc.open_stream(source)
            yield from (batch.select(wanted(stream.schema.names)) for batch in stream)


def class_names(path: Path) -> dict[str, tuple[str, ...]]:
    """Return column -> names of its numbers, as the library datasets writes them into Parquet and Arrow."""
    from pyarrow import ipc, memory_map, parquet

    if file_format(path) not in COLUMNAR:
        return {}
    if file_format(path) == ".parquet":
        schema = parquet.read_schema(path)
    else:
        with memory_map(str(path)) as source:
            in_file = source.read(6) == b"ARROW1"
            source.seek(0)
            schema = (ipc.open_file(source) if in_file else ipc.open_stream(source)).schema
    features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    return {name: tuple(one["names"]) for name, one in features.items() if isinstance(one, dict) and "names" in one}
