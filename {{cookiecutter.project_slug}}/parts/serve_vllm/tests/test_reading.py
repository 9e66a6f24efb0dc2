"""Routes that are read: the service's models by name, in the forms of OpenAI and Anthropic, with GET and HEAD."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from vllm_double import NAMES, Api, ask

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.api import middleware
from {{cookiecutter.__package}}.api.body_limit import Message


@pytest.fixture(scope="module")
def built() -> Iterator[middleware.RouteFilter]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(middleware.REGISTRY, "register", lambda collector: None)  # once in a process
        route_filter = middleware.RouteFilter(Api())
    yield route_filter
    route_filter.monitor.stop()


def test_each_model_is_answered_by_its_name(built: middleware.RouteFilter):
    for name in NAMES:
        assert ask(built, Api(), f"/v1/models/{name}") == (200, [json.dumps({"id": name}).encode()])
    for name in ("org/other", "", "org/an-adapter/"):
        status, (said,) = ask(built, Api(), f"/v1/models/{name}")
        assert status == 404 and f"this service has {', '.join(NAMES)}" in json.loads(said)["error"]["message"]


def test_a_client_of_anthropic_reads_models_in_its_form(built: middleware.RouteFilter):
    """As platform.claude.com documents `GET /v1/models`."""
    _, (said,) = ask(built, Api(), "/v1/models", anthropic_version="2023-06-01")
    listed = json.loads(said)
    assert (listed["has_more"], listed["first_id"], listed["last_id"]) == (False, *NAMES)
    one = {"type": "model", "id": NAMES[1], "display_name": NAMES[1], "created_at": "2020-01-01T00:00:00+00:00"}
    assert listed["data"][1] == one
    _, (said,) = ask(built, Api(), f"/v1/models/{NAMES[1]}", anthropic_version="2023-06-01")
    assert json.loads(said) == one


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 200), ("DELETE", 405), ("POST", 405)])
@pytest.mark.parametrize("path", ["/v1/models", f"/v1/models/{plan.MODEL}", "/memory"])
def test_what_is_read_takes_get_and_head(built: middleware.RouteFilter, path: str, method: str, status: int):
    built.app = api = Api()
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(built({"type": "http", "method": method, "path": path, "headers": [], "app": api}, receive, send))
    assert sent[0]["status"] == status
