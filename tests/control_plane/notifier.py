"""Waiting for something to change."""

from __future__ import annotations

import asyncio
import contextlib


class Notifier:
    """Wakes everyone that waits, each time it notifies."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def wait(self, seconds: float | None = None) -> None:
        """Return at the next notification, or when the time is over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
