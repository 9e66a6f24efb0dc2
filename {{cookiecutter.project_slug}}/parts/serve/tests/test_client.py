"""The client, against a real little server that starts late, is full, refuses, streams, and breaks off."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client, client
from {{cookiecutter.__package}}.client.client import Label, ServiceError

TOKEN = "wk-test.ws-test"
WORDS = ("Hello", ", ", "world")
EVENTS = [{"choices": [{"delta": {"content": word}}]} for word in WORDS]
USAGE = {"choices": [], "usage": {"completion_tokens": 3}}
DONE = "[DONE]"
PAUSE_S = 0.3  # openai's pause before its second try is half a second, or up to a quarter less
HANGS_S = 300.0  # after which something that others do is taken to hang
ROWS: list[dict] = [  # the last text first
    {"index": 1, "embedding": [1.0, 2.0], "label": "positive", "probs": [0.25, 0.75]},
    {"index": 0, "embedding": [0.25, 0.5], "label": "negative", "probs": [0.9, 0.1]},
]


class Service(BaseHTTPRequestHandler):
    """Asks for the token, then plays `script`, a function for each request; the last one stays."""

    def do_GET(self) -> None:
        server: Server = self.server  # ty: ignore[invalid-assignment]
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.reply(401, b"missing credentials")
        server.sessions.append(self.headers.get("Modal-Session-ID"))
        server.asked.append((time.monotonic(), self.path, json.loads(sent or "null")))
        act = server.script[0] if len(server.script) == 1 else server.script.pop(0)
        act(self)

    do_POST = do_GET

    def reply(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


Act = Callable[[Service], None]


class Server(ThreadingHTTPServer):
    """One service, what it will do, and what it was asked: when, where, and with which body."""

    def __init__(self, script: list[Act]) -> None:
        super().__init__(("127.0.0.1", 0), Service)
        self.script = script
        self.asked: list[tuple[float, str, dict]] = []
        self.sessions: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """`serve(act, act, ...)`: a server that answers so."""
    running: list[Server] = []

    def start(*script: Act) -> Server:
        running.append(Server(list(script)))
        threading.Thread(target=running[-1].serve_forever, args=[0.05], daemon=True).start()
        return running[-1]

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def connect(server: Server, startup_timeout: float = HANGS_S) -> Client:
    return Client(server.url, TOKEN, startup_timeout)


def status(code: int, message: str = "", **headers: str) -> Act:
    body = json.dumps({"error": {"message": message}}).encode() if message else b"a page of somebody else's"
    return lambda service: service.reply(code, body, **headers)


def fine(service: Service) -> None:
    service.reply(200, b'{"fine": true}')


def rows(service: Service) -> None:
    service.reply(200, json.dumps({"data": ROWS, "usage": {"prompt_tokens": 9, "total_tokens": 9}}).encode())


def stream(*events: object) -> Act:
    """Streams so; without DONE the connection just ends."""
    lines = "".join(f"data: {event if event == DONE else json.dumps(event)}\n\n" for event in events)

    def act(service: Service) -> None:
        service.send_response(200)
        service.end_headers()
        service.wfile.write(lines.encode())

    return act


def hang_up(service: Service) -> None:
    service.close_connection = True
    service.connection.close()


def test_it_waits_through_503_and_says_so(serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]):
    assert connect(serve(status(503), status(503), fine)).get("/x") == {"fine": True}
    assert capsys.readouterr().err.count("waiting for a container (503): ") == 2


def test_it_waits_through_a_connection_that_is_lost_before_the_first_byte(
    serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]
):
    assert connect(serve(hang_up, fine)).get("/x") == {"fine": True}
    assert "waiting for a connection" in capsys.readouterr().err


def test_a_full_service_is_asked_again_after_its_retry_after(serve: Callable[..., Server]):
    server = serve(status(429, "16 requests are waiting", Retry_After="1"), fine)
    assert connect(server).get("/x") == {"fine": True}
    assert server.asked[1][0] - server.asked[0][0] >= 0.9


@pytest.mark.parametrize("timeout_s", [20.0, 9999.0])  # the second is longer, and openai still does not wait for that
def test_a_retry_after_that_is_too_long_ends_it_at_once(serve: Callable[..., Server], timeout_s: float):
    server = serve(status(429, "16 requests are waiting", Retry_After="3600"), fine)
    with pytest.raises(ServiceError, match="16 requests are waiting"):
        connect(server, timeout_s).get("/x")
    assert len(server.asked) == 1


def test_it_gives_up_after_its_timeout(serve: Callable[..., Server]):
    with pytest.raises(ServiceError, match=rf"gave up waiting for a container .* `modal app logs {plan.NAME}`"):
        connect(serve(status(503)), startup_timeout=0.4).get("/x")


def test_an_address_where_nothing_answers_is_given_up_long_before_a_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "CONNECT_S", 0.6)
    with pytest.raises(ServiceError, match=r"no connection for \d\d? s .*: is 127.0.0.1 the service's address"):
        Client("http://127.0.0.1:9", TOKEN, startup_timeout=600).health()


def test_a_connection_that_is_lost_after_a_long_wait_is_no_wrong_address(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "CONNECT_S", 0.6)
    assert connect(serve(status(503), status(503), hang_up, fine)).get("/x") == {"fine": True}  # lost after 1.1 s


def test_an_address_that_is_none_is_refused_at_once():
    with pytest.raises(ServiceError, match="begins with https://"):
        Client("my-service.modal.run", TOKEN).health()


def test_openais_own_client_waits_through_a_start_too(serve: Callable[..., Server]):
    models = connect(serve(status(503), lambda service: service.reply(200, b'{"data": [{"id": "one"}]}'))).openai.models
    assert [model.id for model in models.list()] == ["one"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANGS_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_each_thread_has_a_deadline_of_its_own(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch):
    now, go = 0.0, threading.Event()
    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=lambda: now))

    def starts_late(service: Service) -> None:
        assert go.wait(HANGS_S)
        status(503)(service)

    server = serve(starts_late, starts_late, fine)
    one = connect(server, startup_timeout=100.0)
    with ThreadPoolExecutor(2) as threads:
        early = threads.submit(one.get, "/early")
        wait_until(lambda: len(server.asked) == 1)
        now = 60.0
        late = threads.submit(one.get, "/late")
        wait_until(lambda: len(server.asked) == 2)
        now = 101.0
        go.set()
        with pytest.raises(ServiceError, match=r"gave up .* after 101 s"):
            early.result()
        assert late.result() == {"fine": True}


@pytest.mark.parametrize("code", [400, 404, 413])
def test_a_refusal_is_told_in_the_services_words_and_not_tried_again(serve: Callable[..., Server], code: int):
    server = serve(status(code, f"the limit is {plan.CONTEXT_LEN} tokens"))
    with pytest.raises(ServiceError, match=rf"refused the request \({code}\): the limit is {plan.CONTEXT_LEN} tokens"):
        connect(server).get("/x")
    assert len(server.asked) == 1


def test_out_of_memory_is_told_and_not_tried_again(serve: Callable[..., Server]):
    server = serve(status(507, "out of memory: lower CONCURRENCY (16)"))
    with pytest.raises(ServiceError, match=r"failed \(507\): out of memory: lower CONCURRENCY"):
        connect(server).get("/x")
    assert len(server.asked) == 1


def test_without_a_token_it_says_how_to_make_one(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(client.TOKEN, raising=False)
    with pytest.raises(ServiceError, match="modal workspace proxy-tokens create"):
        Client(serve(fine).url).health()


def test_the_token_comes_from_the_environment(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(client.TOKEN, TOKEN)
    assert Client(serve(fine).url).get("/memory") == {"fine": True}


def test_a_request_that_is_held_says_so(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    said, show = threading.Event(), client.show_progress

    def held(service: Service) -> None:
        assert said.wait(HANGS_S)
        fine(service)

    def shown(text: str) -> None:
        show(text)
        said.set()

    monkeypatch.setattr(client, "HELD_S", 0.1)
    monkeypatch.setattr(client, "show_progress", shown)
    connect(serve(held)).health()
    assert "a container may be starting" in capsys.readouterr().err


def test_a_service_that_is_stuck_is_given_up_and_not_asked_again(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
):
    asked, go = [], threading.Event()

    def stuck(service: Service) -> None:
        asked.append(service.path)
        assert go.wait(HANGS_S)

    monkeypatch.setattr(client, "READ_TIMEOUT_S", 0.6)
    with pytest.raises(ServiceError, match="nothing came for 1 s: the service is stuck"):
        connect(serve(stuck)).get("/x")
    go.set()
    assert asked == ["/x"]


def test_it_shows_each_piece_as_it_comes(serve: Callable[..., Server]):
    server, pieces = serve(stream(*EVENTS, USAGE, DONE)), []
    answer = connect(server).chat("hi", 8, show=pieces.append)
    assert tuple(pieces) == WORDS and answer.text == "Hello, world" and answer.tokens == 3
    ((_, _, body),) = server.asked
    assert body["model"] == plan.MODEL and body["max_tokens"] == 8


def test_requests_of_a_session_name_it(serve: Callable[..., Server]):
    server = serve(lambda service: service.reply(200, b"{}"))
    for session in ("", "conversation-17"):
        Client(server.url, TOKEN, session=session).get("/memory")
    assert server.sessions == [None, "conversation-17"]


def test_a_stream_that_ends_before_its_first_piece_is_asked_for_again(
    serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]
):
    server, pieces = serve(stream(), stream(*EVENTS, USAGE, DONE)), []
    assert connect(server).chat("hi", show=pieces.append).text == "Hello, world"
    assert tuple(pieces) == WORDS and len(server.asked) == 2
    assert "waiting for a connection" in capsys.readouterr().err


def test_a_stream_that_breaks_in_the_middle_is_an_error_and_not_repeated(serve: Callable[..., Server]):
    server, pieces = serve(stream(*EVENTS[:2])), []
    with pytest.raises(ServiceError, match="broke off after 7 characters"):
        connect(server).chat("hi", show=pieces.append)
    assert pieces == ["Hello", ", "] and len(server.asked) == 1


def test_an_error_within_the_stream_is_raised(serve: Callable[..., Server]):
    failed = {"error": {"message": "out of memory: lower CONCURRENCY", "code": 507}}
    with pytest.raises(ServiceError, match="out of memory: lower CONCURRENCY"):
        connect(serve(stream(EVENTS[0], failed, DONE))).chat("hi", show=lambda _: None)


def test_vectors_wait_through_503_and_keep_the_order_of_the_texts(
    serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]
):
    server = serve(status(503), rows)
    embedded = connect(server).embed(["a", "b"])
    assert embedded.vectors == [[0.25, 0.5], [1.0, 2.0]] and embedded.tokens == 9
    assert server.asked[-1][1:] == ("/v1/embeddings", {"model": plan.MODEL, "input": ["a", "b"]})
    assert "waiting for a container (503)" in capsys.readouterr().err
    assert embedded.seconds < time.monotonic() - server.asked[0][0] - PAUSE_S  # the waiting does not count


def test_labels_wait_through_503_and_keep_the_order_of_the_texts(serve: Callable[..., Server]):
    server = serve(status(503), rows)
    classified = connect(server).classify(["a", "b"])
    assert classified.labels == [Label("negative", [0.9, 0.1]), Label("positive", [0.25, 0.75])]
    assert classified.tokens == 9
    assert classified.seconds < time.monotonic() - server.asked[0][0] - PAUSE_S  # the waiting does not count
    assert server.asked[-1][1:] == ("/classify", {"model": plan.MODEL, "input": ["a", "b"]})


def command(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "{{cookiecutter.__package}}.client", "--url", url, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, env=os.environ | {client.TOKEN: TOKEN})


def test_the_command_line_prints_the_reply_and_what_it_took(serve: Callable[..., Server]):
    server = serve(status(503), stream(*EVENTS, USAGE, DONE) if plan.WORKLOAD == "generation" else rows)
    done = command(server.url, "a fox")
    printed, counted = {
        "generation": ("Hello, world\n", "3 tokens"),
        "embedding": ("[+0.2500, +0.5000, ...] 2 numbers\n", "9 tokens"),
        "classification": ("negative (0.900)\n", "9 tokens"),
    }[plan.WORKLOAD]
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed and counted in done.stderr
    assert "a fox" in json.dumps(server.asked[-1])


@pytest.mark.workload("generation")
def test_the_command_line_reports_a_broken_answer_in_one_line(serve: Callable[..., Server]):
    done = command(serve(stream(*EVENTS[:1])).url, "hi")
    assert done.returncode == 1 and done.stdout == "Hello\n"
    assert done.stderr.startswith("error: the answer broke off") and len(done.stderr.splitlines()) == 1


def test_a_reply_is_summed_up_in_a_line():
    """By hand: nine tokens after the first, in 2 s, are 4.5 tokens/s; a single one has no rate."""
    assert client.Answer("...", 10, 0.5, 2.5).summary() == "10 tokens, 4.5 tokens/s, first after 0.50 s"
    assert client.Answer("one", 1, 0.5, 0.5).summary() == "1 tokens, 0.0 tokens/s, first after 0.50 s"
    assert client.Embeddings([[0.25, 0.5]] * 3, 7, 0.25).summary() == "3 x 2 numbers, 7 tokens, 0.25 s"
    assert client.Embeddings([], 0, 0.25).summary() == "none numbers, 0 tokens, 0.25 s"
    assert client.Labels([Label("good", [1.0])] * 2, 5, 0.5).summary() == "2 texts, 5 tokens, 0.50 s"


def test_the_token_of_the_environment_is_sent_and_an_app_without_an_address_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MODAL_PROXY_TOKEN", TOKEN)
    assert client.authorization() == {"Authorization": f"Bearer {TOKEN}"}
    monkeypatch.delenv("MODAL_PROXY_TOKEN")
    assert client.authorization() == {}
    with pytest.raises(ServiceError, match=r"Modal knows no address for .*`make deploy`"):
        Client(None)
