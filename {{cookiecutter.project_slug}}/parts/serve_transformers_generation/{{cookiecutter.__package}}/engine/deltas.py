"""The pieces of an answer: what one step added, cut before the first stop string."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Delta:
    """The text that one step added; the tokens of the answer so far and of the prompt."""

    text: str
    tokens: int
    prompt_tokens: int
    finish: str | None = None  # "stop" or "length" on the last one


class StopStringFilter:
    """Cuts a text that comes in pieces before the first of some strings, which may lie across two pieces."""

    def __init__(self, strings: Sequence[str]) -> None:
        self.strings = strings
        self.held = ""  # may be the beginning of one of them
        self.found = False

    def add(self, piece: str, *, last: bool = False) -> str:
        """Return the text that can be sent now that `piece` has come."""
        text = self.held + piece
        ends = [at for string in self.strings if (at := text.find(string)) >= 0]
        if ends:
            self.found, self.held = True, ""
            return text[: min(ends)]
        keep = 0 if last else self._partial(text)
        self.held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _partial(self, text: str) -> int:
        """Return how many of the last characters may begin one of the strings."""
        lengths = (n for string in self.strings for n in range(1, len(string)) if text.endswith(string[:n]))
        return max(lengths, default=0)
