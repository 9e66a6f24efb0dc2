"""What is planned, done, dead and spent, read from the files alone: true while a job runs, and whatever was killed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import plan
from ..output import results
from ..output.results import Receipt
from . import files
from .budget import Entry, HOUR, Ledger, OUT_OF_MEMORY, spent_usd
from ..input.shards import Job, Shard

WINDOW_S = 10 * 60  # the speed is that of the last ten minutes with results


@dataclass(frozen=True)
class Survey:
    """A job's shards, both lists in the order of the input."""

    done: list[Receipt]
    pending: list[Shard]


def survey(
    job: Job, *, verify: bool = True, only: Shard | None = None, entries: Collection[Entry] | None = None
) -> Survey:
    """Every shard, or what became of `only` one, as finished or pending.

    `verify` reads every result and believes no receipt without its bytes. `entries` are the ledger's, where known.
    """
    receipts = results.receipts(job.folder, f"{only.index:06d}" if only else "")
    if verify:
        names = list(receipts)
        right = results.verified(job.folder, [receipts[name] for name in names])
        receipts = {name: receipts[name] for name, believed in zip(names, right, strict=True) if believed}
    split = halved(receipts, Ledger(job.ledger).entries() if entries is None else entries)
    shards = [only] if only else job.shards()
    found = [one for shard in shards for one in resolve(shard, receipts, split)]
    done = [one for one in found if isinstance(one, Receipt)]
    return Survey(done, [one for one in found if isinstance(one, Shard)])


def halved(receipts: Collection[str], entries: Collection[Entry]) -> set[str]:
    """Names of shards to be taken as halves: those that ran out of memory, and those with a half that is done."""
    full = {entry.what.rpartition("/")[2] for entry in entries if entry.state == OUT_OF_MEMORY}
    for name in receipts:
        index, _, part = name.partition(".")
        full |= {f"{index}.{part[:depth]}".rstrip(".") for depth in range(len(part))}
    return full


def resolve(shard: Shard, receipts: dict[str, Receipt], split: set[str]) -> Iterator[Receipt | Shard]:
    """A shard's receipt, or itself where it is pending, or those of its halves."""
    if shard.name in receipts:
        yield receipts[shard.name]
    elif shard.name in split and shard.rows > 1:
        for half in shard.halves():
            yield from resolve(half, receipts, split)
    else:
        yield shard


@dataclass(frozen=True)
class Status:
    """How far a job is. Rates are rows per second of wall clock; `usd` counts failed attempts and starts too."""

    job: str
    rows: int
    done: int
    dead: int
    shards: int
    shards_done: int
    running: int  # attempts that have said lately that they run
    output_tokens: int
    usd: float
    rows_per_s: float | None  # None before the first shard
    left_usd: float | None  # what the rest costs at the measured speed

    @property
    def left(self) -> int:
        return self.rows - self.done - self.dead

    @property
    def eta_s(self) -> float | None:
        """Seconds to the end, while something runs."""
        return self.left / self.rows_per_s if self.rows_per_s and self.running else None

    def __str__(self) -> str:
        lines = [f"{self.done:,} of {self.rows:,} rows done, {self.dead:,} unusable, {self.left:,} to go"]
        speed = "" if self.rows_per_s is None else f", {self.rows_per_s:,.1f} rows/s"
        lines.append(f"{self.shards_done:,} of {self.shards:,} shards done, {self.running} running{speed}")
        rest = "" if self.left_usd is None or not self.left else f"; the rest costs about {self.left_usd:,.2f}"
        lines.append(f"{self.usd:,.2f} USD spent{rest}")
        if self.eta_s is not None:
            lines.append(f"finished in about {duration(self.eta_s)}")
        return "\n".join(lines)


def status(job: Job, survey: Survey, entries: Sequence[Entry]) -> Status:
    """Progress, speed, spend and what is left, of what was surveyed and recorded."""
    done = survey.done
    rows, dead = sum(receipt.rows for receipt in done), sum(receipt.dead for receipt in done)
    pending = sum(shard.rows for shard in survey.pending)
    per_row = seconds_per_row(done)
    return Status(
        job=job.name,
        rows=job.split.rows,
        done=rows,
        dead=dead,
        shards=len(done) + len(survey.pending),
        shards_done=len(done),
        running=sum(entry.live for entry in entries),
        output_tokens=sum(receipt.output_tokens for receipt in done),
        usd=spent_usd(entries),
        rows_per_s=rows_per_s(done),
        left_usd=None if per_row is None else pending * per_row / HOUR * plan.USD_PER_HOUR,
    )


def seconds_per_row(done: Sequence[Receipt]) -> float | None:
    """Container seconds that a row of the input took; None before the first shard."""
    rows = sum(receipt.rows + receipt.dead for receipt in done if receipt.seconds)
    return sum(receipt.seconds for receipt in done) / rows if rows else None


def rows_per_s(done: Sequence[Receipt]) -> float | None:
    """Rows a second of all containers together, lately."""
    worked = [receipt for receipt in done if receipt.seconds]
    if not worked:
        return None
    newest = max(receipt.finished for receipt in worked)
    recent = [receipt for receipt in worked if receipt.finished > newest - WINDOW_S]
    began = min(receipt.finished - receipt.seconds for receipt in recent)
    return sum(receipt.rows + receipt.dead for receipt in recent) / (newest - began)


def duration(seconds: float) -> str:
    """In the unit that a person would take."""
    if seconds < 2 * 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"


def write(job: Job, survey: Survey, entries: Sequence[Entry]) -> Path:
    """Write manifest.json beside the results, for programs that read them without this package."""
    now = status(job, survey, entries)
    value = {
        "job": job.name,
        "source": job.split.source,
        "settings": asdict(job.settings),
        "rows": now.rows,
        "done": now.done,
        "dead": now.dead,
        "usd": round(now.usd, 6),
        "complete": not survey.pending,
        "output": [[f"output/{receipt.file}", receipt.rows, receipt.sha256] for receipt in survey.done if receipt.file],
        "dead_files": [f"dead/{receipt.dead_file}" for receipt in survey.done if receipt.dead_file],
        "pending": [[shard.name, shard.rows] for shard in survey.pending],
    }
    path = job.folder / "manifest.json"
    files.save(path, value)
    return path
