"""The control plane as a whole, and what tests read from it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import grpclib.server
import modal
from modal_proto import api_pb2

from .apps import Apps
from .calls import Calls
from .container_service import ContainerService
from .containers import Container, Launcher
from .functions import Functions
from .logs import Logs
from .named_objects import NamedObjects
from .network import Network
from .registry import Named, Registry
from .rpc import Service
from .scheduler import Scheduler
from .uploads import Uploads
from .volumes import Volumes
from .web import HELD_S, Web
from .workspace import TOKEN_ID, TOKEN_SECRET, Workspace

START_S, STOP_S = 10.0, 60.0
T = TypeVar("T")


class ControlPlane:
    """A workspace on this machine.

    `rates` is what `modal billing rates` prints. With `run_containers` False each input fails with NO_CONTAINERS. With
    `any_secret` a Secret that is looked up exists. `python` is the interpreter of the containers; `max_containers` of a
    function run at once, whatever it says. Volumes are committed every `commit_s` seconds, None for never; a request to
    a web function is held for `held_s`.
    """

    def __init__(
        self,
        *,
        rates: dict[str, str] | None = None,
        run_containers: bool = True,
        any_secret: bool = False,
        python: str = sys.executable,
        max_containers: int = 4,
        commit_s: float | None = 5.0,
        held_s: float = HELD_S,
    ) -> None:
        self.url = ""  # of the gRPC service
        self.folder = Path(tempfile.mkdtemp(prefix="control_plane."))
        self.workspace = Workspace(rates or {})
        self.registry = Registry()
        self.journal = Logs()
        self._options = (run_containers, any_secret, python, max_containers, commit_s, held_s)
        self._loop = asyncio.new_event_loop()
        self._periodic: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        run_containers, any_secret, python, max_containers, commit_s, held_s = self._options
        calls = Calls(self.registry)
        self.scheduler = Scheduler(self.registry, calls, self.journal, None, max_containers)
        self.web = Web(self.registry, calls, self.scheduler, held_s)
        await self.web.start()
        volumes = self.volumes = Volumes(self.registry, self.folder / "volumes", self.web.address)
        self.service = Service(
            [
                self.workspace,
                Apps(self.registry, self.scheduler),
                Functions(self.registry, self.web.open),
                Uploads(self.registry, self.web.address),
                NamedObjects(self.registry, any_secret),
                volumes,
                calls,
                ContainerService(self.registry, self.scheduler),
                self.journal,
            ]
        )
        self.server = grpclib.server.Server([self.service])  # ty: ignore[invalid-argument-type]
        await self.server.start("127.0.0.1", 0)
        port = self.server._server.sockets[0].getsockname()[1]  # ty: ignore[unresolved-attribute]
        self.url = f"http://127.0.0.1:{port}"
        if run_containers:
            launcher = Launcher(self.registry, volumes, self.folder, python, self.url)
            self.scheduler.launcher, self.scheduler.network = launcher, self.network
            self._periodic.append(self._loop.create_task(self.scheduler.review()))
            if commit_s is not None:
                self._periodic.append(self._loop.create_task(commit_every(volumes, commit_s)))

    @contextlib.asynccontextmanager
    async def network(self) -> AsyncIterator[Network]:
        """A network for a container, from which the control plane is reached at its addresses."""
        network, server = Network(), grpclib.server.Server([self.service])  # ty: ignore[invalid-argument-type]
        try:
            await server.start(sock=network.listen(int(self.url.rpartition(":")[2])))
            async with self.web.reachable_from(network):
                yield network
        finally:
            server.close()
            network.close()

    async def stop(self) -> None:
        for task in self._periodic:
            task.cancel()
        await asyncio.gather(*self._periodic, return_exceptions=True)
        await asyncio.wait_for(self.scheduler.stop_all(), STOP_S)
        self.server.close()
        await self.web.stop()

    def in_loop(self, coroutine: Coroutine[Any, Any, T], seconds: float) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)

    def client(self) -> modal.Client:
        """A client of this process that is logged in here: a context manager."""
        return modal.Client(self.url, api_pb2.CLIENT_TYPE_CLIENT, (TOKEN_ID, TOKEN_SECRET))

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a client here, logged in."""
        return {
            "MODAL_SERVER_URL": self.url,
            "MODAL_TOKEN_ID": TOKEN_ID,
            "MODAL_TOKEN_SECRET": TOKEN_SECRET,
            "MODAL_CONFIG_PATH": str(self.folder / "modal.toml"),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    # What was asked

    def asked(self, rpc: str) -> list[Any]:
        """The requests of one kind, in order."""
        return [request for name, request in self.service.requests if name == rpc]

    def called(self) -> list[str]:
        """The functions that clients called, by name, in order."""
        return [self.registry.functions[request.function_id].tag for request in self.asked("FunctionMap")]

    @property
    def published(self) -> list[str]:
        """The names of the apps that were deployed, in order."""
        return [request.name for request in self.asked("AppPublish") if request.name]

    @property
    def kept(self) -> list[int]:
        """Each minimum of containers that was asked of the autoscaler."""
        return [request.settings.min_containers for request in self.asked("FunctionUpdateSchedulingParams")]

    def problems(self) -> list[str]:
        """RPCs without a handler, and the control plane's own errors."""
        return [*(f"no handler for {rpc}" for rpc in self.service.unanswered), *self.service.errors]

    # What is there

    def app_id(self, name: str) -> str:
        """Of the app that was published last under a name, stopped or not."""
        return [app.id for app in self.registry.apps.values() if app.name == name][-1]

    def containers(self, function: str = "") -> list[Container]:
        """The running containers, of all functions or of one, in the order of their start: `Worker.*`, `fetch`."""
        every = self.scheduler.containers.values()
        return [one for one in every if one.running and function in ("", one.name)]

    def mounted(self, container: Container) -> dict[str, Path]:
        """A container's own copies of its Volumes, by the Volume's name, with what it has not committed yet."""
        copies = self.volumes.copies.copy().items()
        return {
            self.registry.volumes[volume].name: copy.folder for (one, volume), copy in copies if one == container.id
        }

    def logs(self, app: str, container_id: str = "") -> str:
        """The output of an app's containers, or of one of them."""
        return self.journal.text(self.app_id(app), container_id)

    def volume(self, name: str) -> Path:
        """The folder of what is committed to a Volume, which is made where it is missing."""
        volume_id = f"vo-{name}"
        self.registry.volumes.setdefault(volume_id, Named(volume_id, name))
        return self.volumes.files(volume_id)

    def add_secret(self, name: str, **env: str) -> None:
        self.registry.secrets[f"st-{name}"] = Named(f"st-{name}", name, env=env)

    def answer_at(self, url: str) -> None:
        """Give out this address for every web endpoint that is deployed, in place of the control plane's own."""
        for function in self.registry.functions.values():
            function.urls = dict.fromkeys(function.urls, url)


async def commit_every(volumes: Volumes, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await volumes.commit_all()


@contextlib.contextmanager
def listening(**options: Any) -> Iterator[ControlPlane]:
    """A control plane in a thread of its own, as long as the block lasts. AssertionError at its end: `problems()`."""
    plane = ControlPlane(**options)
    loop = plane._loop
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        plane.in_loop(plane.start(), START_S)
        yield plane
    finally:
        try:
            plane.in_loop(plane.stop(), STOP_S + START_S)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(START_S)
            shutil.rmtree(plane.folder, ignore_errors=True)
    if problems := plane.problems():
        raise AssertionError("\n".join(problems))
