"""The containers of an hourly budget, which the jobs of a project share while they run at the same time."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

from . import files

EVERY_S = 15.0  # between two renewals
LAPSES_S = 4 * EVERY_S  # without a renewal: its job was killed


class Claim:
    """How many of `paid` containers one run of a job takes. Each run has a file below `root`, which only it writes.

    It grows as containers are started and does not shrink before `release`. 0 `paid`: nothing is shared or written.
    Two that grow at the same moment each see the other, since both write first: then both step back and try again.
    """

    def __init__(self, root: str, paid: int, refresh: Callable[[], None], commit: Callable[[], None]) -> None:
        self.path, self.paid = Path(root, "claims", f"{uuid.uuid4().hex}.json"), paid
        self.refresh, self.commit = refresh, commit
        self.containers = 0
        self.renewed = time.monotonic()

    def grow(self, containers: int) -> bool:
        """Take so many containers in all; False where other jobs have them."""
        before = self.containers
        if not self.paid or containers <= before:
            return True
        if self._others() + containers > self.paid:
            return False
        self._write(containers)
        self.refresh()
        if self._others() + containers > self.paid:
            self._write(before)
            return False
        return True

    def renew(self) -> None:
        if self.containers and time.monotonic() - self.renewed > EVERY_S:
            self._write(self.containers)

    def release(self, after_s: float) -> None:
        """Give them back once their containers have stopped."""
        if self.containers:
            self._write(self.containers, after_s)

    def _write(self, containers: int, lasts_s: float = LAPSES_S) -> None:
        self.containers, self.renewed = containers, time.monotonic()
        files.save(self.path, {"containers": containers, "until": time.time() + lasts_s})
        self.commit()

    def _others(self) -> int:
        """Containers of the other claims that hold."""
        found = [files.load(path) for path in self.path.parent.glob("[!.]*.json") if path != self.path]
        return sum(claim["containers"] for claim in found if claim and claim["until"] > time.time())
