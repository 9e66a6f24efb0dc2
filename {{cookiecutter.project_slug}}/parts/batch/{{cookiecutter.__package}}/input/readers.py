"""The rows of a file, a folder or a Hugging Face dataset as a stream; a bad line does not end it."""

import csv
import gzip
import hashlib
import io
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from ..run import files
from .prompts import DataError, PromptSpec, Record, Row, Unreadable, json_type, make_row, prompt_maker

LINES = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv")
FORMATS = (*LINES, *TABLES, ".parquet")
FIELD_CHARACTERS = 4 * 2**20  # of one CSV field: a quote that nobody closes ends there, and not with the file
BATCH = 1024  # rows of a Parquet file in memory at once
FIRST = 100  # rows that are tried before a whole input is taken


@dataclass(frozen=True)
class Source:
    """Where rows come from: a file, a folder of files in name order, or a dataset on the Hugging Face hub."""

    path: str
    split: str = "train"  # these three for the hub only
    config: str = ""
    revision: str = ""


def rows(source: Source, spec: PromptSpec) -> Iterator[Row]:
    """Every row in order, usable or not, as a stream. DataError where the source itself cannot be read."""
    make_prompt = prompt_maker(spec)
    for number, record in enumerate(itertools.islice(records(source, spec.columns), spec.limit or None)):
        yield make_row(number, record, make_prompt, spec.id)


def check(source: Source, spec: PromptSpec) -> None:
    """DataError where none of the first rows can be used: a mistyped column must not become a million bad rows."""
    first = list(itertools.islice(rows(source, spec), FIRST))
    if not first:
        raise DataError(f"{source.path} holds no rows")
    if all(row.error for row in first):
        raise DataError(f"none of the first {len(first)} rows of {source.path} can be used: {first[0].error}")


def records(source: Source, columns: Sequence[str]) -> Iterator[Record]:
    """The rows as they are, in order. Parquet is read for `columns` only."""
    if not is_local(source):
        yield from hub_records(source)
        return
    for path in paths(source):
        if path.suffix == ".parquet":
            yield from parquet_records(path, columns)
        elif file_format(path) in TABLES:
            yield from csv_records(path)
        else:
            yield from json_records(path)


def is_local(source: Source) -> bool:
    """Whether it is a path and not a dataset on the hub."""
    path = Path(source.path).expanduser()
    return path.exists() or file_format(path) in FORMATS or path.is_absolute() or source.path.startswith((".", "~"))


def file_format(path: Path) -> str:
    """The suffix that says the format: that before .gz, where it is compressed."""
    return Path(path.stem).suffix if path.suffix == ".gz" else path.suffix


def paths(source: Source) -> list[Path]:
    """The files of a local source, in name order. DataError where there is none that can be read."""
    path = Path(source.path).expanduser()
    if not path.exists():
        raise DataError(f"there is no {source.path}: give a file, a folder, or a Hugging Face id such as org/name")
    inside = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    readable = [file for file in inside if file_format(file) in (*LINES, *TABLES) or file.suffix == ".parquet"]
    found = [file for file in readable if not file.name.startswith((".", "_"))]
    if not found:
        raise DataError(f"{source.path} is no .jsonl, .csv or .parquet, nor a folder that holds one")
    return found


def open_bytes(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else open(path, "rb")


def json_records(path: Path) -> Iterator[Record]:
    """JSON lines. Neither pyarrow nor datasets goes on after a line that is not JSON or of another type than before."""
    with open_bytes(path) as file:
        for number, line in enumerate(file):
            if number == 0:
                line = line.removeprefix(b"\xef\xbb\xbf")  # a byte order mark
                if line.lstrip().startswith(b"["):
                    raise DataError(f"{path} is one JSON array: write one object a line, as `jq -c '.[]'` does")
            if line.isspace():
                continue
            try:
                record = json.loads(line)
                error = "" if isinstance(record, dict) else f"{json_type(record)}, not an object"
            except (ValueError, RecursionError) as reason:
                record, error = {}, f"not JSON: {reason}"
            yield Unreadable(error, line.decode("utf-8", "backslashreplace").rstrip("\r\n")) if error else record


def csv_records(path: Path) -> Iterator[Record]:
    """CSV or TSV with a header. One row that is not UTF-8 ends pyarrow's reading; the csv module goes on."""
    csv.field_size_limit(FIELD_CHARACTERS)
    with open_bytes(path) as file, io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="") as lines:
        reader = csv.reader(lines, delimiter="\t" if file_format(path) == ".tsv" else ",")
        header = next(reader, None)
        while header:
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
        yield from datasets.load_dataset(
            source.path, source.config or None, split=source.split, revision=source.revision or None, streaming=True
        )
    except Exception as error:  # of datasets, the hub's client, its HTTP library, the system
        raise DataError(f"the dataset {source.path} cannot be read: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def pinned(source: Source) -> Source:
    """The source at the commit that the hub has now, so that it is the same tomorrow. A local one as it is."""
    if is_local(source):
        return source
    from huggingface_hub import HfApi

    try:
        commit = HfApi().dataset_info(source.path, revision=source.revision or None).sha
    except Exception as error:  # of the client, its HTTP library, the system
        absent = f"there is no file {source.path}, and no dataset of that name on the hub"
        raise DataError(f"{absent}: {first_line(error)}") from error
    return replace(source, revision=commit or source.revision)


def content(source: Source) -> str:
    """Twelve hex digits of the content: of the files' bytes, or of a pinned dataset's commit and split."""
    if not is_local(source):
        return files.fingerprint([source.path, source.config, source.split, source.revision])
    digest = hashlib.sha256()
    for path in paths(source):
        digest.update(f"{file_format(path)} {files.sha256(path)}\n".encode())
    return digest.hexdigest()[:12]
