"""Modal's gRPC service, answered by the methods of several objects.

Every RPC of the service is offered, as the protobuf descriptor in the modal wheel lists them. The method of its name
answers it, `async def AppCreate(self, request)`, or an async generator where the RPC streams. One that no object
answers fails with its name.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from google.protobuf import message_factory
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from modal_proto import api_pb2

SERVICE = api_pb2.DESCRIPTOR.services_by_name["ModalClient"]
CONTAINER_HEADER = "x-container-id"  # the container that calls; the client's own requests are without
# Requests that are many or large, and that no test reads
NOT_KEPT = {"ContainerHeartbeat", "FunctionGetInputs", "FunctionGetOutputs", "FunctionPutOutputs", "MountPutFile"}

calling_container: ContextVar[str] = ContextVar("calling_container", default="")  # id; "" for a client outside


def refusal(status: str, message: str) -> GRPCError:
    """The error to raise for a request that Modal would refuse, by the name of its gRPC status."""
    return GRPCError(Status[status], message)


class Service:
    """The handlers for grpclib: every RPC, answered by the first of `handlers` with a method of its name."""

    def __init__(self, handlers: Sequence[object]) -> None:
        self.handlers = handlers
        self.requests: list[tuple[str, Any]] = []  # RPC and message, in order
        self.unanswered: list[str] = []  # RPCs that no handler has
        self.errors: list[str] = []  # tracebacks of handlers

    def __mapping__(self) -> dict[str, Handler]:
        message_class = message_factory.GetMessageClass
        return {
            f"/{SERVICE.full_name}/{method.name}": Handler(
                self.endpoint(method.name),
                Cardinality.UNARY_STREAM if method.server_streaming else Cardinality.UNARY_UNARY,
                message_class(method.input_type),
                message_class(method.output_type),
            )
            for method in SERVICE.methods
        }

    def endpoint(self, rpc: str) -> Any:
        """The coroutine that answers one RPC."""
        streams = SERVICE.methods_by_name[rpc].server_streaming
        handler = next((getattr(one, rpc) for one in self.handlers if hasattr(one, rpc)), None)

        async def answer(stream: Any) -> None:
            request = await stream.recv_message()
            if rpc not in NOT_KEPT:
                self.requests.append((rpc, request))
            if handler is None:
                self.unanswered.append(rpc)
                raise refusal("UNIMPLEMENTED", f"the control plane does not answer {rpc}")
            calling_container.set(stream.metadata.get(CONTAINER_HEADER, ""))
            try:
                if streams:
                    async for reply in handler(request):
                        await stream.send_message(reply)
                else:
                    await stream.send_message(await handler(request))
            except GRPCError:
                raise
            except Exception:
                text = f"the control plane failed in {rpc}: {traceback.format_exc()}"
                self.errors.append(text)
                print(text, file=sys.stderr, flush=True)
                # a status that the client does not retry
                raise refusal("FAILED_PRECONDITION", text) from None

        return answer
