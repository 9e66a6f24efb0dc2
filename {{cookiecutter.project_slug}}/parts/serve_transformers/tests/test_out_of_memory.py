"""Memory that really runs out, on the CPU: a process whose address space is limited once the model is loaded."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from {{cookiecutter.__package}} import plan

HANGS_S = 600  # after which the process is taken to hang
# Serves the model in argv[1] and prints (status, answer) of each request as JSON
SERVE = """
import json, resource, sys, time
import httpx2, psutil
from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import local
from {{cookiecutter.__package}}.engine.server import Engine
from {{cookiecutter.__package}}.monitoring import gpu_memory

path, field = {"generation": ("/v1/completions", "prompt"), "embedding": ("/v1/embeddings", "input"),
               "classification": ("/classify", "input")}[plan.WORKLOAD]
engine = Engine(sys.argv[1], gpus=0)
answers = []
with local.served(engine, gpu_memory.Monitor()) as url:
    def ask(text):
        answer = httpx2.post(url + path, json={field: text}, timeout=None)
        answers.append((answer.status_code, answer.json()))
    ask("a fox")
    used = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (used + (250 << 20), -1))
    ask("the lazy dog " * 120)
    while httpx2.get(url + "/health", timeout=None).status_code != 200:
        time.sleep(0.05)
    ask("a fox")
    if plan.WORKLOAD != "generation":
        ask(["the quick brown fox jumps over the lazy dog"] * 64)
    answers.append((200, httpx2.get(url + "/metrics", timeout=None).text))
engine.close()
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def wide(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with one layer that takes half a megabyte for each token that it reads."""
    import transformers

    config: Any = transformers.AutoConfig.from_pretrained(tiny)
    config.intermediate_size, config.num_hidden_layers, config.layer_types = 2**17, 1, None
    folder = shutil.copytree(tiny, tmp_path_factory.mktemp("wide") / "model")
    getattr(transformers, config.architectures[0])(config).save_pretrained(folder)
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited with Linux's setrlimit")
def test_what_does_not_fit_is_a_507_and_what_fits_is_answered_after_it(wide: Path):
    done = subprocess.run([sys.executable, "-c", SERVE, str(wide)], capture_output=True, text=True, timeout=HANGS_S)
    assert done.returncode == 0, done.stderr
    *answers, (_, metrics) = json.loads(done.stdout.splitlines()[-1])
    before, too_large, after, *many = answers
    assert before[0] == after[0] == 200
    assert too_large[0] == 507, too_large
    message = too_large[1]["error"]["message"]
    assert "no RAM left" in message and f"lower CONCURRENCY ({plan.CONCURRENCY})" in message
    assert "engine_out_of_memory_total 0.0" not in metrics and "the lazy" not in done.stdout + done.stderr
    for status, answer in many:  # too much for one pass, so it ran in parts
        assert status == 200 and len(answer["data"]) == 64
