"""What an app really registers with Modal: the real client deploys it to a loopback control plane that records.

    python modal_wire.py FOLDER...        prints the registration of the project in each folder, a list in JSON

A folder is named after its app and holds its package. The functions that open and close the warm pool are then run as
a container would run them, and what they ask of the autoscaler is part of the registration.
Every RPC without an answer here fails the deployment with its name. Message types: the stubs in the modal wheel.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import itertools
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpclib.server
import modal
from google.protobuf import message_factory
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from modal_proto import api_pb2

SERVICE = api_pb2.DESCRIPTOR.services_by_name["ModalClient"]
BUILT = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)


class ControlPlane:
    """Answers what a deployment asks, and keeps each request under the id of the object it made."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.published: list[str] = []
        self.apps: dict[str, str] = {}  # name of a published app -> its id
        self.kept: list[int] = []  # each minimum of containers that was asked of the autoscaler
        self._numbers = itertools.count(1)

    def make(self, kind: str, request: Any, name: str = "") -> str:
        """A new object id; objects with a name keep one id, by which the client knows a Volume mounted twice."""
        number = name or next(self._numbers)
        self.made[f"{kind}-{number}"] = request
        return f"{kind}-{number}"

    def answer(self, rpc: str, request: Any) -> Any:
        match rpc:
            case "EnvironmentGetOrCreate":
                reply = api_pb2.EnvironmentGetOrCreateResponse(environment_id="en-1")
                reply.metadata.name = "main"
                reply.metadata.settings.image_builder_version = "2026.10"
                return reply
            case "AppGetByDeploymentName":
                return api_pb2.AppGetByDeploymentNameResponse()
            case "AppCreate":
                return api_pb2.AppCreateResponse(app_id=self.make("ap", request))
            case "ImageGetOrCreate":
                metadata = api_pb2.ImageMetadata(image_builder_version=request.builder_version)
                return api_pb2.ImageGetOrCreateResponse(
                    image_id=self.make("im", request), result=BUILT, metadata=metadata
                )
            case "MountGetOrCreate":
                metadata = api_pb2.MountHandleMetadata(content_checksum_sha256_hex="00")
                return api_pb2.MountGetOrCreateResponse(mount_id=self.make("mo", request), handle_metadata=metadata)
            case "MountBatchedCheckExistence":
                return api_pb2.MountBatchedCheckExistenceResponse()  # nothing is missing, so nothing is uploaded
            case "VolumeGetOrCreate":
                name = request.deployment_name
                volume_id = self.make("vo", request, name)
                metadata = api_pb2.VolumeMetadata(name=name, version=request.version)
                return api_pb2.VolumeGetOrCreateResponse(volume_id=volume_id, metadata=metadata)
            case "SecretGetOrCreate":
                name = request.deployment_name
                secret_id = self.make("st", request, name)
                return api_pb2.SecretGetOrCreateResponse(
                    secret_id=secret_id, metadata=api_pb2.SecretMetadata(name=name)
                )
            case "FunctionPrecreate":
                function_id = request.existing_function_id or self.make("fu", request)
                return api_pb2.FunctionPrecreateResponse(function_id=function_id, handle_metadata=handle(request))
            case "FunctionCreate":
                function_id = request.existing_function_id or self.make("fu", request)
                self.made[function_id] = request
                reply = api_pb2.FunctionCreateResponse(
                    function_id=function_id, handle_metadata=handle(registered(request)[0])
                )
                for function in registered(request):
                    reply.function_data.ranked_functions.add(function=function)
                return reply
            case "ClassCreate":
                return api_pb2.ClassCreateResponse(class_id=self.make("cs", request))
            case "AppPublish":
                self.published.append(request.name)
                self.apps[request.name] = request.app_id
                return api_pb2.AppPublishResponse(url="http://127.0.0.1/", deployed_at=1.0)
            case "FunctionGet":
                function_id, created = self.published_function(request.app_name, request.object_tag)
                first = registered(created)[0]
                found = api_pb2.FunctionGetResponse(function_id=function_id, handle_metadata=handle(first))
                found.function.CopyFrom(created.function_data)
                if not found.function.ranked_functions:
                    found.function.ranked_functions.add(function=first)
                return found
            case "ClassGet":
                return api_pb2.ClassGetResponse(class_id=f"cs-of-{request.app_name}")
            case "FunctionBindParams":
                return api_pb2.FunctionBindParamsResponse(bound_function_id=f"{request.function_id}-bound")
            case "FunctionUpdateSchedulingParams":
                self.kept.append(request.settings.min_containers)
                return api_pb2.FunctionUpdateSchedulingParamsResponse(current_settings=request.settings)
            case "AppHeartbeat" | "AppClientDisconnect":
                return message_factory.GetMessageClass(SERVICE.methods_by_name[rpc].output_type)()
        raise GRPCError(Status.UNIMPLEMENTED, f"modal_wire does not answer {rpc}")

    def published_function(self, app: str, tag: str) -> tuple[str, Any]:
        """The id and the registration of a deployed function, class (`Server.*`) or server."""
        for function_id, request in self.functions(app):
            if registered(request)[0].function_name == tag:
                return function_id, request
        raise GRPCError(Status.NOT_FOUND, f"{app} has no {tag}")

    def functions(self, app: str) -> list[tuple[str, Any]]:
        """The id and the registration of each function of a published app."""
        made = [(name, one) for name, one in self.made.items() if isinstance(one, api_pb2.FunctionCreateRequest)]
        return [(name, one) for name, one in made if one.app_id == self.apps[app]]

    def __mapping__(self) -> dict[str, Handler]:
        """grpclib's table of handlers, for every RPC of Modal's service with one answer."""

        def endpoint(rpc: str) -> Any:
            async def handle_one(stream: Any) -> None:
                await stream.send_message(self.answer(rpc, await stream.recv_message()))

            return handle_one

        kind = message_factory.GetMessageClass
        return {
            f"/{SERVICE.full_name}/{method.name}": Handler(
                endpoint(method.name), Cardinality.UNARY_UNARY, kind(method.input_type), kind(method.output_type)
            )
            for method in SERVICE.methods
            if not method.server_streaming
        }


def registered(request: Any) -> list[Any]:
    """The functions of one FunctionCreate: one, or one per entry of a list of GPUs."""
    return [ranked.function for ranked in request.function_data.ranked_functions] or [request.function]


def handle(function: Any) -> Any:
    """What the client wants to know of a function that now exists."""
    metadata = api_pb2.FunctionHandleMetadata(
        function_name=function.function_name, function_type=function.function_type, definition_id="de-1"
    )
    for name, method in function.method_definitions.items():
        metadata.method_handle_metadata[name].function_name = method.function_name
        metadata.method_handle_metadata[name].use_method_name = name
    return metadata


@contextlib.contextmanager
def listening(plane: ControlPlane | None = None) -> Iterator[tuple[ControlPlane, str]]:
    """A control plane and its address on the loopback interface, as long as the block lasts."""
    plane, loop = plane or ControlPlane(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> grpclib.server.Server:
        server = grpclib.server.Server([plane])  # type: ignore[list-item]
        await server.start("127.0.0.1", 0)
        return server

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    port = server._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        yield plane, f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def registration(plane: ControlPlane, client: modal.Client, folder: Path) -> dict[str, Any]:
    """Deploy the project in `folder` with the real client, open and close its warm pool, and say what was asked for."""
    sys.path.insert(0, str(folder))
    app = importlib.import_module(f"{folder.name.replace('-', '_')}.app")
    plane.published, plane.kept = [], []
    app.app.deploy(name=folder.name, client=client, environment_name="main")
    for function in ("open_pool", "close_pool"):  # of a service
        if function in app.app.registered_functions:
            getattr(app, function).local()
    functions = [
        described(plane, function) for _, request in plane.functions(folder.name) for function in registered(request)
    ]
    named = {function["name"]: function for function in functions}
    return {"published": plane.published, "functions": named, "kept": plane.kept}


def described(plane: ControlPlane, function: Any) -> dict[str, Any]:
    """One registered function. Volumes by mount path; the image as the Dockerfile commands of all its layers."""
    gpu, scaling = function.resources.gpu_config, function.autoscaler_settings
    return {
        "name": function.function_name,
        "schedule": [function.schedule.cron.cron_string, function.schedule.cron.timezone],
        "memory_snapshot": function.checkpointing_enabled,
        "experimental": dict(function.experimental_options),
        "kind": "server" if function.is_server else "class" if function.is_class else "function",
        "gpu": f"{gpu.gpu_type}:{gpu.count}" if gpu.count else "",
        "cpu": function.resources.milli_cpu / 1000,
        "memory_mib": function.resources.memory_mb,
        "min_containers": scaling.min_containers,
        "max_containers": scaling.max_containers,
        "buffer_containers": scaling.buffer_containers,
        "scaledown_window": scaling.scaledown_window,
        "timeout": function.timeout_secs,
        "retries": function.retry_policy.retries,
        "single_use": function.single_use_containers,
        "nodes": function._experimental_group_size,
        "rdma": function.resources.rdma,
        "startup_timeout": function.startup_timeout_secs,
        "max_inputs": function.max_concurrent_inputs,
        "target_inputs": function.target_concurrent_inputs,
        "volumes": {m.mount_path: plane.made[m.volume_id].deployment_name for m in function.volume_mounts},
        "secrets": sorted(filter(None, (plane.made[one].deployment_name for one in function.secret_ids))),
        "env": {k: v for one in function.secret_ids for k, v in plane.made[one].env_dict.items()},
        "image": dockerfile(plane, function.image_id),
        "lock": sorted(line for file in context_files(plane, function.image_id) for line in file.splitlines()),
        "files": sorted(f.filename for mount in function.mount_ids for f in plane.made[mount].files),
        "buckets": {m.mount_path: bucket(plane, m) for m in function.cloud_bucket_mounts},
        "parameters": sorted(one.name for one in function.class_parameter_info.schema),
        "methods": sorted(function.method_definitions),
        "proxy_auth": {name: m.webhook_config.requires_proxy_auth for name, m in function.method_definitions.items()},
        "port": function.http_config.port,
        "http_startup_timeout": function.http_config.startup_timeout,
        "target_concurrency": scaling.target_concurrency or scaling.target_concurrency_float,
        "http_private": function.is_server and not function.http_config.unauthenticated,
    }


def bucket(plane: ControlPlane, mount: Any) -> list[Any]:
    """Name, endpoint, Secret, and whether it is mounted to be read only."""
    secret = plane.made[mount.credentials_secret_id].deployment_name if mount.credentials_secret_id else ""
    return [mount.bucket_name, mount.bucket_endpoint_url, secret, mount.read_only]


def layers(plane: ControlPlane, image_id: str) -> Iterator[Any]:
    """The layers of an image, the base first."""
    image = plane.made[image_id].image
    for base in image.base_images:
        yield from layers(plane, base.image_id)
    yield image


def dockerfile(plane: ControlPlane, image_id: str) -> list[str]:
    return [command for layer in layers(plane, image_id) for command in layer.dockerfile_commands]


def context_files(plane: ControlPlane, image_id: str) -> list[str]:
    """The text of the files that the layers' commands read: the pinned requirements."""
    return [file.data.decode() for layer in layers(plane, image_id) for file in layer.context_files]


def main(folders: list[str]) -> None:
    with listening() as (plane, url), modal.Client(url, api_pb2.CLIENT_TYPE_CLIENT, ("ak-x", "as-x")) as client:
        # what runs inside a container finds Modal by its environment
        os.environ |= {"MODAL_SERVER_URL": url, "MODAL_TOKEN_ID": "ak-x", "MODAL_TOKEN_SECRET": "as-x"}
        json.dump([registration(plane, client, Path(folder)) for folder in folders], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
