"""The load test: its figures against ones worked out by hand, and against a service of known speed."""

import asyncio
import json
import os
import re
import selectors
import statistics
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client.client import ServiceError
from {{cookiecutter.__package}}.load_test import __main__ as load_test
from {{cookiecutter.__package}}.load_test import report
from {{cookiecutter.__package}}.load_test.report import Level, RequestTiming, measured, percentile

STEP_S, STEPS = 0.02, 10  # an answer takes 0.2 s, and has 10 tokens where it streams
EVENTS = [{"choices": [{"delta": {"role": "assistant", "content": ""}}]}] + [
    {"choices": [{"delta": {"content": " word"}}]}
] * STEPS
LEVELS = [
    Level(1, 10.0, 20, 2.0, 100.0, 0.05, 0.08, 0.010, 0.012),
    Level(plan.CONCURRENCY, 10.0, 100, 10.0, 500.0, 0.07, 0.30, 0.020, 0.031, 2, {"503": 2}, "503: engine restarts"),
]


class Service(BaseHTTPRequestHandler):
    """A real little server that answers every workload's request in 0.2 s."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.reply(200, {"device": "cpu", "peak_gib": 1.0})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "messages" not in body:
            time.sleep(STEP_S * STEPS)
            return self.reply(200, {"data": [], "usage": usage_of(body)})
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in EVENTS:
            time.sleep(STEP_S)
            self.chunk(line(event))
        self.chunk(line({"choices": [], "usage": usage_of(body)}) + b"data: [DONE]\n\n")
        self.chunk(b"")

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def reply(self, status: int, data: dict) -> None:
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def text_of(body: dict) -> str:
    return body["messages"][0]["content"] if "messages" in body else body["input"]


def usage_of(body: dict) -> dict[str, int]:
    """A token for each word that was read."""
    return {"prompt_tokens": len(text_of(body).split()), "completion_tokens": STEPS}


def line(event: dict) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=running.serve_forever, args=[0.05], daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_the_loads_double_up_to_the_limit_and_hold_the_planned_one():
    steps = load_test.load_steps(plan.CONCURRENCY * 3)
    assert steps[:2] == [1, 2] and steps[-1] == plan.CONCURRENCY * 3 and plan.CONCURRENCY in steps
    assert steps == sorted(set(steps))
    assert all(later <= 2 * earlier for earlier, later in pairwise(steps))
    assert load_test.load_steps(1) == [1]


def test_what_falls_outside_of_the_time_measured_does_not_count():
    half_in = RequestTiming(sent=8.0, first=9.0, end=11.0, tokens=21)  # of 2 s of writing, 1 s lies within 10 to 20
    within = RequestTiming(sent=12.0, first=13.0, end=15.0, tokens=21)
    before = RequestTiming(sent=1.0, first=2.0, end=9.0, tokens=1000)
    one = measured(3, [half_in, within, before], 10.0, 20.0)
    assert one.answered == 2 and one.at_once == 3 and one.seconds == 10.0
    assert one.requests_per_s == pytest.approx((1 / 3 + 1) / 10)
    assert one.tokens_per_s == pytest.approx((10.5 + 21) / 10)
    assert one.per_token_p50_s == pytest.approx(2 / 20) and one.first_p50_s == 1.0


def test_a_failed_request_is_counted_with_its_reason_and_yields_nothing():
    refused = RequestTiming(0.0, 0.0, 0.1, error="413: at most 5 bytes")
    one = measured(2, [refused, refused, RequestTiming(0.0, 0.5, 1.0, tokens=3)], 0.0, 1.0)
    assert one.failed == 2 and one.failures == {"413": 2} and one.answered == 1
    assert one.example == "413: at most 5 bytes"
    assert one.tokens_per_s == pytest.approx(3.0) and one.first_p95_s == 0.5


def test_percentiles_are_those_of_the_standard_library():
    values = [((i * 37) % 101) / 10 for i in range(101)]
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    assert percentile(values, 50) == cuts[49] and percentile(values, 95) == cuts[94]
    assert percentile([], 50) is None and percentile([3.0], 95) == 3.0


def test_texts_have_the_wanted_length_and_differ_from_the_first_word_on():
    texts = [load_test.synthetic_prompt(50, number) for number in range(20)]
    assert {len(text.split()) for text in texts} == {50}
    assert len({text.split()[0] for text in texts}) == 20
    assert load_test.synthetic_prompt(50, 7) == texts[7]


def test_the_cost_is_that_of_the_containers_which_the_load_takes():
    steps, settling = [1, plan.TARGET_CONCURRENCY], [0.0, 0.0]
    usd = (2 * 100 + plan.SCALEDOWN_WINDOW) * plan.USD_PER_HOUR / 3600
    assert f"about ${usd:.2f}, " in load_test.price(steps, settling, 100.0)
    assert report.containers(plan.TARGET_CONCURRENCY + 1) == min(2, plan.MAX_CONTAINERS)
    assert report.containers(10**6) == plan.MAX_CONTAINERS


def test_a_load_that_needs_another_container_runs_until_that_has_started():
    waits = load_test.settling_s([plan.TARGET_CONCURRENCY, plan.TARGET_CONCURRENCY + 1])
    assert waits[0] == 0.0
    assert (waits[1] > plan.PREDICTED_COLD_START_S) == (plan.MAX_CONTAINERS > 1)


def test_the_table_is_aligned_and_prices_each_load():
    lines = report.table(LEVELS, priced=True).splitlines()
    assert len({len(line) for line in lines}) == 1
    cost = plan.USD_PER_HOUR * report.containers(plan.CONCURRENCY) / 3600 / 500 * 1e6
    assert float(lines[2].split()[-1]) == pytest.approx(cost, rel=0.01)
    assert "$" not in report.table(LEVELS, priced=False)
    assert report.failures(LEVELS) == f"failed at {plan.CONCURRENCY} at once: 2 x 503; the first: 503: engine restarts"


def test_the_planned_load_is_set_beside_the_plan_and_a_cpu_is_not():
    assert "measured  500 tokens/s" in report.compare_with_plan(LEVELS, "gpu")
    assert "CPU" in report.compare_with_plan(LEVELS, "cpu") and "500" not in report.compare_with_plan(LEVELS, "cpu")
    assert "raise --concurrency" in report.compare_with_plan(LEVELS[:1], "gpu")


def test_the_picture_is_the_same_for_the_same_figures(tmp_path: Path):
    for name in ("a.svg", "b.svg"):
        report.draw(tmp_path / name, LEVELS, "gpu")
    picture = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert picture == (tmp_path / "b.svg").read_text(encoding="utf-8")
    words = " ".join(ElementTree.fromstring(picture).itertext())
    for part in (f"tokens/s {report.UNIT}", "p95", f"{plan.MODEL} on {plan.GPU}", "planned"):
        assert part in words
    report.draw(tmp_path / "cpu.svg", LEVELS, "cpu")
    words = " ".join(ElementTree.parse(tmp_path / "cpu.svg").getroot().itertext())
    assert "on a CPU" in words and "planned" not in words
    assert not re.search(r"20\d\d-\d\d-\d\d", picture)


class Jumping(selectors.SelectSelector):
    """Of an event loop whose clock jumps to the next timer where it would wait: sleeps take their time to the bit."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list:
        self.now += timeout or 0.0
        return super().select(0)


def run_in_jumps(monkeypatch: pytest.MonkeyPatch, refuses_every: int, *arguments: object) -> list[Level]:
    """`run_levels` with a service of known speed in place of the network, both by the clock of one event loop."""
    clock = Jumping()

    def new_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.SelectorEventLoop(clock)
        loop.time = lambda: clock.now
        return loop

    async def stream(body: dict) -> AsyncIterator[bytes]:
        yield line(EVENTS[0])
        for event in EVENTS[1:]:
            await asyncio.sleep(STEP_S)
            yield line(event)
        yield line({"choices": [], "usage": usage_of(body)}) + b"data: [DONE]\n\n"

    async def answer(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        number = int(text_of(body).split()[0])
        if refuses_every and number and number % refuses_every == 0:
            return httpx2.Response(503, json={})
        if "messages" in body:
            return httpx2.Response(200, content=stream(body))
        await asyncio.sleep(STEP_S * STEPS)
        return httpx2.Response(200, json={"data": [], "usage": usage_of(body)})

    def connect(url: str, _: object) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=url, transport=httpx2.MockTransport(answer))

    monkeypatch.setattr(load_test, "connect", connect)
    times = SimpleNamespace(monotonic=lambda: clock.now, process_time=time.process_time)
    monkeypatch.setattr(load_test, "time", times)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(load_test.run_levels("http://service", *arguments))  # ty: ignore[invalid-argument-type]


def test_measured_speed_is_that_of_the_service(monkeypatch: pytest.MonkeyPatch):
    one, eight = run_in_jumps(monkeypatch, 0, [1, 8], [0.0, 0.25], 1.9, load_test.PROMPT_TOKENS)
    assert (one.answered, eight.answered) == (10, 10 * 8) and not one.failed and not eight.failed
    assert one.requests_per_s == pytest.approx(5) and eight.requests_per_s == pytest.approx(40)
    if report.GENERATES:
        assert one.per_token_p50_s == pytest.approx(STEP_S) and one.first_p50_s == pytest.approx(STEP_S)
        assert one.tokens_per_s == pytest.approx(50, rel=0.01) and eight.tokens_per_s == pytest.approx(400, rel=0.01)
    else:
        assert one.per_token_p50_s is None and one.first_p50_s == pytest.approx(STEP_S * STEPS)
        # words of one token each: the length of a prompt is the wanted one
        assert one.tokens_per_s == pytest.approx(5 * load_test.PROMPT_TOKENS)


def test_refusals_are_failures_of_that_load(monkeypatch: pytest.MonkeyPatch):
    (four,) = run_in_jumps(monkeypatch, 5, [4], [0.0], 2.0, 100)
    assert 0 < four.failed < four.answered and four.failures == {"503": four.failed}
    assert four.failed == (four.failed + four.answered) // 5


def test_the_command_prints_the_table_and_writes_the_picture(server: ThreadingHTTPServer, tmp_path: Path):
    argv = [sys.executable, "-m", "{{cookiecutter.__package}}.load_test"]
    argv += ["--url", url(server), "--concurrency", "2", "--seconds", "0.6", "--out", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["1", "2"]
    assert "on a CPU" in done.stdout and "100%" in done.stderr
    written = json.loads((tmp_path / "load.json").read_text())
    assert [one["at_once"] for one in written["levels"]] == [1, 2] and written["device"] == "cpu"
    assert (tmp_path / "load.svg").read_text().startswith("<?xml")


def sent_to(answer: Callable[[httpx2.Request], httpx2.Response]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url="http://service", transport=httpx2.MockTransport(answer))


def failure(answer: Callable[[httpx2.Request], httpx2.Response]) -> str:
    return asyncio.run(load_test.send_request(sent_to(answer), "a text", 8)).error


def streamed(first: bytes, rest: bytes, _: httpx2.Request) -> httpx2.Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield first
        yield rest

    return httpx2.Response(200, content=pieces())


def test_each_way_to_fail_has_its_name():
    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody listens")

    assert failure(lost) == "ConnectError"
    assert failure(lambda _: httpx2.Response(413, json={"error": {"message": "at most 5"}})) == "413: at most 5"
    if report.GENERATES:
        died, done = line({"error": {"message": "the engine died"}}), b"data: [DONE]\n\n"
        for rest, name in ((died, "error in the stream"), *((cut, "the stream broke off") for cut in (b"", done))):
            assert failure(partial(streamed, line(EVENTS[1]), rest)) == name


def test_a_service_that_refuses_the_first_request_is_not_loaded():
    refused = sent_to(lambda _: httpx2.Response(401, json={"error": {"message": "no token"}}))
    with pytest.raises(ServiceError, match="the first request of the load test failed: 401: no token"):
        asyncio.run(load_test.words_for(refused, 100))
