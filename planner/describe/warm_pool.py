"""The hours of a warm pool in words."""

from __future__ import annotations

from ..asked import WarmPool
from ..request.warm_pool import DAYS


def hours_text(pool: WarmPool) -> str:
    """Return "mon-fri 8-18 Europe/Berlin", or "always" without hours."""
    if not pool.days:
        return "always"
    return f"{days_text(pool.days)} {clock(pool.opens_min)}-{clock(pool.closes_min)} {pool.timezone}"


def days_text(days: tuple[int, ...]) -> str:
    """Return "mon-fri", "mon,wed" or "daily"; days over the week's end are "fri-mon"."""
    if len(days) == 7:
        return "daily"
    starts = [day for day in days if (day - 1) % 7 not in days]
    runs = []
    for start in sorted(starts, key=lambda day: (day - 1) % 7):
        end = next(day for day in range(start, start + 7) if (day + 1) % 7 not in days) % 7
        runs.append(DAYS[start] if start == end else f"{DAYS[start]}-{DAYS[end]}")
    return ",".join(runs)


def clock(minute: int) -> str:
    """Return "8" or "18:30"."""
    return f"{minute // 60}:{minute % 60:02}" if minute % 60 else str(minute // 60)
