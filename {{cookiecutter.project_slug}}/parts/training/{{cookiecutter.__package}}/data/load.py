"""Where a dataset comes from: this machine, the Volume, or the hub. Loads no library before it must."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..rows import reader
from ..rows.encodings import DataError
from ..rows.records import without_nulls
from ..run import files
from ..run.reply import UserError
from ..run.run_dir import MOUNT, volume

if TYPE_CHECKING:
    import datasets

DATASETS = "datasets"  # folder on the Volume
HOME = Path(__file__).parents[2]  # of the project
MARKS, MARK_CHARACTERS = 8, 20  # a column of more values, or of longer ones, marks no rows as good, bad or held out
MARK_TYPES = ("string", "large_string", "bool", "int8", "int32", "int64", "float64")
BATCH = 1000  # rows of a dataset of the hub at once
HELD_OUT = "test|testing|dev|eval|evaluation|val|valid|validation|holdout|heldout|held[ _-]out"
SPLITS = re.compile(rf"(?:^|[^a-z])(train|training|{HELD_OUT})(?:[ _-]?set)?(?:[^a-z]|$)")


@dataclass(frozen=True)
class Rows:
    """The rows of a dataset as they are written, read from the start each time that `read` is called."""

    name: str
    read: Callable[[], Iterator[dict[str, Any]]]
    columns: tuple[str, ...]  # that occur in any row
    count: int
    content: str  # fingerprint
    classes: dict[str, tuple[str, ...]]  # column -> names of its numbers, where the dataset gives them
    marks: dict[str, set[str]]  # column -> its values in lower case, of columns that have few and short ones
    notes: tuple[str, ...] = ()  # how the files are written, where that is unusual


def local_path(name: str) -> Path | None:
    """Return the file or folder of this machine that `name` means, seen from here or from the project's folder.

    None for a dataset on the hub, and for a path on the Volume. FileNotFoundError for a file that is not there.
    """
    for path in (Path(name).expanduser(), HOME / name):
        if path.exists():
            return path
    try:
        reader.refuse_address(name)
    except DataError as error:
        raise UserError(str(error)) from error
    if name.startswith(f"{MOUNT}/") or not (name.startswith(("/", ".", "~")) or is_file_name(name)):
        return None
    raise FileNotFoundError(
        f"there is no file {name}: DATASET is a Hugging Face id, a folder, or a {', '.join(reader.FORMATS)}"
    )


def is_file_name(name: str) -> bool:
    return reader.file_format(Path(name)) in reader.FORMATS


def content_hash(path: Path) -> str:
    """Return twelve hex digits of the bytes of a file, or of all files of a folder with their names."""
    inside = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    names = [str(file.relative_to(path)) for file in inside]
    return files.fingerprint(list(zip(names, files.sha256s(inside), strict=True)))


def upload(name: str) -> str:
    """Return the name of a dataset in containers. One of this machine is brought to the Volume, once."""
    local = local_path(name)
    if local is None:
        return name
    return f"{MOUNT}{files.upload(volume, local, f'/{DATASETS}/{content_hash(local)}')}"


def copy_to_volume(root: Path, name: str, subset: str) -> str:
    """Return the path of a dataset below `root`. One of the hub is copied there, at the commit that it has now."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if Path(name).is_relative_to(root):
        if ".." in Path(name).parts:
            raise UserError(f"{name} leads out of its folder: write the path without ..")
        return name
    try:
        commit = HfApi().dataset_info(name).sha
    except (HfHubHTTPError, HFValidationError, OSError):
        load_from_hub(name, subset)  # raises what is wrong with it
        raise
    copy = "--".join(part for part in (name, subset) if part).replace("/", "--")
    path = root / DATASETS / f"{copy}-{str(commit)[:12]}.parquet"
    if not path.is_file():
        rows = load_from_hub(name, subset, revision=commit)
        with files.atomic_write(path) as temporary:
            rows.to_parquet(str(temporary))
    return str(path)


def load_dataset(name: str, subset: str = "") -> Rows:
    """Return the rows of a file, of a folder of files, or of a dataset on the hub. UserError in one sentence."""
    path = Path(name).expanduser()
    try:
        reader.refuse_address(name)
        if not (path.exists() or is_file_name(name)):
            return from_library(name, load_from_hub(name, subset))
        return read_files(path)
    except DataError as error:
        raise UserError(str(error)) from error


def load_from_hub(name: str, subset: str = "", revision: str | None = None) -> "datasets.Dataset":
    """Load the split "train" of a dataset on the hub. UserError in one sentence."""
    import datasets
    from datasets.exceptions import DatasetNotFoundError

    if found := re.fullmatch(r"([\w.-]+/[\w.-]+)(?: +|:)([\w.-]+)", name):
        raise UserError(
            f'{name!r} is an id and one of its configurations: write DATASET = "{found[1]}" and SUBSET = "{found[2]}"'
        )
    try:
        return datasets.load_dataset(name, subset or None, split="train", revision=revision)
    except DatasetNotFoundError as error:
        known = ", ".join(reader.FORMATS)
        raise UserError(f"there is no dataset {name!r}: a Hugging Face id, a folder, or a file ({known})") from error
    except ValueError as error:  # no such split or configuration; the text lists those that exist
        raise UserError(f"dataset {name!r}: {' '.join(str(error).split())}") from error
    except ConnectionError as error:
        raise UserError(f"dataset {name!r} is no file here, and the hub cannot be reached") from error
    except FileNotFoundError as error:  # it has no files of rows, or is the name of nothing
        raise UserError(f"dataset {name!r}: {' '.join(str(error).split())}") from error


def from_library(name: str, rows: "datasets.Dataset") -> Rows:
    """Return the rows of a dataset that the library datasets has loaded."""
    named = {column: getattr(feature, "names", None) for column, feature in rows.features.items()}
    classes = {column: tuple(names) for column, names in named.items() if names}
    marks: dict[str, set[str]] = {}
    for column, feature in rows.features.items():
        kind = getattr(getattr(feature, "feature", feature), "dtype", "")  # of a list, that of what is in it
        batches = rows.select_columns([column]).iter(BATCH) if kind in MARK_TYPES else ()
        for batch in batches:
            collect_marks(marks, ({column: value} for value in batch[column]))
            if len(marks[column]) > MARKS:
                break
    structs = [field.name for field in rows.features.arrow_schema if "struct<" in str(field.type)]

    def read() -> Iterator[dict[str, Any]]:
        for row in rows:
            yield row | {column: without_nulls(row[column]) for column in structs}

    return Rows(name, read, tuple(rows.column_names), len(rows), rows._fingerprint, classes, few(marks))


def collect_marks(marks: dict[str, set[str]], rows: Iterable[dict[str, Any]]) -> None:
    """Add the values of rows to those of their columns, until a column has more than MARKS or a long one."""
    for row in rows:
        for column, value in row.items():
            known = marks.setdefault(column, set())
            if len(known) > MARKS or value is None or value != value:  # NaN
                continue
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
            text = str(value).strip().lower() if isinstance(value, str | bool | int | float) else ""
            known |= {text} if 0 < len(text) <= MARK_CHARACTERS else set(map(str, range(MARKS + 1)))


def with_keys(rows: Rows, named: Iterable[str]) -> Rows:
    """Return rows with columns such as "inputs.question" and "answers.text.0" for the keys of nested values in them.

    A name that is a column already, or that no row has, adds none.
    """
    nested = [name for name in named if "." in name and name not in rows.columns]
    nested = [name for name in nested if any(look_up(row, name.split(".")) is not None for row in rows.read())]
    if not nested:
        return rows

    def read() -> Iterator[dict[str, Any]]:
        for row in rows.read():
            yield row | {name: look_up(row, name.split(".")) for name in nested}

    return replace(rows, read=read, columns=(*rows.columns, *nested))


def look_up(value: Any, keys: Sequence[str]) -> Any:
    """Return what lies at the keys, or at the places in lists, of a nested value; None where there is nothing."""
    for key in keys:
        if isinstance(value, list) and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def few(marks: dict[str, set[str]]) -> dict[str, set[str]]:
    return {column: values for column, values in marks.items() if 0 < len(values) <= MARKS}


def read_files(path: Path) -> Rows:
    """Return the rows of a file or folder, all of them read once. DataError names the first line that is no row."""
    paths, notes = training_files(path)
    columns: dict[str, None] = {}
    classes: dict[str, tuple[str, ...]] = {}
    marks: dict[str, set[str]] = {}
    count = 0
    for file in paths:
        if file.stat().st_size == 0:
            raise DataError(f"{file.name} is empty")
        if note := reader.describe(file):
            notes.append(note)
        for record in reader.read_records(file):
            if isinstance(record, reader.Unreadable):
                raise DataError(f"{file.name} cannot be read: {record.error}")
            columns |= dict.fromkeys(record)
            collect_marks(marks, [record])
            count += 1
        classes |= reader.class_names(file)

    def read() -> Iterator[dict[str, Any]]:
        for file in paths:
            yield from (record for record in reader.read_records(file) if isinstance(record, dict))

    content = files.fingerprint(files.sha256s(paths))
    return Rows(path.name, read, tuple(columns), count, content, classes, few(marks), tuple(notes))


def training_files(path: Path) -> tuple[list[Path], list[str]]:
    """Return the files to train on, and notes: of a folder whose files are named after splits, those of "train".

    Where none is, those that are named after no split. DataError where all are named after splits that are held out.
    """
    paths = reader.dataset_files(path)
    if paths == [path]:
        return paths, []
    unread = list(filter(None, [reader.unread_files(path)]))
    names = {file: str(file.relative_to(path)) for file in paths}
    splits = {file: found[1] for file, name in names.items() if (found := SPLITS.search(name.lower()))}
    chosen = [file for file in paths if splits.get(file, "").startswith("train")]
    chosen = chosen or [file for file in paths if file not in splits]
    left = [names[file] for file in paths if file not in chosen]
    if not left:
        return paths, unread
    if not chosen:
        raise DataError(f"{path.name} holds {', '.join(left)}, and no rows to train on: name one of them where it is")
    return chosen, [f"{', '.join(names[file] for file in chosen)}; left out: {', '.join(left)}", *unread]
