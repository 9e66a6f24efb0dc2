"""The real vLLM dies in the middle of a shard: memory that ran out is told from all else, and a refusal is no death."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from {{cookiecutter.__package}}.engine import vllm
from {{cookiecutter.__package}}.input import prompts
from {{cookiecutter.__package}}.monitoring import oom
from {{cookiecutter.__package}}.run import budget, shard_runner
from {{cookiecutter.__package}}.run.job import result_options

OPTIONS = result_options() | {"context_len": 256, "max_answer_tokens": 8}
FULL = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 22.03 GiB"


@pytest.fixture
def engine(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    pytest.importorskip("vllm")
    monkeypatch.setenv("VLLM_ALLOW_INSECURE_SERIALIZATION", "1")  # the fault goes to the worker as a function
    from {{cookiecutter.__package}}.engine.model import Engine

    loaded = Engine(str(tiny), OPTIONS, gpus=0)
    yield loaded
    loaded.close()


def failing(kind: str, text: str) -> Any:
    """A worker extension that makes its model raise torch's error of that kind from now on."""

    def inject(self: Any) -> None:
        import torch

        def forward(*_given: Any, **_more: Any) -> None:
            raise getattr(torch, kind, RuntimeError)(text)

        self.get_model().forward = forward

    return inject


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "text", "state"),
    [("OutOfMemoryError", FULL, budget.OUT_OF_MEMORY), ("", "no kernel image is available", budget.FAILED)],
)
def test_an_engine_that_died_names_the_cause(engine: Any, kind: str, text: str, state: str):
    assert len(engine(["the fox", "a dog"])) == 2
    engine.llm.collective_rpc(failing(kind, text))
    with pytest.raises(RuntimeError, match="vLLM's engine died: ") as raised:
        engine(["the fox", "a dog"])
    assert text in str(raised.value)
    assert shard_runner.classify_error(raised.value).state == state


@pytest.mark.slow
def test_an_engine_that_was_killed_left_no_error(engine: Any):
    for process in psutil.Process().children(recursive=True):
        if "EngineCore" in " ".join([process.name(), *process.cmdline()]):
            os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="vLLM's engine died: it was killed") as raised:
        engine(["the fox", "a dog"])
    assert shard_runner.classify_error(raised.value).state == budget.FAILED


@pytest.mark.slow
def test_what_vllm_refuses_is_a_row_that_cannot_be_used(engine: Any, monkeypatch: pytest.MonkeyPatch):
    """A token that the model does not have, which no prompt of text becomes: it stands for all that vLLM refuses."""
    usual = prompts.tokenize
    monkeypatch.setattr(prompts, "tokenize", lambda of, prompt: [10**6] if prompt == "odd" else usual(of, prompt))
    refused: list[str] = []
    found = shard_runner.run_bisecting(engine, ["the fox", "odd", "a dog"], refused)
    assert len(refused) == 1 and [type(one).__name__ for one in found].index("Failed") == 1


def test_the_first_error_in_the_log_is_the_cause(tmp_path: Path):
    log = tmp_path / "errors.log"
    log.write_text(
        "EngineCore encountered a fatal error.\nTraceback (most recent call last):\n  File x, line 1, in x\n"
        f"torch.OutOfMemoryError: {FULL}\n"
        "EngineCore died.\nTraceback (most recent call last):\n  File y, line 1, in y\nRuntimeError: cancelled\n"
    )
    assert vllm.cause_of_death(log) == f"torch.OutOfMemoryError: {FULL}" and oom.explain(vllm.cause_of_death(log))
    assert vllm.cause_of_death(tmp_path / "none").startswith("it was killed")
