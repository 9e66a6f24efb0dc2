"""Images and uploaded files. No image is built: each is said to have been."""

from __future__ import annotations

import hashlib
from typing import Any

from modal_proto import api_pb2

from .limits import gpu_problem
from .registry import Image, Mount, Registry
from .rpc import refusal

BUILT = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)


class Uploads:
    """`address` is where blobs are put and got over HTTP."""

    def __init__(self, registry: Registry, address: str) -> None:
        self.registry, self.address = registry, address

    async def ImageGetOrCreate(self, request: Any) -> Any:
        if problem := gpu_problem(request.image.gpu_config):
            raise refusal("INVALID_ARGUMENT", f"an image: {problem}")
        digest = hashlib.sha256(request.image.SerializeToString(deterministic=True)).hexdigest()
        image_id = f"im-{digest[:22]}"
        image = self.registry.images.setdefault(image_id, Image(image_id, request.image, request.builder_version))
        metadata = api_pb2.ImageMetadata(image_builder_version=image.builder_version)
        return api_pb2.ImageGetOrCreateResponse(image_id=image_id, result=BUILT, metadata=metadata)

    async def MountBatchedCheckExistence(self, request: Any) -> Any:
        missing = [digest for digest in request.sha256_hex_hashes if digest not in self.registry.contents]
        return api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    async def MountPutFile(self, request: Any) -> Any:
        if request.data_blob_id:
            self.registry.contents[request.sha256_hex] = self.registry.blobs[request.data_blob_id]
        elif request.WhichOneof("data_oneof") == "data":
            self.registry.contents[request.sha256_hex] = request.data
        return api_pb2.MountPutFileResponse(exists=request.sha256_hex in self.registry.contents)

    async def MountGetOrCreate(self, request: Any) -> Any:
        """A mount that is looked up by a name is Modal's own: its client, a build of Python."""
        name = request.deployment_name
        mount = next((one for one in self.registry.mounts.values() if name and one.name == name), None)
        if mount is None:
            mount = Mount(self.registry.new_id("mo"), name)
            self.registry.mounts[mount.id] = mount
        mount.files |= {file.filename: (file.sha256_hex, file.mode) for file in request.files}
        checksum = hashlib.sha256(repr(sorted(mount.files.items())).encode()).hexdigest()
        metadata = api_pb2.MountHandleMetadata(content_checksum_sha256_hex=checksum)
        return api_pb2.MountGetOrCreateResponse(mount_id=mount.id, handle_metadata=metadata)

    async def BlobCreate(self, request: Any) -> Any:
        blob_id = self.registry.new_id("bl")
        urls = api_pb2.UploadUrlList(items=[f"{self.address}/blob/{blob_id}"])
        return api_pb2.BlobCreateResponse(blob_ids=[blob_id], upload_urls=urls)

    async def BlobGet(self, request: Any) -> Any:
        return api_pb2.BlobGetResponse(download_url=f"{self.address}/blob/{request.blob_id}")
