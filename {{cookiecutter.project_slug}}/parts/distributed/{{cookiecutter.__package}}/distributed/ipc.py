"""The line between the process that Modal knows and the ranks that torchrun starts in its container.

Ranks have no Modal client: they ask for a commit of the Volume, and say how they ended. They are asked to end early,
and end at once when the process that launched them is gone.
"""

import os
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from types import TracebackType
from typing import Any

COMMIT, COMMITTED, STOP = "commit", "committed", "stop"
OUTCOME, MISTAKE, MEMORY, INTERRUPTED = "outcome", "mistake", "memory", "interrupted"  # how a rank ended
SOCKET = "ranks"
ORPHANED = 9  # exit code of a rank whose launcher is gone
PATIENCE_S = 30  # with a rank, or a commit, that does not end


class Launcher:
    """The end of the container's own process. Ranks connect to a socket in `folder`."""

    def __init__(self, folder: Path, commit: Callable[[], object]) -> None:
        self.commit = commit
        self.said: dict[str, Any] = {}  # OUTCOME, MISTAKE, MEMORY, INTERRUPTED -> what a rank said last
        self._ranks: list[Any] = []
        self._listening: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopping = False
        self._listener = Listener(str(folder / SOCKET), family="AF_UNIX")
        threading.Thread(target=self._accept, name="ranks", daemon=True).start()

    def __enter__(self) -> "Launcher":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Hang up, which ends ranks that outlive torchrun, and hear out what was said last."""
        self._listener.close()
        with self._lock:
            for rank in self._ranks:
                _hang_up(rank)
        for thread in self._listening:
            thread.join(PATIENCE_S)

    def stop(self) -> None:
        """Ask all ranks to save and end after their step, those too that connect later."""
        with self._lock:
            self._stopping = True
            for rank in self._ranks:
                _send(rank, STOP)

    def _accept(self) -> None:
        while True:
            try:
                rank: Any = self._listener.accept()
            except OSError:  # closed: nobody comes any more
                return
            with self._lock:
                self._ranks.append(rank)
                if self._stopping:
                    _send(rank, STOP)
                thread = threading.Thread(target=self._listen, args=(rank,), name="rank", daemon=True)
                self._listening.append(thread)
                thread.start()

    def _listen(self, rank: Connection) -> None:
        while True:
            try:
                word, said = rank.recv()
            except (EOFError, OSError):  # it has ended, or was killed
                return
            if word == COMMIT:
                _send(rank, COMMITTED, self._committed())
            else:
                self.said[word] = said

    def _committed(self) -> str:
        """Commit; what went wrong, or nothing."""
        try:
            self.commit()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""


def _send(rank: Connection, *words: str) -> None:
    with suppress(OSError):  # it was killed in the meantime; torchrun sees that too
        rank.send(words)


def _hang_up(rank: Connection) -> None:
    """Say no more, and listen on: closing would do neither while another thread reads."""
    with suppress(OSError), socket.socket(fileno=os.dup(rank.fileno())) as line:
        line.shutdown(socket.SHUT_WR)


class Rank:
    """The end of a rank."""

    def __init__(self, folder: Path) -> None:
        self._launcher: Any = Client(str(folder / SOCKET), family="AF_UNIX")
        self._answers: queue.Queue[str] = queue.Queue()
        self._asked = threading.Event()
        threading.Thread(target=self._listen, name="launcher", daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                word, *rest = self._launcher.recv()
            except (EOFError, OSError):
                os._exit(ORPHANED)  # else it would train on, beside the attempt that comes next
            if word == STOP:
                self._asked.set()
            else:
                self._answers.put(*rest)

    def asked(self) -> bool:
        """Whether the launcher wants the attempt to end."""
        return self._asked.is_set()

    def commit(self) -> None:
        """Have the Volume committed; returns when it is. RuntimeError where that failed."""
        self._launcher.send((COMMIT, None))
        if wrong := self._answers.get():
            raise RuntimeError(f"the Volume could not be committed: {wrong}")

    def tell(self, word: str, said: Any) -> None:
        """Say how this rank ended, which an exit code cannot."""
        self._launcher.send((word, said))
