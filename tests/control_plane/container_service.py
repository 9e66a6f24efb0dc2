"""The RPCs of containers, and those of the command line about them."""

from __future__ import annotations

import time
from typing import Any

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from .containers import Container
from .registry import Registry
from .rpc import calling_container, refusal
from .scheduler import Scheduler

HEARTBEAT_S = 10  # for which a heartbeat waits for something to tell


class ContainerService:
    def __init__(self, registry: Registry, scheduler: Scheduler) -> None:
        self.registry, self.scheduler = registry, scheduler

    def caller(self) -> Container:
        container = self.scheduler.containers.get(calling_container.get())
        if container is None:
            raise refusal("PERMISSION_DENIED", "only a container may ask this")
        return container

    async def ContainerHello(self, request: Any) -> Any:
        return Empty()

    async def ContainerHeartbeat(self, request: Any) -> Any:
        container, deadline = self.caller(), time.monotonic() + HEARTBEAT_S
        while not container.cancelled and (left := deadline - time.monotonic()) > 0:
            await container.changed.wait(left)
        reply = api_pb2.ContainerHeartbeatResponse()
        if container.cancelled:
            reply.cancel_input_event.input_ids.extend(container.cancelled)
            container.cancelled.clear()
        return reply

    async def ContainerServerLifecycleReady(self, request: Any) -> Any:
        caller = self.caller()
        caller.started, caller.last_used = True, time.monotonic()  # a long start is no idle time
        return Empty()

    async def FunctionGetDynamicConcurrency(self, request: Any) -> Any:
        return api_pb2.FunctionGetDynamicConcurrencyResponse(concurrency=request.max_concurrency)

    async def FunctionGetInputs(self, request: Any) -> Any:
        one = await self.scheduler.next_input(self.caller())
        if one is None:
            return api_pb2.FunctionGetInputsResponse(inputs=[api_pb2.FunctionGetInputsItem(kill_switch=True)])
        item = api_pb2.FunctionGetInputsItem(
            input_id=one.id,
            input=one.body,
            function_call_id=one.call.id,
            function_call_invocation_type=one.call.invocation,
            retry_count=one.attempt,
            function_map_idx=one.index,
        )
        return api_pb2.FunctionGetInputsResponse(inputs=[item])

    async def FunctionPutOutputs(self, request: Any) -> Any:
        container = self.caller()
        for item in request.outputs:
            one = container.inputs.pop(item.input_id, None)
            if one is not None and not container.rank:  # a cluster answers with what rank 0 returns
                self.scheduler.calls.finish(one, item.result, item.data_format, container.id, item.retry_count)
        return Empty()

    async def TaskResult(self, request: Any) -> Any:
        """Importing, @enter or @exit has raised."""
        self.caller().failure = request.result
        return Empty()

    async def TaskClusterHello(self, request: Any) -> Any:
        """Waits for all containers of the cluster."""
        container = self.caller()
        container.joined = True
        for member in container.cluster:
            member.changed.notify()
        while not all(member.joined for member in container.cluster):
            await container.changed.wait()
        return api_pb2.TaskClusterHelloResponse(
            cluster_id=container.cluster[0].id.replace("ta-", "cu-"),
            cluster_rank=container.rank,
            container_ips=["::1" for _ in container.cluster],
            container_ipv4_ips=[f"127.0.0.{rank + 1}" for rank in range(len(container.cluster))],
        )

    async def ContainerStop(self, request: Any) -> Any:
        container = self.scheduler.containers.get(request.task_id)
        if container is None:
            raise refusal("NOT_FOUND", f"no container {request.task_id}")
        if request.graceful:
            self.scheduler.retire(container)
        else:
            self.scheduler.background(self.scheduler.stop(container))
        return api_pb2.ContainerStopResponse()

    async def FunctionUpdateSchedulingParams(self, request: Any) -> Any:
        """Change what the request sets, until the next deployment."""
        function = self.registry.functions[request.function_id]
        function.autoscaler.MergeFrom(request.settings)
        self.scheduler.scale(self.scheduler.pool(function.id))
        return api_pb2.FunctionUpdateSchedulingParamsResponse(current_settings=function.autoscaler)

    async def TaskList(self, request: Any) -> Any:
        reply = api_pb2.TaskListResponse()
        for container in self.running(request.app_id):
            app = self.registry.apps[container.function.app_id]
            reply.tasks.add(task_id=container.id, app_id=app.id, app_description=app.name, started_at=container.created)
        return reply

    async def TaskGetInfo(self, request: Any) -> Any:
        container = self.scheduler.containers.get(request.task_id)
        if container is None:
            raise refusal("NOT_FOUND", f"no container {request.task_id}")
        info = api_pb2.TaskInfo(id=container.id, started_at=container.created)
        return api_pb2.TaskGetInfoResponse(app_id=container.function.app_id, info=info)

    async def AppList(self, request: Any) -> Any:
        reply = api_pb2.AppListResponse()
        for app in self.registry.apps.values():
            reply.apps.add(
                app_id=app.id,
                description=app.name,
                name=app.name,
                state=app.state,
                created_at=app.created_at,
                stopped_at=app.stopped_at,
                n_running_tasks=len(self.running(app.id)),
            )
        return reply

    def running(self, app_id: str = "") -> list[Container]:
        """The running containers, of one app or of all."""
        every = self.scheduler.containers.values()
        return [one for one in every if one.running and app_id in ("", one.function.app_id)]
