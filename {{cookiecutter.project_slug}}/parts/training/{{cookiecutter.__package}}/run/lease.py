"""The lease of a run: one attempt at a time touches its checkpoints. A file beside them, renewed while it goes on."""

import os
import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import modal
import psutil

from . import calls, files
from .budget import EVERY_S, SILENCES
from .reply import UserError
from .run_dir import Run, volume

SETTLE_S = 2.0  # after which two attempts that took the lease at the same moment see whose it is
CLOCKS_S = 5.0  # by which the clocks of two machines may differ
LOST = 4  # exit code of an attempt whose lease another has taken


@dataclass(frozen=True)
class Holder:
    """The attempt that has the lease, and when it said so last."""

    attempt: str
    call: str  # id of the Modal call that runs it; empty where none does
    renewed: float  # since the epoch
    every_s: float  # between two renewals

    @property
    def lapses_s(self) -> float:
        """Seconds without a renewal after which the attempt is taken for killed."""
        return SILENCES * self.every_s


class Lease:
    """The lease of one attempt at a run, renewed by a thread from `acquire` to `release`."""

    def __init__(self, run: Run, every_s: float = EVERY_S) -> None:
        self.run, self.every_s = run, every_s
        self.attempt, self.call = uuid.uuid4().hex[:12], modal.current_function_call_id() or ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def acquire(self, commit: Callable[[], object]) -> None:
        """Take the lease. UserError where another attempt has it and goes on; one that ended is said and replaced."""
        if held := self.holder():
            self._replace(held)
        self._write()
        if self.run.volume:  # containers see each other's files after a commit
            commit()
            time.sleep(SETTLE_S)
        if not self._is_mine():
            raise UserError(f"another attempt at the run {self.run.name} began at the same moment: it goes on alone")
        self._thread.start()

    def release(self) -> None:
        self._stop.set()
        self._thread.join()
        if self._is_mine():
            self.run.lease.unlink(missing_ok=True)

    def holder(self) -> Holder | None:
        """Who has the lease, from the Volume's last commit and not from this container's copy of it."""
        if not self.run.volume:
            found = files.load(self.run.lease)
        else:
            try:
                path = self.run.lease.relative_to(self.run.root).as_posix()
                found = files.parse(b"".join(volume.read_file(path)))
            except (FileNotFoundError, modal.exception.NotFoundError):
                return None
        return Holder(**found) if found else None

    def _is_mine(self) -> bool:
        held = self.holder()
        return held is not None and held.attempt == self.attempt

    def _write(self) -> None:
        files.save(self.run.lease, asdict(Holder(self.attempt, self.call, time.time(), self.every_s)))

    def _replace(self, held: Holder) -> None:
        """Return once the attempt that has the lease is over. UserError where it is not."""
        ended = self._ended(held)
        if ended is None:  # Modal does not answer: an attempt that goes on renews its lease
            with self.run.ledger().meter("lease"):
                ended = self._lapsed(held)
        if not ended:
            raise UserError(
                f"the run {self.run.name} is trained by another attempt, {held.attempt}, which goes on: "
                "wait for its end, or give this one another RUN name"
            )
        print(f"the lease of attempt {held.attempt}, which {ended}, is taken over", flush=True)

    def _ended(self, held: Holder) -> str | None:
        """How an attempt ended by Modal's account; "" where it goes on, None where Modal has no record or no answer."""
        if not (held.call and self.call):
            return None
        if held.call == self.call:
            return "Modal tries again"
        try:
            calls.result(modal.FunctionCall.from_id(held.call))
        except calls.StillRunning:
            return ""
        except calls.Unreachable:
            return None
        except Exception as error:
            return f"ended with {type(error).__name__}"
        return "has ended"

    def _lapsed(self, held: Holder) -> str:
        """Wait for a renewal, "", or until the lease has lapsed by its own clock or by ours."""
        print(f"waits for {held.lapses_s:.0f} s whether attempt {held.attempt} goes on", flush=True)
        deadline = time.monotonic() + held.lapses_s
        while time.monotonic() < deadline and time.time() - held.renewed < held.lapses_s + CLOCKS_S:
            time.sleep(held.every_s / 4)
            now = self.holder()
            if now is None:
                return "has ended"
            if now != held:
                return ""
        return f"has not renewed it for {time.time() - held.renewed:.0f} s"

    def _renew(self) -> None:
        while not self._stop.wait(self.every_s):
            try:
                held = self.holder()
            except calls.LOST:  # unknown: what may still go on is not taken over
                continue
            if held and held.attempt != self.attempt:
                lost(f"attempt {self.attempt} ends: {held.attempt} has taken the lease of the run {self.run.name}")
            self._write()


def lost(why: str) -> None:
    """End this process and those that it started, at once: from now on the checkpoints are another attempt's."""
    print(why, flush=True)
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(LOST)


@contextmanager
def hold(run: Run, commit: Callable[[], object], every_s: float = EVERY_S) -> Generator[None]:
    """Hold the run's lease in the block. UserError where another attempt has it."""
    run.folder.mkdir(parents=True, exist_ok=True)
    lease = Lease(run, every_s)
    lease.acquire(commit)
    try:
        yield
    finally:
        lease.release()
