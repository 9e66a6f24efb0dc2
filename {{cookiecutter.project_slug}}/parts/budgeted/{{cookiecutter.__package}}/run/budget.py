"""The ledger of a run, container seconds in USD, and the budget that they may not exceed.

Each attempt at anything that costs GPU time has one small file in the ledger's folder, replaced as it goes on and never
removed. A file has one writer, so any number of containers share a folder, on a Volume too, and no crash loses more
than the file says: while an attempt runs, its file already counts the seconds until the next time it is written.
"""

import faulthandler
import math
import os
import re
import sys
import threading
import time
import uuid
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import modal
import psutil

from .. import plan
from . import files

# What a container does besides its work: it loads, it waits, and it goes on without another word until it is ended
START, IDLE, SILENT = "start", "idle", "silent"
RUNNING, DONE, FAILED, OUT_OF_MEMORY = "running", "done", "failed", "out of memory"
EVERY_S = 15.0  # between two updates of a running attempt
SILENCES = 4  # updates that a running attempt may miss before it is taken for killed
HOUR = 60 * 60  # seconds


class BudgetError(ValueError):
    """A budget or a ledger that cannot be read. The text names what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt at something. `seconds` are those of a container, which is billed at `usd_per_hour`."""

    what: str  # a shard, a training run, START, IDLE
    state: str
    began: float  # since the epoch
    updated: float
    seconds: float
    usd_per_hour: float
    every_s: float  # between two updates while it runs
    error: str = ""
    of: str = ""  # the attempt that it is a part of, where it is one
    call: str = ""  # id of the Modal call that runs it
    most_s: float = 0.0  # after which it is ended; 0 where nothing bounds it

    @property
    def usd(self) -> float:
        return self.seconds / HOUR * self.usd_per_hour

    @property
    def most_usd(self) -> float:
        """The most that it will have cost, as far as that is known: while it runs, what it may cost."""
        return max(self.usd, self.most_s / HOUR * self.usd_per_hour) if self.live else self.usd

    @property
    def live(self) -> bool:
        """Whether it is running and has said so lately. Clocks of different machines may differ by some seconds."""
        return self.state == RUNNING and time.time() - self.updated < SILENCES * self.every_s


class SpendMeter:
    """A running attempt: its file is kept up to date by a thread until `stop`. `earlier_s` passed before that."""

    def __init__(
        self,
        path: Path,
        what: str,
        usd_per_hour: float,
        every_s: float,
        *,
        of: str = "",
        most_s: float = math.inf,
        earlier_s: float = 0.0,
    ) -> None:
        self.path, self.what, self.of, self.usd_per_hour = path, what, of, usd_per_hour
        self.every_s, self.most_s = every_s, most_s
        self.began, self._clock = time.time() - earlier_s, time.monotonic() - earlier_s
        self.call = modal.current_function_call_id() or ""
        self.state, self.error = DONE, ""  # what `stop` will write: set them where it was not
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._paused_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
        self._save(RUNNING, every_s)
        self._thread.start()

    @property
    def seconds(self) -> float:
        return (self._paused_at or time.monotonic()) - self._clock

    def _save(self, state: str, ahead_s: float = 0.0) -> None:
        entry = Entry(
            what=self.what,
            state=state,
            began=self.began,
            updated=time.time(),
            seconds=max(self.seconds, min(self.seconds + ahead_s, self.most_s)),
            usd_per_hour=self.usd_per_hour,
            every_s=self.every_s,
            error=self.error[:2000],
            of=self.of,
            call=self.call,
            most_s=self.most_s if math.isfinite(self.most_s) else 0.0,
        )
        files.save(self.path, asdict(entry))

    def _run(self) -> None:
        while not self._stop.wait(self.every_s):
            self.update()

    def update(self) -> None:
        """Write the seconds so far and those until the next update, which count if none comes."""
        with self._lock:
            if self._paused_at is None:
                self._save(RUNNING, self.every_s)

    @contextmanager
    def paused(self) -> Generator[None]:
        """Neither count nor write within the block, which another meter counts."""
        with self._lock:
            self._paused_at = time.monotonic()
            self._save(RUNNING)
        try:
            yield
        finally:
            with self._lock:
                self._clock += time.monotonic() - self._paused_at
                self._paused_at = None
                self._save(RUNNING, self.every_s)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._save(self.state)


@contextmanager
def end_process_after(seconds: float) -> Generator[None]:
    """End this process, with the traceback of each thread, if the block takes longer, whatever it hangs in.

    The timer is a thread of C: it needs no lock of Python's. One block at a time.
    """
    if math.isfinite(seconds):
        faulthandler.dump_traceback_later(max(seconds, 1e-3), exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        if math.isfinite(seconds):
            faulthandler.cancel_dump_traceback_later()


def process_s() -> float:
    """Seconds since this process was started, its imports among them, to a second: in a container, its first ones."""
    return min(max(0.0, time.time() - psutil.Process().create_time()), plan.STARTUP_TIMEOUT)


class Ledger:
    """All attempts below a folder. Reading again is cheap: what is finished is remembered."""

    def __init__(self, folder: Path, usd_per_hour: float = plan.USD_PER_HOUR) -> None:
        self.folder, self.usd_per_hour = folder, usd_per_hour
        self._settled: dict[str, Entry] = {}

    def start(self, what: str, every_s: float = EVERY_S, **more: Any) -> SpendMeter:
        """Begin an attempt that ends in another function; `meter` is the block. `more` is SpendMeter's."""
        return SpendMeter(self.folder / f"{uuid.uuid4().hex}.json", what, self.usd_per_hour, every_s, **more)

    @contextmanager
    def meter(self, what: str, every_s: float = EVERY_S, **more: Any) -> Generator[SpendMeter]:
        """Record what the block takes, whatever comes of it. An exception is recorded as a failure, and goes on."""
        meter = self.start(what, every_s, **more)
        try:
            yield meter
        except BaseException as error:
            if meter.state == DONE:
                meter.state, meter.error = FAILED, f"{type(error).__name__}: {error}"
            raise
        finally:
            meter.stop()

    def count_silent(self, what: str, since: float) -> None:
        """Enter what attempts at `what`, begun after `since` and over now, took beyond what they could still write."""
        now = time.time()
        for entry in self.entries():
            unwritten = now - entry.began - entry.seconds
            if entry.state == RUNNING and (entry.of or entry.what) == what and entry.began >= since and unwritten > 0:
                lost = replace(entry, what=SILENT, of=what, state=FAILED, updated=now, seconds=unwritten, call="")
                files.save(self.folder / f"{uuid.uuid4().hex}.json", asdict(lost))

    def entries(self) -> list[Entry]:
        """Every attempt as it is now, the oldest first. BudgetError where one cannot be read."""
        found = [
            self._entry(os.path.join(folder, name))
            for folder, _folders, names in os.walk(self.folder)
            for name in names
            if name.endswith(".json")
        ]
        return sorted(found, key=lambda entry: entry.began)

    def _entry(self, path: str) -> Entry:
        entry = self._settled.get(path) or _read(Path(path))
        if entry.state != RUNNING:
            self._settled[path] = entry
        return entry


def _read(path: Path) -> Entry:
    found = files.load(path)
    if found is None:  # it is replaced in one step, so no crash does this
        raise BudgetError(f"{path} of the ledger is damaged, so what it cost is unknown: remove it, or correct it")
    return Entry(**found)


def spent_usd(entries: Collection[Entry], since: float = 0.0) -> float:
    """The cost so far of the attempts that began after `since`."""
    return sum(entry.usd for entry in entries if entry.began >= since)


@dataclass(frozen=True)
class Limit:
    """A budget as a person writes it: 50/run, 300/month, 4/hour or none."""

    usd: float
    per: str

    @property
    def bounds(self) -> bool:
        """Whether it bounds a sum. An hourly one bounds the containers that run at once, which the plan has done."""
        return self.per in ("run", "month")

    @property
    def since(self) -> float:
        """Attempts that began earlier do not count: a month is a calendar month in UTC."""
        if self.per != "month":
            return 0.0
        return datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()

    def __str__(self) -> str:
        return "none" if self.per == "none" else f"${self.usd:g}/{self.per}"


def parse(text: str) -> Limit:
    """`50/run`, `300/month`, `4/hour` or `none`; a bare number is for the run. BudgetError for anything else."""
    if text.strip() == "none":
        return Limit(0.0, "none")
    found = re.fullmatch(r"\s*\$?(\d+(?:\.\d+)?)\s*(?:/\s*(run|month|hour))?\s*", text)
    if not found:
        raise BudgetError(f"{text!r} is no budget: write 50/run, 300/month, 4/hour or none, in dollars")
    return Limit(float(found[1]), found[2] or "run")


class Budget:
    """A ledger and the limit on it."""

    def __init__(self, ledger: Ledger, limit: Limit) -> None:
        self.ledger, self.limit = ledger, limit

    def committed_usd(self, in_flight: Mapping[str, float] | None = None) -> float:
        """Spent, and what the attempts in flight (name -> USD that they may cost) may yet spend."""
        most = dict(in_flight or {})
        settled, running = 0.0, dict.fromkeys(most, 0.0)
        for entry in self.ledger.entries():
            if entry.began < self.limit.since:
                continue
            if entry.state == RUNNING and (name := entry.of or entry.what) in most:
                running[name] += entry.usd
            else:
                settled += entry.most_usd
        return settled + sum(max(most[what], running[what]) for what in most)

    def left_usd(self, in_flight: Mapping[str, float] | None = None) -> float:
        """The USD that may still be committed; infinite without a limit on the sum."""
        return self.limit.usd - self.committed_usd(in_flight) if self.limit.bounds else math.inf

    def left_s(self) -> float:
        """Seconds of a container that what is left pays for."""
        price = self.ledger.usd_per_hour
        return max(0.0, self.left_usd()) / price * HOUR if self.limit.bounds and price else math.inf
