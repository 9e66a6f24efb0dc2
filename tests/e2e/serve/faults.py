"""Many requests at once, and a container that dies under one."""

from __future__ import annotations

import asyncio
import threading
import time

import containers
import httpx
from deployed import PATIENCE, Deployed, need

WHOLE = "answered whole"
UNDER_WAY = 0.5  # seconds after which the container is killed


def burst(deployed: Deployed) -> str:
    """All at once, each on a connection of its own, no retries."""
    begun = time.monotonic()
    outcomes = asyncio.run(_burst(deployed))
    seconds = time.monotonic() - begun
    bad = [outcome for outcome in outcomes if outcome != "200"]
    need(not bad, f"{len(bad)} of {deployed.requests} requests failed, the first with {bad[:1]}")
    return f"{deployed.requests} requests, 0 failed, {deployed.requests / seconds:.1f} requests/s"


async def _burst(deployed: Deployed) -> list[str]:
    every = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        base_url=deployed.url, headers=deployed.headers, timeout=PATIENCE, limits=every, follow_redirects=True
    ) as client:

        async def one(number: int) -> str:
            path, body = deployed.workload.request(deployed, number)
            try:
                answer = await client.post(path, json=body)
            except httpx.HTTPError as error:
                return f"{type(error).__name__}: {error}"
            if answer.status_code != 200:
                return f"{answer.status_code} {answer.text[:300]}"
            return "200" if deployed.workload.complete(answer.json()) else f"an incomplete answer: {answer.text[:300]}"

        return list(await asyncio.gather(*(one(number) for number in range(deployed.requests))))


def killed(deployed: Deployed) -> str:
    """End the container while it works, and ask again."""
    if not deployed.loopback:
        return "left out: only a control plane on this machine has containers that can be killed from here"
    path, body = deployed.workload.long(deployed)
    outcome: list[str] = []

    def ask() -> None:
        try:
            answer = deployed.post(path, body)
            whole = answer.status_code == 200 and deployed.workload.ended(answer.text)
            outcome.append(WHOLE if whole else f"{answer.status_code} after {len(answer.content)} bytes")
        except httpx.HTTPError as error:
            outcome.append(type(error).__name__)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(UNDER_WAY)
    need(not outcome, f"the request that was to be interrupted had ended before that: {outcome}")
    gone = containers.kill(deployed.plane)
    begun = time.monotonic()
    need(gone, "no container was found below the control plane")
    asking.join(PATIENCE)
    need(outcome != [WHOLE], "the request was answered whole, although every container was killed under it")
    again(deployed, gone)
    said = outcome[0] if outcome else "no answer"
    return f"{len(gone)} killed, the request ended with {said}; answers again after {time.monotonic() - begun:.1f} s"


def engine_killed(deployed: Deployed) -> str:
    """End the engine below a container that lives on: it has to notice, and to make room for another."""
    if not deployed.loopback:
        return "left out, as the step before"
    gone, begun = containers.kill_engine(deployed.plane), time.monotonic()
    if not gone:
        return "left out: the engine lives and dies with its container's own process"
    while gone & set(containers.running(deployed.plane)):
        need(time.monotonic() - begun < 120, "two minutes after its engine died the container is still there")
        time.sleep(0.2)
    ended = time.monotonic() - begun
    again(deployed, gone)
    return f"its container ended after {ended:.1f} s; answers again after {time.monotonic() - begun:.1f} s"


def again(deployed: Deployed, gone: set[str]) -> None:
    """Wait with the project's own client until the service answers, from another container than those."""
    client = deployed.module("client").Client(deployed.url)
    client.startup_timeout = deployed.plan.STARTUP_TIMEOUT
    client.health()
    path, body = deployed.workload.request(deployed, 1)
    answer = deployed.post(path, body)
    need(answer.status_code == 200, f"after the kill it answered {answer.status_code}: {answer.text[:300]}")
    need(set(containers.running(deployed.plane)) - gone, "the service answers, but from no new container")
