"""Measure a cold start: from the first request, that finds no container, to the first answer.

`make coldstart` measures a fresh container of an app that is gone afterwards. Memory snapshots exist in deployed apps
only: `make coldstart DEPLOYED=1` measures that, after SCALEDOWN_WINDOW seconds without a request.
"""

import sys
import time
from dataclasses import dataclass

from .. import plan
from . import cli
from .client import Client, ServiceError

WARM_S = 1.0  # whatever answers sooner was running before
CLOCK_SKEW_S = 2.0  # between a container and this machine
TEXT = "In one sentence: what is a cold start?"


@dataclass(frozen=True)
class ColdStart:
    """The phases of one start, in seconds."""

    healthy_s: float  # from the first request until a container is healthy
    engine_s: float  # of those, from the start of the engine's process until it was ready
    first_s: float  # the first answer after that: kernels are chosen and compiled now
    second_s: float  # one that needs nothing new

    def report(self) -> str:
        """A line for each phase; their sum is what the plan predicts."""
        planned = f"planned {plan.PREDICTED_COLD_START_S:.0f}"
        lines = [
            (self.healthy_s + self.first_s, f"cold start, until the first answer; {planned}"),
            (max(0.0, self.healthy_s - self.engine_s), "Modal: a GPU, the image, the container"),
            (self.engine_s, "the engine: imports, weights, compilation"),
            (self.first_s, f"the first answer; the second took {self.second_s:.1f}"),
        ]
        return "\n".join(f"{seconds:8.1f} s  {phase}" for seconds, phase in lines)


def measure(url: str | None) -> ColdStart:
    """Wake the service at `url`, ask it twice, and print the phases. ServiceError where it was awake."""
    client = Client(url)
    begun = time.monotonic()
    client.health()
    healthy_s = time.monotonic() - begun
    engine_s = float(client.get("/engine")["started_s"])
    if healthy_s < max(WARM_S, engine_s - CLOCK_SKEW_S):
        raise ServiceError(
            f"a container was running already: ask nothing for {plan.SCALEDOWN_WINDOW} s, with MIN_CONTAINERS = 0, "
            "and measure again"
        )
    first_s, second_s = (time_request(client) for _ in range(2))
    start = ColdStart(healthy_s, engine_s, first_s, second_s)
    print(start.report())
    return start


def time_request(client: Client) -> float:
    """Seconds of one short request, printed as it is answered."""
    begun = time.monotonic()
    cli.ask(client, TEXT, 16)
    print()
    return time.monotonic() - begun


def main() -> int:
    options = cli.parser("client.cold_start", __doc__).parse_args()
    with cli.exit_on_error():
        measure(cli.address(options.url))
    return 0


if __name__ == "__main__":
    sys.exit(main())
