"""Secrets and Dicts, and how an object is found or made by its name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from .registry import Named, Registry
from .rpc import refusal

WITHOUT_NAME = (
    api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL,
    api_pb2.OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP,
)


def find_or_make(registry: Registry, objects: dict[str, Named], prefix: str, request: Any) -> Named:
    """The object that a request names, by the rules of its creation type. One with a name has it in its id."""
    name, creation = request.deployment_name, request.object_creation_type
    if creation in WITHOUT_NAME:
        made = Named(registry.new_id(prefix))
        return objects.setdefault(made.id, made)
    object_id = f"{prefix}-{name}"
    if object_id in objects:
        if creation == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise refusal("ALREADY_EXISTS", f"{name!r} already exists")
        return objects[object_id]
    if creation == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
        kind = {"st": "Secret", "vo": "Volume", "di": "Dict"}[prefix]
        raise refusal("NOT_FOUND", f"{kind} {name!r} not found in environment 'main'")
    return objects.setdefault(object_id, Named(object_id, name))


class NamedObjects:
    """With `any_secret` a Secret that is looked up exists, and is empty."""

    def __init__(self, registry: Registry, any_secret: bool) -> None:
        self.registry, self.any_secret = registry, any_secret

    async def SecretGetOrCreate(self, request: Any) -> Any:
        if self.any_secret and request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
            request.object_creation_type = api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING
        secret = find_or_make(self.registry, self.registry.secrets, "st", request)
        secret.env |= request.env_dict
        missing = sorted(set(request.required_keys) - secret.env.keys())
        if missing and not self.any_secret:
            raise refusal("FAILED_PRECONDITION", f"Secret {secret.name!r} lacks {', '.join(missing)}")
        metadata = api_pb2.SecretMetadata(name=secret.name, keys=list(secret.env))
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret.id, metadata=metadata)

    def entries(self, dict_id: str) -> dict[bytes, bytes]:
        if dict_id not in self.registry.dicts:
            raise refusal("NOT_FOUND", f"Dict {dict_id} not found")
        return self.registry.dicts[dict_id].entries

    async def DictGetOrCreate(self, request: Any) -> Any:
        found = find_or_make(self.registry, self.registry.dicts, "di", request)
        found.entries |= {entry.key: entry.value for entry in request.data}
        metadata = api_pb2.DictMetadata(name=found.name)
        return api_pb2.DictGetOrCreateResponse(dict_id=found.id, metadata=metadata)

    async def DictUpdate(self, request: Any) -> Any:
        entries, created = self.entries(request.dict_id), False
        for update in request.updates:
            if not (request.if_not_exists and update.key in entries):
                entries[update.key], created = update.value, True
        return api_pb2.DictUpdateResponse(created=created)

    async def DictGet(self, request: Any) -> Any:
        value = self.entries(request.dict_id).get(request.key)
        return api_pb2.DictGetResponse(found=value is not None, value=value)

    async def DictPop(self, request: Any) -> Any:
        value = self.entries(request.dict_id).pop(request.key, None)
        return api_pb2.DictPopResponse(found=value is not None, value=value)

    async def DictContains(self, request: Any) -> Any:
        return api_pb2.DictContainsResponse(found=request.key in self.entries(request.dict_id))

    async def DictClear(self, request: Any) -> Any:
        self.entries(request.dict_id).clear()
        return Empty()

    async def DictContents(self, request: Any) -> AsyncIterator[Any]:
        for key, value in list(self.entries(request.dict_id).items()):
            yield api_pb2.DictEntry(key=key if request.keys else b"", value=value if request.values else b"")
