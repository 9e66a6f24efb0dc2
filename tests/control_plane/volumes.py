"""Volumes: their files as the command line sees them, and the copies that containers mount."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from .named_objects import find_or_make
from .registry import Named, Registry
from .rpc import calling_container, refusal
from .volume_copy import VolumeCopy

BLOCK_BYTES = 8 << 20  # what the client splits files into


class Volumes:
    """Each Volume is a folder below `folder`, named by the Volume's id."""

    def __init__(self, registry: Registry, folder: Path, address: str) -> None:
        self.registry, self.folder, self.address = registry, folder, address
        self.copies: dict[tuple[str, str], VolumeCopy] = {}  # of a container, of a Volume
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def files(self, volume_id: str) -> Path:
        """The folder of what is committed."""
        path = self.folder / volume_id
        path.mkdir(parents=True, exist_ok=True)
        return path

    def mount(self, container_id: str, volume_id: str, folder: Path) -> VolumeCopy:
        copy = VolumeCopy(self.files(volume_id), folder, self._locks[volume_id])
        self.copies[container_id, volume_id] = copy
        return copy

    def unmount(self, container_id: str) -> None:
        """Forget a container's copies: what it has not committed is lost."""
        for key in [key for key in self.copies if key[0] == container_id]:
            del self.copies[key]

    async def commit_all(self) -> None:
        """Commit as Modal does every few seconds."""
        for copy in list(self.copies.values()):
            await asyncio.to_thread(copy.commit)

    # Requests of a container

    def mounted_by_caller(self, volume_id: str) -> VolumeCopy:
        copy = self.copies.get((calling_container.get(), volume_id))
        if copy is None:
            raise refusal("FAILED_PRECONDITION", "the Volume is not mounted in the caller")
        return copy

    async def VolumeCommit(self, request: Any) -> Any:
        await asyncio.to_thread(self.mounted_by_caller(request.volume_id).commit)
        return api_pb2.VolumeCommitResponse(skip_reload=True)

    async def VolumeReload(self, request: Any) -> Any:
        await asyncio.to_thread(self.mounted_by_caller(request.volume_id).reload)
        return Empty()

    # The Volumes themselves

    async def VolumeGetOrCreate(self, request: Any) -> Any:
        volume = find_or_make(self.registry, self.registry.volumes, "vo", request)
        volume.version = volume.version or request.version
        return api_pb2.VolumeGetOrCreateResponse(
            volume_id=volume.id, version=volume.version, metadata=volume_metadata(volume)
        )

    async def VolumeGetById(self, request: Any) -> Any:
        volume = self.volume(request.volume_id)
        return api_pb2.VolumeGetByIdResponse(volume_id=volume.id, metadata=volume_metadata(volume))

    def volume(self, volume_id: str) -> Named:
        if volume_id not in self.registry.volumes:
            raise refusal("NOT_FOUND", f"Volume {volume_id} not found")
        return self.registry.volumes[volume_id]

    async def VolumeHeartbeat(self, request: Any) -> Any:
        return Empty()

    async def VolumeList(self, request: Any) -> Any:
        reply = api_pb2.VolumeListResponse(environment_name="main")
        for volume in self.registry.volumes.values():
            reply.items.add(
                volume_id=volume.id,
                label=volume.name,
                created_at=volume.created_at,
                metadata=volume_metadata(volume),
            )
        return reply

    async def VolumeDelete(self, request: Any) -> Any:
        del self.registry.volumes[self.volume(request.volume_id).id]
        shutil.rmtree(self.files(request.volume_id))
        return Empty()

    # Their files

    def path(self, volume_id: str, path: str) -> Path:
        return self.files(volume_id) / path.lstrip("/")

    def existing_path(self, volume_id: str, path: str) -> Path:
        found = self.path(volume_id, path)
        if not found.exists():
            raise refusal("NOT_FOUND", f"{path}: no such file or directory")
        return found

    def new_file(self, request: Any, path: str) -> Path:
        target = self.path(request.volume_id, path)
        if target.exists() and request.disallow_overwrite_existing_files:
            raise refusal("ALREADY_EXISTS", f"{path}: already exists")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    async def VolumePutFiles(self, request: Any) -> Any:
        for file in request.files:
            self.new_file(request, file.filename).write_bytes(self.registry.contents[file.sha256_hex])
        return Empty()

    async def VolumePutFiles2(self, request: Any) -> Any:
        """Files come in blocks: the first call is told which are missing, the second finds them all."""
        blobs, reply = self.registry.blobs, api_pb2.VolumePutFiles2Response()
        for file_index, file in enumerate(request.files):
            for block_index, block in enumerate(file.blocks):
                if block_blob(block) not in blobs:
                    url = f"{self.address}/blob/{block_blob(block)}"
                    reply.missing_blocks.add(file_index=file_index, block_index=block_index, put_url=url)
        if not reply.missing_blocks:
            for file in request.files:
                with self.new_file(request, file.path).open("wb") as out:
                    for number, block in enumerate(file.blocks):
                        out.seek(number * BLOCK_BYTES)
                        out.write(blobs[block_blob(block)])
                    out.truncate(file.size)
        return reply

    def list_entries(self, request: Any) -> Iterator[Any]:
        root = self.files(request.volume_id)
        start = self.existing_path(request.volume_id, request.path)
        found = [start] if start.is_file() else start.rglob("*") if request.recursive else start.iterdir()
        for path in sorted(found):
            kind = api_pb2.FileEntry.DIRECTORY if path.is_dir() else api_pb2.FileEntry.FILE
            status = path.stat()
            yield api_pb2.FileEntry(
                path=str(path.relative_to(root)), type=kind, mtime=int(status.st_mtime), size=status.st_size
            )

    async def VolumeListFiles(self, request: Any) -> AsyncIterator[Any]:
        yield api_pb2.VolumeListFilesResponse(entries=self.list_entries(request))

    async def VolumeListFiles2(self, request: Any) -> AsyncIterator[Any]:
        yield api_pb2.VolumeListFiles2Response(entries=self.list_entries(request))

    async def VolumeGetFile2(self, request: Any) -> Any:
        """Addresses of the pieces of a file, which break at multiples of the block size."""
        path = self.existing_path(request.volume_id, request.path)
        if not path.is_file():
            raise refusal("INVALID_ARGUMENT", f"{request.path}: is a directory")
        data, urls = path.read_bytes(), []
        begin, end = request.start, min(request.start + request.len if request.len else len(data), len(data))
        while begin < end:
            stop = min(end, (begin // BLOCK_BYTES + 1) * BLOCK_BYTES)
            blob_id = self.registry.new_id("bl")
            self.registry.blobs[blob_id] = data[begin:stop]
            urls.append(f"{self.address}/blob/{blob_id}")
            begin = stop
        length = max(0, begin - request.start)
        return api_pb2.VolumeGetFile2Response(get_urls=urls, size=len(data), start=request.start, len=length)

    async def VolumeRemoveFile(self, request: Any) -> Any:
        path = self.existing_path(request.volume_id, request.path)
        if not path.is_dir():
            path.unlink()
        elif request.recursive:
            shutil.rmtree(path)
        else:
            raise refusal("INVALID_ARGUMENT", f"{request.path}: is a directory")
        return Empty()

    VolumeRemoveFile2 = VolumeRemoveFile


def volume_metadata(volume: Named) -> Any:
    return api_pb2.VolumeMetadata(name=volume.name, version=volume.version)


def block_blob(block: Any) -> str:
    """The id under which a block of a file is stored."""
    return f"block-{block.contents_sha256.hex()}"
