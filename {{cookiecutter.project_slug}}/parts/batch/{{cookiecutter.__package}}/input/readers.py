"""The rows of a file, a folder or a Hugging Face dataset as prompts, in a stream; a bad row does not end it."""

import hashlib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..rows import reader
from ..rows.encodings import DataError, first_line
from ..rows.records import Record, quoted
from ..run import files
from .prompts import OPENAI, SYSTEM, PromptSpec, Row, make_row, prompt_maker, row_name, system_beside

FIRST = 100  # rows that are tried before a whole input is taken


@dataclass(frozen=True)
class Source:
    """Where rows come from: a file, a folder of files in name order, or a dataset on the Hugging Face hub."""

    path: str
    split: str = "train"  # of a dataset on the hub, or of a folder that its library saved
    config: str = ""  # these two for the hub only
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
        yield from reader.read_records(path, columns)


def is_local(source: Source) -> bool:
    """Whether it is a path and not a dataset on the hub."""
    refuse_addresses(source.path)
    path = Path(source.path).expanduser()
    known = reader.file_format(path) in reader.FORMATS
    return path.exists() or known or path.is_absolute() or source.path.startswith((".", "~"))


def refuse_addresses(name: str) -> None:
    """DataError for an address, and for the id of a dataset with one of its configurations behind it."""
    bucket = 'set BUCKET in plan.py to its name, and give "/bucket/" with the path in it'
    web = "download it, and give the file"
    reader.refuse_address(name, bucket if re.match("(s3|gs|gcs|r2)a?:", name) else web)
    found = re.fullmatch(r"([\w.-]+/[\w.-]+)(?: +|:)([\w.-]+)", name)
    if found and not Path(name).exists():
        raise DataError(f"{name!r} is an id and one of its configurations: write {found[1]} --config {found[2]}")


def paths(source: Source) -> list[Path]:
    """The files of a local source, in name order. DataError where there is none that can be read."""
    return reader.dataset_files(Path(source.path).expanduser(), source.split)


def notes(source: Source, spec: PromptSpec) -> list[str]:
    """How the input is written, where that is unusual, one line each."""
    found = []
    if is_local(source):
        whole = Path(source.path).expanduser()
        found = [note for path in paths(source) if (note := reader.describe(path))]
        found += [note for note in (reader.unread_files(whole), repeated_ids(source, spec)) if note]
    first = first_record(source, spec.columns)
    if spec.messages and spec.messages != OPENAI and has_system(first, spec.messages):
        found.append(f"{SYSTEM!r} beside a chat goes before it, where that begins with none")
    if spec.column and re.match(r"""\s*\[\s*\{\s*["'](role|from|content|value)["']:""", str(first.get(spec.column))):
        found.append(f"{spec.column!r} holds chats as JSON, and each is one text to the model: --messages reads them")
    if spec.messages == OPENAI:
        found.append("requests of OpenAI's batch API: their model and sampling are not used, but those of plan.py")
    return found


def repeated_ids(source: Source, spec: PromptSpec) -> str:
    """A note on ids that several rows have; "" for none. Memory holds a number for each id."""
    seen, twice, first = set[int](), 0, ""
    for record in itertools.islice(records(source, [spec.id]), spec.limit or None) if spec.id else ():
        try:
            name = row_name(record, spec.id) if isinstance(record, dict) else ""
        except ValueError:  # of an unusable row, which is counted
            continue
        if name and (number := hash(name)) in seen:
            twice, first = twice + 1, first or name
        elif name:
            seen.add(number)
    named = f"{twice:,} rows have an id in {spec.id!r} that a row before them has, such as {first!r}"
    return f"{named}: their results cannot be told apart by it" if twice else ""


def first_record(source: Source, columns: Sequence[str]) -> dict[str, Any]:
    """The first row that can be read; empty for a dataset on the hub."""
    if not is_local(source):
        return {}
    return next((record for record in records(source, columns) if isinstance(record, dict)), {})


def has_system(record: dict[str, Any], column: str) -> bool:
    try:
        return bool(system_beside(record, column))
    except ValueError:  # of an unusable row
        return False


def recognise(source: Source, spec: PromptSpec) -> PromptSpec:
    """Return a specification that names the prompt column: one that names none is for OpenAI's batch files."""
    if not spec.is_open:
        return spec
    first = first_record(source, ())
    if not {"custom_id", "body"} <= first.keys():
        there = f"; the first row of {source.path} has {quoted(first)}" if first else ""
        raise DataError(f"say which column is the prompt: --column, --template or --messages{there}")
    return replace(spec, messages=OPENAI, id=spec.id or "custom_id")


def hub_records(source: Source) -> Iterator[Record]:
    import datasets

    try:
        yield from datasets.load_dataset(
            source.path, source.config or None, split=source.split, revision=source.revision or None, streaming=True
        )
    except Exception as error:  # of datasets, the hub's client, its HTTP library, the system
        raise DataError(f"the dataset {source.path} cannot be read: {first_line(error)}") from error


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
        digest.update(f"{reader.file_format(path)} {files.sha256(path)}\n".encode())
    return digest.hexdigest()[:12]
