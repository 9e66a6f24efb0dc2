"""Memory that runs out in the engine: requests learn why, and the container is ended. The last tests of this server."""

import resource

import psutil
import pytest
from vllm_server import Served

from {{cookiecutter.__package}} import workload

pytestmark = pytest.mark.slow


def test_an_engine_without_memory_tells_its_clients_why_and_ends_the_container(
    served: Served, capfd: pytest.CaptureFixture[str]
):
    path, body = workload.WARM_UP
    long = body | {"input": "A GPU keeps keys and values of tokens in a cache. " * 16}
    for _ in range(3):  # what is kept is there then, and each tensor is memory that the kernel must give: conftest.py
        assert served.post(path, long).status_code == 200
    family = psutil.Process(served.process.process.pid).children(recursive=True)
    (worker,) = [process for process in family if "Worker" in process.name()]
    most = worker.memory_info().vms + 2**15  # bytes; beyond, the kernel refuses as it does when there is no more RAM
    worker.rlimit(resource.RLIMIT_AS, (most, most))
    answer = served.post(path, long)
    assert answer.status_code == 507, answer.text
    said = answer.json()["error"]["message"]
    assert "no RAM left: lower CONCURRENCY" in said and "being replaced" in said
    assert served.ended.wait(60)
    assert "vLLM died" in capfd.readouterr().out
