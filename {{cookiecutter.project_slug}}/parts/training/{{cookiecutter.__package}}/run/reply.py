"""What a container has to say to whoever asked. Small enough to send, and read without a library."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """A text for the terminal, or what was wrong in one sentence."""

    text: str = ""
    error: str = ""
    complete: bool = True  # False: something is left to do, and the text says what

    def __str__(self) -> str:
        return f"error: {self.error}" if self.error else self.text


@dataclass(frozen=True)
class Checked(Said):
    """What was found in a dataset."""

    dataset: str = ""  # where it lies in a container
    ended: Said | None = None  # what came of the run, where no GPU has anything to do
