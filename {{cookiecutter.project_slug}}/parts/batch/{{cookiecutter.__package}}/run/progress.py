"""A running job's status on its way to whoever watches: through a Modal Dict, shown as a progress bar."""

import time
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


class ProgressBar:
    """A progress bar of rows, on stderr."""

    def __enter__(self) -> "ProgressBar":
        from tqdm import tqdm

        self.bar = tqdm(unit=" rows", smoothing=0.0)
        return self

    def show(self, status: Status | None) -> None:
        """Move it to where a job is; None where nothing is known yet."""
        if status is None:
            return
        self.bar.total = status.rows
        self.bar.n = status.done + status.dead
        self.bar.set_postfix_str(f"{status.running} running, {status.usd:.2f} USD")

    def __exit__(self, *_: object) -> None:
        self.bar.close()


def wait_with_bar(job: str, call: Any) -> Any:
    """What a spawned call returns, with a progress bar until then."""
    with ProgressBar() as bar:
        while True:
            try:
                result = call.get(timeout=EVERY_S)
            except (TimeoutError, modal.exception.TimeoutError):
                bar.show(progress_dict.get(job))
            else:
                bar.show(progress_dict.get(job))
                return result
