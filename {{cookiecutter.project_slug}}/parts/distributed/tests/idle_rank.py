"""A rank that trains nothing, in a process of its own that imports little."""

import threading
import time
from pathlib import Path

from {{cookiecutter.__package}}.distributed import ipc
from {{cookiecutter.__package}}.run import status

DONE = status.Outcome(status.FINISHED, 8, 8)


def rank(folder: Path, word: str) -> None:
    """A rank that commits, waits for the request to end, and sends a result."""
    line = ipc.Rank(folder)
    try:
        line.commit()
    except RuntimeError as error:
        line.send(ipc.MEMORY, str(error))
        return
    while word and not line.stop_requested():
        time.sleep(0.01)
    if word:
        line.send(word, DONE)
    else:
        threading.Event().wait()  # until the launcher is gone
