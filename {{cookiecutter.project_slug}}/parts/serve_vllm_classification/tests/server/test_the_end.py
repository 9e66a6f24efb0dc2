"""The engine is killed: requests learn that they must come again, and the container is ended. The last test here."""

import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from vllm_server import Served

from {{cookiecutter.__package}} import workload

pytestmark = pytest.mark.slow


def test_a_killed_engine_is_a_503_and_the_container_is_ended(served: Served, capfd: pytest.CaptureFixture[str]):
    family = psutil.Process(served.process.process.pid).children(recursive=True)
    (worker,) = [process for process in family if "Worker" in process.name()]
    worker.suspend()  # so that the request below is waiting when its engine dies
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(served.post, *workload.WARM_UP)
        time.sleep(1)
        assert not waiting.done()
        worker.kill()
        answer = waiting.result(60)
    assert answer.status_code == 503
    assert "this container is being replaced" in answer.json()["error"]["message"]
    assert served.ended.wait(60)
    assert "vLLM died" in capfd.readouterr().out
