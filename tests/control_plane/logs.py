"""The output of containers, by app."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from modal_proto import api_pb2

from .notifier import Notifier


@dataclass
class AppLog:
    """Lines in order; `closed` once the app is stopped."""

    batches: list[Any] = field(default_factory=list)  # TaskLogsBatch, a line each
    changed: Notifier = field(default_factory=Notifier)
    closed: bool = False


class Logs:
    def __init__(self) -> None:
        self.apps: dict[str, AppLog] = {}

    def of_app(self, app_id: str) -> AppLog:
        return self.apps.setdefault(app_id, AppLog())

    def write(self, app_id: str, container_id: str, function_id: str, text: str, descriptor: int) -> None:
        log, now = self.of_app(app_id), time.time()
        batch = api_pb2.TaskLogsBatch(task_id=container_id, function_id=function_id, entry_id=str(len(log.batches) + 1))
        batch.items.add(data=text, file_descriptor=descriptor, timestamp=now, timestamp_ns=int(now * 1e9))
        log.batches.append(batch)
        log.changed.notify()

    def close(self, app_id: str) -> None:
        log = self.of_app(app_id)
        log.closed = True
        log.changed.notify()

    def text(self, app_id: str, container_id: str = "") -> str:
        """All that an app, or one of its containers, has printed."""
        batches = self.of_app(app_id).batches
        return "".join(one.items[0].data for one in batches if container_id in ("", one.task_id))

    async def AppGetLogs(self, request: Any) -> AsyncIterator[Any]:
        """Yield output after the client's last entry, until its timeout or the app's end."""
        log, sent = self.of_app(request.app_id), int(request.last_entry_id or 0)
        deadline = time.monotonic() + request.timeout
        while True:
            while sent < len(log.batches):
                batch = log.batches[sent]
                sent += 1
                if matches(batch, request):
                    yield batch
            if log.closed:
                yield api_pb2.TaskLogsBatch(app_done=True)
                return
            if (left := deadline - time.monotonic()) <= 0:
                return
            await log.changed.wait(left)

    async def AppFetchLogs(self, request: Any) -> Any:
        """The last entries of a span of time."""
        found = list(self.between(request))
        return api_pb2.AppFetchLogsResponse(batches=found[-request.limit :] if request.limit else found)

    async def AppCountLogs(self, request: Any) -> Any:
        """Entries per bucket of time; here one bucket begins with each entry's second."""
        reply = api_pb2.AppCountLogsResponse(app_id=request.app_id)
        for batch in self.between(request):
            start = int(batch.items[0].timestamp) // request.bucket_secs * request.bucket_secs
            if not reply.buckets or reply.buckets[-1].bucket_start_at.seconds != start:
                reply.buckets.add().bucket_start_at.seconds = start
            reply.buckets[-1].stdout_logs += 1
        return reply

    def between(self, request: Any) -> Iterator[Any]:
        since, until = (stamp.seconds + stamp.nanos / 1e9 for stamp in (request.since, request.until))
        for batch in self.of_app(request.app_id).batches:
            if since <= batch.items[0].timestamp <= until and matches(batch, request):
                yield batch


def matches(batch: Any, request: Any) -> bool:
    """Whether an entry passes the filters of a request for logs."""
    item = batch.items[0]
    descriptor = getattr(request, "source", 0) or getattr(request, "file_descriptor", 0)
    return (
        request.task_id in ("", batch.task_id)
        and request.function_id in ("", batch.function_id)
        and descriptor in (0, item.file_descriptor)
        and request.search_text in item.data
    )
