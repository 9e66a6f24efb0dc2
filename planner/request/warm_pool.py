"""Parse the warm pool, its cron lines and its hours a month."""

from __future__ import annotations

import re

from ..asked import NO_TARGETS, Targets, WarmPool
from ..schema import HOURS_PER_MONTH, Refusal

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # as cron counts them
WARM_FORMS = "write auto, a number such as 1, or a number in working hours such as 1 mon-fri 8-18 Europe/Berlin"
MOST_WARM = 1000
DAY_MIN = 24 * 60  # minutes
_WARM = re.compile(r"(\d{1,4})(?:\s+(\S+)\s+(\S+)(?:\s+(\S+))?)?", re.ASCII)
_HOURS = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?", re.ASCII)


def parse_warm(text: str, optimize: str, targets: Targets = NO_TARGETS) -> WarmPool:
    """Return the pool of "auto", "0", "2", "1 mon-fri 8-18 Europe/Berlin".

    "auto" keeps one where latency is the aim, or a first token has a target: a cold start takes a minute.
    """
    if text.lower() == "auto":
        return WarmPool(int(optimize == "latency" or targets.ttft_s > 0))
    found = _WARM.fullmatch(text)
    if not found or int(found[1]) > MOST_WARM:
        raise Refusal(f"warm {text[:60]!a} is not understood; {WARM_FORMS}")
    if found[2] is None:
        return WarmPool(int(found[1]))
    if not int(found[1]):
        raise Refusal("warm 0 needs no hours; write 0, or keep at least one container warm in them")
    opens, closes = parse_hours(found[3])
    return WarmPool(int(found[1]), parse_days(found[2]), opens, closes, parse_zone(found[4]) if found[4] else "UTC")


def parse_days(text: str) -> tuple[int, ...]:
    """Return the days of the week, as cron counts them, of "mon-fri", "mon,wed", "fri-mon" or "daily"."""
    if text.lower() == "daily":
        return tuple(range(7))
    days: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise Refusal(f"warm has no days {text[:60]!a}; write mon-fri, mon,wed,fri or daily")
        start, end = DAYS.index(first), DAYS.index(last or first)
        days |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return tuple(sorted(days))


def parse_hours(text: str) -> tuple[int, int]:
    """Return the minutes after midnight of "8-18", "8:30-18" or, over midnight, "22-6"."""
    found = _HOURS.fullmatch(text)
    opens, closes = (
        (int(found[1]) * 60 + int(found[2] or 0), int(found[3]) * 60 + int(found[4] or 0)) if found else (0, 0)
    )
    minutes = (int(found[2] or 0), int(found[4] or 0)) if found else (0, 0)
    if max(minutes) > 59 or opens >= DAY_MIN or closes > DAY_MIN or opens == closes % DAY_MIN:
        raise Refusal(f"warm has no hours {text[:60]!a}; write 8-18, 8:30-18:00 or 22-6, less than a whole day")
    return opens, closes


def parse_zone(name: str) -> str:
    """Return a time zone by its IANA name, in any case. Unchecked where this machine has no list of them."""
    import difflib  # here, because few bakes name a time zone and each of these takes milliseconds
    import zoneinfo

    known = {zone.lower(): zone for zone in zoneinfo.available_timezones()}
    if name.lower() in known or (not known and re.fullmatch(r"[A-Za-z]+(/[A-Za-z0-9_+-]+)*", name, re.ASCII)):
        return known.get(name.lower(), name)
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {known[near[0]]}?" if near else "write one such as Europe/Berlin, or none for UTC"
    raise Refusal(f"warm has no time zone {name[:60]!a}; {hint}")


def crons(pool: WarmPool) -> tuple[str, str]:
    """Return the cron lines that open and close the pool; two empty ones without hours."""
    if not pool.days:
        return "", ""
    next_day = pool.closes_min % DAY_MIN < pool.opens_min
    closing = tuple(sorted((day + next_day) % 7 for day in pool.days))
    return cron(pool.opens_min, pool.days), cron(pool.closes_min % DAY_MIN, closing)


def cron(minute: int, days: tuple[int, ...]) -> str:
    if len(days) == 7:
        listed = "*"
    elif len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        listed = f"{days[0]}-{days[-1]}"
    else:
        listed = ",".join(map(str, days))
    return f"{minute % 60} {minute // 60} * * {listed}"


def warm_hours_per_month(pool: WarmPool) -> float:
    """Return the hours a month that the pool is warm: 730 without hours, else the week's share of them."""
    if not pool.days:
        return HOURS_PER_MONTH
    open_min = (pool.closes_min - pool.opens_min) % DAY_MIN
    return len(pool.days) * open_min / (7 * DAY_MIN) * HOURS_PER_MONTH
