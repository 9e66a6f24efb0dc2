"""The middleware around applications that do what vLLM does."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from vllm_double import BODY, PATH, Api, ask

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.api import admission, middleware
from {{cookiecutter.__package}}.api.body_limit import Message, Receive, Scope, Send
from {{cookiecutter.__package}}.engine import options
from {{cookiecutter.__package}}.monitoring import oom

OOM = "out of memory: the GPU was full"


@pytest.fixture(scope="module")
def built() -> Iterator[middleware.RouteFilter]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(options.KEY, "secret")
        route_filter = middleware.RouteFilter(Api())
    yield route_filter
    route_filter.monitor.stop()


def test_a_request_within_the_limits_reaches_vllm_as_it_was_sent(built: middleware.RouteFilter):
    api = Api(b"one", b"two", b"three")
    assert ask(built, api, PATH, BODY) == (200, [b"one", b"two", b"three"])
    ((path, body),) = api.asked
    if plan.WORKLOAD == "generation":
        assert (path, body) == (PATH, json.dumps(BODY).encode())
    else:
        assert path == PATH and json.loads(body) == {"priority": len(json.dumps(BODY))} | BODY


@pytest.mark.parametrize("headers", [{}, {"content_type": "application/x-www-form-urlencoded"}])
def test_json_reaches_vllm_as_json_whatever_type_the_client_says(built: middleware.RouteFilter, headers: dict):
    api = Api()
    assert ask(built, api, PATH, BODY, **headers)[0] == 200 and api.types == [[b"application/json"]]


def test_what_reaches_vllm_is_what_was_checked(built: middleware.RouteFilter):
    """Of a name that a body holds twice, the last counts here and in vLLM; no other parser may read it otherwise."""
    api, name = Api(), next(name for name in BODY if name != "model")
    body = json.dumps(BODY | {"user": None})[:-1] + f', "{name}": "fox"' + "}"
    assert ask(built, api, PATH, body.encode())[0] == 200
    sent = json.loads(api.asked[0][1], object_pairs_hook=list)
    assert [value for key, value in sent if key == name] == ["fox"] and "user" not in dict(sent)


@pytest.mark.workload("embedding")
def test_all_dimensions_are_no_question_of_a_shorter_vector(built: middleware.RouteFilter):
    api = Api()
    for dimensions in (64, 32):
        assert ask(built, api, PATH, BODY | {"dimensions": dimensions})[0] == 200
    assert [json.loads(body).get("dimensions") for _, body in api.asked] == [None, 32]


@pytest.mark.workload("generation")
def test_a_template_that_wants_the_system_first_gets_it(built: middleware.RouteFilter):
    api = Api()
    messages = [{"role": role, "content": "Hello"} for role in ("user", "system")]
    for merges in (True, False):
        api.state.anthropic_serving_messages._merge_inline_system = merges
        assert ask(built, api, "/v1/chat/completions", {"messages": messages})[0] == 200
    roles = [[message["role"] for message in json.loads(body)["messages"]] for _, body in api.asked]
    assert roles == [["user", "developer"], ["user", "system"]]


def test_a_route_takes_nothing_but_post(built: middleware.RouteFilter):
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(built({"type": "http", "method": "GET", "path": PATH, "headers": []}, receive, send))
    assert sent[0]["status"] == 405 and "takes POST, not GET" in json.loads(sent[1]["body"])["error"]["message"]


def test_a_request_that_is_refused_does_not_reach_vllm(built: middleware.RouteFilter):
    api = Api()
    status, [body] = ask(built, api, PATH, b"{not json")
    assert status == 400 and not api.asked
    error = json.loads(body)
    assert error["type"] == "error" and "not JSON" in error["error"]["message"]  # in Anthropic's and OpenAI's form


def test_a_request_over_the_queue_is_refused_before_a_stream_begins(built: middleware.RouteFilter):
    api, most = Api(), options.MAX_OPEN
    built.admission.open += most
    try:
        status, (said,) = ask(built, api, PATH, BODY)
        assert status == 503 and not api.asked
        assert f"{most} requests run or wait" in json.loads(said)["error"]["message"]
    finally:
        built.admission.release(most)
    assert ask(built, api, PATH, BODY)[0] == 200 and built.admission.open == 0


@pytest.mark.parametrize(
    ("path", "request_", "count"),
    [
        ("/v1/chat/completions", {"messages": [], "n": 3}, 3),
        ("/v1/completions", {"prompt": "a"}, 1),
        ("/v1/completions", {"prompt": ["a", "b"], "n": 2.0}, 4),
        ("/v1/completions", {"prompt": [5, 6, 7]}, 1),
        ("/v1/completions", {"prompt": [[5, 6], [7]]}, 2),
        ("/v1/responses", {"input": [{}, {}]}, 1),
        ("/v1/messages/count_tokens", {"messages": []}, 0),
        ("/v1/embeddings", {"input": ["a", "b", "c"]}, 3),
        ("/v1/embeddings", {"input": []}, 1),
        ("/score", {"queries": "a", "documents": ["b", "c"]}, 2),
        ("/rerank", {"query": "a", "documents": ["b", "c"]}, 2),
    ],
)
def test_what_a_request_asks_for_is_counted_as_vllm_counts_it(path: str, request_: dict, count: int):
    assert admission.count_answers(path, request_) == count


def test_each_piece_is_sent_before_the_next_is_made(built: middleware.RouteFilter):
    log: list[str] = []

    class Slow(Api):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for word in ("one", "two"):
                log.append(f"make {word}")
                await send({"type": "http.response.body", "body": word.encode(), "more_body": word == "one"})

    async def run() -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Message) -> None:
            log.extend(["sent " + message["body"].decode()] if "body" in message else [])

        built.app = Slow()
        await built({"type": "http", "method": "POST", "path": PATH, "headers": [], "app": built.app}, receive, send)

    asyncio.run(run())
    assert log == ["make one", "sent one", "make two", "sent two"]


CONTROL = ["/sleep", "/wake_up", "/collective_rpc", "/reset_prefix_cache", "/server_info", "/docs"]


@pytest.mark.parametrize("path", CONTROL)
def test_control_routes_are_there_for_our_own_process_only(built: middleware.RouteFilter, path: str):
    api = Api()
    for headers in ({}, {"x_engine_key": "guessed"}, {"x_engine_key": ""}):
        status, (said,) = ask(built, api, path, **headers)
        assert status == 404 and options.ROUTES[0] in json.loads(said)["error"]["message"]
    assert api.asked == []
    assert ask(built, api, path, x_engine_key="secret")[0] == 200 and len(api.asked) == 1


def test_without_a_key_nobody_is_our_own_process(built: middleware.RouteFilter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(built, "key", b"")
    assert ask(built, Api(), "/sleep", x_engine_key="")[0] == 404


def test_memory_is_answered_here(built: middleware.RouteFilter):
    status, (said,) = ask(built, Api(status=500), "/memory")
    state = json.loads(said)
    assert status == 200 and state["peak_gib"] > 0 and "measured" in state["report"]


def test_vllms_metrics_hold_the_memory(built: middleware.RouteFilter):
    import prometheus_client

    assert b"gpu_memory_peak_bytes{" in prometheus_client.generate_latest()


def test_a_dead_engine_is_a_503_that_says_to_try_again(built: middleware.RouteFilter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(options.CAUSE, raising=False)
    status, (said,) = ask(built, Api(b'{"error": "EngineCore"}', status=500, errored=True), PATH, BODY)
    assert status == 503 and "send the request again" in json.loads(said)["error"]["message"]


def test_an_engine_that_ran_out_of_memory_is_a_507_with_the_cause(
    built: middleware.RouteFilter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv(options.CAUSE, str(tmp_path / "cause"))
    (tmp_path / "cause").write_text(OOM)
    status, (said,) = ask(built, Api(status=500, errored=True), PATH, BODY)
    assert status == 507 and json.loads(said)["error"]["message"].startswith(OOM)
    dead = b'data: {"error": {"message": "' + middleware.ENGINE_DEAD + b'"}}\n\n'
    status, pieces = ask(built, Api(b"data: x\n\n", dead, errored=True), PATH, BODY)
    assert status == 200 and pieces[0] == b"data: x\n\n" and OOM.encode() in pieces[1]


def test_one_request_that_ran_out_of_memory_is_a_507_too(built: middleware.RouteFilter):
    error = b'{"error": {"message": "CUDA out of memory. Tried to allocate 2.00 GiB."}}'
    status, (said,) = ask(built, Api(error, status=500), PATH, BODY)
    assert status == 507 and json.loads(said)["error"]["message"] == oom.explain(error.decode())


def test_what_an_exception_says_stays_in_the_log(built: middleware.RouteFilter, capsys: pytest.CaptureFixture[str]):
    status, [body] = ask(built, Api(b"KeyError: somebody's prompt", status=500), PATH, BODY)
    assert status == 500 and b"prompt" not in body and b"log says why" in body
    assert "somebody's prompt" in capsys.readouterr().out


def test_too_many_waiting_are_told_when_to_try_again(built: middleware.RouteFilter):
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    rewriter = middleware.ErrorRewriter(send, SimpleNamespace(errored=False))
    for status in (503, 200):
        asyncio.run(rewriter({"type": "http.response.start", "status": status, "headers": []}))
        asyncio.run(rewriter({"type": "http.response.body", "body": b"full"}))
    assert [dict(message["headers"]).get(b"retry-after") for message in sent[::2]] == [b"2", None]
    assert [message["body"] for message in sent[1::2]] == [b"full", b"full"]


# As vLLM 0.32 answers them
ANOTHER_FORM = "the request has a field of another form than this route reads"
REFUSALS = [
    (
        "2 validation errors:\n  {'type': 'string_type', 'loc': 'body.messages.0.ChatUserMessageParam.content', "
        "'msg': 'Input should be a valid string', 'input': '5'}\n  "
        "{'type': 'literal_error', 'loc': 'body.role', 'msg': \"Input should be 'user'\", 'input': 'x'}",
        "messages.0.content: Input should be a valid string; role: Input should be 'user'",
    ),
    (
        "7 validation errors for ValidatorIterator\n0.ChatCompletionContentPartTextParam.text\n  "
        "Input should be a valid string [type=string_type, input_value=5, input_type=int]\n    "
        "For further information visit https://errors",
        "0.text: Input should be a valid string",
    ),
    ("unhashable type: 'list'", ANOTHER_FORM),
    ("jinja2.environment.Template.render() got multiple values for keyword argument 'messages'", ANOTHER_FORM),
    ("Grammar error: [21:58:25] /project/cpp/regex.cc:83: Regex parsing error", "Grammar error: Regex parsing error"),
    ("Failed to load image: cannot identify image file <_io.BytesIO object>", "an image cannot be read"),
    ("stop cannot contain an empty string.", "stop cannot contain an empty string."),
]


@pytest.mark.parametrize(("said", "told"), REFUSALS)
def test_the_text_of_an_exception_becomes_a_sentence(built: middleware.RouteFilter, said: str, told: str):
    body = json.dumps({"error": {"message": said, "type": "BadRequestError", "code": 400}}).encode()
    status, [answer] = ask(built, Api(body, status=400), PATH, BODY)
    assert status == 400 and told in json.loads(answer)["error"]["message"]
    assert not any(word in answer for word in (b"validation error", b"input_value", b"jinja2", b"/project", b"unhash"))


def test_the_text_of_an_exception_in_a_stream_becomes_a_sentence(built: middleware.RouteFilter):
    said = {"error": {"message": "unhashable type: 'list'", "type": "BadRequestError", "code": 400}}
    event = f"data: {json.dumps(said)}\n\n".encode()
    told = said | {"error": said["error"] | {"message": ANOTHER_FORM}}
    kept = b'data: {"error": {"message": "too long"}}\n\n'
    _, pieces = ask(built, Api(b"data: {}\n\n", event, kept, b"data: [DONE]\n\n"), PATH, BODY)
    assert pieces == [b"data: {}\n\n", f"data: {json.dumps(told)}\n\n".encode(), kept, b"data: [DONE]\n\n"]


def test_an_exception_that_vllm_lets_through_is_answered_here(
    built: middleware.RouteFilter, capsys: pytest.CaptureFixture[str]
):
    class Raising(Api):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            raise RecursionError("somebody's prompt")

    status, [body] = ask(built, Raising(), PATH, BODY)
    assert status == 500 and b"prompt" not in body and "somebody's prompt" in capsys.readouterr().out
    assert built.admission.open == 0
