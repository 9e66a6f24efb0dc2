"""What a container does around its shards: its start is paid for, its memory compared, a broken one replaced."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import modal.experimental

from .monitoring import gpu_memory
from .run.budget import DONE, Ledger
from .run.shard_runner import Outcome


@contextmanager
def started(root: str, job: str) -> Generator[None]:
    """Around the loading of the model: its seconds go to the job's ledger, what fills the memory goes to the log."""
    with Ledger(Path(root, "ledger", job)).meter("start"):
        monitor = gpu_memory.Monitor().start()
        yield
        print(monitor.report(), flush=True)


def checked(outcome: Outcome) -> Outcome:
    """The outcome as it is. After any but a good one no further shard comes here: nobody knows what an error broke."""
    if outcome.state != DONE:
        print(f"this container is replaced: {outcome.error}", flush=True)
        modal.experimental.stop_fetching_inputs()
    return outcome
