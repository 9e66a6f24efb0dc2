"""The objects of an app, as its containers are told of them."""

from __future__ import annotations

from typing import Any

from modal_proto import api_pb2

from .functions import handle_metadata
from .registry import Registry


def app_layout(registry: Registry, app_id: str) -> Any:
    """The objects that a container of an app may use, by id."""
    app = registry.apps[app_id]
    layout = api_pb2.AppLayout(function_ids=app.function_ids, class_ids=app.class_ids)
    for function in registry.functions_of(app_id):
        layout.objects.add(object_id=function.id, function_handle_metadata=handle_metadata(function))
    for class_id in app.class_ids.values():
        layout.objects.add(object_id=class_id, class_handle_metadata=api_pb2.ClassHandleMetadata())
    for volume in registry.volumes.values():
        metadata = api_pb2.VolumeMetadata(name=volume.name, version=volume.version)
        layout.objects.add(object_id=volume.id, volume_metadata=metadata)
    for object_id in (*registry.mounts, *registry.secrets, *registry.dicts, *registry.images):
        layout.objects.add(object_id=object_id)
    return layout
