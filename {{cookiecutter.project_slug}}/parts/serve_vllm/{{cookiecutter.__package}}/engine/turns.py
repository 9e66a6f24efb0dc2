"""Turns between requests of many texts and of few, as priorities for vLLM, which alone runs what came first."""

from .body_limit import Message


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


def with_priority(message: Message, priority: int, *, empty: bool) -> Message:
    """Return a body that holds a JSON object, `empty` or not, with vLLM's field `priority`."""
    _, _, rest = message["body"].partition(b"{")
    return {**message, "body": b'{"priority":%d%s%s' % (priority, b"" if empty else b",", rest)}
