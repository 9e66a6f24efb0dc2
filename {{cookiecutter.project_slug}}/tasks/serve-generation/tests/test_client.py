"""The client, against a real little server that starts late, refuses, and streams."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from {{cookiecutter.__package}} import client, connection, plan

TOKEN = "wk-test.ws-test"


class Service(BaseHTTPRequestHandler):
    """Says 503 twice, asks for the token, and streams as OpenAI-compatible servers do."""

    starting = 2
    bodies: ClassVar[list[dict]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.reply(401, b"missing credentials")
        if type(self).starting > 0:
            type(self).starting -= 1
            return self.reply(503, b"no container is ready")
        type(self).bodies.append(json.loads(body))
        events: list[dict] = [{"choices": [{"delta": {"content": piece}}]} for piece in ("Hello", ", ", "world")]
        events.append({"choices": [], "usage": {"completion_tokens": 3}})
        lines = [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"]
        self.reply(200, "".join(lines).encode())

    def reply(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Service, "starting", 2)
    monkeypatch.setattr(Service, "bodies", [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_it_waits_through_503_and_streams(url: str, capsys: pytest.CaptureFixture[str]):
    pieces: list[str] = []
    answer = client.Client(url, TOKEN).chat("hi", 8, show=pieces.append)
    assert pieces == ["Hello", ", ", "world"] and answer.text == "Hello, world" and answer.tokens == 3
    assert capsys.readouterr().err.count("waiting for a container") == 2
    assert Service.bodies[0]["model"] == plan.MODEL and Service.bodies[0]["max_tokens"] == 8


def test_without_a_token_it_says_how_to_make_one(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(connection.TOKEN, raising=False)
    with pytest.raises(connection.ServiceError, match="modal workspace proxy-tokens create"):
        client.Client(url).chat("hi")


def test_the_token_comes_from_the_environment(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(connection.TOKEN, TOKEN)
    assert client.Client(url).chat("hi", show=lambda _: None).text == "Hello, world"


def test_it_gives_up_when_its_patience_ends(monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setattr(Service, "starting", 1000)
    with pytest.raises(connection.ServiceError, match="no container was ready"):
        client.Client(url, TOKEN, patience=1.0).chat("hi")


def test_nothing_listening_is_waited_for_too():
    with pytest.raises(connection.ServiceError, match="ConnectError"):
        client.Client("http://127.0.0.1:9", TOKEN, patience=0.6).chat("hi")


def test_the_command_line_reports_a_refusal_in_one_line(url: str):
    env = {name: value for name, value in os.environ.items() if name != connection.TOKEN}
    command = [sys.executable, "-m", "{{cookiecutter.__package}}", "--url", url, "--prompt", "hi"]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the service is private") and len(done.stderr.splitlines()) == 1
