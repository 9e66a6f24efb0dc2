"""Apps: created, published, listed, stopped."""

from __future__ import annotations

import time
from typing import Any

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from .app_layout import app_layout
from .registry import App, Registry, Version
from .rpc import refusal
from .scheduler import Scheduler

ALIVE_WITHOUT_CLIENT = (api_pb2.APP_STATE_DEPLOYED, api_pb2.APP_STATE_DETACHED)


class Apps:
    def __init__(self, registry: Registry, scheduler: Scheduler) -> None:
        self.registry, self.scheduler = registry, scheduler

    def app(self, app_id: str) -> App:
        if app_id not in self.registry.apps:
            raise refusal("NOT_FOUND", f"App {app_id} not found")
        return self.registry.apps[app_id]

    async def AppCreate(self, request: Any) -> Any:
        app = App(self.registry.new_id("ap"), request.description, request.app_state, tags=dict(request.tags))
        self.registry.apps[app.id] = app
        return api_pb2.AppCreateResponse(app_id=app.id, app_page_url=page(app), app_logs_url=page(app))

    async def AppGetByDeploymentName(self, request: Any) -> Any:
        """The deployed app of a name, or else the one that was stopped last."""
        app_id = self.registry.deployed.get(request.name, "")
        stopped = [app for app in self.registry.apps.values() if app.name == request.name and app.stopped_at]
        reply = api_pb2.AppGetByDeploymentNameResponse(app_id=app_id, environment_name="main")
        if app_id:
            reply.lifecycle.CopyFrom(lifecycle(self.app(app_id)))
        elif stopped:
            reply.previous_app_id = stopped[-1].id
            reply.lifecycle.CopyFrom(lifecycle(stopped[-1]))
        return reply

    async def AppGetLifecycle(self, request: Any) -> Any:
        return api_pb2.AppGetLifecycleResponse(lifecycle=lifecycle(self.app(request.app_id)))

    async def AppGetLayout(self, request: Any) -> Any:
        return api_pb2.AppGetLayoutResponse(app_layout=app_layout(self.registry, request.app_id))

    async def AppHeartbeat(self, request: Any) -> Any:
        return Empty()

    async def AppPublish(self, request: Any) -> Any:
        app = self.app(request.app_id)
        app.state, app.name, app.tags = request.app_state, request.name or app.name, dict(request.tags)
        app.function_ids, app.class_ids = dict(request.function_ids), dict(request.class_ids)
        if app.state == api_pb2.APP_STATE_DEPLOYED:
            self.registry.deployed[app.name] = app.id
            self.note_version(app, request.client_version, request.deployment_tag)
            self.scheduler.publish(app.id)
        return api_pb2.AppPublishResponse(url=page(app), deployed_at=time.time())

    def note_version(self, app: App, client: str, tag: str, rollback_of: int = 0) -> None:
        data = {one.id: (one.data, one.autoscaler) for one in self.registry.functions_of(app.id)}
        number = len(app.versions) + 1
        version = Version(number, time.time(), client, tag, rollback_of, app.function_ids, app.class_ids, data)
        app.versions.append(version)

    async def AppDeploymentHistory(self, request: Any) -> Any:
        """The versions of an app, the newest first."""
        reply = api_pb2.AppDeploymentHistoryResponse()
        for one in reversed(self.app(request.app_id).versions):
            reply.app_deployment_histories.add(
                app_id=request.app_id,
                version=one.number,
                deployed_at=one.deployed_at,
                client_version=one.client_version,
                tag=one.tag,
                rollback_version=one.rollback_of,
                rollback_allowed=True,
            )
        return reply

    async def AppRollback(self, request: Any) -> Any:
        """Deploy an older version's functions as a new version; -1 is the one before."""
        app = self.app(request.app_id)
        number = request.version if request.version > 0 else len(app.versions) - 1
        if not 0 < number <= len(app.versions):
            raise refusal("NOT_FOUND", f"App {app.name} has no version {number}")
        old = app.versions[number - 1]
        app.function_ids, app.class_ids = old.function_ids, old.class_ids
        for function in self.registry.functions_of(app.id):
            if function.id in old.data:
                function.data, function.autoscaler = old.data[function.id]
        self.note_version(app, old.client_version, old.tag, number)
        self.scheduler.publish(app.id)
        return api_pb2.AppRollbackResponse(url=page(app), deployed_at=time.time())

    async def AppClientDisconnect(self, request: Any) -> Any:
        app = self.app(request.app_id)
        if app.state not in ALIVE_WITHOUT_CLIENT:
            self.stop(app)
        elif app.state == api_pb2.APP_STATE_DETACHED:
            app.state = api_pb2.APP_STATE_DETACHED_DISCONNECTED
            self.scheduler.end_detached(app.id)
        return Empty()

    async def AppStop(self, request: Any) -> Any:
        self.stop(self.app(request.app_id))
        return Empty()

    def stop(self, app: App) -> None:
        app.state, app.stopped_at = api_pb2.APP_STATE_STOPPED, time.time()
        if self.registry.deployed.get(app.name) == app.id:
            del self.registry.deployed[app.name]
        self.scheduler.stop_app(app.id)


def page(app: App) -> str:
    """The address that the command line prints; nothing answers there."""
    return f"http://127.0.0.1/apps/{app.id}"


def lifecycle(app: App) -> Any:
    return api_pb2.AppLifecycle(app_state=app.state, created_at=app.created_at, stopped_at=app.stopped_at)
