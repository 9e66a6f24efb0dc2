"""The workspace: login, tokens, environments, prices and bills."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from modal_proto import api_pb2

NAME = "somebody"
LOGIN = "http://127.0.0.1/login"  # where a browser would be sent
TOKEN_ID, TOKEN_SECRET = "ak-x", "as-x"
BUILDER_VERSION = "2026.10"  # of images


class Workspace:
    """One workspace of one environment. `rates` is what `modal billing rates` prints: a name and USD for each."""

    def __init__(self, rates: dict[str, str]) -> None:
        self.rates = rates

    async def ClientHello(self, request: Any) -> Any:
        return api_pb2.ClientHelloResponse()

    async def AuthTokenGet(self, request: Any) -> Any:
        return api_pb2.AuthTokenGetResponse(token="e30.e30.e30")

    async def EnvironmentGetOrCreate(self, request: Any) -> Any:
        settings = api_pb2.EnvironmentSettings(image_builder_version=BUILDER_VERSION)
        metadata = api_pb2.EnvironmentMetadata(name=request.deployment_name or "main", settings=settings)
        return api_pb2.EnvironmentGetOrCreateResponse(environment_id="en-1", metadata=metadata)

    async def WorkspaceNameLookup(self, request: Any) -> Any:
        return api_pb2.WorkspaceNameLookupResponse(workspace_name=NAME, username=NAME)

    async def ObjectSuggest(self, request: Any) -> Any:
        return api_pb2.ObjectSuggestResponse()  # nothing has a name like that

    async def TokenFlowCreate(self, request: Any) -> Any:
        return api_pb2.TokenFlowCreateResponse(token_flow_id="tc-1", web_url=LOGIN, wait_secret="w")

    async def TokenFlowWait(self, request: Any) -> Any:
        return api_pb2.TokenFlowWaitResponse(token_id=TOKEN_ID, token_secret=TOKEN_SECRET, workspace_username=NAME)

    async def WebhookTokenCreate(self, request: Any) -> Any:
        return api_pb2.TokenCreateResponse(token_id="wk-x", token_secret="ws-x")

    async def WorkspaceBillingRates(self, request: Any) -> Any:
        return api_pb2.WorkspaceBillingRatesResponse(rates=self.rates)

    async def WorkspaceBillingReport(self, request: Any) -> AsyncIterator[Any]:
        return
        yield  # no bill

    async def EndpointCreate(self, request: Any) -> Any:
        return api_pb2.EndpointCreateResponse(endpoint_id="ep-1", name="first", endpoint_page_url=LOGIN)
