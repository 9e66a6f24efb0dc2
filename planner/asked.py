"""The conditions of a plan beside the model: a budget, containers kept warm, latencies."""

from __future__ import annotations

from typing import NamedTuple


class Budget(NamedTuple):
    """Money a person agreed to spend. `per` is "hour", "month", "run" or "none" (no limit)."""

    usd: float
    per: str

    def pays(self, usd: float) -> bool:
        """Whether it carries so many USD in its unit. Three H200 at $4.54 add up to 13.620000000000001 as floats."""
        return usd <= self.usd + 1e-6


class WarmPool(NamedTuple):
    """Containers that are kept running: always, or on some days between two times."""

    containers: int = 0
    days: tuple[int, ...] = ()  # as cron counts them, Sunday 0; none: always
    opens_min: int = 0  # minutes after midnight
    closes_min: int = 0  # not after opens_min: on the next day
    timezone: str = "UTC"


class Targets(NamedTuple):
    """Latencies that a service must meet on average, in seconds; 0: none."""

    ttft_s: float = 0.0  # from a request's arrival to its first token, of a model that only reads to its answer
    tpot_s: float = 0.0  # between two tokens of an answer


NO_TARGETS = Targets()
