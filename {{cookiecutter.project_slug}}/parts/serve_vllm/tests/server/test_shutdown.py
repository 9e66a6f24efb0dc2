"""The engine is killed or runs out of memory: clients learn why, and the container is ended.

Each workload has one of these, the last test of its server: files run in alphabetical order.
"""

import json
import resource
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psutil
import pytest
from vllm_server import Served

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine.options import WARM_UP

pytestmark = pytest.mark.slow


def worker_of(served: Served) -> psutil.Process:
    family = psutil.Process(served.vllm.process.pid).children(recursive=True)
    (worker,) = [process for process in family if "Worker" in process.name()]
    return worker


def assert_container_ended(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    assert served.ended.wait(60)
    assert "vLLM died" in capfd.readouterr().out


@pytest.mark.workload("generation")
def test_a_stream_whose_engine_dies_says_so_and_the_container_is_ended(
    served: Served, capfd: pytest.CaptureFixture[str]
):
    worker = worker_of(served)
    body = {"model": plan.MODEL, "prompt": "The fox", "max_tokens": 200, "ignore_eos": True, "stream": True}
    events: list[dict] = []
    with httpx2.stream("POST", served.url + "/v1/completions", json=body, timeout=60) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                events.append(json.loads(line.removeprefix("data: ")))
            if len(events) == 3:
                worker.kill()
    assert 3 <= len(events) < 200 and "choices" in events[0]
    assert "this container is being replaced" in events[-1]["error"]["message"]
    assert_container_ended(served, capfd)


@pytest.mark.workload("classification")
def test_a_killed_engine_is_a_503_and_the_container_is_ended(served: Served, capfd: pytest.CaptureFixture[str]):
    worker = worker_of(served)
    worker.suspend()  # so that the request below is waiting when its engine dies
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(served.post, *WARM_UP)
        time.sleep(1)
        assert not waiting.done()
        worker.kill()
        answer = waiting.result(60)
    assert answer.status_code == 503
    assert "this container is being replaced" in answer.json()["error"]["message"]
    assert_container_ended(served, capfd)


@pytest.mark.workload("embedding")
def test_an_engine_without_memory_tells_its_clients_why_and_ends_the_container(
    served: Served, capfd: pytest.CaptureFixture[str]
):
    path, body = WARM_UP
    long = body | {"input": "A GPU keeps keys and values of tokens in a cache. " * 16}
    for _ in range(3):  # what is kept is there then, and each tensor is memory that the kernel must give: conftest.py
        assert served.post(path, long).status_code == 200
    worker = worker_of(served)
    most = worker.memory_info().vms + 2**15  # bytes; beyond, the kernel refuses as it does when there is no more RAM
    worker.rlimit(resource.RLIMIT_AS, (most, most))
    answer = served.post(path, long)
    assert answer.status_code == 507, answer.text
    message = answer.json()["error"]["message"]
    assert "no RAM left: lower CONCURRENCY" in message and "being replaced" in message
    assert_container_ended(served, capfd)
