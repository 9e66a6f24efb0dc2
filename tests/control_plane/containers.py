"""Containers: processes of this machine that run Modal's container entrypoint."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from modal_proto import api_pb2

from .calls import Input
from .network import Network
from .notifier import Notifier
from .registry import Function, Registry
from .rpc import CONTAINER_HEADER
from .volumes import Volumes

CONTAINER_ROOT = Path(__file__).with_name("container_root.py")
POLL_S = 0.02
PIPES_S = 2.0  # for what is left in the pipes of a process that has ended


@dataclass(eq=False)
class Container:
    id: str
    function: Function
    data: Any  # FunctionData, as of its start
    queue: deque[Input] = field(default_factory=deque)  # shared by a function's containers, but for a cluster's
    changed: Notifier = field(default_factory=Notifier)
    process: asyncio.subprocess.Process | None = None
    network: Network | None = None  # of a server
    rank: int | None = None  # in its cluster
    cluster: list[Container] = field(default_factory=list)
    joined: bool = False  # has said hello to its cluster
    inputs: dict[str, Input] = field(default_factory=dict)  # that run now, by id
    cancelled: list[str] = field(default_factory=list)  # inputs to be told of
    served: int = 0  # inputs so far
    requests: int = 0  # to a server, that are answered now
    started: bool = False  # has asked for inputs, or is a server whose @enter is done
    stopping: bool = False  # gets no further input
    killed: bool = False
    exit_code: int | None = None
    failure: Any = None  # GenericResult: importing, @enter or @exit raised
    created: float = field(default_factory=time.time)
    last_used: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """Of its function."""
        return self.function.tag

    @property
    def definition(self) -> Any:
        return self.data.ranked_functions[0].function

    @property
    def running(self) -> bool:
        return self.exit_code is None and not self.killed

    def processes(self) -> list[psutil.Process]:
        """Its processes, the entrypoint first."""
        if self.process is None or self.exit_code is not None:
            return []
        try:
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def signal(self, number: int) -> None:
        """Send a signal to the entrypoint."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End all its processes without notice, as a lost machine does."""
        self.killed = self.stopping = True
        for process in self.processes():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue


@functools.cache
def can_run() -> bool:
    """Whether this machine lets us give a process a root file system and a network of its own: root on Linux."""
    command = ["unshare", "--mount", "--net", "true"]
    return sys.platform == "linux" and os.geteuid() == 0 and subprocess.run(command, check=False).returncode == 0


def python_prefixes(python: str) -> list[str]:
    """The folders of a Python and its environment that lie under /root, which a container does not see."""
    code = "import sys; print(sys.prefix); print(sys.base_prefix)"
    found = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return sorted({prefix for prefix in found if prefix.startswith("/root/")})


def image_settings(registry: Registry, image_id: str) -> tuple[dict[str, str], str, dict[str, tuple[str, int]]]:
    """The parts of an image that take effect without a build: ENV, WORKDIR, and copied local files by their path."""
    env: dict[str, str] = {}
    files: dict[str, tuple[str, int]] = {}
    workdir = "/root"
    for layer in registry.layers(image_id):
        context = registry.mounts.get(layer.definition.context_mount_id)
        for command in layer.definition.dockerfile_commands:
            word, _, rest = command.strip().partition(" ")
            if word == "ENV":
                env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            elif word == "WORKDIR":
                workdir = rest.strip()
            elif word == "COPY" and context and rest.startswith(". "):
                target = rest[2:].strip().rstrip("/")
                files |= {f"{target}/{name.lstrip('/')}": value for name, value in context.files.items()}
    return env, workdir, files


class Launcher:
    """Starts containers with `python` below `folder`; `server_url` is where they find the control plane."""

    def __init__(self, registry: Registry, volumes: Volumes, folder: Path, python: str, server_url: str) -> None:
        self.registry, self.volumes, self.folder = registry, volumes, folder
        self.python, self.server_url = python, server_url

    def uploaded(self, digest: str) -> str:
        """The path of an uploaded file on this machine."""
        path = self.folder / "uploads" / digest
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.registry.contents[digest])
        return str(path)

    def mounts(self, container: Container, home: Path) -> dict[str, tuple[str, bool]]:
        """Path in the container -> folder here, and whether it is to be read only."""
        found = {}
        for mount in container.definition.volume_mounts:
            copy = self.volumes.mount(container.id, mount.volume_id, home / "volumes" / mount.volume_id)
            place = copy.folder / mount.sub_path.lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            found[mount.mount_path] = (str(place), mount.read_only)
        return found

    def specification(self, container: Container, layout: Any) -> Path:
        """Write what container_root.py needs, and return its path."""
        definition, home = container.definition, self.folder / "containers" / container.id
        home.mkdir(parents=True)
        arguments = api_pb2.ContainerArguments(
            task_id=container.id,
            function_id=container.function.id,
            app_id=container.function.app_id,
            function_def=definition,
            serialized_params=container.function.serialized_params,
            environment_name="main",
            app_layout=layout,
        )
        (home / "arguments").write_bytes(arguments.SerializeToString())
        env, workdir, files = image_settings(self.registry, definition.image_id)
        for mount_id in definition.mount_ids:
            files |= self.registry.mounts[mount_id].files
        for secret_id in definition.secret_ids:
            env |= self.registry.secrets[secret_id].env
        spec = {
            "root": str(home / "root"),
            "files": {path: (self.uploaded(digest), mode) for path, (digest, mode) in files.items()},
            "volumes": self.mounts(container, home),
            "workdir": workdir,
            "python_prefixes": python_prefixes(self.python),
            "network": container.network and container.network.descriptor,
            "argv": [self.python, "-m", "modal._container_entrypoint"],
            "env": {
                "PATH": f"{Path(self.python).parent}:/usr/local/bin:/usr/bin:/bin",
                "HOME": "/root",
                "LANG": "C.UTF-8",
                "PYTHONUNBUFFERED": "1",
                **env,
                "MODAL_IS_REMOTE": "1",
                "MODAL_SERVER_URL": self.server_url,
                "MODAL_OVERRIDE_HEADERS": f"{CONTAINER_HEADER}:{container.id}",
                "MODAL_CONTAINER_ARGUMENTS_PATH": str(home / "arguments"),
                "MODAL_TASK_ID": container.id,
                "MODAL_IMAGE_ID": definition.image_id,
                "MODAL_ENVIRONMENT": "main",
                "MODAL_CLOUD_PROVIDER": "CLOUD_PROVIDER_AUTO",
                "MODAL_REGION": "loopback",
            },
        }
        path = home / "spec.json"
        path.write_text(json.dumps(spec))
        return path

    async def run(self, container: Container, layout: Any, on_line: Callable[[str, int], None]) -> None:
        """Run a container to its end; `on_line(text, file descriptor)` gets what it prints."""
        spec = await asyncio.to_thread(self.specification, container, layout)
        if container.stopping:
            container.exit_code = -signal.SIGTERM
            return
        process = container.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(CONTAINER_ROOT),
            str(spec),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            pass_fds=(container.network.descriptor,) if container.network else (),
            limit=1 << 24,  # bytes of a line
        )

        async def relay(stream: asyncio.StreamReader | None, descriptor: int) -> None:
            assert stream is not None
            while line := await stream.readline():
                on_line(line.decode("utf-8", "replace"), descriptor)

        relays = asyncio.gather(
            relay(process.stdout, api_pb2.FILE_DESCRIPTOR_STDOUT),
            relay(process.stderr, api_pb2.FILE_DESCRIPTOR_STDERR),
        )
        # process.wait() would also wait for the pipes, which a child may hold open
        while process.returncode is None:
            await asyncio.sleep(POLL_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it left running goes with it
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(relays, PIPES_S)
        self.volumes.unmount(container.id)
        container.exit_code = process.returncode
