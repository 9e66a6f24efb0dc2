"""Waiting for something that another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T | None], seconds: float = 60.0, pause_s: float = 0.1) -> T:
    """Wait for `condition()` and return its value once it is true. AssertionError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"nothing came of it in {seconds:.0f} s"
        time.sleep(pause_s)
    return found
