"""BodyLimit around an application that reads whatever it gets."""

import asyncio
import json

from {{cookiecutter.__package}}.api import body_limit

LIMIT = 1000


class Reader:
    """Reads the whole body, and returns its length."""

    read: int | None = None

    async def __call__(self, scope: body_limit.Scope, receive: body_limit.Receive, send: body_limit.Send) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client left")
            length, more = length + len(message.get("body", b"")), message.get("more_body", False)
        self.read = length
        await body_limit.send_json(send, 200, {"read": length})


def ask(app: body_limit.App, pieces: list[bytes], announce: bool, end: bytes = b"") -> tuple[int, dict]:
    """Status and JSON of a request whose body comes in `pieces`, the last of them `end`."""
    headers = [(b"content-length", str(sum(map(len, pieces))).encode())] if announce else []
    coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    coming.append({"type": "http.request", "body": end, "more_body": False})
    sent: list[body_limit.Message] = []

    async def receive() -> body_limit.Message:
        return coming.pop(0)

    async def send(message: body_limit.Message) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "headers": headers}, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_a_body_up_to_the_limit_arrives():
    for announce in (True, False):
        app = Reader()
        assert ask(body_limit.BodyLimit(app, LIMIT), [b"x" * 600, b"x" * 400], announce) == (200, {"read": LIMIT})


def test_a_larger_one_is_refused_with_the_limit_whether_announced_or_not():
    for announce in (True, False):
        app = Reader()
        status, reply = ask(body_limit.BodyLimit(app, LIMIT), [b"x" * 600, b"x" * 401], announce)
        assert status == 413 and str(LIMIT) in reply["error"]["message"] and reply["error"]["code"] == 413
        assert app.read is None


def test_nothing_is_awaited_after_the_piece_that_ends_the_body():
    """A server that is asked for more after the end waits until the client leaves."""
    status, _ = ask(body_limit.BodyLimit(Reader(), LIMIT), [], announce=False, end=b"x" * (LIMIT + 1))
    assert status == 413


def test_the_clients_leaving_is_heard_behind_the_limit():
    coming: list[body_limit.Message] = [{"type": "http.request", "body": b"x"}, {"type": "http.disconnect"}]
    heard: list[str] = []

    async def app(scope: body_limit.Scope, receive: body_limit.Receive, send: body_limit.Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    async def receive() -> body_limit.Message:
        return coming.pop(0)

    async def nothing(_: body_limit.Message) -> None:
        pass

    asyncio.run(body_limit.BodyLimit(app, LIMIT)({"type": "http", "headers": []}, receive, nothing))
    assert heard == ["http.request", "http.disconnect"]


def test_what_is_no_request_passes():
    seen: list[str] = []

    async def app(scope: body_limit.Scope, receive: body_limit.Receive, send: body_limit.Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> body_limit.Message:
        return {}

    asyncio.run(body_limit.BodyLimit(app, LIMIT)({"type": "lifespan"}, nothing, nothing))  # ty: ignore[invalid-argument-type]
    assert seen == ["lifespan"]
