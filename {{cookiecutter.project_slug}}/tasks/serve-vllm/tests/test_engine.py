"""vLLM's command line: what the plan says is what vLLM is told, and vLLM's own parser agrees."""

import json
import socket
import sys
from pathlib import Path

import pytest

from {{cookiecutter.__package}} import client, engine, plan


def value(argv: list[str], name: str) -> str:
    return argv[argv.index(name) + 1]


def test_on_gpus_everything_comes_from_the_plan():
    argv = engine.command("/weights/x", 8000, gpus=2)
    assert value(argv, "--model") == "/weights/x"
    assert value(argv, "--served-model-name") == plan.MODEL
    assert value(argv, "--max-model-len") == str(plan.CONTEXT_LEN)
    assert value(argv, "--max-num-seqs") == str(plan.CONCURRENCY)
    assert value(argv, "--tensor-parallel-size") == "2"
    assert value(argv, "--dtype") == plan.DTYPE
    assert value(argv, "--gpu-memory-utilization") == str(plan.MEMORY_FRACTION)
    assert json.loads(value(argv, "--attention-config")) == engine.ATTENTION[plan.ATTENTION]
    assert ("--quantization" in argv) == bool(plan.QUANTIZE_AT_LOAD)


def test_quantizing_at_load_is_passed_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "QUANTIZE_AT_LOAD", "fp8")
    assert value(engine.command("x", 8000, gpus=1), "--quantization") == "fp8"


def test_a_cpu_gets_nothing_that_only_a_gpu_can_do():
    argv = engine.command("x", 8000, gpus=0)
    assert value(argv, "--dtype") == "float32"
    assert not {"--quantization", "--attention-config", "--tensor-parallel-size"} & set(argv)


@pytest.mark.parametrize("kernel", engine.ATTENTION)
def test_vllm_knows_every_argument_and_attention_backend(kernel: str, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("vllm", reason="vLLM is not installed in this Python")
    cli = pytest.importorskip("vllm.entrypoints.launchers.cli_args")
    parsers = pytest.importorskip("vllm.utils.argparse_utils")
    monkeypatch.setattr(plan, "ATTENTION", kernel)
    argv = engine.command("x", 8000, gpus=2)
    parsed = cli.make_arg_parser(parsers.FlexibleArgumentParser()).parse_args(argv[argv.index("--model") :])
    cli.validate_parsed_serve_args(parsed)
    backend = parsed.attention_config.backend
    assert (backend and backend.name) == engine.ATTENTION[kernel].get("backend")
    assert parsed.attention_config.flash_attn_version == engine.ATTENTION[kernel].get("flash_attn_version")
    assert parsed.middleware == ["{{cookiecutter.__package}}.middleware.MemoryEndpoint"]


def test_a_server_that_dies_says_so(monkeypatch: pytest.MonkeyPatch):
    error = "ValueError: No available memory for the cache blocks."
    monkeypatch.setattr(engine, "command", lambda *_, **__: [sys.executable, "-c", f"raise SystemExit({error!r})"])
    with pytest.raises(RuntimeError, match="raise MEMORY_FRACTION"):
        engine.Process("x", 1, gpus=0).wait(30)


def test_a_server_that_never_answers_is_stopped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "command", lambda *_, **__: [sys.executable, "-c", "import time; time.sleep(60)"])
    process = engine.Process("x", 1, gpus=0)
    with pytest.raises(RuntimeError, match="raise STARTUP_TIMEOUT"):
        process.wait(1)
    assert process.process.poll() is not None


@pytest.mark.slow
def test_the_real_engine_answers_the_client_and_reports_memory(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("vllm", reason="vLLM is not installed in this Python")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    monkeypatch.setenv("VLLM_NO_USAGE_STATS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = engine.Process(str(tiny), port, gpus=0)
    try:
        server.wait(300)
        service = client.Client(f"http://127.0.0.1:{port}")
        pieces: list[str] = []
        answer = service.chat("The quick brown fox", 12, show=pieces.append)
        assert 1 <= answer.tokens <= 12 and len(pieces) >= answer.tokens - 1 and "".join(pieces) == answer.text
        state = service.memory()
        assert state["device"] == "cpu" and state["peak_gib"] >= state["used_gib"][0] > 0.3
        assert state["planned_gib"] == plan.PREDICTED_PEAK_GIB
    finally:
        server.stop()
    assert server.process.poll() is not None
