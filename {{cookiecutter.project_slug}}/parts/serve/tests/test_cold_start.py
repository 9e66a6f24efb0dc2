"""The stopwatch of a cold start: its phases add up, and a service that was awake is not measured."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import cold_start
from {{cookiecutter.__package}}.client.client import ServiceError

START_S, ENGINE_S, FIRST_S = 1.3, 0.8, 0.4


class Service(BaseHTTPRequestHandler):
    """Says 503 for START_S seconds after its first request; its first answer takes FIRST_S longer than the next."""

    def do_GET(self) -> None:
        server: Server = self.server  # ty: ignore[invalid-assignment]
        server.woken = server.woken or time.monotonic()
        if time.monotonic() - server.woken < server.start_s:
            return self.reply(503, b"starting")
        self.reply(200, json.dumps({"started_s": server.engine_s}).encode())

    def do_POST(self) -> None:
        server: Server = self.server  # ty: ignore[invalid-assignment]
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0 if server.asked else FIRST_S)
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
    start_s, engine_s = START_S, ENGINE_S
    woken, asked = 0.0, 0


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(("127.0.0.1", 0), Service)
    threading.Thread(target=running.serve_forever, args=[0.05], daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def test_the_phases_are_measured_and_set_beside_the_plan(server: Server, capsys: pytest.CaptureFixture[str]):
    start = cold_start.measure(f"http://127.0.0.1:{server.server_port}")
    assert START_S <= start.healthy_s < START_S + 2 and start.engine_s == ENGINE_S
    assert start.first_s >= FIRST_S > start.second_s
    shown = capsys.readouterr().out
    total, modal_s, engine_s, first_s = map(float, [line.split()[0] for line in shown.splitlines()[-4:]])
    assert total == pytest.approx(modal_s + engine_s + first_s, abs=0.2)
    assert f"planned {plan.PREDICTED_COLD_START_S:.0f}" in shown


def test_a_service_that_was_awake_is_not_measured(server: Server):
    server.start_s = 0.0
    with pytest.raises(ServiceError, match=f"ask nothing for {plan.SCALEDOWN_WINDOW} s"):
        cold_start.measure(f"http://127.0.0.1:{server.server_port}")
