"""The scheduler: which shard runs next, and when to stop; so many at once, within the budget, until all is done."""

import math
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
from .budget import DONE, HOUR, IDLE, OUT_OF_MEMORY, RUNNING, Budget, Entry, Ledger, Limit, spent_usd
from .claim import Claim
from .estimate import SECONDS_PER_ROW
from .job import Job, paid_containers
from .shard_runner import Outcome, classify_error
from .status import Scan, Status, scan_results, seconds_per_row, status, write_manifest

ATTEMPTS = 3  # at a shard in one run
SPARE_FAILURES = 4  # in a row, besides one for each container, before the job is taken to be broken
HALVINGS = 16  # in a row, for each container, before memory is taken to be short altogether: 65,536 rows down to one
SPREAD = 1.5  # times what a shard should cost must be free for it: one that is ended half-way was paid for nothing
LOOK_EVERY_S = 1.0  # between looks at the ledger while nothing finishes
WRITE_EVERY_S = 60.0  # between two manifests
CLOCKS_S = 5.0  # by which the clocks of two machines may differ
GRACE_S = 60.0  # after what a call may take, until it is cancelled: its container ends it itself, unless it is frozen


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
    idle_s: float = 0.0  # of a container after its last row
    usd_per_hour: float = plan.USD_PER_HOUR
    may_grow: Callable[[int], bool] = lambda containers: True  # whether so many containers may run now
    done: list[ShardManifest] = field(default_factory=list)
    in_flight: dict[str, tuple[Shard, float]] = field(default_factory=dict)  # label -> shard, USD that it may cost
    failed: list[Failure] = field(default_factory=list)
    stopped: str = ""  # why nothing more is started
    _attempts: Counter[str] = field(default_factory=Counter)
    _failed_in_a_row: int = 0
    _full_in_a_row: int = 0
    _most_in_flight: int = 0

    def expected_usd(self, shard: Shard) -> float:
        """An attempt's expected cost: at the measured speed, and with a start where no container is free for it."""
        per_row = seconds_per_row(self.done) or self.seconds_per_row
        start = self.start_s if len(self.in_flight) >= self._most_in_flight else 0.0
        return (shard.rows * per_row + start) / HOUR * self.usd_per_hour

    def free_usd(self, more: int) -> float:
        """The most that so many more cost: what is left beside those in flight and each container's last wait."""
        containers = max(self._most_in_flight, len(self.in_flight) + more)
        idle_usd = containers * self.idle_s / HOUR * self.usd_per_hour
        return self.budget.left_usd({label: most for label, (_shard, most) in self.in_flight.items()}) - idle_usd

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
        """Start the first that waits, for its part of what is free: all that run may not cost more than is left."""
        shard, free = self.waiting[0], self.free_usd(1)
        usd, slots = self.expected_usd(shard), min(self.at_once - len(self.in_flight), len(self.waiting))
        if usd * SPREAD > free + 1e-9:
            if not self.in_flight:  # what is in flight may turn out cheaper than it may
                free = max(0.0, free)
                self.stopped = f"${free:.2f} is left of {self.budget.limit}, and a shard costs about ${usd:.2f}"
            return None
        if len(self.in_flight) >= self._most_in_flight and not self.may_grow(len(self.in_flight) + 1):
            return None
        self.waiting.popleft()
        self.in_flight[shard.label] = (shard, max(usd, self.free_usd(slots) / slots))
        self._most_in_flight = max(self._most_in_flight, len(self.in_flight))
        return shard

    def most_s(self, shard: Shard) -> float:
        """Seconds that a shard in flight may take."""
        return self.in_flight[shard.label][1] / self.usd_per_hour * HOUR if self.usd_per_hour else math.inf

    def record(self, shard: Shard, outcome: Outcome) -> bool:
        """Take in an outcome. True for a single row that no memory holds: the caller writes its dead letter."""
        del self.in_flight[shard.label]
        if outcome.state == DONE and outcome.manifest:
            self.done.append(outcome.manifest)
            if outcome.manifest.rows:  # a shard of bad rows alone is no evidence about the engine
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
    run_shard: Callable[[Shard, float], Outcome],
    *,
    at_once: int,
    seconds_per_row: float = SECONDS_PER_ROW,
    start_s: float = plan.PREDICTED_COLD_START_S,
    idle_s: float = plan.SCALEDOWN_WINDOW,
    cancel: Callable[[str], None] = lambda call: None,
    refresh: Callable[[], None] = lambda: None,
    commit: Callable[[], None] = lambda: None,
    publish: Callable[[Status], None] = lambda status: None,
) -> Report:
    """Run every shard that is not done, until all are or nothing more may be started. A second call goes on.

    A stop that was asked for holds for every call, an automatic retry too, until `create_job` takes it back.

    `run_shard(shard, seconds that it may take)` blocks until an attempt ended; it is called from `at_once` threads,
    and may raise. `cancel(id of its call)` ends one that takes longer, or that goes on when nothing is left. `refresh`
    makes what other containers wrote visible, `commit` shows them what this one wrote; `publish` gets the status.
    """
    refresh()
    files.remove_stale_temp(job.folder)
    scan, ledger, limited = scan_results(job), Ledger(job.ledger), job_budget(job, limit)
    claim = Claim(job.root, paid_containers(limit), refresh, commit)
    now = Dispatcher(deque(scan.pending), limited, at_once, seconds_per_row, start_s, idle_s, done=scan.done)
    now.may_grow = claim.grow
    random.shuffle(now.waiting)  # two runs at once seldom take the same; and what is done is a fair sample of the rest
    attempts: dict[Future[Outcome], tuple[Shard, float]] = {}  # with the time of their start
    cancelled = set[str]()
    published = written = -float("inf")
    with ThreadPoolExecutor(at_once) as threads:
        while True:
            refresh()
            claim.renew()
            entries = ledger.entries()
            if job.stop_file.exists():
                now.stopped = now.stopped or "as you asked"
            broke = limit.bounds and spent_usd(limited.ledger.entries(), limit.since) >= limit.usd
            if broke and now.in_flight:
                now.stopped = now.stopped or f"all of {limit} is spent, and what ran was ended"
            for call in overdue(entries, now.in_flight, broke) - cancelled:
                cancel(call)
                cancelled.add(call)
            for shard in startable(job, now, entries):
                attempts[threads.submit(run_shard, shard, now.most_s(shard))] = shard, time.time()
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
                shard, began = attempts.pop(attempt)
                if attempt.exception():
                    refresh()
                    ledger.count_silent(shard.label, began - CLOCKS_S)
                collect(job, now, shard, attempt)
    refresh()
    claim.release(idle_s)
    scan, entries = scan_results(job, verify=False), ledger.entries()
    if not scan.pending and not any(entry.live and entry.what != IDLE for entry in entries):
        results.remove_orphans(job.folder, scan.done)
    write_manifest(job, scan, entries)
    last = status(job, scan, entries)
    publish(last)
    return Report(last, now.stopped, now.failed)


def job_budget(job: Job, limit: Limit) -> Budget:
    """A limit on this job's ledger; one for a month is on those of all jobs of this project."""
    return Budget(Ledger(job.ledger.parent if limit.per == "month" else job.ledger), limit)


def overdue(entries: Sequence[Entry], in_flight: Collection[str], broke: bool) -> set[str]:
    """Calls to cancel: those that go on long after they should have ended, or all where nothing is left to spend.

    A container that is frozen no longer writes to the ledger, so only the time since its last entry shows it.
    """
    now = time.time()
    return {
        entry.call
        for entry in entries
        if entry.state == RUNNING and entry.call and (entry.live or (entry.of or entry.what) in in_flight)
        if broke or (entry.most_s and now - entry.began > entry.most_s + GRACE_S)
    }


def startable(job: Job, now: Dispatcher, entries: Sequence[Entry]) -> Iterator[Shard]:
    """Shards to start now. One that another run of this job has begun is left to it, and looked at again afterwards."""
    elsewhere = {entry.of or entry.what for entry in entries if entry.live} - now.in_flight.keys()
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
