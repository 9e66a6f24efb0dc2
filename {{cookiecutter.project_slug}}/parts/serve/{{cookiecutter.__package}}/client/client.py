"""The service's HTTP client: waits for a container that starts, sends the token, raises ServiceError in sentences."""

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeVar

import httpx

from .. import plan

TOKEN = "MODAL_PROXY_TOKEN"  # environment variable, wk-....ws-...
STARTING = (502, 503, 504)  # what Modal answers while no container is ready, and an engine that starts anew
FULL = 429
READ_TIMEOUT_S = 300.0  # from sending to the first byte, and between two pieces
FIRST_PAUSE_S = 0.5  # before the first new try; half as long again before each further one
HELD_S = 3.0  # Modal holds a web function's request while its container starts: say so after this long

print_piece = partial(print, end="", flush=True)

Result = TypeVar("Result")


class ServiceError(Exception):
    """The service refused, failed, or did not start. The text says what to do."""


class Unavailable(ServiceError):
    """Nothing came back, and another try may succeed. `after_s` is when, where the service says so."""

    def __init__(self, message: str, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


@dataclass(frozen=True)
class Answer:
    """The reply to a chat. `tokens` is the engine's count; times are seconds from sending the request."""

    text: str
    tokens: int
    first_token_s: float
    seconds: float

    @property
    def tokens_per_s(self) -> float:
        """The rate after the first token, which also pays for reading the prompt."""
        return (self.tokens - 1) / max(self.seconds - self.first_token_s, 1e-9) if self.tokens > 1 else 0.0

    def summary(self) -> str:
        return f"{self.tokens} tokens, {self.tokens_per_s:.1f} tokens/s, first after {self.first_token_s:.2f} s"


@dataclass(frozen=True)
class Embeddings:
    """One vector for each text, in order; the tokens of all texts; seconds from sending the request."""

    vectors: list[list[float]]
    tokens: int
    seconds: float

    def summary(self) -> str:
        size = f"{len(self.vectors)} x {len(self.vectors[0])}" if self.vectors else "none"
        return f"{size} numbers, {self.tokens} tokens, {self.seconds:.2f} s"


@dataclass(frozen=True)
class Label:
    """The likeliest class of one text, and the probability of every class, in the model's order."""

    name: str
    probs: list[float]


@dataclass(frozen=True)
class Labels:
    """One label for each text, in order; the tokens of all texts; seconds from sending the request."""

    labels: list[Label]
    tokens: int
    seconds: float

    def summary(self) -> str:
        return f"{len(self.labels)} texts, {self.tokens} tokens, {self.seconds:.2f} s"


class Client:
    """One service. Each call waits up to `startup_timeout` seconds for a container that starts."""

    def __init__(self, url: str | None, token: str | None = None, startup_timeout: float = plan.STARTUP_TIMEOUT):
        if not url:
            raise ServiceError(f"Modal knows no address for {plan.NAME}: deploy it again with `make deploy`")
        self.startup_timeout = startup_timeout
        self.http = httpx.Client(
            base_url=url,
            headers=authorization(token),
            timeout=httpx.Timeout(30.0, read=READ_TIMEOUT_S),
            follow_redirects=True,  # a web function that takes over 150 s answers 303
        )

    def chat(self, prompt: str, max_tokens: int = 256, show: Callable[[str], object] = print_piece) -> Answer:
        """Ask one question; `show` gets each piece of the answer as it arrives."""
        body = {
            "model": plan.MODEL,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return self._retry(lambda: self._stream(body, show))

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return a vector of floats for each text."""
        rows, tokens, seconds = self._rows("/v1/embeddings", texts)
        return Embeddings([row["embedding"] for row in rows], tokens, seconds)

    def classify(self, texts: Sequence[str]) -> Labels:
        """Return the likeliest class of each text."""
        rows, tokens, seconds = self._rows("/classify", texts)
        return Labels([Label(str(row["label"]), row["probs"]) for row in rows], tokens, seconds)

    def health(self) -> None:
        """Return once a container is ready."""
        self._retry(lambda: self._read("GET", "/health"))

    def get(self, path: str) -> dict[str, Any]:
        """Return the JSON of /memory (see gpu_memory.Monitor.state), /engine (what runs) or another route."""
        return json.loads(self._retry(lambda: self._read("GET", path))[0])

    def _rows(self, path: str, texts: Sequence[str]) -> tuple[list[dict[str, Any]], int, float]:
        """Return a row for each text in order, the tokens of all, and the seconds without the waiting before."""
        body = {"model": plan.MODEL, "input": list(texts)}
        data, seconds = self._retry(lambda: self._read("POST", path, body))
        reply = json.loads(data)
        return sorted(reply["data"], key=lambda row: row["index"]), reply["usage"]["prompt_tokens"], seconds

    def _read(self, method: str, path: str, body: object = None) -> tuple[bytes, float]:
        sent = time.monotonic()
        with self._send(method, path, body) as response:
            return response.read(), time.monotonic() - sent

    def _stream(self, body: dict[str, Any], show: Callable[[str], object]) -> Answer:
        """Make one try at a chat. Unavailable, which is retried, as long as nothing has been shown."""
        text, tokens, first, sent = [], 0, 0.0, time.monotonic()
        try:
            with self._send("POST", "/v1/chat/completions", body) as response:
                for event in events(response):
                    if "error" in event:
                        raise ServiceError(f"the service failed: {event['error'].get('message', event['error'])}")
                    for choice in event["choices"]:
                        piece = choice["delta"].get("content") or choice["delta"].get("reasoning_content") or ""
                        first = first or time.monotonic() - sent
                        text.append(piece)
                        show(piece)
                    tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
        except Unavailable as error:
            if not any(text):
                raise
            raise ServiceError(
                f"the answer broke off after {len(''.join(text))} characters; the container was lost: ask again"
            ) from error
        return Answer("".join(text), tokens, first, time.monotonic() - sent)

    @contextmanager
    def _send(self, method: str, path: str, body: object = None) -> Generator[httpx.Response]:
        """Yield the response, not yet read. Unavailable where another try may help, ServiceError elsewhere."""
        held = threading.Timer(HELD_S, show_progress, ["no answer yet: a container may be starting"])
        held.start()
        try:
            with self.http.stream(method, path, json=body) as response:
                held.cancel()
                check(response)
                show_progress("")
                yield response
        except httpx.ReadTimeout as error:
            raise ServiceError(
                f"nothing came for {READ_TIMEOUT_S:.0f} s: the service is stuck, or asked for too much"
            ) from error
        except httpx.TransportError as error:
            raise Unavailable(f"waiting for a connection ({type(error).__name__})") from error
        finally:
            held.cancel()

    def _retry(self, call: Callable[[], Result]) -> Result:
        """Return what `call` returns, tried until it is not Unavailable or `startup_timeout` has passed."""
        begun, pause = time.monotonic(), FIRST_PAUSE_S
        while True:
            try:
                return call()
            except Unavailable as error:
                wait = (error.after_s or pause) + random.uniform(0, pause)  # many clients shall not return as one
                elapsed = time.monotonic() - begun
                if elapsed + wait > self.startup_timeout:
                    raise ServiceError(
                        f"gave up {error} after {elapsed:.0f} s: see `modal app logs {plan.NAME}`"
                    ) from error
                show_progress(f"{error}: {elapsed:.0f} s")
            time.sleep(wait)
            pause = min(10 * FIRST_PAUSE_S, pause * 1.5)


def authorization(token: str | None = None) -> dict[str, str]:
    """The header that opens a private service; without a token, that of the environment."""
    token = token or os.environ.get(TOKEN, "")
    return {"Authorization": f"Bearer {token}"} if token else {}


def show_progress(text: str) -> None:
    """Print a line to stderr; on a terminal it replaces the line before, and "" only clears that."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def check(response: httpx.Response) -> None:
    """Raise Unavailable or ServiceError for anything but a success, with the service's own message where it has one."""
    if response.is_success:
        return
    status, message = response.status_code, error_message(response)
    if status in (401, 403):
        raise ServiceError(
            f"the service is private and refused this token: `modal workspace proxy-tokens create` makes one; "
            f"put it in the environment as {TOKEN}=wk-....ws-..."
        )
    if status in (*STARTING, FULL):
        what = "a free place" if status == FULL else "a container"
        raise Unavailable(f"waiting for {what} ({status}{message and ': '}{message})", retry_after_s(response))
    if status < 500:
        raise ServiceError(f"the service refused the request ({status}): {message}")
    raise ServiceError(f"the service failed ({status}): {message}; see `modal app logs {plan.NAME}`")


def error_message(response: httpx.Response) -> str:
    """The message of an error in OpenAI's format; "" where something else than the engine answered."""
    try:
        return str(json.loads(response.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "" if response.status_code in (*STARTING, FULL) else response.text[:500]


def retry_after_s(response: httpx.Response) -> float | None:
    """The Retry-After header, seconds or a date, as seconds from now."""
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return None


def events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """Yield server-sent events until `data: [DONE]`. Unavailable where they end without it."""
    for line in response.iter_lines():
        if line == "data: [DONE]":
            return
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
    raise Unavailable("waiting for a connection (the answer ended early)")
