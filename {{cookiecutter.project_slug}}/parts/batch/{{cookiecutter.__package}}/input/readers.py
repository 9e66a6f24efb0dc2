"""The input: rows of a file, a folder or a Hugging Face dataset as a stream of prompts; bad rows carry their error."""

import csv
import gzip
import hashlib
import io
import itertools
import json
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, TypedDict, cast

from ..run import files

LINES = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv")
FIELD_CHARACTERS = 4 * 2**20  # of one CSV field: a quote that nobody closes ends there, and not with the file
BATCH = 1024  # rows of a Parquet file in memory at once
FIRST = 100  # rows that are tried before a whole input is taken


class DataError(ValueError):
    """An input that cannot be read at all. The text is one sentence that says what would work."""


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


Prompt = str | list[Message]


@dataclass(frozen=True)
class Source:
    """Where rows come from: a file, a folder of files in name order, or a dataset on the Hugging Face hub."""

    path: str
    split: str = "train"  # these three for the hub only
    config: str = ""
    revision: str = ""


@dataclass(frozen=True)
class Reading:
    """How a row becomes a prompt: a column, a template with {column} names, or a column of chat messages."""

    column: str = ""
    template: str = ""
    messages: str = ""
    id: str = ""  # the column that names a row; "": its number
    limit: int = 0  # the first so many rows; 0: all

    def __post_init__(self) -> None:
        if sum(map(bool, (self.column, self.template, self.messages))) != 1:
            raise DataError("a prompt is one of: a column, a template, a column of chat messages")
        if self.template and not any(name for _text, name in parts(self.template)):
            raise DataError("the template names no column, so every prompt would be the same: write {text}, say")

    @property
    def columns(self) -> list[str]:
        """The columns it needs, each once."""
        named = [name for _text, name in parts(self.template) if name]
        return list(dict.fromkeys(filter(None, (self.column, self.messages, *named, self.id))))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the input. An unusable one has no prompt but an error, and itself as it was read."""

    number: int  # from 0, in the order of the input; unusable rows count
    id: str
    prompt: Prompt | None
    error: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no row."""

    error: str
    raw: str


Record = dict[str, Any] | Unreadable


def parts(template: str) -> list[tuple[str, str]]:
    """(text, column after it) of a template; the column is "" at the end. Doubled braces stand for themselves.

    A name is looked up as it stands, so `{a.b}` is the column "a.b": nothing is called, no attribute is read. DataError
    for conversions, formats and numbered fields.
    """
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError as error:
        raise DataError(f"the template has a brace too many or too few ({error}): double one that is text") from None
    for _text, column, spec, conversion in fields:
        if spec or conversion or column == "":
            raise DataError(f"in the template the braces around {column!r} hold more than the name of a column")
    return [(text, column or "") for text, column, _spec, _conversion in fields]


def rows(source: Source, reading: Reading) -> Iterator[Row]:
    """Every row in order, usable or not, as a stream. DataError where the source itself cannot be read."""
    found = records(source, reading.columns)
    make = prompts(reading)
    for number, record in enumerate(itertools.islice(found, reading.limit or None)):
        yield row(number, record, make, reading.id)


def check(source: Source, reading: Reading) -> None:
    """DataError where none of the first rows can be used: a mistyped column must not become a million bad rows."""
    first = list(itertools.islice(rows(source, reading), FIRST))
    if not first:
        raise DataError(f"{source.path} holds no rows")
    if all(found.error for found in first):
        raise DataError(f"none of the first {len(first)} rows of {source.path} can be used: {first[0].error}")


def row(number: int, record: Record, make: Callable[[dict[str, Any]], Prompt], id_column: str) -> Row:
    if isinstance(record, Unreadable):
        return Row(number, str(number), None, record.error, printable(record.raw))
    identity = str(number)
    try:
        if id_column:
            identity = name(record, id_column)
        return Row(number, identity, make(record))
    except ValueError as error:
        raw = json.dumps(record, ensure_ascii=False, default=str)
        return Row(number, identity, None, str(error), printable(raw))


def prompts(reading: Reading) -> Callable[[dict[str, Any]], Prompt]:
    """What makes a prompt of a record, or raises ValueError with what is wrong with that record."""
    if reading.column:
        return lambda record: text(value(record, reading.column), reading.column)
    if reading.messages:
        return lambda record: chat(value(record, reading.messages), reading.messages)
    pieces = parts(reading.template)
    return lambda record: "".join(said + (inserted(record, column) if column else "") for said, column in pieces)


def value(record: dict[str, Any], column: str) -> Any:
    try:
        found = record[column]
    except KeyError:
        raise ValueError(f"no column {column!r}; the row has {', '.join(map(repr, record)) or 'none'}") from None
    if found is None:
        raise ValueError(f"{column!r} is null")
    return found


def text(found: Any, column: str) -> str:
    if not isinstance(found, str):
        raise ValueError(f"{column!r} is {kind(found)}, not text")
    if not found or found.isspace():
        raise ValueError(f"{column!r} is empty")
    return unicode(found, column)


def inserted(record: dict[str, Any], column: str) -> str:
    """A value in a template: text, a number or a truth value."""
    found = value(record, column)
    if isinstance(found, bool | int | float):
        return str(found)
    return text(found, column)


def name(record: dict[str, Any], column: str) -> str:
    """A row's id: text or a whole number."""
    found = value(record, column)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return text(found, column)


def chat(found: Any, column: str) -> list[Message]:
    """Messages, as a list or as JSON in a text column."""
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            raise ValueError(f"{column!r} is text that is not JSON, not a list of messages") from None
    if not isinstance(found, list) or not found:
        raise ValueError(f"{column!r} is {kind(found) if found else 'empty'}, not a list of messages")
    turns: list[Message] = []
    for turn in found:
        if not isinstance(turn, dict) or not isinstance(turn.get("role"), str):
            raise ValueError(f"{column!r} holds a message without a role")
        turns.append({"role": turn["role"], "content": text(turn.get("content"), f"{column}.content")})
    return turns


def unicode(found: str, column: str) -> str:
    """The text itself, unless it holds half a surrogate pair, which no file format can carry."""
    if not found.isascii() and printable(found) != found:
        raise ValueError(f"{column!r} is not valid Unicode")
    return found


def printable(found: str) -> str:
    return found.encode("utf-8", "backslashreplace").decode("utf-8")


def kind(found: Any) -> str:
    """A type in JSON's words."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(found), type(found).__name__)


def records(source: Source, columns: Sequence[str]) -> Iterator[Record]:
    """The rows as they are, in order. Parquet is read for `columns` only."""
    if not local(source):
        yield from hub_records(source)
        return
    for path in paths(source):
        if path.suffix == ".parquet":
            yield from parquet_records(path, columns)
        elif form(path) in TABLES:
            yield from csv_records(path)
        else:
            yield from json_records(path)


def local(source: Source) -> bool:
    """Whether it is a path and not a dataset on the hub."""
    path = Path(source.path).expanduser()
    known = form(path) in (*LINES, *TABLES, ".parquet")
    return path.exists() or known or path.is_absolute() or source.path.startswith((".", "~"))


def form(path: Path) -> str:
    """The suffix that says the format: that before .gz, where it is compressed."""
    return Path(path.stem).suffix if path.suffix == ".gz" else path.suffix


def paths(source: Source) -> list[Path]:
    """The files of a local source, in name order. DataError where there is none that can be read."""
    path = Path(source.path).expanduser()
    if not path.exists():
        raise DataError(f"there is no {source.path}: give a file, a folder, or a Hugging Face id such as org/name")
    inside = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    found = [file for file in inside if form(file) in (*LINES, *TABLES) or file.suffix == ".parquet"]
    found = [file for file in found if not file.name.startswith((".", "_"))]
    if not found:
        raise DataError(f"{source.path} is no .jsonl, .csv or .parquet, nor a folder that holds one")
    return found


def opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else open(path, "rb")


def json_records(path: Path) -> Iterator[Record]:
    """JSON lines. Neither pyarrow nor datasets goes on after a line that is not JSON or of another type than before."""
    with opened(path) as file:
        for number, line in enumerate(file):
            if number == 0:
                line = line.removeprefix(b"\xef\xbb\xbf")  # a byte order mark
                if line.lstrip().startswith(b"["):
                    raise DataError(f"{path} is one JSON array: write one object a line, as `jq -c '.[]'` does")
            if not line.isspace():
                yield json_record(line)


def json_record(line: bytes) -> Record:
    try:
        record = json.loads(line)
        error = "" if isinstance(record, dict) else f"{kind(record)}, not an object"
    except (ValueError, RecursionError) as reason:
        record, error = {}, f"not JSON: {reason}"
    return Unreadable(error, line.decode("utf-8", "backslashreplace").rstrip("\r\n")) if error else record


def csv_records(path: Path) -> Iterator[Record]:
    """CSV or TSV with a header. One row that is not UTF-8 ends pyarrow's reading; the csv module goes on."""
    csv.field_size_limit(FIELD_CHARACTERS)
    with opened(path) as file, io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="") as lines:
        reader = csv.reader(lines, delimiter="\t" if form(path) == ".tsv" else ",")
        header = next(reader, None)
        if not header:
            return
        while True:
            try:
                fields = next(reader, None)
            except csv.Error as error:
                yield Unreadable(f"not CSV: {error}", "")
                continue
            if fields is None:
                return
            if len(fields) == len(header):
                yield dict(zip(header, fields, strict=True))
            elif fields:
                raw = json.dumps(fields, ensure_ascii=False)
                yield Unreadable(f"{len(fields)} fields where the header has {len(header)}", raw)


def parquet_records(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            there = [column for column in columns if column in file.schema_arrow.names]
            other = file.schema_arrow.names[:1]  # a row is a row, even where it has none of the columns
            for batch in file.iter_batches(BATCH, columns=there or other):
                yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise DataError(f"{path} cannot be read as Parquet: {first_line(error)}") from error


def hub_records(source: Source) -> Iterator[Record]:
    import datasets

    try:
        stream = datasets.load_dataset(
            source.path, source.config or None, split=source.split, revision=source.revision or None, streaming=True
        )
        yield from stream
    except Exception as error:  # of datasets, the hub's client, its HTTP library, the system
        raise DataError(f"the dataset {source.path} cannot be read: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def pinned(source: Source) -> Source:
    """The source at the commit that the hub has now, so that it is the same tomorrow. A local one as it is."""
    if local(source):
        return source
    from huggingface_hub import HfApi

    try:
        found = HfApi().dataset_info(source.path, revision=source.revision or None).sha
    except Exception as error:  # of the client, its HTTP library, the system
        absent = f"there is no file {source.path}, and no dataset of that name on the hub"
        raise DataError(f"{absent}: {first_line(error)}") from error
    return replace(source, revision=found or source.revision)


def content(source: Source) -> str:
    """Twelve hex digits of the content: of the files' bytes, or of a pinned dataset's commit and split."""
    if not local(source):
        return files.fingerprint([source.path, source.config, source.split, source.revision])
    digest = hashlib.sha256()
    for path in paths(source):
        digest.update(f"{form(path)} {files.sha256(path)}\n".encode())
    return digest.hexdigest()[:12]
