"""The gate in front of vLLM's API, around applications that do what vLLM does."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from {{cookiecutter.__package}} import limits, middleware, workload
from {{cookiecutter.__package}}.engine import server
from {{cookiecutter.__package}}.monitoring import oom

PATH, BODY = workload.WARM_UP
OOM = "out of memory: the GPU was full"


class Api:
    """Stands where vLLM's application stands. Sends `pieces`, and remembers what it was asked."""

    def __init__(self, *pieces: bytes, status: int = 200, errored: bool = False) -> None:
        self.pieces, self.status = pieces or (b"{}",), status
        self.state = SimpleNamespace(engine_client=SimpleNamespace(errored=errored))
        self.asked: list[tuple[str, bytes]] = []

    async def __call__(self, scope: limits.Scope, receive: limits.Receive, send: limits.Send) -> None:
        self.asked.append((scope["path"], (await receive()).get("body", b"")))
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        for number, piece in enumerate(self.pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(self.pieces)})


@pytest.fixture(scope="module")
def built() -> Iterator[middleware.Gate]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(server.KEY, "secret")
        gate = middleware.Gate(Api())
    yield gate
    gate.monitor.stop()


def ask(gate: middleware.Gate, api: Api, path: str, body: object = None, **headers: str) -> tuple[int, list[bytes]]:
    """Status and pieces of the answer."""
    gate.app = api
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent: list[limits.Message] = []
    coming: list[limits.Message] = [{"type": "http.request", "body": content[:5], "more_body": True}]
    coming.append({"type": "http.request", "body": content[5:], "more_body": False})

    async def receive() -> limits.Message:
        return coming.pop(0)

    async def send(message: limits.Message) -> None:
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": named, "app": api}
    asyncio.run(gate(scope, receive, send))
    return sent[0]["status"], [message["body"] for message in sent[1:]]


def test_a_request_within_the_limits_reaches_vllm_as_it_was_sent(built: middleware.Gate):
    api = Api(b"one", b"two", b"three")
    assert ask(built, api, PATH, BODY) == (200, [b"one", b"two", b"three"])
    assert api.asked == [(PATH, json.dumps(BODY).encode())]


def test_what_is_no_json_is_left_to_vllm_to_refuse(built: middleware.Gate):
    api = Api(status=400)
    assert ask(built, api, PATH, b"{not json")[0] == 400 and api.asked == [(PATH, b"{not json")]


def test_the_clients_leaving_is_heard_behind_the_gate():
    async def leave() -> limits.Message:
        return {"type": "http.disconnect"}

    async def heard() -> list[str]:
        receive = middleware.replayed(b"body", leave)
        return [(await receive())["type"], (await receive())["type"]]

    assert asyncio.run(heard()) == ["http.request", "http.disconnect"]


def test_each_piece_is_sent_before_the_next_is_made(built: middleware.Gate):
    log: list[str] = []

    class Slow(Api):
        async def __call__(self, scope: limits.Scope, receive: limits.Receive, send: limits.Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for word in ("one", "two"):
                log.append(f"make {word}")
                await send({"type": "http.response.body", "body": word.encode(), "more_body": word == "one"})

    async def run() -> None:
        async def receive() -> limits.Message:
            return {"type": "http.request", "body": b"{}"}

        async def send(message: limits.Message) -> None:
            log.extend(["sent " + message["body"].decode()] if "body" in message else [])

        built.app = Slow()
        await built({"type": "http", "method": "POST", "path": PATH, "headers": [], "app": built.app}, receive, send)

    asyncio.run(run())
    assert log == ["make one", "sent one", "make two", "sent two"]


CONTROL = ["/sleep", "/wake_up", "/collective_rpc", "/reset_prefix_cache", "/server_info", "/docs"]


@pytest.mark.parametrize("path", CONTROL)
def test_control_routes_are_there_for_our_own_process_only(built: middleware.Gate, path: str):
    api = Api()
    for headers in ({}, {"x_engine_key": "guessed"}, {"x_engine_key": ""}):
        status, (said,) = ask(built, api, path, **headers)
        assert status == 404 and workload.ROUTES[0] in json.loads(said)["error"]["message"]
    assert api.asked == []
    assert ask(built, api, path, x_engine_key="secret")[0] == 200 and len(api.asked) == 1


def test_without_a_key_nobody_is_our_own_process(built: middleware.Gate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(built, "key", b"")
    assert ask(built, Api(), "/sleep", x_engine_key="")[0] == 404


def test_memory_is_answered_here(built: middleware.Gate):
    status, (said,) = ask(built, Api(status=500), "/memory")
    state = json.loads(said)
    assert status == 200 and state["peak_gib"] > 0 and "measured" in state["report"]


def test_vllms_metrics_hold_the_memory(built: middleware.Gate):
    import prometheus_client

    assert b"gpu_memory_peak_bytes{" in prometheus_client.generate_latest()


def test_a_dead_engine_is_a_503_that_says_to_try_again(built: middleware.Gate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(server.CAUSE, raising=False)
    status, (said,) = ask(built, Api(b'{"error": "EngineCore"}', status=500, errored=True), PATH, BODY)
    assert status == 503 and "send the request again" in json.loads(said)["error"]["message"]


def test_an_engine_that_ran_out_of_memory_is_a_507_with_the_cause(
    built: middleware.Gate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv(server.CAUSE, str(tmp_path / "cause"))
    (tmp_path / "cause").write_text(OOM)
    status, (said,) = ask(built, Api(status=500, errored=True), PATH, BODY)
    assert status == 507 and json.loads(said)["error"]["message"].startswith(OOM)
    dead = b'data: {"error": {"message": "' + middleware.DEAD + b'"}}\n\n'
    status, pieces = ask(built, Api(b"data: x\n\n", dead, errored=True), PATH, BODY)
    assert status == 200 and pieces[0] == b"data: x\n\n" and OOM.encode() in pieces[1]


def test_one_request_that_ran_out_of_memory_is_a_507_too(built: middleware.Gate):
    error = b'{"error": {"message": "CUDA out of memory. Tried to allocate 2.00 GiB."}}'
    status, (said,) = ask(built, Api(error, status=500), PATH, BODY)
    assert status == 507 and json.loads(said)["error"]["message"] == oom.explain(error.decode())


def test_any_other_error_of_vllms_passes_as_it_is(built: middleware.Gate):
    assert ask(built, Api(b"bug", status=500), PATH, BODY) == (500, [b"bug"])
    assert ask(built, Api(b"busy", status=429), PATH, BODY) == (429, [b"busy"])
