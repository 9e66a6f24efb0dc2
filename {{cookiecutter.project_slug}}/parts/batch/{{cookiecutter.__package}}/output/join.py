"""All results of a job as one file in the order of the input; its dead rows beside.

Parquet, JSONL, CSV, NumPy for embeddings, and the output format of OpenAI's batch API.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from ..run import files
from ..run.job import Job
from ..run.status import scan_results
from .results import ShardManifest

DEAD, IDS = ".dead.jsonl", ".ids.csv"  # beside the joined file: dead rows, and what a .npy file cannot hold
OPENAI = ".openai.jsonl"
FORMATS = (".parquet", ".jsonl", ".csv", ".npy", OPENAI)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a cell begins that a spreadsheet would compute


class ResultError(RuntimeError):
    """Results that cannot be joined as asked. The text names what would work."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The files that a join wrote, in name order, and what they hold."""

    files: tuple[str, ...]
    rows: int
    dead: int


def split_name(to: Path) -> tuple[str, str]:
    """Return the name of a joined file without its format, and the format. ResultError for one that is not written."""
    suffix = max((suffix for suffix in FORMATS if to.name.endswith(suffix)), key=len, default="")
    if not suffix:
        raise ResultError(f"{to.name}: take one of {', '.join(FORMATS)}")
    return to.name[: -len(suffix)], suffix


def join_job(job: Job, suffix: str, formulas: bool = False) -> Joined:
    """Join all finished rows in the job's folder, each result checked. The files are paths below the job's root."""
    folder = job.folder / "joined"
    for old in folder.glob("*"):
        old.unlink()
    joined = join(job, scan_results(job).done, folder / f"results{suffix}", formulas)
    below = tuple(str(Path(path).relative_to(job.root)) for path in joined.files)
    return Joined(below, joined.rows, joined.dead)


def join(job: Job, found: Sequence[ShardManifest], to: Path, formulas: bool = False) -> Joined:
    """Write the shards of `found`, which is in input order, as one file of FORMATS.

    Memory holds one shard. In a CSV a text that a spreadsheet would compute gets an apostrophe in front, unless
    `formulas`. ResultError for another suffix, where no row has a result, and for a damaged file.
    """
    name, suffix = split_name(to)
    workload = job.settings.workload
    if suffix == ".npy" and workload != "embedding":
        raise ResultError(f"{to.name}: NumPy holds embeddings; take .parquet, .jsonl or .csv")
    if suffix == OPENAI and workload == "classification":
        raise ResultError(f"{to.name}: OpenAI's batch API has no classes; take .parquet, .jsonl or .csv")
    writers = {
        ".parquet": to_parquet,
        OPENAI: partial(to_openai, model=job.settings.model),
        ".jsonl": to_jsonl,
        ".csv": partial(to_csv, formulas=formulas),
        ".npy": partial(to_npy, formulas=formulas),
    }
    rows, dead = sum(manifest.rows for manifest in found), sum(manifest.dead for manifest in found)
    dead_path = to.with_name(name + DEAD)
    dead_path.unlink(missing_ok=True)  # of an earlier join
    if dead:
        with files.atomic_write(dead_path) as temporary, open(temporary, "wb") as file:
            for dead_file in filter(None, (manifest.dead_file for manifest in found)):
                file.write((job.folder / "dead" / dead_file).read_bytes())
    if not rows:
        raise ResultError(f"no row has a result; {dead:,} are dead" + (f": see {dead_path}" if dead else ""))
    writers[suffix](tables(job.folder, found), rows, to)
    written = [to] + [dead_path] * bool(dead) + [to.with_name(name + IDS)] * (suffix == ".npy")
    return Joined(tuple(sorted(map(str, written))), rows, dead)


def tables(job: Path, found: Sequence[ShardManifest]) -> Iterator[pa.Table]:
    """The rows of each shard, one in memory at a time. ResultError where a file is damaged."""
    for manifest in found:
        if manifest.file:
            path = job / "output" / manifest.file
            if files.sha256s([path]) != [manifest.sha256]:
                raise ResultError(f"{path.name} is missing or damaged: `run` makes it again")
            yield parquet.read_table(path)


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


def to_openai(parts: Iterator[pa.Table], rows: int, to: Path, model: str) -> None:
    """Write the output file of OpenAI's batch API: one response a line, with the row's id as custom_id."""
    with files.atomic_write(to) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for part in parts:
            for record in part.to_pylist():
                response = {"status_code": 200, "request_id": f"row-{record['row']}", "body": body(record, model)}
                line = {"id": f"batch_req_{record['row']}", "custom_id": record["id"], "response": response}
                file.write(json.dumps(line | {"error": None}, ensure_ascii=False) + "\n")


def body(record: dict[str, Any], model: str) -> dict[str, Any]:
    """Return a result as a chat completion or as a list of one embedding."""
    read, wrote = record["prompt_tokens"], record.get("output_tokens", 0)
    usage = {"prompt_tokens": read, "total_tokens": read + wrote}
    if "embedding" in record:
        data = [{"object": "embedding", "index": 0, "embedding": record["embedding"]}]
        return {"object": "list", "data": data, "model": model, "usage": usage}
    message = {"role": "assistant", "content": record["text"]}
    choice = {"index": 0, "message": message, "finish_reason": record["finish_reason"], "logprobs": None}
    chat = {"id": f"chatcmpl-{record['row']}", "object": "chat.completion", "created": 0, "model": model}
    return chat | {"choices": [choice], "usage": usage | {"completion_tokens": wrote}}


def to_csv(parts: Iterator[pa.Table], rows: int, to: Path, formulas: bool = False) -> None:
    """Lists, such as vectors and scores, are JSON in their field."""
    with files.atomic_write(to) as temporary, open_csv(temporary) as file:
        writer = csv.writer(file)
        for number, part in enumerate(parts):
            if number == 0:
                writer.writerow(part.column_names)
            writer.writerows(zip(*(fields(column, formulas) for column in part.columns), strict=True))


def open_csv(path: Path) -> TextIO:
    """For the csv module, whose lines end in CR LF: another end, and it would not quote a carriage return in a text."""
    return open(path, "w", encoding="utf-8", newline="")


def fields(column: pa.ChunkedArray, formulas: bool) -> list[Any]:
    values = column.to_pylist()
    if pa.types.is_nested(column.type) or pa.types.is_fixed_size_list(column.type):
        return [json.dumps(value, ensure_ascii=False) for value in values]
    if formulas or not pa.types.is_string(column.type):
        return values
    return [f"'{value}" if value and value.startswith(FORMULA) else value for value in values]


def to_npy(parts: Iterator[pa.Table], rows: int, to: Path, formulas: bool = False) -> None:
    """Vectors of shape (rows, dimensions), written through the page cache and never all in memory."""
    with (
        files.atomic_write(to) as temporary,
        files.atomic_write(to.with_name(split_name(to)[0] + IDS)) as ids,
        open_csv(ids) as file,
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
            writer.writerows(zip(part["row"].to_pylist(), fields(part["id"], formulas), strict=True))
        if vectors is not None:
            vectors.flush()
