"""`/classify` over a real socket: vLLM's format, right under load, refused beyond the limits."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from transformers import pipeline

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client
from {{cookiecutter.__package}}.client.local import served
from {{cookiecutter.__package}}.engine.encoder import room
from {{cookiecutter.__package}}.engine.server import Engine
from {{cookiecutter.__package}}.monitoring import gpu_memory

pytestmark = pytest.mark.workload("classification")

TEXTS = ["The quick brown fox", "jumps", "over the lazy dog " * 9]
NEAR = 1e-3  # padding and the order of sums move the last digits, and this model's large weights amplify them


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[Engine]:
    loaded = Engine(str(tiny), gpus=0)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def url(engine: Engine) -> Iterator[str]:
    with served(engine, gpu_memory.Monitor()) as address:
        yield address


def test_the_answer_is_in_vllms_format(url: str):
    answer = httpx2.post(f"{url}/classify", json={"model": plan.MODEL, "input": TEXTS}).json()
    assert answer["id"].startswith("classify-") and (answer["object"], answer["model"]) == ("list", plan.MODEL)
    assert [row["index"] for row in answer["data"]] == [0, 1, 2]
    for row in answer["data"]:
        assert set(row) == {"index", "label", "probs", "num_classes"} and row["num_classes"] == len(row["probs"]) == 3
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > 20


def test_fifty_requests_at_once_all_answer_as_the_pipeline(url: str, tiny: Path):
    classify: Any = pipeline("text-classification", model=str(tiny), device="cpu")
    expected = [classify(text)[0] for text in TEXTS]
    client = Client(url)
    with ThreadPoolExecutor(50) as pool:
        labels = list(pool.map(lambda i: client.classify([TEXTS[i % 3]]).labels[0], range(50)))
    for i, label in enumerate(labels):
        assert label.name == expected[i % 3]["label"]
        assert max(label.probs) == pytest.approx(expected[i % 3]["score"], abs=NEAR)


def test_limits_are_400s_that_name_them(url: str):
    def refused(body: dict) -> str:
        answer = httpx2.post(f"{url}/classify", json=body)
        assert answer.status_code == 400
        return answer.json()["error"]["message"]

    assert str(plan.MAX_TEXTS) in refused({"input": ["a"] * (plan.MAX_TEXTS + 1)})
    assert "reads" in refused({"input": "fox " * 2 * plan.CONTEXT_LEN})
    assert "input" in refused({"input": []})


class Gate:
    """In place of an engine's `forward`: notes the texts of each pass, the first of which waits for `go`."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[list[str]] = []
        self.begun, self.go, self.forward = threading.Event(), threading.Event(), engine.batcher.forward
        monkeypatch.setattr(engine.batcher, "forward", self)

    def __call__(self, texts: list) -> list:
        self.seen.append([one.text for one in texts])
        self.begun.set()
        assert self.go.wait(30)
        return self.forward(texts)


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_text_is_not_held_up_by_two_thousand(url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    gate, many = Gate(engine, monkeypatch), ["the lazy dog " * (1 + i % 4) for i in range(plan.MAX_TEXTS)]
    client = Client(url)
    with ThreadPoolExecutor(2) as pool:
        large = pool.submit(client.classify, many)
        assert gate.begun.wait(30)
        waiting = engine.batcher.waiting
        one = pool.submit(client.classify, ["quick"])
        until(lambda: engine.batcher.waiting == waiting + 1)
        gate.go.set()
        assert len(one.result().labels) == 1 and len(large.result().labels) == len(many)
    at = next(number for number, texts in enumerate(gate.seen) if "quick" in texts)
    assert at <= 2 < len(gate.seen)  # the first pass ran, and the second may end the slice that the first began
    alone = [label.probs for label in client.classify(many[:4]).labels]
    for i, label in enumerate(large.result().labels):
        assert label.probs == pytest.approx(alone[i % 4], abs=NEAR)


def test_what_a_client_that_leaves_still_waited_for_is_not_run(
    url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    gate, many = Gate(engine, monkeypatch), ["the lazy dog"] * plan.MAX_TEXTS
    host, port = url.removeprefix("http://").split(":")
    body = json.dumps({"input": many}).encode()
    head = f"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(port))) as gone:
        gone.sendall(head.encode() + body)
        assert gate.begun.wait(30)
    until(lambda: engine.batcher.waiting == 0)
    gate.go.set()
    assert Client(url).classify(["quick"]).labels
    assert len(gate.seen) == 2 and gate.seen[1] == ["quick"]
    until(lambda: engine.texts == 0)


def test_large_requests_leave_room_for_short_ones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "MAX_WAITING", 4 * plan.MAX_TEXTS)
    taken = 0
    while taken + plan.MAX_TEXTS <= room(plan.MAX_TEXTS):
        taken += plan.MAX_TEXTS
    assert taken == 3 * plan.MAX_TEXTS and taken + plan.CONCURRENCY <= room(plan.CONCURRENCY)
    monkeypatch.setattr(plan, "MAX_WAITING", plan.MAX_TEXTS)
    assert room(plan.MAX_TEXTS) >= plan.MAX_TEXTS
