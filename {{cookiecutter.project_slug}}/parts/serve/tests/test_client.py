"""The client, against a real little server that streams as OpenAI-compatible servers do, breaks off, or is late."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client
from {{cookiecutter.__package}}.client.client import TOKEN, Label, ServiceError

WORDS = ("Hello", ", ", "world")
EVENTS = [{"choices": [{"delta": {"content": word}}]} for word in WORDS]
USAGE = {"choices": [], "usage": {"completion_tokens": 3}}
DONE = "[DONE]"
ROWS: list[dict] = [  # the last text first
    {"index": 1, "embedding": [1.0, 2.0], "label": "positive", "probs": [0.25, 0.75]},
    {"index": 0, "embedding": [0.25, 0.5], "label": "negative", "probs": [0.9, 0.1]},
]


class Service(BaseHTTPRequestHandler):
    """Streams to a chat what `script` holds for it; the last stays. Without DONE the connection just ends.

    Texts get ROWS, after `starting` answers of 503.
    """

    def do_POST(self) -> None:
        server: Server = self.server  # ty: ignore[invalid-assignment]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if server.starting:
            server.starting -= 1
            return self.reply(503, {})
        server.asked.append((self.path, body))
        if "input" in body:
            rows = [row for row in ROWS if row["index"] < len(body["input"])]
            return self.reply(200, {"data": rows, "usage": {"prompt_tokens": 9, "total_tokens": 9}})
        self.send_response(200)
        self.end_headers()
        for event in server.script[0] if len(server.script) == 1 else server.script.pop(0):
            self.wfile.write(f"data: {event if event == DONE else json.dumps(event)}\n\n".encode())

    def reply(self, status: int, data: dict) -> None:
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def __init__(self, script: list[list], starting: int) -> None:
        super().__init__(("127.0.0.1", 0), Service)
        self.script, self.starting = script, starting
        self.asked: list[tuple[str, dict]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """`serve(events, events, ..., starting=0)`: a server that streams so."""
    running: list[Server] = []

    def start(*script: list, starting: int = 0) -> Server:
        running.append(Server(list(script), starting))
        threading.Thread(target=running[-1].serve_forever, args=[0.05], daemon=True).start()
        return running[-1]

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_it_shows_each_piece_as_it_comes(serve: Callable[..., Server]):
    server, pieces = serve([*EVENTS, USAGE, DONE]), []
    answer = Client(server.url).chat("hi", 8, show=pieces.append)
    assert tuple(pieces) == WORDS and answer.text == "Hello, world" and answer.tokens == 3
    ((_, body),) = server.asked
    assert body["model"] == plan.MODEL and body["max_tokens"] == 8


def test_a_stream_that_ends_before_its_first_piece_is_asked_for_again(
    serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]
):
    server, pieces = serve([], [*EVENTS, USAGE, DONE]), []
    assert Client(server.url).chat("hi", show=pieces.append).text == "Hello, world"
    assert tuple(pieces) == WORDS and len(server.asked) == 2
    assert "waiting for a connection" in capsys.readouterr().err


def test_a_stream_that_breaks_in_the_middle_is_an_error_and_not_repeated(serve: Callable[..., Server]):
    server, pieces = serve(EVENTS[:2]), []
    with pytest.raises(ServiceError, match="broke off after 7 characters"):
        Client(server.url).chat("hi", show=pieces.append)
    assert pieces == ["Hello", ", "] and len(server.asked) == 1


def test_an_error_within_the_stream_is_raised(serve: Callable[..., Server]):
    failed = {"error": {"message": "out of memory: lower CONCURRENCY", "code": 507}}
    with pytest.raises(ServiceError, match="out of memory: lower CONCURRENCY"):
        Client(serve([EVENTS[0], failed, DONE]).url).chat("hi", show=lambda _: None)


def test_vectors_wait_through_503_and_keep_the_order_of_the_texts(
    serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]
):
    server = serve(starting=1)
    embedded = Client(server.url).embed(["a", "b"])
    assert embedded.vectors == [[0.25, 0.5], [1.0, 2.0]] and embedded.tokens == 9
    assert server.asked == [("/v1/embeddings", {"model": plan.MODEL, "input": ["a", "b"]})]
    assert "waiting for a container (503)" in capsys.readouterr().err
    assert embedded.seconds < 0.5  # the waiting does not count


def test_labels_wait_through_503_and_keep_the_order_of_the_texts(
    serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]
):
    server = serve(starting=1)
    classified = Client(server.url).classify(["a", "b"])
    assert classified.labels == [Label("negative", [0.9, 0.1]), Label("positive", [0.25, 0.75])]
    assert classified.tokens == 9 and classified.seconds < 0.5  # the waiting does not count
    assert server.asked == [("/classify", {"model": plan.MODEL, "input": ["a", "b"]})]
    assert "waiting for a container (503)" in capsys.readouterr().err


def command(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "{{cookiecutter.__package}}.client", "--url", url, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, env=os.environ | {TOKEN: "wk-a.ws-b"})


def test_the_command_line_prints_the_reply_and_what_it_took(serve: Callable[..., Server]):
    server = serve([*EVENTS, USAGE, DONE], starting=1)
    done = command(server.url, "a fox")
    printed, counted = {
        "generation": ("Hello, world\n", "3 tokens"),
        "embedding": ("[+0.2500, +0.5000, ...] 2 numbers\n", "9 tokens"),
        "classification": ("negative (0.900)\n", "9 tokens"),
    }[plan.WORKLOAD]
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed and counted in done.stderr
    assert "a fox" in json.dumps(server.asked[0][1])


@pytest.mark.workload("generation")
def test_the_command_line_reports_a_broken_answer_in_one_line(serve: Callable[..., Server]):
    done = command(serve(EVENTS[:1]).url, "hi")
    assert done.returncode == 1 and done.stdout == "Hello\n"
    assert done.stderr.startswith("error: the answer broke off") and len(done.stderr.splitlines()) == 1
