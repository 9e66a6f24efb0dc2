"""Messages between the process that Modal started and the ranks that torchrun starts in its container.

Ranks have no Modal client: they send a request to commit the Volume, and how they ended. They receive the request to
end early, and end at once when the process that launched them is gone.
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
OUTCOME, USER_ERROR, MEMORY, INTERRUPTED = "outcome", "user error", "memory", "interrupted"  # how a rank ended
SOCKET = "ranks"
ORPHANED = 9  # exit code of a rank whose launcher is gone
JOIN_S = 30  # for a rank, or a commit, that does not end


class Launcher:
    """The side of the container's own process. Ranks connect to a socket in `folder`."""

    def __init__(self, folder: Path, commit: Callable[[], object]) -> None:
        self.commit = commit
        self.results: dict[str, Any] = {}  # OUTCOME, USER_ERROR, MEMORY, INTERRUPTED -> what a rank sent last
        self._ranks: list[Any] = []
        self._listening: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopping = False
        self._listener = Listener(str(folder / SOCKET), family="AF_UNIX")
        threading.Thread(target=self._accept, name="ranks", daemon=True).start()

    def __enter__(self) -> "Launcher":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Hang up, which ends ranks that outlive torchrun, and receive what was sent last."""
        self._listener.close()
        with self._lock:
            for rank in self._ranks:
                _hang_up(rank)
        for thread in self._listening:
            thread.join(JOIN_S)

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
            except OSError:  # closed: no further connection comes
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
                kind, value = rank.recv()
            except (EOFError, OSError):  # it has ended, or was killed
                return
            if kind == COMMIT:
                _send(rank, COMMITTED, self._commit())
            else:
                self.results[kind] = value

    def _commit(self) -> str:
        """Commit; return what went wrong, or an empty string."""
        try:
            self.commit()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""


def _send(rank: Connection, *message: str) -> None:
    with suppress(OSError):  # it was killed in the meantime; torchrun sees that too
        rank.send(message)


def _hang_up(rank: Connection) -> None:
    """Send no more, and receive on: closing would do neither while another thread reads."""
    with suppress(OSError), socket.socket(fileno=os.dup(rank.fileno())) as connection:
        connection.shutdown(socket.SHUT_WR)


class Rank:
    """The side of a rank."""

    def __init__(self, folder: Path) -> None:
        self._launcher: Any = Client(str(folder / SOCKET), family="AF_UNIX")
        self._committed: queue.Queue[str] = queue.Queue()
        self._stop = threading.Event()
        threading.Thread(target=self._listen, name="launcher", daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                kind, *rest = self._launcher.recv()
            except (EOFError, OSError):
                os._exit(ORPHANED)  # else it would train on, beside the attempt that comes next
            if kind == STOP:
                self._stop.set()
            else:
                self._committed.put(*rest)

    def stop_requested(self) -> bool:
        """Whether the launcher has requested the end of the attempt."""
        return self._stop.is_set()

    def commit(self) -> None:
        """Have the Volume committed; returns when it is. RuntimeError where that failed."""
        self._launcher.send((COMMIT, None))
        if wrong := self._committed.get():
            raise RuntimeError(f"the Volume could not be committed: {wrong}")

    def send(self, kind: str, value: Any) -> None:
        """Send how this rank ended, which an exit code cannot tell."""
        self._launcher.send((kind, value))
