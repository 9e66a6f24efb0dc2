"""The engine is killed while it writes: the stream says so, and the container is ended. The last test here."""

import json

import httpx
import psutil
import pytest
from vllm_server import Served

from {{cookiecutter.__package}} import plan

pytestmark = pytest.mark.slow


def test_a_stream_whose_engine_dies_says_so_and_the_container_is_ended(
    served: Served, capfd: pytest.CaptureFixture[str]
):
    family = psutil.Process(served.process.process.pid).children(recursive=True)
    (worker,) = [process for process in family if "Worker" in process.name()]
    body = {"model": plan.MODEL, "prompt": "The fox", "max_tokens": 200, "ignore_eos": True, "stream": True}
    events: list[dict] = []
    with httpx.stream("POST", served.url + "/v1/completions", json=body, timeout=60) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                events.append(json.loads(line.removeprefix("data: ")))
            if len(events) == 3:
                worker.kill()
    assert 3 <= len(events) < 200 and "choices" in events[0]
    assert "this container is being replaced" in events[-1]["error"]["message"]
    assert served.ended.wait(60)
    assert "vLLM died" in capfd.readouterr().out
