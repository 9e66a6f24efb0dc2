"""The output: one Parquet file a shard, a receipt that says it is whole, dead rows beside; and all of it as one file.

A data file's name holds its checksum, and a shard is finished when its receipt names a file that is there with those
bytes. So whatever is killed half-way counts for nothing, and two workers on one shard cannot mix their results.
"""

import csv
import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from ..input.readers import Row
from ..run import files
from ..input.shards import Job, Shard


class ResultError(RuntimeError):
    """Results that cannot be joined as asked. The text says what would work."""


@dataclass(frozen=True, slots=True)
class Generated:
    """An answer. `finish_reason` is "stop" or "length"."""

    text: str
    finish_reason: str
    prompt_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Classified:
    """Every label with its score, best first."""

    scores: tuple[tuple[str, float], ...]
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Embedded:
    """A vector, float32 of shape (dimensions,)."""

    vector: np.ndarray
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A row that the engine cannot take, and why."""

    error: str


Result = Generated | Classified | Embedded
SCORE = pa.struct([("label", pa.string()), ("score", pa.float32())])


@dataclass(frozen=True, slots=True)
class Receipt:
    """A finished shard: where its rows lie, how many, and what they took."""

    shard: str
    file: str  # of output/; "" where every row is dead
    sha256: str
    dead_file: str  # of dead/; "" where no row is dead
    dead_sha256: str
    rows: int
    dead: int
    prompt_tokens: int
    output_tokens: int
    seconds: float  # of the container
    finished: float  # since the epoch


def table(rows: Sequence[Row], results: Sequence[Result]) -> pa.Table:
    """Results as columns beside the row's number and id. All are of one kind, at least one."""
    columns: dict[str, pa.Array] = {
        "row": pa.array([row.number for row in rows], pa.int64()),
        "id": pa.array([row.id for row in rows], pa.string()),
    }
    first, given = results[0], list[Any](results)
    if isinstance(first, Generated):
        columns["text"] = pa.array([result.text for result in given], pa.string())
        columns["finish_reason"] = pa.array([result.finish_reason for result in given], pa.string())
    elif isinstance(first, Classified):
        best = [result.scores[0] for result in given]
        scores = [[{"label": label, "score": score} for label, score in result.scores] for result in given]
        columns["label"] = pa.array([label for label, _score in best], pa.string())
        columns["score"] = pa.array([score for _label, score in best], pa.float32())
        columns["scores"] = pa.array(scores, pa.list_(SCORE))
    else:
        vectors = np.stack([result.vector for result in given]).astype(np.float32, copy=False)
        columns["embedding"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    columns["prompt_tokens"] = pa.array([result.prompt_tokens for result in given], pa.int32())
    if isinstance(first, Generated):
        columns["output_tokens"] = pa.array([result.output_tokens for result in given], pa.int32())
    return pa.table(columns)


def publish(job: Path, shard: Shard, rows: Sequence[Row], found: Sequence[Result | Failed], seconds: float) -> Receipt:
    """Write a shard's results, in the order of its rows, and then its receipt. `found` is of the usable rows.

    A receipt that is there already, with its files, stays: of two workers the first wins. ValueError where the counts
    differ.
    """
    usable = [row for row in rows if not row.error]
    pairs = list(zip(usable, found, strict=True))
    good = [(row, result) for row, result in pairs if not isinstance(result, Failed)]
    errors = {row.number: result.error for row, result in pairs if isinstance(result, Failed)}
    dead = [(row, row.error or errors[row.number]) for row in rows if row.error or row.number in errors]
    file, sha256, dead_file, dead_sha256 = "", "", "", ""
    if good:
        data = table([row for row, _result in good], [result for _row, result in good])
        file, sha256 = named(job / "output", shard, ".parquet", lambda path: parquet.write_table(data, path))
    if dead:
        lines = "".join(dead_line(row, error) for row, error in dead)
        dead_file, dead_sha256 = named(
            job / "dead", shard, ".jsonl", lambda path: path.write_text(lines, encoding="utf-8")
        )
    receipt = Receipt(
        shard=shard.name,
        file=file,
        sha256=sha256,
        dead_file=dead_file,
        dead_sha256=dead_sha256,
        rows=len(good),
        dead=len(dead),
        prompt_tokens=sum(result.prompt_tokens for _row, result in good),
        output_tokens=sum(result.output_tokens for _row, result in good if isinstance(result, Generated)),
        seconds=seconds,
        finished=time.time(),
    )
    if earlier := finished(job, shard.name):
        return earlier
    files.save(job / "done" / f"{shard.name}.json", asdict(receipt))
    return receipt


def bury(job: Path, shard: Shard, rows: Sequence[Row], error: str) -> Receipt:
    """Finish a shard whose rows cannot be had at any price: all of them go to the dead-letter file."""
    return publish(job, shard, rows, [Failed(error) for row in rows if not row.error], 0.0)


def named(folder: Path, shard: Shard, suffix: str, write: Callable[[Path], object]) -> tuple[str, str]:
    """Write a file, whole, whose name holds its checksum; return both."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{shard.name}.{uuid.uuid4().hex}{files.TEMPORARY}"
    try:
        write(draft)
        files.sync(draft)
        sha256 = files.sha256(draft)
        name = f"{shard.name}.{sha256[:12]}{suffix}"
        draft.replace(folder / name)
        files.sync(folder)
    finally:
        draft.unlink(missing_ok=True)
    return name, sha256


def dead_line(row: Row, error: str) -> str:
    given = row.raw if row.error else row.prompt
    return json.dumps({"row": row.number, "id": row.id, "error": error, "input": given}, ensure_ascii=False) + "\n"


def receipts(job: Path, start: str = "") -> dict[str, Receipt]:
    """Shard name, which starts so -> its receipt, as it says; `verified` tells which of them are to be believed."""
    found = (files.load(path) for path in (job / "done").glob(f"{start or '[!.]'}*.json"))
    return {value["shard"]: Receipt(**value) for value in found if value}


def verified(job: Path, found: Sequence[Receipt]) -> list[bool]:
    """Whether each receipt's files are there, byte for byte."""
    claims = [(job / "output" / receipt.file, receipt.sha256) for receipt in found]
    claims += [(job / "dead" / receipt.dead_file, receipt.dead_sha256) for receipt in found]
    claimed = [(path, sha256) for path, sha256 in claims if sha256]
    held = dict(zip((path for path, _ in claimed), files.sha256s([path for path, _ in claimed]), strict=True))
    right = [not sha256 or held[path] == sha256 for path, sha256 in claims]
    return [one and other for one, other in zip(right[: len(found)], right[len(found) :], strict=True)]


def tidy(job: Path, found: Sequence[Receipt]) -> None:
    """Remove results that no receipt of a complete job names: killed attempts left them. For when nothing runs."""
    named = {receipt.file for receipt in found} | {receipt.dead_file for receipt in found}
    for path in [*(job / "output").glob("[!.]*"), *(job / "dead").glob("[!.]*")]:
        if path.name not in named:
            path.unlink(missing_ok=True)


def finished(job: Path, name: str) -> Receipt | None:
    """The receipt of a shard, if its files are there."""
    value = files.load(job / "done" / f"{name}.json")
    receipt = Receipt(**value) if value else None
    return receipt if receipt and verified(job, [receipt])[0] else None


def tables(job: Path, found: Sequence[Receipt]) -> Iterator[pa.Table]:
    """The rows of each receipt, one shard in memory at a time. ResultError where a file is damaged."""
    for receipt in found:
        if receipt.file:
            path = job / "output" / receipt.file
            if files.sha256s([path]) != [receipt.sha256]:
                raise ResultError(f"{path.name} is missing or damaged: `run` makes it again")
            yield parquet.read_table(path)


@dataclass(frozen=True, slots=True)
class Joined:
    """What a join wrote."""

    path: Path
    rows: int
    dead_path: Path | None
    dead: int


def join(job: Job, found: Sequence[Receipt], to: Path) -> Joined:
    """Write the shards of `found`, which is in input order, as one Parquet, JSONL, CSV or (embeddings) NumPy file.

    Dead rows go to `<name>.dead.jsonl` beside it; a .npy file's row numbers and ids to `<name>.ids.csv`. Memory holds
    one shard. ResultError for another suffix, where no row has a result, and for a file that was damaged meanwhile.
    """
    writers = {".parquet": to_parquet, ".jsonl": to_jsonl, ".csv": to_csv, ".npy": to_npy}
    rows, dead = sum(receipt.rows for receipt in found), sum(receipt.dead for receipt in found)
    if to.suffix not in writers:
        raise ResultError(f"{to.name}: take one of {', '.join(writers)}")
    if to.suffix == ".npy" and job.settings.workload != "embedding":
        raise ResultError(f"{to.name}: NumPy holds embeddings; take .parquet, .jsonl or .csv")
    dead_path = to.with_suffix(".dead.jsonl")
    dead_path.unlink(missing_ok=True)  # of an earlier join
    if dead:
        with files.atomic_write(dead_path) as temporary, open(temporary, "wb") as file:
            for receipt in found:
                if receipt.dead_file:
                    file.write((job.folder / "dead" / receipt.dead_file).read_bytes())
    if not rows:
        raise ResultError(f"no row has a result; {dead:,} are dead" + (f": see {dead_path}" if dead else ""))
    writers[to.suffix](tables(job.folder, found), rows, to)
    return Joined(to, rows, dead_path if dead else None, dead)


def to_parquet(parts: Iterator[pa.Table], rows: int, to: Path) -> None:
    with files.atomic_write(to) as temporary, ExitStack() as stack:
        writer = None
        for part in parts:
            writer = writer or stack.enter_context(parquet.ParquetWriter(temporary, part.schema))
            writer.write_table(part)


def to_jsonl(parts: Iterator[pa.Table], rows: int, to: Path) -> None:
    with files.atomic_write(to) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for part in parts:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in part.to_pylist())


def to_csv(parts: Iterator[pa.Table], rows: int, to: Path) -> None:
    """Lists, such as vectors and scores, are JSON in their field."""
    with files.atomic_write(to) as temporary, opened(temporary) as file:
        write_csv(parts, file)


def opened(path: Path) -> TextIO:
    """For the csv module, whose lines end in CR LF: another end, and it would not quote a carriage return in a text."""
    return open(path, "w", encoding="utf-8", newline="")


def write_csv(parts: Iterator[pa.Table], file: TextIO) -> None:
    writer = csv.writer(file)
    for number, part in enumerate(parts):
        if number == 0:
            writer.writerow(part.column_names)
        writer.writerows(zip(*(fields(column) for column in part.columns), strict=True))


def fields(column: pa.ChunkedArray) -> list[Any]:
    values = column.to_pylist()
    nested = pa.types.is_nested(column.type) or pa.types.is_fixed_size_list(column.type)
    return [json.dumps(value, ensure_ascii=False) for value in values] if nested else values


def to_npy(parts: Iterator[pa.Table], rows: int, to: Path) -> None:
    """Vectors of shape (rows, dimensions), written through the page cache and never whole in memory."""
    with (
        files.atomic_write(to) as temporary,
        files.atomic_write(to.with_suffix(".ids.csv")) as ids,
        opened(ids) as file,
    ):
        vectors, at = None, 0
        writer = csv.writer(file)
        writer.writerow(["row", "id"])
        for part in parts:
            column = part["embedding"].combine_chunks()
            if vectors is None:
                shape = (rows, column.type.list_size)
                vectors = np.lib.format.open_memmap(temporary, "w+", np.float32, shape)
            vectors[at : at + len(part)] = column.flatten().to_numpy().reshape(len(part), -1)
            at += len(part)
            writer.writerows(zip(part["row"].to_pylist(), part["id"].to_pylist(), strict=True))
        if vectors is not None:
            vectors.flush()
