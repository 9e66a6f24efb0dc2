"""Talk to the service: wait while a container starts, stream the answer, read what it measured.

The service speaks the OpenAI API, so any OpenAI client works too; this one shows what it waits for.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from . import memory, plan

TOKEN = "MODAL_PROXY_TOKEN"  # environment variable, wk-....ws-...
STARTING = (502, 503, 504)  # what Modal answers while no container is ready


class ServiceError(Exception):
    """The service refused, failed, or did not start. The text says what to do."""


@dataclass(frozen=True)
class Answer:
    """What came back, how long it took, and how many tokens the engine counted."""

    text: str
    tokens: int
    first_token_s: float  # from sending the request
    seconds: float

    @property
    def tokens_per_s(self) -> float:
        """The rate after the first token, which also pays for reading the prompt."""
        return (self.tokens - 1) / max(self.seconds - self.first_token_s, 1e-9) if self.tokens > 1 else 0.0

    def summary(self) -> str:
        return f"{self.tokens} tokens, {self.tokens_per_s:.1f} tokens/s, first after {self.first_token_s:.2f} s"


def to_stdout(piece: str) -> None:
    print(piece, end="", flush=True)


class Client:
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
    def _request(self, method: str, path: str, body: object = None) -> Generator[tuple[httpx.Response, float]]:
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

    def chat(self, prompt: str, max_tokens: int = 256, show: Callable[[str], None] = to_stdout) -> Answer:
        """Ask one question; `show` gets each piece of the answer as it arrives."""
        body = {
            "model": plan.MODEL,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        text, tokens, first = [], 0, 0.0
        with self._request("POST", "/v1/chat/completions", body) as (response, sent):
            for event in _events(response):
                if "error" in event:
                    raise ServiceError(str(event["error"].get("message", event["error"])))
                for choice in event["choices"]:
                    piece = choice["delta"].get("content") or choice["delta"].get("reasoning_content") or ""
                    first = first or time.monotonic() - sent
                    text.append(piece)
                    show(piece)
                tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
        return Answer("".join(text), tokens, first, time.monotonic() - sent)

    def memory(self) -> dict:
        """What the container uses: see memory.Monitor.state."""
        with self._request("GET", "/memory") as (response, _):
            return json.loads(response.read())


def _check(response: httpx.Response) -> None:
    """ServiceError in a sentence for anything but a 200."""
    if response.status_code in (401, 403):
        raise ServiceError(
            f"the service is private and refused this token: `modal workspace proxy-tokens create` makes one; "
            f"put it in the environment as {TOKEN}=wk-....ws-..."
        )
    if response.status_code != 200:
        raise ServiceError(f"the service answered {response.status_code}: {response.read().decode(errors='replace')}")


def _events(response: httpx.Response) -> Iterator[dict]:
    """Server-sent events until `data: [DONE]`."""
    for line in response.iter_lines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))


def demonstrate(client: Client, prompt: str, max_tokens: int = 256) -> None:
    """Ask one question and print the answer, its speed and the memory, each beside what the plan said."""
    print(f"> {prompt}")
    answer = client.chat(prompt, max_tokens)
    state = client.memory()
    print(f"\n\nspeed   {answer.summary()}, alone")
    print(f"        planned {plan.PREDICTED_TOKENS_PER_S:,.0f} tokens/s at {plan.CONCURRENCY} requests on {plan.GPU}")
    print(f"memory  {memory.compare(state['peak_gib'], state['device'])}")
