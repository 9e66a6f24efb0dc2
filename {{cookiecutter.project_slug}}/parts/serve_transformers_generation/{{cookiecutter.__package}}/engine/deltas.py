"""Where an answer ends before the model ends it."""

from collections.abc import Sequence


class Stops:
    """Cuts a text that comes in pieces before the first of some strings, which may lie across two pieces."""

    def __init__(self, strings: Sequence[str]) -> None:
        self.strings = strings
        self.held = ""  # may be the beginning of one of them
        self.found = False

    def take(self, piece: str, *, last: bool = False) -> str:
        """What can be said now that `piece` has come."""
        text = self.held + piece
        ends = [at for string in self.strings if (at := text.find(string)) >= 0]
        if ends:
            self.found, self.held = True, ""
            return text[: min(ends)]
        keep = 0 if last else self._begun(text)
        self.held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _begun(self, text: str) -> int:
        """How many of the last characters may begin one of the strings."""
        lengths = (n for string in self.strings for n in range(1, len(string)) if text.endswith(string[:n]))
        return max(lengths, default=0)
