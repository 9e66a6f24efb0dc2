"""The results of a shard: a Parquet file, its dead rows beside it, and a manifest that names both with their checksums.

A data file's name holds its checksum, and a shard is finished when its manifest names files that are there with those
bytes. So whatever is killed half-way counts for nothing, and two workers on one shard cannot mix their results.
"""

import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from ..input.prompts import Row
from ..input.shards import Shard
from ..run import files


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
class ShardManifest:
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


def publish(
    job: Path, shard: Shard, rows: Sequence[Row], found: Sequence[Result | Failed], seconds: float
) -> ShardManifest:
    """Write a shard's results, in the order of its rows, and then its manifest. `found` is of the usable rows.

    A manifest that is there already, with its files, stays: of two workers the first wins.
    """
    usable = [row for row in rows if not row.error]
    pairs = list(zip(usable, found, strict=True))
    good = [(row, result) for row, result in pairs if not isinstance(result, Failed)]
    errors = {row.number: result.error for row, result in pairs if isinstance(result, Failed)}
    dead = [(row, row.error or errors[row.number]) for row in rows if row.error or row.number in errors]
    file = sha256 = dead_file = dead_sha256 = ""
    if good:
        data = table([row for row, _result in good], [result for _row, result in good])
        file, sha256 = write_named(job / "output", shard, ".parquet", lambda path: parquet.write_table(data, path))
    if dead:
        letters = [
            {"row": row.number, "id": row.id, "error": error, "input": row.raw if row.error else row.prompt}
            for row, error in dead
        ]
        text = "".join(json.dumps(letter, ensure_ascii=False) + "\n" for letter in letters).encode()
        dead_file, dead_sha256 = write_named(job / "dead", shard, ".jsonl", lambda path: path.write_bytes(text))
    manifest = ShardManifest(
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
    files.save(job / "done" / f"{shard.name}.json", asdict(manifest))
    return manifest


def dead_letter(job: Path, shard: Shard, rows: Sequence[Row], error: str) -> ShardManifest:
    """Finish a shard of which no row can be had: all of them go to its dead-letter file."""
    return publish(job, shard, rows, [Failed(error) for row in rows if not row.error], 0.0)


def write_named(folder: Path, shard: Shard, suffix: str, write: Callable[[Path], object]) -> tuple[str, str]:
    """Write a file atomically under a name that holds its checksum; return (name, SHA-256)."""
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


def manifests(job: Path, index: str = "") -> dict[str, ShardManifest]:
    """Shard name -> its manifest, of all shards or of one with its halves. `verified` names those that are whole."""
    found = (files.load(path) for path in (job / "done").glob(f"{index or '[!.]'}*.json"))
    return {value["shard"]: ShardManifest(**value) for value in found if value}


def verified(job: Path, found: Sequence[ShardManifest]) -> list[bool]:
    """Whether each manifest's files are there, byte for byte."""
    claims = [
        (job / folder / file, sha256)
        for one in found
        for folder, file, sha256 in (("output", one.file, one.sha256), ("dead", one.dead_file, one.dead_sha256))
    ]
    digests = iter(files.sha256s([path for path, sha256 in claims if sha256]))
    right = [not sha256 or next(digests) == sha256 for _path, sha256 in claims]
    return [output and dead for output, dead in zip(right[::2], right[1::2], strict=True)]


def finished(job: Path, name: str) -> ShardManifest | None:
    """The manifest of a shard, if its files are there."""
    value = files.load(job / "done" / f"{name}.json")
    manifest = ShardManifest(**value) if value else None
    return manifest if manifest and verified(job, [manifest])[0] else None


def remove_orphans(job: Path, found: Sequence[ShardManifest]) -> None:
    """Remove results that no manifest of a complete job names: killed attempts left them. For when nothing runs."""
    named = {manifest.file for manifest in found} | {manifest.dead_file for manifest in found}
    for path in [*(job / "output").glob("[!.]*"), *(job / "dead").glob("[!.]*")]:
        if path.name not in named:
            path.unlink(missing_ok=True)
