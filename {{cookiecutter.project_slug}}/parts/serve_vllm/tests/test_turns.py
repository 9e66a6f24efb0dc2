"""Turns between requests of many texts and of few, by the priorities that the gate gives them."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.api import admission, middleware
from {{cookiecutter.__package}}.api.body_limit import Message, Receive, Scope, Send
from {{cookiecutter.__package}}.engine import options

PATH, BODY = options.WARM_UP


@pytest.mark.workload("embedding", "classification")
def test_a_request_sent_beside_a_larger_one_goes_before_it_in_vllm(monkeypatch: pytest.MonkeyPatch):
    """vLLM runs the lowest priority first."""
    bodies = [BODY | {"input": ["fox"] * count} for count in (2000, 2, 1)]

    asked: list[bytes] = []

    async def vllm(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append((await receive())["body"])
        await asyncio.sleep(0.01)  # until all are here
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}", "more_body": False})

    monkeypatch.setattr(middleware.REGISTRY, "register", lambda collector: None)  # once in a process
    gate = middleware.RouteFilter(vllm)
    gate.monitor.stop()
    app = SimpleNamespace(state=SimpleNamespace(engine_client=SimpleNamespace(errored=False)))

    async def post(body: bytes) -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            pass

        await gate({"type": "http", "method": "POST", "path": PATH, "headers": [], "app": app}, receive, send)

    async def all_of_them() -> None:
        await asyncio.gather(*(post(json.dumps(body).encode()) for body in bodies))

    asyncio.run(all_of_them())
    priorities = {len((said := json.loads(body))["input"]): said["priority"] for body in asked}
    assert priorities[1] < priorities[2] < priorities[2000]


def test_a_large_request_waits_for_no_more_than_its_own_size_of_others():
    queue = admission.Turns()
    large, passed = queue.begin(50_000), 0
    while (small := queue.begin(100)) < large:
        queue.end(small)
        passed += 100
    assert passed == 50_000 - 100


@pytest.mark.workload("embedding", "classification")
def test_large_requests_leave_room_for_short_ones(monkeypatch: pytest.MonkeyPatch):
    most: int = getattr(plan, "MAX_TEXTS", 0)
    for rounds, large in ((4, 3), (1, 1)):
        monkeypatch.setattr(plan, "MAX_WAITING", rounds * most)
        monkeypatch.setattr(options, "MAX_OPEN", plan.CONCURRENCY + rounds * most)
        admitted = admission.Admission()
        for _ in range(large):
            admitted.acquire(most)
        with pytest.raises(admission.QueueFull):
            admitted.acquire(most)
        admitted.acquire(plan.CONCURRENCY)
