"""Turns between requests of many texts and of few, as priorities for vLLM, which alone runs what came first."""


class Turns:
    """A clock of served bytes, which orders requests by when each would end if all got the same share.

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
