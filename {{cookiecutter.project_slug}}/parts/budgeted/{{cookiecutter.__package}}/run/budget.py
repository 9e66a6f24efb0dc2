"""What has been spent, and when to stop: a ledger of container seconds in USD, and the budget they may not exceed.

Each attempt at anything that costs GPU time has one small file in the ledger's folder, replaced as it goes on and never
removed. A file has one writer, so any number of containers share a folder, on a Volume too, and no crash loses more
than the file says: while an attempt runs, its file already counts the seconds until the next time it is written.
"""

import os
import re
import threading
import time
import uuid
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from .. import plan
from . import files

RUNNING, DONE, FAILED, OUT_OF_MEMORY = "running", "done", "failed", "out of memory"
EVERY_S = 15.0  # between two updates of a running attempt
SILENCES = 4  # updates that a running attempt may miss before it is taken for killed
HOUR = 60 * 60  # seconds


class BudgetError(ValueError):
    """A budget or a ledger that cannot be read. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt at something. `seconds` are those of a container, which is billed at `usd_per_hour`."""

    what: str  # a shard, a training run, "start"
    state: str
    began: float  # since the epoch
    updated: float
    seconds: float
    usd_per_hour: float
    every_s: float  # between two updates while it runs
    error: str = ""

    @property
    def usd(self) -> float:
        return self.seconds / HOUR * self.usd_per_hour

    @property
    def live(self) -> bool:
        """Whether it is running and has said so lately. Clocks of different machines may differ by some seconds."""
        return self.state == RUNNING and time.time() - self.updated < SILENCES * self.every_s


class SpendMeter:
    """A running attempt: its file is kept up to date by a thread until `stop`."""

    def __init__(self, path: Path, what: str, usd_per_hour: float, every_s: float) -> None:
        self.path, self.what, self.usd_per_hour, self.every_s = path, what, usd_per_hour, every_s
        self.began, self._clock = time.time(), time.monotonic()
        self.state, self.error = DONE, ""  # what `stop` will write: set them where it was not
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
        self._save(RUNNING, every_s)
        self._thread.start()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._clock

    def _save(self, state: str, ahead_s: float = 0.0) -> None:
        entry = Entry(
            what=self.what,
            state=state,
            began=self.began,
            updated=time.time(),
            seconds=self.seconds + ahead_s,
            usd_per_hour=self.usd_per_hour,
            every_s=self.every_s,
            error=self.error[:2000],
        )
        files.save(self.path, asdict(entry))

    def _run(self) -> None:
        while not self._stop.wait(self.every_s):
            self._save(RUNNING, self.every_s)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._save(self.state)


class Ledger:
    """All attempts below a folder. Reading again is cheap: what is finished is remembered."""

    def __init__(self, folder: Path, usd_per_hour: float = plan.USD_PER_HOUR) -> None:
        self.folder, self.usd_per_hour = folder, usd_per_hour
        self._settled: dict[str, Entry] = {}

    def start(self, what: str, every_s: float = EVERY_S) -> SpendMeter:
        """Begin an attempt, for those whose end is in another function; `meter` is the block."""
        return SpendMeter(self.folder / f"{uuid.uuid4().hex}.json", what, self.usd_per_hour, every_s)

    @contextmanager
    def meter(self, what: str, every_s: float = EVERY_S) -> Generator[SpendMeter]:
        """Record what the block takes, whatever comes of it. An exception is recorded as a failure, and goes on."""
        meter = self.start(what, every_s)
        try:
            yield meter
        except BaseException as error:
            if meter.state == DONE:
                meter.state, meter.error = FAILED, f"{type(error).__name__}: {error}"
            raise
        finally:
            meter.stop()

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
    """What the attempts that began after `since` have cost so far."""
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
        return "none" if self.per == "none" else f"{self.usd:g}/{self.per}"


def parse(text: str) -> Limit:
    """`50/run`, `300/month`, `4/hour` or `none`; a bare number is for the run. BudgetError for anything else."""
    if text.strip() == "none":
        return Limit(0.0, "none")
    found = re.fullmatch(r"\s*\$?(\d+(?:\.\d+)?)\s*(?:/\s*(run|month|hour))?\s*", text)
    if not found:
        raise BudgetError(f"{text!r} is no budget: write 50/run, 300/month, 4/hour or none, in USD")
    return Limit(float(found[1]), found[2] or "run")


class Budget:
    """A ledger and the limit on it."""

    def __init__(self, ledger: Ledger, limit: Limit) -> None:
        self.ledger, self.limit = ledger, limit

    def committed_usd(self, in_flight: Mapping[str, float] | None = None) -> float:
        """Spent, and what the attempts in flight (name -> expected USD) will have cost at the least."""
        expected = dict(in_flight or {})
        settled, running = 0.0, dict.fromkeys(expected, 0.0)
        for entry in self.ledger.entries():
            if entry.began < self.limit.since:
                continue
            if entry.state == RUNNING and entry.what in expected:
                running[entry.what] += entry.usd
            else:
                settled += entry.usd
        return settled + sum(max(expected[what], running[what]) for what in expected)

    def left_usd(self, in_flight: Mapping[str, float] | None = None) -> float:
        """What may still be committed; infinite without a limit on the sum."""
        return self.limit.usd - self.committed_usd(in_flight) if self.limit.bounds else float("inf")

    def may_start(self, expected_usd: float, in_flight: Mapping[str, float] | None = None) -> bool:
        """Whether something that is expected to cost so much fits beside what is spent and in flight."""
        return not self.limit.bounds or expected_usd <= self.left_usd(in_flight) + 1e-9
