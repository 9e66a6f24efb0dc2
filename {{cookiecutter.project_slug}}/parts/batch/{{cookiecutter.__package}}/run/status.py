"""The status of a job, read from its files alone, so that it is true while the job runs and after any kill.

While it runs, the status goes through a Modal Dict to whoever watches, who sees a progress bar.
"""

import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import modal

from .. import plan
from ..input.shards import Shard
from ..output import results
from ..output.results import ShardManifest
from . import calls, files
from .budget import HOUR, IDLE, OUT_OF_MEMORY, Entry, Ledger, spent_usd
from .job import Job

WINDOW_S = 10 * 60  # the speed is that of the last ten minutes with results
EVERY_S = 2.0  # between two updates of the progress

progress_dict = modal.Dict.from_name(f"{plan.NAME}-progress", create_if_missing=True)  # job -> its last Status


@dataclass(frozen=True)
class Scan:
    """A job's shards, both lists in the order of the input."""

    done: list[ShardManifest]
    pending: list[Shard]


def scan_results(
    job: Job, *, verify: bool = True, only: Shard | None = None, entries: Collection[Entry] | None = None
) -> Scan:
    """Every shard, or what became of `only` one, as finished or pending.

    `verify` reads every result and believes no manifest without its bytes. `entries` are the ledger's, where known.
    """
    manifests = results.manifests(job.folder, f"{only.index:06d}" if only else "")
    if verify:
        names = list(manifests)
        right = results.verified(job.folder, [manifests[name] for name in names])
        manifests = {name: manifests[name] for name, holds in zip(names, right, strict=True) if holds}
    split = split_shards(manifests, Ledger(job.ledger).entries() if entries is None else entries)
    found = [one for shard in ([only] if only else job.shards()) for one in resolve(shard, manifests, split)]
    done = [one for one in found if isinstance(one, ShardManifest)]
    return Scan(done, [one for one in found if isinstance(one, Shard)])


def split_shards(manifests: Collection[str], entries: Collection[Entry]) -> set[str]:
    """Names of shards to be taken as halves: those that ran out of memory, and those with a half that is done."""
    names = {entry.what.rpartition("/")[2] for entry in entries if entry.state == OUT_OF_MEMORY}
    for name in manifests:
        index, _, part = name.partition(".")
        names |= {f"{index}.{part[:depth]}".rstrip(".") for depth in range(len(part))}
    return names


def resolve(shard: Shard, manifests: dict[str, ShardManifest], split: set[str]) -> Iterator[ShardManifest | Shard]:
    """A shard's manifest, or itself where it is pending, or those of its halves."""
    if shard.name in manifests:
        yield manifests[shard.name]
    elif shard.name in split and shard.rows > 1:
        for half in shard.halves():
            yield from resolve(half, manifests, split)
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
    running: int  # attempts whose ledger entry was updated lately
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
        rest = "" if self.left_usd is None or not self.left else f"; the rest costs about ${self.left_usd:,.2f}"
        lines.append(f"${self.usd:,.2f} spent{rest}")
        if self.eta_s is not None:
            lines.append(f"finished in about {duration(self.eta_s)}")
        return "\n".join(lines)


def read_status(job: Job) -> Status:
    """How far a job is, from its files as they are now."""
    return status(job, scan_results(job, verify=False), Ledger(job.ledger).entries())


def status(job: Job, scan: Scan, entries: Sequence[Entry]) -> Status:
    """How far a job is, by its shards and the entries of its ledger."""
    done = scan.done
    pending = sum(shard.rows for shard in scan.pending)
    per_row = seconds_per_row(done)
    return Status(
        job=job.name,
        rows=job.split.rows,
        done=sum(manifest.rows for manifest in done),
        dead=sum(manifest.dead for manifest in done),
        shards=len(done) + len(scan.pending),
        shards_done=len(done),
        running=sum(entry.live and entry.what != IDLE for entry in entries),
        output_tokens=sum(manifest.output_tokens for manifest in done),
        usd=spent_usd(entries),
        rows_per_s=rows_per_s(done),
        left_usd=None if per_row is None else pending * per_row / HOUR * plan.USD_PER_HOUR,
    )


def seconds_per_row(done: Sequence[ShardManifest]) -> float | None:
    """Container seconds that a row of the input took; None before the first shard."""
    rows = sum(manifest.rows + manifest.dead for manifest in done if manifest.seconds)
    return sum(manifest.seconds for manifest in done) / rows if rows else None


def rows_per_s(done: Sequence[ShardManifest]) -> float | None:
    """Rows per second of all containers together, in the last WINDOW_S; None before the first shard."""
    worked = [manifest for manifest in done if manifest.seconds]
    if not worked:
        return None
    newest = max(manifest.finished for manifest in worked)
    recent = [manifest for manifest in worked if manifest.finished > newest - WINDOW_S]
    began = min(manifest.finished - manifest.seconds for manifest in recent)
    return sum(manifest.rows + manifest.dead for manifest in recent) / (newest - began)


def duration(seconds: float) -> str:
    """Seconds in the unit that a person would take."""
    if seconds < 2 * 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"


def write_manifest(job: Job, scan: Scan, entries: Sequence[Entry]) -> None:
    """Write manifest.json beside the results, for programs that read them without this package."""
    now = status(job, scan, entries)
    value = {
        "job": job.name,
        "source": job.split.source,
        "settings": asdict(job.settings),
        "rows": now.rows,
        "done": now.done,
        "dead": now.dead,
        "usd": round(now.usd, 6),
        "complete": not scan.pending,
        "output": [[f"output/{shard.file}", shard.rows, shard.sha256] for shard in scan.done if shard.file],
        "dead_files": [f"dead/{shard.dead_file}" for shard in scan.done if shard.dead_file],
        "pending": [[shard.name, shard.rows] for shard in scan.pending],
    }
    files.save(job.folder / "manifest.json", value)


class ProgressPublisher:
    """Puts a job's status into the Dict, every few seconds and at the end."""

    def __init__(self, job: str) -> None:
        self.job, self.published_at = job, 0.0

    def __call__(self, status: Status) -> None:
        if time.monotonic() - self.published_at > EVERY_S or not status.left:
            progress_dict.put(self.job, status)
            self.published_at = time.monotonic()


@contextmanager
def progress_bar() -> Generator[Callable[[Status | None], None]]:
    """A bar of rows on stderr, as the function that moves it to a status; None where nothing is known yet."""
    from tqdm import tqdm

    with tqdm(unit=" rows", smoothing=0.0) as bar:

        def show(status: Status | None) -> None:
            if status:
                bar.total, bar.n = status.rows, status.done + status.dead
                bar.set_postfix_str(f"{status.running} running, ${status.usd:.2f}")

        yield show


def wait_with_bar(job: str, call: Any) -> Any:
    """Return the result of a spawned call, with a progress bar until then."""
    with progress_bar() as show:
        while True:
            try:
                result = calls.result(call, EVERY_S)
            except calls.StillRunning:
                show(progress_dict.get(job))
            except calls.Unreachable:  # the job goes on there
                time.sleep(calls.PAUSE_S)
            else:
                show(progress_dict.get(job))
                return result
