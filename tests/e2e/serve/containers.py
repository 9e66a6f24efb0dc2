"""The containers of a control plane on this machine: processes that its Modal entrypoint started."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
from modal_proto import api_pb2


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


def function_of(process: psutil.Process) -> str:
    """The function of the app that a container runs, from the arguments that Modal's entrypoint was given."""
    try:
        path = process.environ()["MODAL_CONTAINER_ARGUMENTS_PATH"]
        arguments = api_pb2.ContainerArguments.FromString(Path(f"/proc/{process.pid}/root{path}").read_bytes())
    except (KeyError, OSError, psutil.Error):
        return ""
    return arguments.function_def.function_name


def of_function(plane: str, function: str) -> list[list[psutil.Process]]:
    """The processes of each container that runs a function, or a method of a class of that name."""
    return [one for one in running(plane).values() if function_of(one[0]).partition(".")[0] == function]


def end(processes: Iterable[psutil.Process]) -> None:
    """Kill them, without notice; one that has ended meanwhile is no matter."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


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
    end(process for one in gone.values() for process in one)
    return set(gone)
