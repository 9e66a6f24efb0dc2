"""HTTP: the blob storage, and an address for each web function and server."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any

import aiohttp
from aiohttp import web
from modal._serialization import deserialize_data_format, serialize, serialize_data_format
from modal_proto import api_pb2

from .calls import Call, Calls
from .containers import Container
from .network import Network
from .registry import Function, Registry
from .scheduler import Pool, Scheduler

ASGI = api_pb2.DATA_FORMAT_ASGI
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host", "upgrade"}
HELD_S = 150.0  # for which Modal holds a request to a web function, before a 303
RESUME = "__modal_function_call_id"  # of the address that the 303 leads to
CONNECT_S = 30.0  # for which a server may say that it is ready and not listen yet
MAX_BODY_BYTES = 1 << 32
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Web:
    def __init__(self, registry: Registry, calls: Calls, scheduler: Scheduler, held_s: float = HELD_S) -> None:
        self.registry, self.calls, self.scheduler, self.held_s = registry, calls, scheduler, held_s
        self.address = ""  # of the blob storage
        self.blob_runner: web.AppRunner | None = None
        self._runners: list[web.AppRunner] = []

    async def serve(self, handler: Handler) -> tuple[web.AppRunner, str]:
        """Answer on a free port, whose address is returned."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, handler_cancellation=True)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def start(self) -> None:
        self.blob_runner, self.address = await self.serve(self.blob)

    @contextlib.asynccontextmanager
    async def reachable_from(self, network: Network) -> AsyncIterator[None]:
        """Let a container's own network reach the blob storage, at the same address."""
        assert self.blob_runner is not None
        site = web.SockSite(self.blob_runner, network.listen(int(self.address.rpartition(":")[2])))
        await site.start()
        try:
            yield
        finally:
            await site.stop()

    async def stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()

    async def blob(self, request: web.Request) -> web.Response:
        kind, _, blob_id = request.match_info["path"].partition("/")
        blobs = self.registry.blobs
        if kind == "blob" and request.method == "PUT":
            blobs[blob_id] = body = await request.read()
            return web.Response(text=blob_id, headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})
        if kind != "blob" or blob_id not in blobs:
            return web.Response(status=404)
        return web.Response(body=blobs[blob_id])

    async def open(self, function: Function, method: str) -> str:
        """The address of a server, or of a web function or method."""

        async def handler(request: web.Request) -> web.StreamResponse:
            if is_private(function.definition, method) and not has_proxy_token(request.headers):
                return web.Response(status=401, text="modal-http: missing credentials for proxy authorization")
            if function.definition.is_server:
                return await self.to_server(function, request)
            return await self.to_function(function, method, request)

        return (await self.serve(handler))[1]

    async def to_function(self, function: Function, method: str, request: web.Request) -> web.StreamResponse:
        """Call a function with a request, and answer with what it sends."""
        if resumed := request.query.get(RESUME):
            call = self.calls.call(resumed)
        else:
            call = self.calls.open(function.id)
            self.send(call, {"type": "http.request", "body": await request.read(), "more_body": False})
            arguments = serialize(((asgi_scope(request),), {}))
            pickled = api_pb2.DATA_FORMAT_PICKLE
            body = api_pb2.FunctionInput(args=arguments, data_format=pickled, method_name=method)
            self.calls.add(call, 0, body)
        try:
            return await self.response(call, request)
        except (asyncio.CancelledError, ConnectionResetError):  # the client has hung up
            self.send(call, {"type": "http.disconnect"})
            raise

    def send(self, call: Call, event: dict[str, Any]) -> None:
        """Put an ASGI event where the container reads it."""
        data = serialize_data_format(event, ASGI)
        call.data_in.append(api_pb2.DataChunk(data_format=ASGI, data=data, index=len(call.data_in) + 1))
        call.changed.notify()

    async def response(self, call: Call, request: web.Request) -> web.StreamResponse:
        """The response that a web function sends in events; 303 where it does not begin in time."""
        response: web.StreamResponse | None = None
        sent, (one,) = 0, call.inputs.values()
        deadline = time.monotonic() + self.held_s
        while True:
            for event in self.events(call.data_out, sent):
                sent += 1
                if event["type"] == "http.response.start":
                    response = web.StreamResponse(status=event["status"])
                    copy_headers(((name.decode(), value.decode()) for name, value in event["headers"]), response)
                    await response.prepare(request)
                elif event["type"] == "http.response.body" and response is not None:
                    await response.write(event.get("body", b""))
                    if not event.get("more_body"):
                        await response.write_eof()
                        return response
            if one.done:
                break
            left = deadline - time.monotonic()
            if response is None and left <= 0:
                return web.Response(status=303, headers={"Location": f"{request.path}?{RESUME}={call.id}"})
            await call.changed.wait(left if response is None else None)
        if response is not None:  # cut short
            assert request.transport is not None
            request.transport.close()
            return response
        error = call.outputs[-1][1].result.exception or "internal error"
        return web.Response(status=500, text=f"modal-http: {error}")

    def events(self, chunks: Iterable[Any], after: int) -> list[Any]:
        """The ASGI events of the chunks after so many, in order."""
        later = sorted((chunk for chunk in chunks if chunk.index > after), key=lambda chunk: chunk.index)
        blobs = self.registry.blobs
        payloads = [blobs[chunk.data_blob_id] if chunk.data_blob_id else chunk.data for chunk in later]
        return [deserialize_data_format(payload, ASGI, None) for payload in payloads]

    async def to_server(self, function: Function, request: web.Request) -> web.StreamResponse:
        """Servers have no queue: 503 while no container is ready."""
        container = self.choose(self.scheduler.pool(function.id))
        if container is None:
            return web.Response(status=503, text="modal-http: no container is ready, one is starting")
        container.requests += 1
        try:
            return await self.forward(container, request)
        finally:
            container.requests -= 1
            container.last_used = time.monotonic()

    def choose(self, pool: Pool) -> Container | None:
        """The ready container with the fewest requests; starts one where none is, or all have their target."""
        pool.failed = False
        ready = [one for one in pool.live if one.started]
        settings = pool.function.autoscaler
        target = settings.target_concurrency_float or settings.target_concurrency or 1
        busy = all(one.requests >= target for one in ready)
        if self.scheduler.launcher and busy and len(pool.live) == len(ready) < self.scheduler.most(pool):
            self.scheduler.start(pool)
        return min(ready, key=lambda one: one.requests, default=None)

    async def forward(self, container: Container, request: web.Request) -> web.StreamResponse:
        """Pass a request to the server in a container and its response back."""
        target = f"http://127.0.0.1:{container.definition.http_config.port}{request.rel_url}"
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        body, network, deadline = await request.read(), container.network, time.monotonic() + CONNECT_S
        assert network is not None
        connector = aiohttp.TCPConnector(socket_factory=lambda address: network.socket(*address[:3]))
        async with aiohttp.ClientSession(
            auto_decompress=False, connector=connector, timeout=aiohttp.ClientTimeout(total=None)
        ) as session:
            while True:
                try:
                    answer = await session.request(
                        request.method, target, headers=headers, data=body, allow_redirects=False
                    )
                    break
                except aiohttp.ClientConnectorError:
                    if time.monotonic() > deadline or not container.running:
                        return web.Response(status=502, text="modal-http: nothing listens on the server's port")
                    await asyncio.sleep(0.1)
                except aiohttp.ClientError as error:
                    return web.Response(status=502, text=f"modal-http: {error}")
            response = web.StreamResponse(status=answer.status)
            copy_headers(answer.headers.items(), response, keep="content-encoding")
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response


def is_private(definition: Any, method: str) -> bool:
    """Whether an endpoint requires a proxy token."""
    if definition.is_server:
        return not definition.http_config.unauthenticated
    config = definition.method_definitions[method].webhook_config if method else definition.webhook_config
    return config.requires_proxy_auth


def has_proxy_token(headers: Mapping[str, str]) -> bool:
    """Whether a proxy token came along: the two Modal headers, or `Authorization: Bearer wk-....ws-...`."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    bearer = scheme == "Bearer" and token.startswith("wk-") and ".ws-" in token
    return bearer or {"Modal-Key", "Modal-Secret"} <= set(headers)


def asgi_scope(request: web.Request) -> dict[str, Any]:
    peer = request.transport.get_extra_info("peername") if request.transport else ("127.0.0.1", 0)
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "query_string": request.query_string.encode(),
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": tuple(peer[:2]),
    }


def copy_headers(headers: Iterable[tuple[str, str]], response: web.StreamResponse, keep: str = "") -> None:
    """Add headers to a response, without those that are between two neighbours."""
    for name, value in headers:
        if name.lower() == keep or name.lower() not in HOP_BY_HOP:
            response.headers.add(name, value)
