"""The card's memory as seen from outside: NVML, in a process that computes nothing itself."""

from __future__ import annotations

import threading
import time
from types import TracebackType

GIB = 2**30
EVERY_S = 0.05
SETTLE_S = 10.0  # at most, until what ran before has left the card


class CardMemory:
    """Samples what the whole card holds while the block runs, from when what ran before has left it.

    Without a card every figure is None.
    """

    def __init__(self, has_card: bool) -> None:
        self.has_card = has_card
        self.before_gib: float | None = None
        self.peak_gib: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="card memory", daemon=True)

    def __enter__(self) -> CardMemory:
        if self.has_card:
            import pynvml

            pynvml.nvmlInit()
            self._handle = pynvml.nvmlDeviceGetHandleByIndex(0)
            self.before_gib = self.peak_gib = self._settled_gib()
            self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.has_card:
            import pynvml

            self._stop.set()
            self._thread.join()
            pynvml.nvmlShutdown()

    def _used_gib(self) -> float:
        import pynvml

        return pynvml.nvmlDeviceGetMemoryInfo(self._handle).used / GIB

    def _settled_gib(self) -> float:
        """Return the memory in use once it falls no more: the driver may free a process's memory after its end."""
        begun, last, now = time.monotonic(), float("inf"), self._used_gib()
        while now < last and time.monotonic() - begun < SETTLE_S:
            time.sleep(4 * EVERY_S)
            last, now = now, self._used_gib()
        return now

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.peak_gib = max(self.peak_gib or 0.0, self._used_gib())
