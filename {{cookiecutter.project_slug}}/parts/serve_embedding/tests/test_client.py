"""The client, against a real little server that answers out of order, and late."""

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

ROWS: list[dict] = [{"index": 1, "embedding": [1.0, 2.0]}, {"index": 0, "embedding": [0.25, 0.5]}]


class Service(BaseHTTPRequestHandler):
    """Says 503 once, then answers as the service does, the last text first."""

    starting = 1
    asked: ClassVar[list[tuple[str, dict]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if type(self).starting > 0:
            type(self).starting -= 1
            return self.reply(503, {})
        type(self).asked.append((self.path, body))
        rows = [row for row in ROWS if row["index"] < len(body["input"])]
        self.reply(200, {"data": rows, "usage": {"prompt_tokens": 9, "total_tokens": 9}})

    def reply(self, status: int, data: dict) -> None:
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Service, "starting", 1)
    monkeypatch.setattr(Service, "asked", [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_it_waits_through_503_and_keeps_the_order_of_the_texts(url: str, capsys: pytest.CaptureFixture[str]):
    answer = client.Client(url).embed(["a", "b"])
    assert answer.vectors == [[0.25, 0.5], [1.0, 2.0]] and answer.tokens == 9
    assert Service.asked == [("/v1/embeddings", {"model": plan.MODEL, "input": ["a", "b"]})]
    assert "waiting for a container (503)" in capsys.readouterr().err
    assert answer.seconds < 0.5  # the waiting does not count


def test_the_command_line_prints_a_vector_and_what_it_took(url: str):
    argv = [sys.executable, "-m", "{{cookiecutter.__package}}.client", "--url", url, "a fox"]
    done = subprocess.run(argv, capture_output=True, text=True, env=os.environ | {connection.TOKEN: "wk-a.ws-b"})
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[+0.2500, +0.5000, ...] 2 numbers\n" and "9 tokens" in done.stderr
    assert Service.asked[0][1]["input"] == ["a fox"]
