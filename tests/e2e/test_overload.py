"""A minute of four times what one container answers: nothing accepted is lost, and then it is as quick as before."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from e2e.conftest import Begin
from e2e.service import CONTEXT, PATIENCE_S, STARTING, TOKEN, Service
from e2e.workloads import WORKLOADS
from planner.schema import ENGINES

pytestmark = pytest.mark.e2e
TIMES, SECONDS = 4, 60.0
SLACK = 2.0  # of a ratio of two durations: other work runs on this machine


@dataclass(frozen=True)
class Reply:
    """The status of one request, whether its answer is whole, what Retry-After said, and how long it took."""

    status: int
    whole: bool
    retry_after: str
    seconds: float


@pytest.fixture(scope="module", params=ENGINES)
def service(request: pytest.FixtureRequest, begin: Begin) -> Iterator[Service]:
    answers = {"task": "serve", "engine": request.param, "context_len": CONTEXT["generation"], "concurrency": "8"}
    token = os.environ.get(TOKEN, "wk-e2e.ws-e2e")
    with begin(request.param, "generation", f"e2e-overload-{request.param}", max_containers=1, **answers) as app:
        app.project.edit(MAX_WAITING=8)  # soon full, however slow this machine is
        yield Service(app, WORKLOADS["generation"], token)


@asynccontextmanager
async def connections(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client that opens as many connections as it has requests, and tries none again.

    It follows the 303 by which Modal goes on with a request to a web function after 150 s.
    """
    every = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    options = {"headers": service.headers, "timeout": PATIENCE_S, "limits": every, "follow_redirects": True}
    async with httpx.AsyncClient(**options) as client:
        yield client


async def ask(client: httpx.AsyncClient, service: Service, number: int) -> Reply:
    """Send a request of 8 tokens; every other one is streamed."""
    stream, begun = bool(number % 2), time.perf_counter()
    body = service.short(number) | {"ignore_eos": True, "stream": stream}
    answer = await client.post(service.url + service.workload.path, json=body)
    if answer.status_code == 200 and stream:
        whole = answer.text.rstrip().endswith("data: [DONE]") and '"error"' not in answer.text
    else:
        whole = answer.status_code == 200 and service.workload.complete(answer.json())
    return Reply(answer.status_code, whole, answer.headers.get("retry-after", ""), time.perf_counter() - begun)


async def one_at_a_time(service: Service, count: int) -> list[Reply]:
    async with connections(service) as client:
        return [await ask(client, service, number) for number in range(count)]


async def capacity(service: Service) -> float:
    """Requests/s of full batches: what one container answers, with as many at once as it runs."""
    at_once = service.plan["CONCURRENCY"]
    async with connections(service) as client:
        begun = time.perf_counter()
        for _ in range(2):
            replies = await asyncio.gather(*(ask(client, service, number) for number in range(at_once)))
            assert [reply for reply in replies if not reply.whole] == []
        return 2 * at_once / (time.perf_counter() - begun)


async def overload(service: Service, per_s: float) -> tuple[list[Reply], float, list[int]]:
    """Send so many requests a second for a minute, whether or not earlier ones are answered.

    Return the replies, the seconds from the last request to the last answer, and the statuses of /health meanwhile.
    """
    async with connections(service) as client, asyncio.TaskGroup() as tasks:
        begun, sent, health = time.perf_counter(), [], []
        while (now := time.perf_counter() - begun) < SECONDS:
            while len(sent) < now * per_s:
                sent.append(tasks.create_task(ask(client, service, len(sent))))
            if len(health) < now // 10:
                health.append(tasks.create_task(client.get(service.url + "/health")))
            await asyncio.sleep(0.01)
        ended = time.perf_counter()
        replies = await asyncio.gather(*sent)
        drained = time.perf_counter() - ended
    return replies, drained, [one.result().status_code for one in health]


def test_it_is_deployed_and_warm(service: Service) -> None:
    service.app.upload_weights()
    service.app.deploy()
    service.find()
    begun = time.monotonic()
    while service.get("/health").status_code in STARTING:
        assert time.monotonic() - begun < service.plan["STARTUP_TIMEOUT"]
        time.sleep(0.5)
    assert all(reply.whole for reply in asyncio.run(one_at_a_time(service, 2)))


def test_a_minute_of_four_times_its_load_loses_nothing_accepted_and_passes_at_once(service: Service) -> None:
    before = [reply.seconds for reply in asyncio.run(one_at_a_time(service, 5))]
    answered_per_s = asyncio.run(capacity(service))
    replies, drained, health = asyncio.run(overload(service, TIMES * answered_per_s))
    after = [reply.seconds for reply in asyncio.run(one_at_a_time(service, 1))]

    accepted = [reply for reply in replies if reply.status == 200]
    refused = [reply for reply in replies if reply.status != 200]
    print(
        f"{answered_per_s:.1f} requests/s alone; of {len(replies)} in {SECONDS:.0f} s {len(accepted)} accepted, "
        f"{sum(reply.whole for reply in accepted)} whole; drained in {drained:.1f} s; one request took "
        f"{statistics.median(before):.2f} s before and {after[0]:.2f} s after"
    )
    assert [reply for reply in accepted if not reply.whole] == []
    assert {(reply.status, reply.retry_after.isdigit()) for reply in refused} == {(503, True)}
    assert len(accepted) > answered_per_s * SECONDS / SLACK, "it answers less under load than without"
    assert health and set(health) == {200}
    waiting = service.plan["CONCURRENCY"] + service.plan["MAX_WAITING"]
    assert drained < SLACK * waiting / answered_per_s
    assert after[0] < SLACK * max(before)
