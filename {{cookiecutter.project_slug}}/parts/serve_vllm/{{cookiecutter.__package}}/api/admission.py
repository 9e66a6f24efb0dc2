"""Admission control: refuses what vLLM's queue cannot hold, before a stream's status 200, and orders what it holds."""

from typing import Any

from .. import plan
from ..engine import options


class QueueFull(Exception):
    """One sentence on why a request is not admitted."""


class Admission:
    """The answers, or texts, of all requests that are not finished."""

    def __init__(self) -> None:
        self.open = 0

    def acquire(self, count: int) -> None:
        """Raise QueueFull where so many do not fit beside those that run or wait."""
        if self.open + count > room(count):
            raise QueueFull(f"{self.open} requests run or wait, and {count} more do not fit; send the request again")
        self.open += count

    def release(self, count: int) -> None:
        """Count so many less."""
        self.open -= count


class Turns:
    """A clock of served bytes, which orders requests by when each would end if all got the same share, as priorities.

    vLLM alone runs what came first, so that requests of few texts would wait for those of many.

    Self-clocked fair queueing (Golestani, 1994), by request: a large one waits for no more than its own size of others.
    """

    def __init__(self) -> None:
        self.served = 0  # bytes of requests; virtual time

    def begin(self, size: int) -> int:
        """Return the priority of a request of so many bytes; the lowest runs first."""
        return self.served + size

    def end(self, priority: int) -> None:
        """Move the clock on to the end of a request."""
        self.served = max(self.served, priority)


def room(count: int) -> int:
    """How many may run and wait with a request of so many: large ones leave a quarter of MAX_WAITING free."""
    if plan.WORKLOAD == "generation" or count <= plan.CONCURRENCY:
        return options.MAX_OPEN
    return max(options.MAX_OPEN - plan.MAX_WAITING // 4, min(options.MAX_OPEN, plan.MAX_TEXTS))


def count_answers(path: str, request: dict[str, Any]) -> int:
    """Return how many answers, texts or pairs a checked request puts into vLLM's queue."""
    if path.endswith("/count_tokens"):
        return 0
    texts = [request.get(name) for name in ("prompt", "input", "queries", "documents", "text_1", "text_2")]
    if path == "/v1/responses":  # whose input is one conversation
        texts = []
    count = max((len(one) for one in texts if isinstance(one, list) and _holds_texts(one)), default=1)
    return max(1, count) * int(request.get("n") or 1)


def _holds_texts(texts: list[Any]) -> bool:
    """Whether a list holds texts, or a list of token ids for each, and not the token ids of one text."""
    return not texts or not isinstance(texts[0], int)
