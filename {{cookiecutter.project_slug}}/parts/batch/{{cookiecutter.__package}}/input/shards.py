"""The split of an input into shards: decided once, named by content, each shard's rows in a Parquet file of its own."""

import itertools
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from ..run import files
from . import readers
from .prompts import DataError, PromptSpec, Row
from .readers import Source

TEXT = pa.string()
CHAT = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


@dataclass(frozen=True)
class Split:
    """An input in shards. All but the last hold `shard_rows` rows; row n lies in shard n // shard_rows."""

    content: str  # fingerprint of the input and of how its rows become prompts
    shard_rows: int
    rows: int
    bad: int  # of `rows`, those without a prompt
    source: str
    sha256: tuple[str, ...]  # of each shard's file

    @property
    def name(self) -> str:
        return f"{self.content}-{self.shard_rows}"

    def shards(self, job: str) -> list["Shard"]:
        """The shards as planned for the job of that name, in the order of the input."""
        sizes = (min(self.shard_rows, self.rows - index * self.shard_rows) for index in range(len(self.sha256)))
        return [
            Shard(job, self.name, index, 0, size, sha256)
            for index, (size, sha256) in enumerate(zip(sizes, self.sha256, strict=True))
        ]


@dataclass(frozen=True)
class Shard:
    """Rows `start` to `stop` of the `index`-th file of a split. Small enough to send: it holds no rows."""

    job: str
    split: str
    index: int
    start: int
    stop: int
    sha256: str  # of the whole file
    part: str = ""  # "0" and "1" are the halves of a shard, "01" the second half of the first

    @property
    def name(self) -> str:
        return f"{self.index:06d}" + (f".{self.part}" if self.part else "")

    @property
    def label(self) -> str:
        """Its name among all jobs, in the ledger."""
        return f"{self.job}/{self.name}"

    @property
    def rows(self) -> int:
        return self.stop - self.start

    def halves(self) -> tuple["Shard", "Shard"]:
        """The same rows in two shards. ValueError for a single row."""
        if self.rows < 2:
            raise ValueError(f"shard {self.name} holds {self.rows} row: it cannot be split")
        middle = (self.start + self.stop) // 2
        return replace(self, stop=middle, part=f"{self.part}0"), replace(self, start=middle, part=f"{self.part}1")


def prepare(root: str, source: Source, spec: PromptSpec, shard_rows: int) -> Split:
    """Split the input below `root/inputs`, once, and return the split. Memory holds one shard's rows.

    An undamaged split of the same input is kept, even one of other `shard_rows`: what was done with it stays done.
    Interrupted, or run twice at once, it ends in the same files. DataError where the input cannot be read.
    """
    if shard_rows < 1:
        raise DataError(f"a shard of {shard_rows} rows holds nothing: set SHARD_ROWS in plan.py to 1 or more")
    source = readers.pinned(source)
    spec = readers.recognise(source, spec)
    content = files.fingerprint([readers.content(source), asdict(spec)])
    inputs = Path(root, "inputs")
    found = [read_split(path.parent) for path in sorted(inputs.glob(f"{content}-*/split.json"))]
    known = [split for split in found if split]
    for split in known:
        if intact(inputs / split.name, split):
            return split
    readers.check(source, spec)
    size = known[0].shard_rows if known else shard_rows
    folder, stream = inputs / f"{content}-{size}", readers.rows(source, spec)
    rows, bad, sha256 = 0, 0, list[str]()
    while batch := list(itertools.islice(stream, size)):
        sha256.append(write_rows(shard_path(folder, len(sha256)), batch, CHAT if spec.messages else TEXT))
        rows, bad = rows + len(batch), bad + sum(bool(row.error) for row in batch)
    split = Split(content, size, rows, bad, source.path, tuple(sha256))
    files.save(folder / "split.json", asdict(split))  # last: a split without it is none
    return split


def shard_path(folder: Path, index: int) -> Path:
    return folder / f"{index:06d}.parquet"


def read_split(folder: Path) -> Split | None:
    """The split that lies in a folder; None where it was never finished."""
    found = files.load(folder / "split.json")
    return Split(sha256=tuple(found.pop("sha256")), **found) if found else None


def intact(folder: Path, split: Split) -> bool:
    """Whether every shard's file is there with the bytes that were written."""
    paths = [shard_path(folder, index) for index in range(len(split.sha256))]
    return files.sha256s(paths) == list(split.sha256)


def write_rows(path: Path, rows: list[Row], prompt: pa.DataType) -> str:
    """Write the file of one shard atomically, and return its SHA-256."""
    table = pa.table(
        {
            "row": pa.array([row.number for row in rows], pa.int64()),
            "id": pa.array([row.id for row in rows], pa.string()),
            "prompt": pa.array([row.prompt for row in rows], prompt),
            "error": pa.array([row.error for row in rows], pa.string()),
            "raw": pa.array([row.raw for row in rows], pa.string()),
        }
    )
    with files.atomic_write(path) as temporary:
        parquet.write_table(table, temporary)
        return files.sha256(temporary)


def read_rows(root: str, shard: Shard) -> list[Row]:
    """The rows of a shard. DataError where its file is missing or not the one that the split wrote."""
    path = shard_path(Path(root, "inputs", shard.split), shard.index)
    if not path.is_file() or files.sha256(path) != shard.sha256:
        raise DataError(f"{path} is missing or damaged: run the job again, which writes it anew")
    table = parquet.read_table(path).slice(shard.start, shard.rows)
    return [
        Row(record["row"], record["id"], record["prompt"], record["error"], record["raw"])
        for record in table.to_pylist()
    ]
