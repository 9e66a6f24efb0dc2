"""A clock for the container's start, from a snapshot or not."""

import os
import time

import psutil


class StartupClock:
    """Counts from the start of this process, or from its restore out of a snapshot."""

    def __init__(self) -> None:
        self.began = psutil.Process().create_time()  # seconds since the epoch
        self.container = os.environ.get("MODAL_TASK_ID")

    def after_snapshot(self) -> None:
        """Restart the clock where this process was restored in another container. Call it first after a snapshot."""
        if os.environ.get("MODAL_TASK_ID") != self.container:
            self.began = time.time()

    def seconds(self) -> float:
        return time.time() - self.began
