"""A Modal account for commands that are typed: the recorder, taught what the command line asks besides a deployment.

It keeps what it was asked. No container runs: a call is received, and then ended with the sentence NO_CONTAINERS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import message_factory
from grpclib.const import Cardinality, Handler
from modal_proto import api_pb2
from modal_wire import SERVICE, ControlPlane, registered

NO_CONTAINERS = "this account runs no containers"
NAME = "somebody"  # of the workspace
LOGIN = "http://127.0.0.1/login"  # where a browser would be sent
# What is asked and needs no more than a reply; the file that is read from a Volume is empty
DONE = set(
    "AppFetchLogs AppGetLayout AppStop ClientHello DictClear DictUpdate TaskList "
    "VolumeDelete VolumeGetFile2 VolumePutFiles VolumePutFiles2".split()
)


class Account(ControlPlane):
    """A workspace that has what was made in it, and keeps every request by the name of its RPC.

    `rates` is what `modal billing rates` prints, a name and USD for each; `url` is where a deployed service answers.
    """

    def __init__(self, rates: dict[str, str] | None = None) -> None:
        super().__init__()
        self.heard: list[tuple[str, Any]] = []
        self.rates = rates or {}
        self.url = ""

    def asked(self, rpc: str) -> list[Any]:
        """The requests of one kind, in order."""
        return [request for name, request in self.heard if name == rpc]

    def called(self) -> list[str]:
        """The functions that were called, by name, in order."""
        return [registered(self.made[request.function_id])[0].function_name for request in self.asked("FunctionMap")]

    def answer(self, rpc: str, request: Any) -> Any:
        self.heard.append((rpc, request))
        match rpc:
            case "TokenFlowCreate":
                return api_pb2.TokenFlowCreateResponse(token_flow_id="tc-1", web_url=LOGIN, wait_secret="w")
            case "TokenFlowWait":
                return api_pb2.TokenFlowWaitResponse(token_id="ak-x", token_secret="as-x", workspace_username=NAME)
            case "WorkspaceNameLookup":
                return api_pb2.WorkspaceNameLookupResponse(workspace_name=NAME, username=NAME)
            case "WebhookTokenCreate":
                return api_pb2.TokenCreateResponse(token_id="wk-x", token_secret="ws-x")
            case "WorkspaceBillingRates":
                return api_pb2.WorkspaceBillingRatesResponse(rates=self.rates)
            case "AppGetByDeploymentName" if request.name in self.apps:
                return api_pb2.AppGetByDeploymentNameResponse(app_id=self.apps[request.name], environment_name="main")
            case "FunctionGet":
                found = super().answer(rpc, request)
                found.handle_metadata.method_handle_metadata["web"].web_url = self.url
                return found
            case "DictGetOrCreate":
                name = request.deployment_name
                metadata = api_pb2.DictMetadata(name=name)
                return api_pb2.DictGetOrCreateResponse(dict_id=self.make("di", request, name), metadata=metadata)
            case "MountPutFile":
                return api_pb2.MountPutFileResponse(exists=True)  # as if it lay there already: nothing is uploaded
            case "EndpointCreate":
                return api_pb2.EndpointCreateResponse(endpoint_id="ep-1", name="first", endpoint_page_url=LOGIN)
            case "FunctionMap":
                return api_pb2.FunctionMapResponse(
                    function_call_id="fc-1",
                    pipelined_inputs=[api_pb2.FunctionPutInputsResponseItem(idx=0, input_id="in-0")],
                )
            case "FunctionGetOutputs":
                failed = api_pb2.GenericResult(
                    status=api_pb2.GenericResult.GENERIC_STATUS_FAILURE, exception=NO_CONTAINERS
                )
                ended = api_pb2.FunctionGetOutputsItem(input_id="in-0", result=failed)
                return api_pb2.FunctionGetOutputsResponse(last_entry_id="1-0", outputs=[ended])
        if rpc in DONE:
            return message_factory.GetMessageClass(SERVICE.methods_by_name[rpc].output_type)()
        return super().answer(rpc, request)

    def stream(self, rpc: str, request: Any) -> Iterator[Any]:
        """What a streaming RPC sends: of a Volume's folder one file, of a log or a bill nothing."""
        self.heard.append((rpc, request))
        if rpc == "VolumeListFiles":
            entry = api_pb2.FileEntry(path=request.path, type=api_pb2.FileEntry.FILE)
            yield api_pb2.VolumeListFilesResponse(entries=[entry])
        elif rpc == "AppGetLogs":
            yield api_pb2.TaskLogsBatch(app_done=True)

    def __mapping__(self) -> dict[str, Handler]:
        def endpoint(rpc: str) -> Any:
            async def handle_one(stream: Any) -> None:
                for message in self.stream(rpc, await stream.recv_message()):
                    await stream.send_message(message)

            return handle_one

        kind = message_factory.GetMessageClass
        return super().__mapping__() | {
            f"/{SERVICE.full_name}/{method.name}": Handler(
                endpoint(method.name), Cardinality.UNARY_STREAM, kind(method.input_type), kind(method.output_type)
            )
            for method in SERVICE.methods
            if method.server_streaming
        }
