"""The containers of a control plane on this machine: processes that its Modal entrypoint started."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psutil


def processes(plane: str) -> Iterator[tuple[str, psutil.Process]]:
    """Container id and process, for every process in a container of the control plane at this address."""
    for process in psutil.process_iter():
        try:
            env = process.environ()
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if env.get("MODAL_SERVER_URL") == plane and env.get("MODAL_TASK_ID") and process.pid != os.getpid():
            yield env["MODAL_TASK_ID"], process


def running(plane: str) -> dict[str, list[psutil.Process]]:
    """Container id -> its processes."""
    found: dict[str, list[psutil.Process]] = {}
    for task, process in processes(plane):
        found.setdefault(task, []).append(process)
    return found


def kill_engine(plane: str) -> set[str]:
    """End only the engine where it is a process of its own below the container's; the ids of those containers.

    The engine is the process that holds the most memory.
    """
    hit = set()
    for task, every in running(plane).items():
        inside = {process.pid for process in every}
        largest = max(every, key=lambda process: process.memory_info().rss)
        if largest.ppid() in inside:
            largest.kill()
            hit.add(task)
    return hit


def kill(plane: str) -> set[str]:
    """End every container without notice, as a lost machine does, and return the ids of those that were."""
    gone = running(plane)
    for process in (process for one in gone.values() for process in one):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    return set(gone)
