"""Reach the service: wait while a container starts, send the token, turn a refusal into a sentence."""

import json
import os
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import httpx

from . import plan

TOKEN = "MODAL_PROXY_TOKEN"  # environment variable, wk-....ws-...
STARTING = (502, 503, 504)  # what Modal answers while no container is ready


class ServiceError(Exception):
    """The service refused, failed, or did not start. The text says what to do."""


class Connection:
    """One service. `patience` is how many seconds to wait for a container that starts."""

    def __init__(self, url: str | None, token: str | None = None, patience: float = plan.STARTUP_TIMEOUT) -> None:
        if not url:
            raise ServiceError(f"Modal knows no address for {plan.NAME}: deploy it again with `make deploy`")
        self.patience = patience
        token = token or os.environ.get(TOKEN, "")
        self.http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=httpx.Timeout(30.0, read=180.0),
            follow_redirects=True,  # a web function that takes over 150 s answers 303
        )

    @contextmanager
    def request(self, method: str, path: str, body: object = None) -> Generator[tuple[httpx.Response, float]]:
        """An answer with status 200, not yet read, and when it was asked for. Tries again while a container starts."""
        begun, waited = time.monotonic(), False
        while True:
            sent = time.monotonic()
            try:
                with self.http.stream(method, path, json=body) as response:
                    if response.status_code not in STARTING:
                        if waited:
                            print(file=sys.stderr)
                        _check(response)
                        yield response, sent
                        return
                    why = f"{response.status_code}"
            except (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError) as error:
                why = type(error).__name__
            elapsed = time.monotonic() - begun
            if elapsed > self.patience:
                raise ServiceError(
                    f"no container was ready after {elapsed:.0f} s (last: {why}): see `modal app logs {plan.NAME}`"
                )
            end = "" if sys.stderr.isatty() else "\n"
            print(f"\rwaiting for a container: {elapsed:.0f} s ({why})", end=end, file=sys.stderr, flush=True)
            waited = bool(end == "")
            time.sleep(min(5.0, 0.5 + elapsed / 10))

    def read(self, method: str, path: str, body: object = None) -> dict:
        """The whole answer as JSON."""
        with self.request(method, path, body) as (response, _):
            return json.loads(response.read())

    def health(self) -> dict:
        """Returns once the service is healthy."""
        with self.request("GET", "/health") as (response, _):
            return json.loads(response.read() or "{}")  # vLLM answers with an empty body

    def memory(self) -> dict:
        """What the container uses: see memory.Monitor.state."""
        return self.read("GET", "/memory")

    def engine(self) -> dict:
        """What really runs in the container, and whether that is as planned."""
        return self.read("GET", "/engine")


def _check(response: httpx.Response) -> None:
    """ServiceError in a sentence for anything but a 200."""
    if response.status_code in (401, 403):
        raise ServiceError(
            f"the service is private and refused this token: `modal workspace proxy-tokens create` makes one; "
            f"put it in the environment as {TOKEN}=wk-....ws-..."
        )
    if response.status_code != 200:
        raise ServiceError(f"the service answered {response.status_code}: {response.read().decode(errors='replace')}")


def events(response: httpx.Response) -> Iterator[dict]:
    """Server-sent events until `data: [DONE]`."""
    for line in response.iter_lines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))
