"""Which containers run: started for inputs that wait, kept warm, replaced after a deployment, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from modal_proto import api_pb2

from .app_layout import app_layout
from .calls import TERMINATED, Calls, Input, Result
from .containers import POLL_S, Container, Launcher
from .logs import Logs
from .network import Network
from .registry import Function, Registry

NO_CONTAINERS = "this control plane runs no containers"
SCALEDOWN_S = 60  # Modal's default of scaledown_window
STOP_S = 15.0  # from the signal to the end by force
CANCEL_S = 1.0  # the same, for a container whose call was cancelled
REVIEW_S = 0.5  # between two looks at the warm pools and the idle servers


@dataclass
class Pool:
    """The containers of one function, and the inputs that wait for them."""

    function: Function
    queue: deque[Input] = field(default_factory=deque)
    containers: list[Container] = field(default_factory=list)
    failed: bool = False  # its last container did not start: none is started again until something is asked

    @property
    def live(self) -> list[Container]:
        """Those that get inputs."""
        return [one for one in self.containers if not one.stopping]


class Scheduler:
    """`launcher` None: no container runs, and each input fails with NO_CONTAINERS."""

    def __init__(
        self, registry: Registry, calls: Calls, logs: Logs, launcher: Launcher | None, max_containers: int
    ) -> None:
        self.registry, self.calls, self.logs = registry, calls, logs
        self.launcher, self.max_containers = launcher, max_containers
        self.pools: dict[str, Pool] = {}
        self.containers: dict[str, Container] = {}
        self.network: Callable[[], contextlib.AbstractAsyncContextManager[Network]]  # of a server's container
        self._tasks: set[asyncio.Task[None]] = set()
        calls.on_input, calls.on_cancel, calls.on_done = self.enqueue, self.cancel, self.end_detached

    def background(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def pool(self, function_id: str) -> Pool:
        return self.pools.setdefault(function_id, Pool(self.registry.functions[function_id]))

    # Inputs

    def enqueue(self, one: Input) -> None:
        if self.launcher is None:
            self.calls.finish(one, failed(NO_CONTAINERS))
            return
        pool = self.pool(one.call.function_id)
        pool.queue.append(one)
        pool.failed = False
        for container in pool.live:
            container.changed.notify()
        self.scale(pool)

    def cancel(self, one: Input, terminate: bool = False) -> None:
        """End an input, with `terminate` by ending its container, which need not answer."""
        pool = self.pool(one.call.function_id)
        if one in pool.queue:
            pool.queue.remove(one)
            self.calls.finish(one, TERMINATED)
        for container in pool.containers:
            if one.id in container.inputs:
                container.cancelled.append(one.id)
                container.changed.notify()
                if terminate:
                    self.calls.finish(one, TERMINATED)
                    self.background(self.stop(container, CANCEL_S))

    async def next_input(self, container: Container) -> Input | None:
        """The next input for a container, or None when it shall end."""
        container.started = True
        pool = self.pool(container.function.id)
        window = pool.function.autoscaler.scaledown_window or SCALEDOWN_S
        deadline = time.monotonic() + window
        while not container.stopping:
            if container.rank == 0 and pool.queue and not container.queue:
                one = pool.queue.popleft()  # every container of a cluster runs each input
                for member in container.cluster:
                    member.queue.append(one)
                    member.changed.notify()
            if container.queue:
                one = container.queue.popleft()
                self.begin(container, one)
                return one
            if (left := deadline - time.monotonic()) > 0:
                await container.changed.wait(left)
            elif container.inputs or not self.is_spare(pool):
                deadline = time.monotonic() + window
            else:
                container.stopping = True
        return None

    def begin(self, container: Container, one: Input) -> None:
        container.inputs[one.id] = one
        container.served += 1
        if seconds := container.definition.timeout_secs:
            loop = asyncio.get_running_loop()
            loop.call_later(seconds, self.time_out, container, one, one.attempt)

    def time_out(self, container: Container, one: Input, attempt: int) -> None:
        if one.done or one.attempt != attempt or one.id not in container.inputs:
            return
        text = f"Task's current input {one.id} hit its timeout of {container.definition.timeout_secs}s"
        self.calls.finish(one, Result(status=Result.GENERIC_STATUS_TIMEOUT, exception=text), attempt=attempt)
        self.background(self.stop(container, 1.0))

    # Containers

    def most(self, pool: Pool) -> int:
        return min(self.max_containers, pool.function.autoscaler.max_containers or self.max_containers)

    def is_spare(self, pool: Pool) -> bool:
        return len(pool.live) > self.fewest(pool)

    def fewest(self, pool: Pool) -> int:
        """Containers that are kept warm: none but in a deployed app."""
        function = pool.function
        deployed = self.registry.apps[function.app_id].state == api_pb2.APP_STATE_DEPLOYED
        if not deployed or pool.failed or not self.registry.is_current(function):
            return 0
        return min(function.autoscaler.min_containers, self.most(pool))

    def scale(self, pool: Pool) -> None:
        """Start containers where more inputs wait than the live ones take, or fewer are live than are kept warm."""
        if self.launcher is None:
            return
        definition, live = pool.function.definition, pool.live
        if size := definition._experimental_group_size:
            if pool.queue and not live:
                cluster = [self.start(pool, rank) for rank in range(size)]
                for member in cluster:
                    member.cluster = cluster
            return
        each = max(1, definition.max_concurrent_inputs)
        if definition.single_use_containers:
            room = sum(not one.served for one in live)
        else:
            room = sum(each - len(one.inputs) for one in live)
        missing = -(-(len(pool.queue) - room) // each)  # rounded up
        wanted = max(len(live) + missing, self.fewest(pool))
        for _ in range(len(live), min(wanted, self.most(pool))):
            self.start(pool)

    def start(self, pool: Pool, rank: int | None = None) -> Container:
        container = Container(self.registry.new_id("ta"), pool.function, pool.function.data, rank=rank)
        if rank is None:
            container.queue = pool.queue
        pool.containers.append(container)
        self.containers[container.id] = container
        self.background(self.supervise(pool, container))
        return container

    async def supervise(self, pool: Pool, container: Container) -> None:
        """Run a container to its end, and answer for the inputs that it leaves."""
        assert self.launcher is not None
        app_id, definition = pool.function.app_id, container.definition
        if seconds := definition.startup_timeout_secs or definition.timeout_secs:
            asyncio.get_running_loop().call_later(seconds, self.check_started, container, seconds)

        def write(text: str, descriptor: int) -> None:
            self.logs.write(app_id, container.id, pool.function.id, text, descriptor)

        try:
            async with contextlib.AsyncExitStack() as stack:
                if definition.is_server:
                    container.network = await stack.enter_async_context(self.network())
                await self.launcher.run(container, app_layout(self.registry, app_id), write)
        finally:
            if container.exit_code is None:  # it never ran
                container.exit_code = -1
            container.stopping = True
            pool.containers.remove(container)
            container.changed.notify()
            self.after(pool, container)

    def check_started(self, container: Container, seconds: int) -> None:
        if not container.started and container.running:
            container.failure = failed(f"container did not start within {seconds}s")
            self.background(self.stop(container, 1.0))

    def after(self, pool: Pool, container: Container) -> None:
        """Fail the inputs that a container had, and where it never started those that wait for one."""
        when = "in the middle of an input" if container.started else "while starting"
        said = f"container {container.id} exited with code {container.exit_code} {when}"
        verdict = container.failure or failed(said)
        for one in container.inputs.values():
            self.calls.finish(one, verdict, attempt=one.attempt)
        container.inputs.clear()
        for member in container.cluster:
            if not member.stopping:
                self.background(self.stop(member, 3.0))
        if not container.started and not pool.live:
            pool.failed = True
            text = f"{pool.function.tag}: {verdict.exception}\n"
            self.logs.write(pool.function.app_id, container.id, pool.function.id, text, api_pb2.FILE_DESCRIPTOR_INFO)
            while pool.queue:
                self.calls.finish(pool.queue.popleft(), verdict)
        elif not self.registry.apps[pool.function.app_id].stopped_at:
            self.scale(pool)

    async def stop(self, container: Container, grace: float = STOP_S) -> None:
        """Ask a container to end, and kill it after `grace` seconds."""
        container.stopping = True
        container.changed.notify()
        if container.definition.is_server:
            container.signal(signal.SIGTERM)
        elif container.inputs or not container.started:
            container.signal(signal.SIGINT)
        deadline = time.monotonic() + grace
        while container.running and time.monotonic() < deadline:
            await asyncio.sleep(POLL_S)
        if container.running:
            container.kill()

    def retire(self, container: Container) -> None:
        """Give a container no further input, and let it finish those it has."""
        container.stopping = True
        container.changed.notify()
        if container.definition.is_server:
            self.background(self.stop(container))

    async def review(self) -> None:
        """Keep the warm pools and stop idle servers, for ever."""
        while True:
            await asyncio.sleep(REVIEW_S)
            for pool in list(self.pools.values()):
                window = pool.function.autoscaler.scaledown_window or SCALEDOWN_S
                for container in pool.live:
                    idle = not container.requests and time.monotonic() - container.last_used > window
                    if container.definition.is_server and container.started and idle and self.is_spare(pool):
                        self.retire(container)
                if self.fewest(pool):
                    self.scale(pool)

    # Apps

    def publish(self, app_id: str) -> None:
        """Replace the containers of an older deployment, and start those that are kept warm."""
        for function in self.registry.functions_of(app_id):
            pool = self.pool(function.id)
            pool.failed = False
            for container in pool.live:
                if container.data is not function.data or not self.registry.is_current(function):
                    self.retire(container)
            self.scale(pool)

    def end_detached(self, app_id: str) -> None:
        """Stop an app that runs on without a client, when it has nothing more to do."""
        app = self.registry.apps[app_id]
        if app.state == api_pb2.APP_STATE_DETACHED_DISCONNECTED and not self.calls.unfinished[app_id]:
            app.state, app.stopped_at = api_pb2.APP_STATE_STOPPED, time.time()
            self.stop_app(app_id)

    def stop_app(self, app_id: str) -> None:
        self.background(self.drain(app_id))

    async def drain(self, app_id: str) -> None:
        """End the queued inputs and all containers of an app."""
        pools = [pool for pool in self.pools.values() if pool.function.app_id == app_id]
        for pool in pools:
            while pool.queue:
                self.calls.finish(pool.queue.popleft(), TERMINATED)
        await asyncio.gather(*(self.stop(one) for pool in pools for one in pool.containers))
        self.logs.close(app_id)

    async def stop_all(self) -> None:
        for app in self.registry.apps.values():
            app.stopped_at = app.stopped_at or time.time()
        await asyncio.gather(*(self.drain(app_id) for app_id in self.registry.apps))
        await asyncio.gather(*self._tasks, return_exceptions=True)  # each container's is one


def failed(text: str) -> Any:
    """The result of an input that failed outside its code."""
    return Result(status=Result.GENERIC_STATUS_FAILURE, exception=text)
