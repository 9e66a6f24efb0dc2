"""The stopwatch of a cold start: its phases add up, and a service that was awake is not measured."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import cold_start
from {{cookiecutter.__package}}.client.client import ServiceError

TRY_S, TRIES, ENGINE_S, FIRST_S, NEXT_S = 30.0, 2, 45.0, 7.0, 0.5


class Service(BaseHTTPRequestHandler):
    """Says 503 `tries` times, 30 s each by the test's clock; its first answer takes 7 s by it, the next half a one."""

    def do_GET(self) -> None:
        server: Server = self.server  # ty: ignore[invalid-assignment]
        if server.tries:
            server.tries -= 1
            server.now += TRY_S
            return self.reply(503, b"starting")
        self.reply(200, json.dumps({"started_s": server.engine_s}).encode())

    def do_POST(self) -> None:
        server: Server = self.server  # ty: ignore[invalid-assignment]
        self.rfile.read(int(self.headers["Content-Length"]))
        server.now += NEXT_S if server.asked else FIRST_S
        server.asked += 1
        usage = {"completion_tokens": 1, "prompt_tokens": 5}
        if "chat" in self.path:
            events = [{"choices": [{"delta": {"content": "word"}}]}, {"choices": [], "usage": usage}]
            lines = [*map(json.dumps, events), "[DONE]"]
            return self.reply(200, "".join(f"data: {line}\n\n" for line in lines).encode())
        row = {"index": 0, "embedding": [0.5], "label": "positive", "probs": [1.0]}
        self.reply(200, json.dumps({"data": [row], "usage": usage}).encode())

    def reply(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    engine_s, tries, asked = ENGINE_S, TRIES, 0
    now = 0.0  # the clock, in seconds


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    running = Server(("127.0.0.1", 0), Service)
    monkeypatch.setattr(cold_start, "time", SimpleNamespace(monotonic=lambda: running.now))
    threading.Thread(target=running.serve_forever, args=[0.05], daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def test_the_phases_are_measured_and_set_beside_the_plan(server: Server, capsys: pytest.CaptureFixture[str]):
    start = cold_start.measure(f"http://127.0.0.1:{server.server_port}")
    assert (start.healthy_s, start.engine_s, start.first_s, start.second_s) == (60.0, 45.0, 7.0, 0.5)
    shown = capsys.readouterr().out
    assert [float(line.split()[0]) for line in shown.splitlines()[-4:]] == [60 + 7, 60 - 45, 45, 7]
    assert f"planned {plan.PREDICTED_COLD_START_S:.0f}" in shown


def test_a_service_that_was_awake_is_not_measured(server: Server):
    server.tries = 0
    with pytest.raises(ServiceError, match=f"ask nothing for {plan.SCALEDOWN_WINDOW} s"):
        cold_start.measure(f"http://127.0.0.1:{server.server_port}")
