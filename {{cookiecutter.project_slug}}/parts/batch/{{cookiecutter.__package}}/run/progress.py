"""A running job's status on its way to whoever watches: through a Modal Dict, shown as a progress bar."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import modal

from .. import plan
from .status import Status

EVERY_S = 2.0

progress_dict = modal.Dict.from_name(f"{plan.NAME}-progress", create_if_missing=True)  # job -> its last Status


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
                bar.set_postfix_str(f"{status.running} running, {status.usd:.2f} USD")

        yield show


def wait_with_bar(job: str, call: Any) -> Any:
    """Return the result of a spawned call, with a progress bar until then."""
    with progress_bar() as show:
        while True:
            try:
                result = call.get(timeout=EVERY_S)
            except (TimeoutError, modal.exception.TimeoutError):
                show(progress_dict.get(job))
            else:
                show(progress_dict.get(job))
                return result
