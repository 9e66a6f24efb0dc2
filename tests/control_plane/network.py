"""A network of its own for a container, so that several containers of a server listen on the same port.

It has a loopback interface and nothing else. The control plane reaches it, and is reached, through sockets that a
thread inside has made: a socket stays in the network in which it was made.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable
from typing import TypeVar

CLONE_NEWNET = 0x40000000  # linux/sched.h
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # linux/sockios.h, linux/if.h
T = TypeVar("T")


def in_thread(function: Callable[[], T]) -> T:
    """Return the result of a function, run in a thread that ends with it."""
    found: list[T] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    if not found:
        raise OSError("no network of its own: are we root?")
    return found[0]


class Network:
    """`descriptor` is the open file of the network namespace."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = in_thread(self._make)

    def _make(self) -> int:
        if self._libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        with socket.socket() as any_socket:  # raises the loopback interface
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def inside(self, function: Callable[[], T]) -> T:
        """Return the result of a function, run in a thread inside the network."""

        def entered() -> T:
            if self._libc.setns(self.descriptor, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            return function()

        return in_thread(entered)

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> socket.socket:
        made = self.inside(lambda: socket.socket(family, kind, protocol))
        made.setblocking(False)
        return made

    def listen(self, port: int) -> socket.socket:
        """A socket that listens on the loopback interface inside."""
        made = self.socket()
        made.bind(("127.0.0.1", port))
        made.listen(128)
        return made

    def close(self) -> None:
        os.close(self.descriptor)
