"""What vLLM's processes say before they die: to us they only say that they are dead."""

import logging
from pathlib import Path

from .engine import worker_extension

MOST = 500  # characters of a cause


class WorkerExtension(worker_extension.WorkerExtension):
    """What every worker can be asked, and that it writes its errors where we can read them."""

    def keep_last_words(self, path: str) -> None:
        """Append what vLLM logs as an error in this worker's process, with its traceback, to a file."""
        handler = logging.FileHandler(path)
        handler.setLevel(logging.ERROR)
        logging.getLogger("vllm").addHandler(handler)


def cause(path: Path) -> str:
    """The error that the log ends with, in a line: `OutOfMemoryError: CUDA out of memory. Tried ...`."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    if "Traceback" not in text:
        return "it was killed, or the container has no RAM left"
    first = text.partition("Traceback")[2]  # what comes after it in the log is a consequence
    errors = [line for line in first.splitlines() if line and not line[0].isspace() and ": " in line]
    return errors[0][:MOST] if errors else "see its log above"
