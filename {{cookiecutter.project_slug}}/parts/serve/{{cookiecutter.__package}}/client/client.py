"""Reach the service: wait while a container starts, send the token, turn a refusal into a sentence."""

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from . import plan

TOKEN = "MODAL_PROXY_TOKEN"  # environment variable, wk-....ws-...
STARTING = (502, 503, 504)  # what Modal answers while no container is ready, and an engine that starts anew
FULL = 429
SILENCE_S = 300.0  # at most, from sending to the first byte and between two pieces
PAUSE_S = 0.5  # before the first new try; half as long again before each further one
HELD_S = 3.0  # Modal holds a web function's request while its container starts: say so after this long

Got = TypeVar("Got")


class ServiceError(Exception):
    """The service refused, failed, or did not start. The text says what to do."""


class Unavailable(ServiceError):
    """Nothing came back, and another try may succeed. `after_s` is when, where the service says so."""

    def __init__(self, what: str, after_s: float | None = None) -> None:
        super().__init__(what)
        self.after_s = after_s


class Connection:
    """One service. `patience` is how many seconds to wait for a container that starts."""

    def __init__(self, url: str | None, token: str | None = None, patience: float = plan.STARTUP_TIMEOUT) -> None:
        if not url:
            raise ServiceError(f"Modal knows no address for {plan.NAME}: deploy it again with `make deploy`")
        self.patience = patience
        self.http = httpx.Client(
            base_url=url,
            headers=authorization(token),
            timeout=httpx.Timeout(30.0, read=SILENCE_S),
            follow_redirects=True,  # a web function that takes over 150 s answers 303
        )

    def health(self) -> None:
        """Return once a container is ready."""
        self.retry(lambda: self._whole("GET", "/health"))

    def memory(self) -> dict:
        """What the container uses: see gpu_memory.Monitor.state."""
        return self.read("GET", "/memory")

    def engine(self) -> dict:
        """What really runs in the container, and whether that is as planned."""
        return self.read("GET", "/engine")

    def read(self, method: str, path: str, body: object = None) -> dict:
        """The whole answer, which is JSON."""
        return self.timed(method, path, body)[0]

    def timed(self, method: str, path: str, body: object = None) -> tuple[dict, float]:
        """The whole answer, and the seconds that it took without the waiting before."""
        data, seconds = self.retry(lambda: self._whole(method, path, body))
        return json.loads(data), seconds

    def _whole(self, method: str, path: str, body: object = None) -> tuple[bytes, float]:
        sent = time.monotonic()
        with self.attempt(method, path, body) as response:
            return response.read(), time.monotonic() - sent

    @contextmanager
    def attempt(self, method: str, path: str, body: object = None) -> Generator[httpx.Response]:
        """One request and its answer, not yet read. Unavailable where another try may help, ServiceError elsewhere."""
        held = threading.Timer(HELD_S, say, ["no answer yet: a container may be starting"])
        held.start()
        try:
            with self.http.stream(method, path, json=body) as response:
                held.cancel()
                check(response)
                say("")
                yield response
        except httpx.ReadTimeout as error:
            raise ServiceError(
                f"nothing came for {SILENCE_S:.0f} s: the service is stuck, or asked for too much"
            ) from error
        except httpx.TransportError as error:
            raise Unavailable(f"waiting for a connection ({type(error).__name__})") from error
        finally:
            held.cancel()

    def retry(self, once: Callable[[], Got]) -> Got:
        """What `once` returns, tried until it is not Unavailable or patience ends. Says what it waits for on stderr."""
        begun, pause = time.monotonic(), PAUSE_S
        while True:
            try:
                return once()
            except Unavailable as error:
                wait = (error.after_s or pause) + random.uniform(0, pause)  # many clients shall not return as one
                elapsed = time.monotonic() - begun
                if elapsed + wait > self.patience:
                    raise ServiceError(
                        f"gave up {error} after {elapsed:.0f} s: see `modal app logs {plan.NAME}`"
                    ) from error
                say(f"{error}: {elapsed:.0f} s")
            time.sleep(wait)
            pause = min(10 * PAUSE_S, pause * 1.5)


def authorization(token: str | None = None) -> dict[str, str]:
    """The header that opens a private service; without a token, that of the environment."""
    token = token or os.environ.get(TOKEN, "")
    return {"Authorization": f"Bearer {token}"} if token else {}


def say(text: str) -> None:
    """A line on stderr; on a terminal it takes the place of the line before, and "" only clears that."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def check(response: httpx.Response) -> None:
    """Nothing for a success; else Unavailable or ServiceError, in the service's own words where it has some."""
    if response.is_success:
        return
    status, why = response.status_code, reason(response)
    if status in (401, 403):
        raise ServiceError(
            f"the service is private and refused this token: `modal workspace proxy-tokens create` makes one; "
            f"put it in the environment as {TOKEN}=wk-....ws-..."
        )
    if status in STARTING:
        raise Unavailable(f"waiting for a container ({status}{why and ': '}{why})", retry_after_s(response))
    if status == FULL:
        raise Unavailable(f"waiting for a free place ({status}{why and ': '}{why})", retry_after_s(response))
    if status < 500:
        raise ServiceError(f"the service refused the request ({status}): {why}")
    raise ServiceError(f"the service failed ({status}): {why}; see `modal app logs {plan.NAME}`")


def reason(response: httpx.Response) -> str:
    """The sentence in an error of OpenAI's shape; "" where something else than the engine answered."""
    try:
        return str(json.loads(response.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "" if response.status_code in (*STARTING, FULL) else response.text[:500]


def refusal(response: httpx.Response) -> str:
    """The status of an answer that has been read, and the service's sentence where it has one."""
    return ": ".join(filter(None, [str(response.status_code), reason(response)]))


def retry_after_s(response: httpx.Response) -> float | None:
    """The Retry-After header, seconds or a date, as seconds from now."""
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return None


def events(response: httpx.Response) -> Iterator[dict]:
    """Server-sent events until `data: [DONE]`. Unavailable where they end without it."""
    for line in response.iter_lines():
        if line == "data: [DONE]":
            return
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
    raise Unavailable("waiting for a connection (the answer ended early)")
