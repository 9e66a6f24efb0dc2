"""How long the container took to start."""

import os
import time

import psutil


class Clock:
    """Counts from the start of this process, or from its restore out of a snapshot."""

    def __init__(self) -> None:
        self.began = psutil.Process().create_time()  # seconds since the epoch
        self.container = os.environ.get("MODAL_TASK_ID")

    def restored(self) -> None:
        """To be called first after a snapshot: it lives on in another container, whose start counts."""
        if os.environ.get("MODAL_TASK_ID") != self.container:
            self.began = time.time()

    def seconds(self) -> float:
        return time.time() - self.began
