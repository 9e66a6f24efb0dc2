"""The functions and classes that an app registers with Modal, as the real client deploys it.

    python registration.py FOLDER...        prints the registration of the project in each folder, a list in JSON

A folder is named after its app and holds its package. The functions that open and close the warm pool are then run as
a container would run them, and what they ask of the autoscaler is part of the registration.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import modal
from control_plane import ControlPlane, listening
from control_plane.registry import Registry
from modal_proto import api_pb2


def registration(plane: ControlPlane, client: modal.Client, folder: Path) -> dict[str, Any]:
    """Deploy the project in `folder`, open and close its warm pool, and return what was registered and asked for."""
    sys.path.insert(0, str(folder))
    app = importlib.import_module(f"{folder.name.replace('-', '_')}.app")
    published, kept = len(plane.published), len(plane.kept)
    app.app.deploy(name=folder.name, client=client, environment_name="main")
    for function in ("open_pool", "close_pool"):  # of a service
        if function in app.app.registered_functions:
            getattr(app, function).local()
    functions = [
        described(plane.registry, ranked.function)
        for function in plane.registry.functions_of(plane.app_id(folder.name))
        for ranked in function.data.ranked_functions
    ]
    named = {function["name"]: function for function in functions}
    return {"published": plane.published[published:], "functions": named, "kept": plane.kept[kept:]}


def described(made: Registry, function: Any) -> dict[str, Any]:
    """One registered function. Volumes by mount path; the image as the Dockerfile commands of all its layers."""
    gpu, scaling = function.resources.gpu_config, function.autoscaler_settings
    secrets = [made.secrets[secret_id] for secret_id in function.secret_ids]
    layers = [layer.definition for layer in made.layers(function.image_id)]
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
        "regions": list(function.scheduler_placement.regions),
        "retries": function.retry_policy.retries,
        "single_use": function.single_use_containers,
        "nodes": function._experimental_group_size,
        "rdma": function.resources.rdma,
        "startup_timeout": function.startup_timeout_secs,
        "max_inputs": function.max_concurrent_inputs,
        "target_inputs": function.target_concurrent_inputs,
        "volumes": {mount.mount_path: made.volumes[mount.volume_id].name for mount in function.volume_mounts},
        "secrets": sorted(secret.name for secret in secrets if secret.name),
        "env": {name: value for secret in secrets for name, value in secret.env.items()},
        "image": [command for layer in layers for command in layer.dockerfile_commands],
        "lock": sorted(line for layer in layers for file in layer.context_files for line in lines(file.data)),
        "files": sorted(path for mount_id in function.mount_ids for path in made.mounts[mount_id].files),
        "buckets": {mount.mount_path: bucket(made, mount) for mount in function.cloud_bucket_mounts},
        "parameters": sorted(one.name for one in function.class_parameter_info.schema),
        "methods": sorted(function.method_definitions),
        "proxy_auth": {name: m.webhook_config.requires_proxy_auth for name, m in function.method_definitions.items()},
        "port": function.http_config.port,
        "http_startup_timeout": function.http_config.startup_timeout,
        "target_concurrency": scaling.target_concurrency or scaling.target_concurrency_float,
        "http_private": function.is_server and not function.http_config.unauthenticated,
    }


def bucket(made: Registry, mount: Any) -> list[Any]:
    """Name, endpoint, Secret, and whether it is mounted to be read only."""
    secret = made.secrets[mount.credentials_secret_id].name if mount.credentials_secret_id else ""
    return [mount.bucket_name, mount.bucket_endpoint_url, secret, mount.read_only]


def lines(data: bytes) -> list[str]:
    """Of a file that a layer's commands read: the pinned requirements."""
    return data.decode().splitlines()


def main(folders: list[str]) -> None:
    sys.dont_write_bytecode = True  # beside the projects' files
    with (
        listening(run_containers=False, any_secret=True) as plane,
        modal.Client(plane.url, api_pb2.CLIENT_TYPE_CLIENT, ("ak-x", "as-x")) as client,
    ):
        os.environ |= plane.environment  # what runs inside a container finds Modal by it
        json.dump([registration(plane, client, Path(folder)) for folder in folders], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
