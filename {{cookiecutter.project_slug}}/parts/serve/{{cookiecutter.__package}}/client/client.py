"""The service's client: openai's, which waits for a container that starts, with a deadline and errors in sentences."""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx2
import openai

from .. import plan

ANSWER_TOKENS = min(256, plan.MAX_ANSWER_TOKENS) if plan.WORKLOAD == "generation" else 0  # where nothing else is asked
TOKEN = "MODAL_PROXY_TOKEN"  # environment variable, wk-....ws-...
SESSION = "Modal-Session-ID"  # modal.com/docs/guide/sticky-sessions: a hint to the router, not a promise
FULL, STARTING = 429, (502, 503, 504)  # the second is Modal's while no container is ready, or an engine starts anew
CONNECT_S = 60.0  # without any connection: Modal answers while a container starts
READ_TIMEOUT_S = 300.0  # from sending to the first byte, and between two pieces
HELD_S = 3.0  # Modal holds a web function's request while its container starts: say so after this long
UNENDING = 1_000_000  # tries; the deadline ends them
LONGEST_PAUSE_S = 120.0  # openai follows a Retry-After up to this

print_piece = partial(print, end="", flush=True)


class ServiceError(openai.OpenAIError):
    """The service refused, failed, or did not start. The text names what to do. openai passes it on as it is."""


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


class Connection(openai.DefaultHttpxClient):
    """The HTTP client below openai's, which calls `send` for each try: raises ServiceError where no other shall follow.

    What it returns or raises else, openai tries again after a pause of up to 8 s, or that of Retry-After.
    """

    def __init__(self, startup_timeout: float) -> None:
        super().__init__(timeout=httpx2.Timeout(30.0, read=READ_TIMEOUT_S))
        self.startup_timeout = startup_timeout
        self.call = threading.local()  # a client may be used by several threads

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        if request.headers.get("x-stainless-retry-count") == "0":
            self.call.begun = self.call.reached = time.monotonic()
        held = threading.Timer(HELD_S, show_progress, ["no answer yet: a container may be starting"])
        held.start()
        try:
            response = super().send(request, **options)
        except httpx2.ReadTimeout as error:
            stuck = f"nothing came for {READ_TIMEOUT_S:.0f} s: the service is stuck, or asked for too much"
            raise ServiceError(stuck) from error
        except httpx2.TransportError as error:
            silent_s = time.monotonic() - self.call.reached
            if not isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout)):
                self.call.reached = time.monotonic()
            elif silent_s > CONNECT_S:
                where = f"is {request.url.host} the service's address, and this machine online?"
                raise ServiceError(f"no connection for {silent_s:.0f} s ({error}): {where}") from error
            self.wait(f"a connection ({type(error).__name__})")
            raise
        finally:
            held.cancel()
        self.call.reached = time.monotonic()
        if response.is_success:
            show_progress("")
        else:
            self.check(response)
        return response

    def check(self, response: httpx2.Response) -> None:
        """Return where another try may succeed. ServiceError elsewhere, with the service's message where it has one."""
        response.read()
        status, message = response.status_code, error_message(response)
        if status in (401, 403):
            raise ServiceError(
                f"the service is private and refused this token: `modal workspace proxy-tokens create` makes one; "
                f"put it in the environment as {TOKEN}=wk-....ws-..."
            )
        if status in (*STARTING, FULL):
            what = "a free place" if status == FULL else "a container"
            after = response.headers.get("Retry-After", "")
            self.wait(f"{what} ({status}{message and ': '}{message})", float(after) if after.isdigit() else 0.0)
        elif status < 500:
            raise ServiceError(f"the service refused the request ({status}): {message}")
        else:
            raise ServiceError(f"the service failed ({status}): {message}; see `modal app logs {plan.NAME}`")

    def wait(self, what: str, after_s: float = 0.0) -> None:
        """Say what is waited for. ServiceError where the next try, after `after_s` or more, would come too late."""
        elapsed = time.monotonic() - self.call.begun
        if elapsed + after_s > self.startup_timeout or after_s > LONGEST_PAUSE_S:
            raise ServiceError(f"gave up waiting for {what} after {elapsed:.0f} s: see `modal app logs {plan.NAME}`")
        show_progress(f"waiting for {what}: {elapsed:.0f} s")


class Client:
    """One service. Each call waits up to `startup_timeout` seconds for a container that starts.

    Requests of one `session` go to the same container where Modal can, whose cache then holds their beginning.
    """

    def __init__(
        self,
        url: str | None,
        token: str | None = None,
        startup_timeout: float = plan.STARTUP_TIMEOUT,
        session: str = "",
    ) -> None:
        if not url:
            raise ServiceError(f"Modal knows no address for {plan.NAME}: deploy it again with `make deploy`")
        if not url.startswith(("https://", "http://")):
            raise ServiceError(f"{url} is no address of a service: it begins with https://")
        self.url = url.rstrip("/")
        self.openai = openai.OpenAI(
            base_url=f"{self.url}/v1",
            api_key=token or os.environ.get(TOKEN) or "none",
            max_retries=UNENDING,
            default_headers={SESSION: session} if session else None,
            http_client=Connection(startup_timeout),
        )

    def chat(
        self,
        prompt: str,
        max_tokens: int = ANSWER_TOKENS,
        show: Callable[[str], object] = print_piece,
        again: bool = True,
    ) -> Answer:
        """Ask one question; `show` gets each piece of the answer as it arrives.

        A container that is lost before the first piece is waited for, and the question sent once more, if `again`.
        """
        text, tokens, first = [], 0, 0.0
        stream = self.openai.chat.completions.create(
            model=plan.MODEL,
            messages=[{"role": "user", "content": prompt}],
            max_tokens=max_tokens,
            stream=True,
            stream_options={"include_usage": True},
        )
        try:
            for chunk in stream:
                for choice in chunk.choices:
                    piece = choice.delta.content or getattr(choice.delta, "reasoning_content", None) or ""
                    first = first or time.perf_counter()
                    text.append(piece)
                    show(piece)
                tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        except openai.APIConnectionError:
            tokens = 0
        except openai.APIError as error:
            raise ServiceError(f"the service failed: {error.message}") from error
        if not tokens and not any(text) and again:  # the usage comes last
            show_progress("waiting for a connection (the answer ended early)")
            return self.chat(prompt, max_tokens, show, again=False)
        if not tokens:
            characters = len("".join(text))
            raise ServiceError(f"the answer broke off after {characters} characters; the container was lost: ask again")
        seconds = stream.response.elapsed.total_seconds()
        return Answer("".join(text), tokens, seconds - (time.perf_counter() - first), seconds)

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
        self.openai.get(f"{self.url}/health", cast_to=httpx2.Response)

    def get(self, path: str) -> dict[str, Any]:
        """Return the JSON of /memory (see gpu_memory.Monitor.state), /engine (what runs) or another route."""
        return self.openai.get(self.url + path, cast_to=httpx2.Response).json()

    def _rows(self, path: str, texts: Sequence[str]) -> tuple[list[dict[str, Any]], int, float]:
        """Return a row for each text in order, the tokens of all, and the seconds without the waiting before."""
        body = {"model": plan.MODEL, "input": list(texts)}
        response = self.openai.post(self.url + path, body=body, cast_to=httpx2.Response)
        reply = response.json()
        rows = sorted(reply["data"], key=lambda row: row["index"])
        return rows, reply["usage"]["prompt_tokens"], response.elapsed.total_seconds()


def authorization() -> dict[str, str]:
    """The header that opens a private service, with the token of the environment."""
    token = os.environ.get(TOKEN)
    return {"Authorization": f"Bearer {token}"} if token else {}


def show_progress(text: str) -> None:
    """Print a line to stderr; on a terminal it replaces the line before, and "" only clears that."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def error_message(response: httpx2.Response) -> str:
    """The message of an error in OpenAI's format; "" where something else than the engine answered."""
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "" if response.status_code in (*STARTING, FULL) else response.text[:500]
