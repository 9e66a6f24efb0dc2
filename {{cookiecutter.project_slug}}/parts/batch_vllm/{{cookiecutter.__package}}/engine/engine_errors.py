"""Why vLLM's engine died: its processes log the error to a file, and only report to this one that they are dead."""

import logging
from pathlib import Path

from . import worker_extension

MOST = 500  # characters of a cause


class WorkerExtension(worker_extension.WorkerExtension):
    """The methods of every worker that this process calls, and one that logs the worker's errors to a file."""

    def log_errors(self, path: str) -> None:
        """Append what vLLM logs as an error in this worker's process, with its traceback, to a file."""
        handler = logging.FileHandler(path)
        handler.setLevel(logging.ERROR)
        logging.getLogger("vllm").addHandler(handler)


def cause_of_death(log: Path) -> str:
    """The first error in the log of a dead engine, in a line: `OutOfMemoryError: CUDA out of memory. Tried ...`."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if "Traceback" not in text:
        return "it was killed, or the container has no RAM left"
    first = text.partition("Traceback")[2]  # what comes after it in the log is a consequence
    errors = [line for line in first.splitlines() if line and not line[0].isspace() and ": " in line]
    return errors[0][:MOST] if errors else "see its log above"
