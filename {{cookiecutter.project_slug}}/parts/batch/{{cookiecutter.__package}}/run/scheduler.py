"""The scheduler: which shard runs next, and when to stop; so many at once, within the budget, until all is done."""

import random
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from .. import plan
from ..input import shards
from ..input.shards import Shard
from ..output import results
from ..output.results import ShardManifest
from . import files
from .budget import DONE, HOUR, OUT_OF_MEMORY, Budget, Entry, Ledger, Limit
from .estimate import SECONDS_PER_ROW
from .job import Job
from .shard_runner import Outcome, classify_error
from .status import Scan, Status, scan_results, seconds_per_row, status, write_manifest

ATTEMPTS = 3  # at a shard in one run
SPARE_FAILURES = 4  # in a row, besides one for each container, before the job is taken to be broken
HALVINGS = 16  # in a row, for each container, before memory is taken to be short altogether: 65,536 rows down to one
LOOK_EVERY_S = 1.0  # between looks at the ledger while nothing finishes
WRITE_EVERY_S = 60.0  # between two manifests


@dataclass(frozen=True)
class Failure:
    """A shard that was given up in this run, and its last error."""

    shard: Shard
    error: str


@dataclass
class Dispatcher:
    """The decisions, without threads or containers: which shard next, what an outcome leads to, when to stop."""

    waiting: deque[Shard]
    budget: Budget
    at_once: int
    seconds_per_row: float  # of a container, expected before anything is measured
    start_s: float = 0.0  # of a container before its first row, as expected
    usd_per_hour: float = plan.USD_PER_HOUR
    done: list[ShardManifest] = field(default_factory=list)
    in_flight: dict[str, tuple[Shard, float]] = field(default_factory=dict)  # label -> shard, expected USD
    failed: list[Failure] = field(default_factory=list)
    stopped: str = ""  # why nothing more is started
    _attempts: Counter[str] = field(default_factory=Counter)
    _failed_in_a_row: int = 0
    _full_in_a_row: int = 0
    _most_in_flight: int = 0

    def expected_usd(self, shard: Shard) -> float:
        """What an attempt should cost: at the measured speed, and with a start where no container is free for it."""
        per_row = seconds_per_row(self.done) or self.seconds_per_row
        start = self.start_s if len(self.in_flight) >= self._most_in_flight else 0.0
        return (shard.rows * per_row + start) / HOUR * self.usd_per_hour

    def next(self, elsewhere: Collection[str] = ()) -> Shard | None:
        """The shard to start now; None to wait, or where there is none. Those that run `elsewhere` are put off."""
        if self.stopped or len(self.in_flight) >= self.at_once:
            return None
        for _ in range(len(self.waiting)):
            if self.waiting[0].label not in elsewhere:
                return self._start()
            self.waiting.rotate(-1)
        return None

    def _start(self) -> Shard | None:
        shard = self.waiting[0]
        usd = self.expected_usd(shard)
        if not self.budget.may_start(usd, {label: expected for label, (_shard, expected) in self.in_flight.items()}):
            if not self.in_flight:  # what is in flight may turn out cheaper than expected
                left = max(0.0, self.budget.left_usd())
                self.stopped = f"{left:.2f} USD are left of {self.budget.limit}, and a shard costs about {usd:.2f}"
            return None
        self.waiting.popleft()
        self.in_flight[shard.label] = (shard, usd)
        self._most_in_flight = max(self._most_in_flight, len(self.in_flight))
        return shard

    def record(self, shard: Shard, outcome: Outcome) -> bool:
        """Take in an outcome. True for a single row that no memory holds: the caller writes its dead letter."""
        del self.in_flight[shard.label]
        if outcome.state == DONE and outcome.manifest:
            self.done.append(outcome.manifest)
            if outcome.manifest.rows:  # a shard of bad rows alone says nothing about the engine
                self._failed_in_a_row = self._full_in_a_row = 0
            return False
        if outcome.state == OUT_OF_MEMORY:
            return self._halve(shard, outcome.error)
        self._attempts[shard.label] += 1
        self._failed_in_a_row += 1
        if self._attempts[shard.label] < ATTEMPTS:
            self.waiting.append(shard)
        else:
            self.failed.append(Failure(shard, outcome.error))
        if self._failed_in_a_row >= self.at_once + SPARE_FAILURES:
            self.stopped = f"{self._failed_in_a_row} attempts in a row failed, the last one with {outcome.error}"
        return False

    def _halve(self, shard: Shard, error: str) -> bool:
        self._full_in_a_row += 1
        if self._full_in_a_row >= self.at_once * HALVINGS + SPARE_FAILURES:
            self.stopped = f"{self._full_in_a_row} attempts in a row did not fit, the last one {error}"
        if shard.rows > 1:
            self.waiting.extendleft(reversed(shard.halves()))
            return False
        if any(manifest.rows for manifest in self.done):
            return True
        self.failed.append(Failure(shard, error))  # nothing ever fitted: it is not this row
        return False

    def replace(self, shard: Shard, found: Scan) -> None:
        """Take in what another run has made of the shard that was to start: it has finished or split it."""
        del self.in_flight[shard.label]
        self.done += found.done
        self.waiting.extendleft(reversed(found.pending))

    @property
    def finished(self) -> bool:
        """Whether nothing runs and nothing will be started."""
        return not self.in_flight and (bool(self.stopped) or not self.waiting)

    @property
    def scan(self) -> Scan:
        """Return the status without reading the files."""
        in_flight = [shard for shard, _usd in self.in_flight.values()]
        return Scan(self.done, [*in_flight, *self.waiting, *(failure.shard for failure in self.failed)])


@dataclass(frozen=True)
class Report:
    """How a run ended."""

    status: Status
    stopped: str  # "" where it came to its end
    failed: list[Failure]

    @property
    def complete(self) -> bool:
        return self.status.left == 0

    def __str__(self) -> str:
        lines = [str(self.status)]
        lines += [f"shard {failure.shard.name} failed: {failure.error}" for failure in self.failed]
        if self.stopped:
            lines.append(f"stopped: {self.stopped}")
        if not self.complete:
            lines.append("the same command continues")
        return "\n".join(lines)


def run_job(
    job: Job,
    limit: Limit,
    run_shard: Callable[[Shard], Outcome],
    *,
    at_once: int,
    seconds_per_row: float = SECONDS_PER_ROW,
    start_s: float = plan.PREDICTED_COLD_START_S,
    refresh: Callable[[], None] = lambda: None,
    publish: Callable[[Status], None] = lambda status: None,
) -> Report:
    """Run every shard that is not done, until all are or nothing more may be started. A second call goes on.

    A stop that was asked for holds for every call, an automatic retry too, until `create_job` takes it back.

    `run_shard` blocks until an attempt ended; it is called from `at_once` threads, and may raise. `refresh` makes what
    other containers wrote visible; `publish` gets the status.
    """
    refresh()
    files.remove_stale_temp(job.folder)
    scan, ledger = scan_results(job), Ledger(job.ledger)
    now = Dispatcher(deque(scan.pending), job_budget(job, limit), at_once, seconds_per_row, start_s, done=scan.done)
    random.shuffle(now.waiting)  # two runs at once seldom take the same; and what is done is a fair sample of the rest
    attempts: dict[Future[Outcome], Shard] = {}
    published = written = -float("inf")
    with ThreadPoolExecutor(at_once) as threads:
        while True:
            refresh()
            entries = ledger.entries()
            if job.stop_file.exists():
                now.stopped = now.stopped or "as you asked"
            attempts |= {threads.submit(run_shard, shard): shard for shard in startable(job, now, entries)}
            if time.monotonic() - published > LOOK_EVERY_S:
                publish(status(job, now.scan, entries))
                published = time.monotonic()
            if time.monotonic() - written > WRITE_EVERY_S:
                write_manifest(job, now.scan, entries)
                written = time.monotonic()
            if now.finished:
                break
            if not attempts:  # all that is left runs elsewhere
                time.sleep(LOOK_EVERY_S)
            for attempt in wait(attempts, LOOK_EVERY_S, FIRST_COMPLETED).done:
                collect(job, now, attempts.pop(attempt), attempt)
    refresh()
    scan, entries = scan_results(job, verify=False), ledger.entries()
    if not scan.pending and not any(entry.live for entry in entries):
        results.remove_orphans(job.folder, scan.done)
    write_manifest(job, scan, entries)
    last = status(job, scan, entries)
    publish(last)
    return Report(last, now.stopped, now.failed)


def job_budget(job: Job, limit: Limit) -> Budget:
    """A limit on this job's ledger; one for a month is on those of all jobs of this project."""
    return Budget(Ledger(job.ledger.parent if limit.per == "month" else job.ledger), limit)


def startable(job: Job, now: Dispatcher, entries: Sequence[Entry]) -> Iterator[Shard]:
    """Shards to start now. One that another run of this job has begun is left to it, and looked at again afterwards."""
    elsewhere = {entry.what for entry in entries if entry.live} - now.in_flight.keys()
    begun = {entry.what for entry in entries}
    while shard := now.next(elsewhere):
        found = scan_results(job, only=shard, entries=entries) if shard.label in begun else None
        if found is None or found.pending == [shard]:
            yield shard
        else:
            now.replace(shard, found)


def collect(job: Job, now: Dispatcher, shard: Shard, attempt: Future[Outcome]) -> None:
    """Record an attempt that ended, by returning or by raising: a container that died has no other way to say so."""
    error = attempt.exception()
    outcome = classify_error(error) if error else attempt.result()
    if now.record(shard, outcome):
        now.done.append(results.dead_letter(job.folder, shard, shards.read_rows(job.root, shard), outcome.error))
