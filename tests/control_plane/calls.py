"""Function calls: their inputs, retries and outputs, as the caller sees them."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from .notifier import Notifier
from .registry import Registry
from .rpc import refusal

Result = api_pb2.GenericResult
SYNC = api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC
TERMINATED = Result(status=Result.GENERIC_STATUS_TERMINATED)
MAX_INPUTS_OUTSTANDING = 1000  # of one map, as Modal's documentation has it


@dataclass
class Input:
    """One input of a call."""

    id: str
    call: Call
    index: int
    body: Any  # FunctionInput
    attempt: int = 0
    done: bool = False


@dataclass
class Call:
    """One `.remote`, `.map`, `.spawn` or web request."""

    id: str
    function_id: str
    invocation: int = SYNC
    inputs: dict[str, Input] = field(default_factory=dict)
    outputs: list[tuple[int, Any]] = field(default_factory=list)  # serial number, FunctionGetOutputsItem
    finished: int = 0  # outputs so far, those that were retried counted
    changed: Notifier = field(default_factory=Notifier)
    data_in: list[Any] = field(default_factory=list)  # DataChunk, of a web request
    data_out: list[Any] = field(default_factory=list)  # DataChunk, of a web response or a generator


class Calls:
    """`on_input` gets each input that waits for a container, `on_cancel` each that is cancelled.

    `on_done` gets the id of an app whenever one of its inputs is done.
    """

    on_input: Callable[[Input], None]
    on_cancel: Callable[[Input, bool], None]  # whether its container is to end too
    on_done: Callable[[str], None]

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.calls: dict[str, Call] = {}
        self.inputs: dict[str, Input] = {}
        self.unfinished: Counter[str] = Counter()  # inputs of an app that are not done

    def open(self, function_id: str, invocation: int = SYNC) -> Call:
        app = self.registry.apps[self.registry.functions[function_id].app_id]
        if app.stopped_at:
            raise refusal("FAILED_PRECONDITION", "The app is stopped")
        call = Call(self.registry.new_id("fc"), function_id, invocation)
        self.calls[call.id] = call
        return call

    def call(self, call_id: str) -> Call:
        if call_id not in self.calls:
            raise refusal("NOT_FOUND", f"no function call {call_id}")
        return self.calls[call_id]

    def add(self, call: Call, index: int, body: Any) -> Input:
        one = Input(self.registry.new_id("in"), call, index, body)
        call.inputs[one.id] = self.inputs[one.id] = one
        self.unfinished[self.app_of(one)] += 1
        self.on_input(one)
        return one

    def app_of(self, one: Input) -> str:
        return self.registry.functions[one.call.function_id].app_id

    async def FunctionMap(self, request: Any) -> Any:
        call = self.open(request.function_id, request.function_call_invocation_type)
        return api_pb2.FunctionMapResponse(
            function_call_id=call.id,
            function_call_jwt=unsigned_token(call=call.id),
            retry_policy=self.registry.functions[request.function_id].definition.retry_policy,
            sync_client_retries_enabled=True,
            max_inputs_outstanding=MAX_INPUTS_OUTSTANDING,
            pipelined_inputs=[receipt(self.add(call, item.idx, item.input)) for item in request.pipelined_inputs],
        )

    async def FunctionPutInputs(self, request: Any) -> Any:
        call = self.call(request.function_call_id)
        added = [receipt(self.add(call, item.idx, item.input)) for item in request.inputs]
        return api_pb2.FunctionPutInputsResponse(inputs=added)

    async def FunctionRetryInputs(self, request: Any) -> Any:
        for item in request.inputs:
            one = self.inputs[token_claims(item.input_jwt)["input_id"]]
            one.call.outputs = [entry for entry in one.call.outputs if entry[1].input_id != one.id]
            one.attempt = max(one.attempt + 1, item.retry_count)
            one.done = False
            self.unfinished[self.app_of(one)] += 1
            self.on_input(one)
        return api_pb2.FunctionRetryInputsResponse(input_jwts=[item.input_jwt for item in request.inputs])

    async def FunctionFinishInputs(self, request: Any) -> Any:
        return Empty()

    async def FunctionGetOutputs(self, request: Any) -> Any:
        """Outputs after the last that the client has; waits for one until the request's timeout."""
        call = self.call(request.function_call_id)
        after = int((request.last_entry_id or "0-0").split("-")[0])
        indices = range(request.start_idx, request.end_idx + 1) if request.HasField("start_idx") else None
        deadline = time.monotonic() + request.timeout

        def new() -> list[tuple[int, Any]]:
            return [
                (serial, item)
                for serial, item in call.outputs
                if serial > after and (indices is None or item.idx in indices)
            ]

        while not (found := new()) and (left := deadline - time.monotonic()) > 0:
            await call.changed.wait(left)
        return api_pb2.FunctionGetOutputsResponse(
            outputs=[item for _, item in found],
            idxs=[item.idx for _, item in found],
            last_entry_id=f"{max([after, *(serial for serial, _ in found)])}-0",
            num_unfinished_inputs=sum(not one.done for one in call.inputs.values()),
        )

    async def FunctionCallFromId(self, request: Any) -> Any:
        call = self.call(request.function_call_id)
        app_id = self.registry.functions[call.function_id].app_id
        metadata = api_pb2.FunctionCallHandleMetadata(app_id=app_id, function_id=call.function_id)
        return api_pb2.FunctionCallFromIdResponse(
            function_call_id=call.id, num_inputs=len(call.inputs), metadata=metadata
        )

    async def FunctionCallCancel(self, request: Any) -> Any:
        for one in self.call(request.function_call_id).inputs.values():
            if not one.done:
                self.on_cancel(one, request.terminate_containers)
        return Empty()

    async def FunctionCallGetDataIn(self, request: Any) -> AsyncIterator[Any]:
        call = self.call(request.function_call_id)
        async for chunk in follow_chunks(call, call.data_in, request.last_index):
            yield chunk

    async def FunctionCallGetDataOut(self, request: Any) -> AsyncIterator[Any]:
        call = self.call(request.function_call_id)
        async for chunk in follow_chunks(call, call.data_out, request.last_index):
            yield chunk

    async def FunctionCallPutDataOut(self, request: Any) -> Any:
        call = self.call(request.function_call_id)
        call.data_out.extend(request.data_chunks)
        call.changed.notify()
        return Empty()

    def finish(
        self,
        one: Input,
        result: Any,
        data_format: int = api_pb2.DATA_FORMAT_PICKLE,
        container_id: str = "",
        attempt: int | None = None,
    ) -> None:
        """Take a result as the input's output, or try again. One of an attempt that is over is dropped."""
        if one.done or (attempt is not None and attempt != one.attempt):
            return
        policy = self.registry.functions[one.call.function_id].definition.retry_policy
        failed = result.status not in (Result.GENERIC_STATUS_SUCCESS, Result.GENERIC_STATUS_TERMINATED)
        # the client itself tries `.remote` and `.map` again
        if failed and one.call.invocation != SYNC and one.attempt < policy.retries:
            delay = policy.initial_delay_ms / 1000 * policy.backoff_coefficient**one.attempt
            one.attempt += 1
            longest = policy.max_delay_ms / 1000 or delay
            asyncio.get_running_loop().call_later(min(delay, longest), self.on_input, one)
            return
        one.done = True
        call = one.call
        call.finished += 1
        item = api_pb2.FunctionGetOutputsItem(
            idx=one.index,
            input_id=one.id,
            result=result,
            data_format=data_format,
            task_id=container_id,
            retry_count=one.attempt,
            output_created_at=time.time(),
        )
        call.outputs.append((call.finished, item))
        call.changed.notify()
        app_id = self.app_of(one)
        self.unfinished[app_id] -= 1
        self.on_done(app_id)


async def follow_chunks(call: Call, chunks: list[Any], after: int) -> AsyncIterator[Any]:
    """Chunks as they come, without end: the client hangs up."""
    while True:
        for chunk in [chunk for chunk in chunks if chunk.index > after]:
            after = chunk.index
            yield chunk
        await call.changed.wait()


def receipt(one: Input) -> Any:
    """An input as its client holds it."""
    token = unsigned_token(idx=one.index, input_id=one.id, call=one.call.id)
    return api_pb2.FunctionPutInputsResponseItem(idx=one.index, input_id=one.id, input_jwt=token)


def unsigned_token(**claims: Any) -> str:
    """A JSON web token without a signature: the client reads its claims and checks nothing."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}.unsigned"


def token_claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
