"""The client, against a real little server that streams as OpenAI-compatible servers do, and breaks off."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from {{cookiecutter.__package}} import client, connection, plan

WORDS = ("Hello", ", ", "world")
EVENTS = [{"choices": [{"delta": {"content": word}}]} for word in WORDS]
USAGE = {"choices": [], "usage": {"completion_tokens": 3}}
DONE = "[DONE]"


class Service(BaseHTTPRequestHandler):
    """Streams what `script` holds for this request; the last stays. Without DONE the connection just ends."""

    def do_POST(self) -> None:
        server: Server = self.server  # ty: ignore[invalid-assignment]
        server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
        for event in server.script[0] if len(server.script) == 1 else server.script.pop(0):
            self.wfile.write(f"data: {event if event == DONE else json.dumps(event)}\n\n".encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def __init__(self, script: list[list]) -> None:
        super().__init__(("127.0.0.1", 0), Service)
        self.script = script
        self.bodies: list[dict] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """`serve(events, events, ...)`: a server that streams so."""
    running: list[Server] = []

    def start(*script: list) -> Server:
        running.append(Server(list(script)))
        threading.Thread(target=running[-1].serve_forever, args=[0.05], daemon=True).start()
        return running[-1]

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_it_shows_each_piece_as_it_comes(serve: Callable[..., Server]):
    server, pieces = serve([*EVENTS, USAGE, DONE]), []
    answer = client.Client(server.url).chat("hi", 8, show=pieces.append)
    assert tuple(pieces) == WORDS and answer.text == "Hello, world" and answer.tokens == 3
    assert server.bodies[0]["model"] == plan.MODEL and server.bodies[0]["max_tokens"] == 8


def test_a_stream_that_ends_before_its_first_piece_is_asked_for_again(
    serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]
):
    server, pieces = serve([], [*EVENTS, USAGE, DONE]), []
    assert client.Client(server.url).chat("hi", show=pieces.append).text == "Hello, world"
    assert tuple(pieces) == WORDS and len(server.bodies) == 2
    assert "waiting for a connection" in capsys.readouterr().err


def test_a_stream_that_breaks_in_the_middle_is_an_error_and_not_repeated(serve: Callable[..., Server]):
    server, pieces = serve(EVENTS[:2]), []
    with pytest.raises(connection.ServiceError, match="broke off after 7 characters"):
        client.Client(server.url).chat("hi", show=pieces.append)
    assert pieces == ["Hello", ", "] and len(server.bodies) == 1


def test_an_error_within_the_stream_is_told(serve: Callable[..., Server]):
    failed = {"error": {"message": "out of memory: lower CONCURRENCY", "code": 507}}
    with pytest.raises(connection.ServiceError, match="out of memory: lower CONCURRENCY"):
        client.Client(serve([EVENTS[0], failed, DONE]).url).chat("hi", show=lambda _: None)


def command(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "{{cookiecutter.__package}}.client", "--url", url, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, env=os.environ | {connection.TOKEN: "wk-a.ws-b"})


def test_the_command_line_prints_the_answer_and_what_it_took(serve: Callable[..., Server]):
    done = command(serve([*EVENTS, USAGE, DONE]).url, "hi")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Hello, world\n") and "3 tokens" in done.stderr


def test_the_command_line_reports_a_broken_answer_in_one_line(serve: Callable[..., Server]):
    done = command(serve(EVENTS[:1]).url, "hi")
    assert done.returncode == 1 and done.stdout == "Hello\n"
    assert done.stderr.startswith("error: the answer broke off") and len(done.stderr.splitlines()) == 1
