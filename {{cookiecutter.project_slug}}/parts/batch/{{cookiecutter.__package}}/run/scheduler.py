"""What runs next, and when to stop: shards to so many containers at once, within the budget, until all is done."""

import random
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from . import status
from .. import plan
from ..output import results
from ..input import shards
from .status import Status, Survey
from ..output.results import Receipt
from . import files
from .budget import Budget, DONE, Entry, HOUR, Ledger, Limit, OUT_OF_MEMORY
from ..input.shards import Job, Shard
from .shard_runner import judged, Outcome

ATTEMPTS = 3  # at a shard in one run
SPARE_FAILURES = 4  # in a row, beside one for each container, before the job is taken to be broken
HALVINGS = 16  # in a row, for each container, before memory is taken to be short altogether: 65,536 rows down to one
LOOK_EVERY_S = 1.0  # between looks at the ledger while nothing finishes
WRITE_EVERY_S = 60.0  # between two manifests

RunShard = Callable[[Shard], Outcome]


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
    done: list[Receipt] = field(default_factory=list)
    flying: dict[str, tuple[Shard, float]] = field(default_factory=dict)  # label -> shard, expected USD
    failed: list[Failure] = field(default_factory=list)
    stopped: str = ""  # why nothing more is started
    _attempts: Counter[str] = field(default_factory=Counter)
    _in_a_row: int = 0
    _full_in_a_row: int = 0
    _most_flying: int = 0

    def expected_usd(self, shard: Shard) -> float:
        """What an attempt should cost: at the measured speed, and with a start where no container is free for it."""
        per_row = status.seconds_per_row(self.done) or self.seconds_per_row
        start = self.start_s if len(self.flying) >= self._most_flying else 0.0
        return (shard.rows * per_row + start) / HOUR * self.usd_per_hour

    @property
    def in_flight_usd(self) -> dict[str, float]:
        return {label: usd for label, (_shard, usd) in self.flying.items()}

    def next(self, elsewhere: Collection[str] = ()) -> Shard | None:
        """The shard to start now; None to wait, or where there is none. Those that run `elsewhere` are put off."""
        if self.stopped or len(self.flying) >= self.at_once:
            return None
        for _ in range(len(self.waiting)):
            if self.waiting[0].label not in elsewhere:
                return self._start()
            self.waiting.rotate(-1)
        return None

    def _start(self) -> Shard | None:
        shard = self.waiting[0]
        usd = self.expected_usd(shard)
        if not self.budget.may_start(usd, self.in_flight_usd):
            if not self.flying:  # what is in flight may turn out cheaper than expected
                left = max(0.0, self.budget.left_usd())
                self.stopped = f"{left:.2f} USD are left of {self.budget.limit}, and a shard costs about {usd:.2f}"
            return None
        self.waiting.popleft()
        self.flying[shard.label] = (shard, usd)
        self._most_flying = max(self._most_flying, len(self.flying))
        return shard

    def settle(self, shard: Shard, outcome: Outcome) -> bool:
        """Take in an outcome. True where the shard is a single row that no memory holds: the caller must bury it."""
        del self.flying[shard.label]
        if outcome.state == DONE and outcome.receipt:
            self.done.append(outcome.receipt)
            if outcome.receipt.rows:  # a shard of bad rows alone says nothing about the engine
                self._in_a_row = self._full_in_a_row = 0
            return False
        if outcome.state == OUT_OF_MEMORY:
            return self._halve(shard, outcome.error)
        self._attempts[shard.label] += 1
        self._in_a_row += 1
        if self._attempts[shard.label] < ATTEMPTS:
            self.waiting.append(shard)
        else:
            self.failed.append(Failure(shard, outcome.error))
        if self._in_a_row >= self.at_once + SPARE_FAILURES:
            self.stopped = f"{self._in_a_row} attempts in a row failed, the last one with {outcome.error}"
        return False

    def _halve(self, shard: Shard, error: str) -> bool:
        self._full_in_a_row += 1
        if self._full_in_a_row >= self.at_once * HALVINGS + SPARE_FAILURES:
            self.stopped = f"{self._full_in_a_row} attempts in a row did not fit, the last one {error}"
        if shard.rows > 1:
            self.waiting.extendleft(reversed(shard.halves()))
            return False
        if any(receipt.rows for receipt in self.done):
            return True
        self.failed.append(Failure(shard, error))  # nothing ever fitted: it is not this row
        return False

    def replace(self, shard: Shard, found: Survey) -> None:
        """Another run has finished or split the shard that was to start."""
        del self.flying[shard.label]
        self.done += found.done
        self.waiting.extendleft(reversed(found.pending))

    @property
    def finished(self) -> bool:
        """Whether nothing runs and nothing will be started."""
        return not self.flying and (bool(self.stopped) or not self.waiting)


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


def run(
    job: Job,
    run_shard: RunShard,
    *,
    budget: Budget,
    seconds_per_row: float,
    at_once: int = plan.MAX_CONTAINERS,
    start_s: float = 0.0,
    refresh: Callable[[], None] = lambda: None,
    watch: Callable[[Status], None] = lambda status: None,
) -> Report:
    """Run every shard that is not done, and return when all are done or nothing more may be started.

    `run_shard` blocks until an attempt ended; it is called from `at_once` threads, and may raise. `refresh` makes what
    other containers wrote visible; `watch` is told how far it is. Interrupted at any point, a second call goes on.
    """
    refresh()
    files.remove_stale_temp(job.folder)
    stop_file(job).unlink(missing_ok=True)
    found, ledger = status.survey(job), Ledger(job.ledger)
    now = Dispatcher(deque(found.pending), budget, at_once, seconds_per_row, start_s, done=found.done)
    random.shuffle(now.waiting)  # two runs at once seldom take the same; and what is done is a fair sample of the rest
    flights: dict[Future[Outcome], Shard] = {}
    told = written = -float("inf")
    with ThreadPoolExecutor(at_once) as threads:
        while True:
            refresh()
            entries = ledger.entries()
            if stop_file(job).exists():
                now.stopped = now.stopped or "as you asked"
            flights |= {threads.submit(run_shard, shard): shard for shard in startable(job, now, entries)}
            if time.monotonic() - told > LOOK_EVERY_S:
                watch(status.status(job, as_surveyed(now), entries))
                told = time.monotonic()
            if time.monotonic() - written > WRITE_EVERY_S:
                status.write(job, as_surveyed(now), entries)
                written = time.monotonic()
            if now.finished:
                break
            if not flights:  # all that is left runs elsewhere
                time.sleep(LOOK_EVERY_S)
            for flight in wait(flights, LOOK_EVERY_S, FIRST_COMPLETED).done:
                take(job, now, flights.pop(flight), flight)
    refresh()
    found, entries = status.survey(job, verify=False), ledger.entries()
    if not found.pending and not any(entry.live for entry in entries):
        results.tidy(job.folder, found.done)
    status.write(job, found, entries)
    status = status.status(job, found, entries)
    watch(status)
    return Report(status, now.stopped, now.failed)


def agreed(job: Job, limit: Limit) -> Budget:
    """A limit on this job's ledger; one for a month is on those of all jobs of this project."""
    return Budget(Ledger(job.ledger.parent if limit.per == "month" else job.ledger), limit)


def startable(job: Job, now: Dispatcher, entries: Sequence[Entry]) -> Iterator[Shard]:
    """Shards to start now. One that another run of this job has begun is left to it, and looked at again afterwards."""
    elsewhere = {entry.what for entry in entries if entry.live} - now.flying.keys()
    begun = {entry.what for entry in entries}
    while shard := now.next(elsewhere):
        found = status.survey(job, only=shard, entries=entries) if shard.label in begun else None
        if found is None or found.pending == [shard]:
            yield shard
        else:
            now.replace(shard, found)


def take(job: Job, now: Dispatcher, shard: Shard, flight: Future[Outcome]) -> None:
    """Settle an attempt that ended, by returning or by raising: a container that died has no other way to say so."""
    error = flight.exception()
    outcome = _raised(error) if error else flight.result()
    if now.settle(shard, outcome):
        now.done.append(results.bury(job.folder, shard, shards.read_rows(job.root, shard), outcome.error))


def _raised(error: BaseException) -> Outcome:
    state, sentence = judged(error)
    return Outcome(state, error=sentence)


def stop_file(job: Job) -> Path:
    """Where a file asks the run of a job to start nothing more."""
    return job.folder / "stop"


def as_surveyed(now: Dispatcher) -> Survey:
    """What is done and what is not, as the dispatcher knows it, without a look at the files."""
    flying = [shard for shard, _usd in now.flying.values()]
    return Survey(now.done, [*flying, *now.waiting, *(failure.shard for failure in now.failed)])
