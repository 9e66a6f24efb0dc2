"""The answers that run or wait in vLLM: one too many is refused here, since in a stream vLLM refuses after the 200."""

from typing import Any

from . import options


class Full(Exception):
    """One sentence on why a request finds no place."""


class Places:
    """Counts the answers, or texts, of all requests that are not finished."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, count: int) -> None:
        """Raise Full where so many do not fit beside those that run or wait."""
        if self.taken + count > options.MOST_OPEN:
            raise Full(f"{self.taken} requests run or wait, and {count} more do not fit; send the request again")
        self.taken += count

    def free(self, count: int) -> None:
        self.taken -= count


def answers(path: str, request: dict[str, Any]) -> int:
    """Return the answers that a checked request asks for, or its texts or pairs: what runs or waits for it in vLLM."""
    if path.endswith("/count_tokens"):
        return 0
    texts = [request.get(name) for name in ("prompt", "input", "queries", "documents", "text_1", "text_2")]
    if path == "/v1/responses":  # whose input is one conversation
        texts = []
    count = max((len(one) for one in texts if isinstance(one, list) and _holds_texts(one)), default=1)
    return max(1, count) * int(request.get("n") or 1)


def _holds_texts(texts: list[Any]) -> bool:
    """Whether a list has texts, or token ids of each, and not the token ids of one."""
    return not texts or not isinstance(texts[0], int)
