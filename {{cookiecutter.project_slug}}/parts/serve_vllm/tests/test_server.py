"""vLLM's command line is the plan's; the end of its process is noticed and explained."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.api import routes
from {{cookiecutter.__package}}.engine import options, server, verify

HANGS_S = 300  # after which something that others do is taken to hang
SLEEPING = f"import time; time.sleep({HANGS_S})"


def value(argv: list[str], name: str) -> str:
    return argv[argv.index(name) + 1]


def test_on_gpus_everything_comes_from_the_plan():
    argv = options.command("/weights/x", 8000, gpus=2)
    assert value(argv, "--model") == "/weights/x"
    assert value(argv, "--served-model-name") == plan.MODEL
    assert value(argv, "--max-model-len") == str(plan.CONTEXT_LEN)
    assert value(argv, "--max-num-seqs") == str(plan.CONCURRENCY)
    assert int(value(argv, "--max-num-queued-reqs")) > options.MAX_OPEN == plan.CONCURRENCY + plan.MAX_WAITING
    assert value(argv, "--tensor-parallel-size") == "2"
    assert value(argv, "--dtype") == plan.DTYPE
    assert value(argv, "--gpu-memory-utilization") == str(plan.MEMORY_FRACTION)
    assert value(argv, "--kv-cache-dtype") == plan.KV_CACHE_DTYPE
    assert value(argv, "--max-num-batched-tokens") == str(plan.MAX_NUM_BATCHED_TOKENS)
    assert value(argv, "--load-format") == "safetensors"
    assert json.loads(value(argv, "--attention-config")) == verify.ATTENTION[plan.ATTENTION]
    assert ("--quantization" in argv) == bool(plan.QUANTIZE_AT_LOAD)
    assert value(argv, "--runner") == {"generation": "generate"}.get(plan.WORKLOAD, "pooling")
    for name in ("TOOL_CALL_PARSER", "REASONING_PARSER"):
        parser, option = getattr(plan, name, ""), f"--{name.lower().replace('_', '-')}"
        assert value(argv, option) == parser if parser else option not in argv
    assert ("--enable-auto-tool-choice" in argv) == bool(getattr(plan, "TOOL_CALL_PARSER", ""))


def test_quantizing_at_load_is_passed_on_in_vllms_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "QUANTIZE_AT_LOAD", "fp8")
    assert value(options.command("x", 8000, gpus=1), "--quantization") == verify.AT_LOAD["fp8"]


@pytest.mark.parametrize(
    ("rope", "context_len", "passed"),
    [
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 131072, True),
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 32768, False),  # as it stands
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 262144, False),  # vLLM refuses
        ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}, 131072, False),
        (None, 131072, False),
    ],
)
def test_vllm_is_told_of_a_context_that_yarn_extends(tmp_path: Path, rope: object, context_len: int, passed: bool):
    """Qwen2.5's model card: 32,768 tokens, four times as many with YaRN."""
    config = {"max_position_embeddings": 32768, "rope_scaling": rope}
    (tmp_path / "config.json").write_text(json.dumps(config))
    argv = options.command(str(tmp_path), 8000, gpus=1, context_len=context_len)
    assert ("--hf-overrides" in argv) == passed
    if passed:
        assert json.loads(value(argv, "--hf-overrides")) == {"max_position_embeddings": 131072}


def test_a_cpu_gets_nothing_that_only_a_gpu_can_do():
    argv = options.command("x", 8000, gpus=0)
    assert value(argv, "--dtype") == "float32"
    on_gpus = {"--quantization", "--attention-config", "--tensor-parallel-size", "--enable-sleep-mode"}
    assert not (on_gpus | {"--kv-cache-dtype", "--max-num-batched-tokens"}) & set(argv)


@pytest.mark.parametrize("kernel", verify.ATTENTION)
def test_vllm_knows_every_argument_and_attention_backend(kernel: str, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("vllm", reason="vLLM is not installed in this Python")
    cli = pytest.importorskip("vllm.entrypoints.launchers.cli_args")
    parsers = pytest.importorskip("vllm.utils.argparse_utils")
    monkeypatch.setattr(plan, "ATTENTION", kernel)
    monkeypatch.setattr(plan, "QUANTIZE_AT_LOAD", "fp8")
    monkeypatch.setattr(plan, "KV_CACHE_DTYPE", "fp8")
    monkeypatch.setattr(plan, "GPU_SNAPSHOT", True)
    argv = options.command("x", 8000, gpus=2)
    parsed = cli.make_arg_parser(parsers.FlexibleArgumentParser()).parse_args(argv[argv.index("--model") :])
    cli.validate_parsed_serve_args(parsed)
    backend = parsed.attention_config.backend
    assert (backend and backend.name) == verify.ATTENTION[kernel].get("backend")
    assert parsed.attention_config.flash_attn_version == verify.ATTENTION[kernel].get("flash_attn_version")
    assert parsed.kv_cache_dtype == "fp8"
    assert parsed.middleware == ["{{cookiecutter.__package}}.api.middleware.ServiceMiddleware"]
    assert parsed.worker_extension_cls == "{{cookiecutter.__package}}.engine.verify.WorkerExtension"
    assert not (parsed.enable_log_requests or parsed.log_error_stack or parsed.trust_remote_code)
    assert parsed.enable_sleep_mode and parsed.shutdown_timeout == options.DRAIN_S


@pytest.mark.parametrize(
    ("gpu", "memory", "gpus", "snapshot"),
    [(False, False, 1, False), (True, False, 1, True), (True, True, 1, True), (True, False, 0, False)],
)
def test_snapshots_are_for_one_gpu_that_is_there(
    gpu: bool, memory: bool, gpus: int, snapshot: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plan, "GPU_SNAPSHOT", gpu)
    monkeypatch.setattr(plan, "MEMORY_SNAPSHOT", memory)
    assert options.snapshots(gpus) == snapshot


@pytest.mark.parametrize(
    ("gpu", "memory", "gpus", "name"), [(True, False, 2, "one GPU"), (False, True, 1, "GPU_SNAPSHOT")]
)
def test_snapshots_that_cannot_work_are_refused(
    gpu: bool, memory: bool, gpus: int, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plan, "GPU_SNAPSHOT", gpu)
    monkeypatch.setattr(plan, "MEMORY_SNAPSHOT", memory)
    with pytest.raises(ValueError, match=name):
        options.snapshots(gpus)


def started(monkeypatch: pytest.MonkeyPatch, code: str) -> server.Server:
    """A process that runs `code` where vLLM would run."""
    monkeypatch.setattr(server, "command", lambda *_, **__: [sys.executable, "-c", code])
    monkeypatch.setattr(server, "check_head", lambda model: None)
    return server.Server("x", 1, gpus=0)


def test_a_server_that_dies_says_so(monkeypatch: pytest.MonkeyPatch):
    error = "ValueError: No available memory for the cache blocks."
    with pytest.raises(RuntimeError, match="raise MEMORY_FRACTION"):
        started(monkeypatch, f"raise SystemExit({error!r})").wait_until_ready(HANGS_S)


def test_a_server_that_never_answers_is_stopped(monkeypatch: pytest.MonkeyPatch):
    process = started(monkeypatch, SLEEPING)
    with pytest.raises(RuntimeError, match="raise STARTUP_TIMEOUT"):
        process.wait_until_ready(1)
    assert process.process.poll() is not None


def test_one_that_does_not_run_as_planned_is_stopped_and_says_what_to_change(monkeypatch: pytest.MonkeyPatch):
    process = started(monkeypatch, SLEEPING)
    runs: dict[str, object] = {"version": "0", "attention": "TRITON_ATTN", "dtype": "float16", "quantization": "none"}
    runs |= {"device": "T4", "started_s": 1.0, "as_planned": False, "differs": ["ATTENTION is not what runs"]}
    answers = {"/health": None, "/engine": runs, "/memory": {"report": "planned 1.0 GiB, measured 1.0"}}
    answers |= {options.WARM_UP[0]: {}}
    monkeypatch.setattr(process, "call", lambda method, path, **_: answers[path])
    assert process.wait_until_ready(5) == runs  # on a CPU nothing is compared
    process.gpus = 1
    with pytest.raises(RuntimeError, match="ATTENTION is not what runs"):
        process.wait_until_ready(5)
    assert process.process.poll() is not None


def test_watching_ends_the_container_when_the_server_dies(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    ended = threading.Event()
    process = started(monkeypatch, f"import time; print('CUDA out of memory', flush=True); time.sleep({HANGS_S})")
    process.watch(ended.set)
    while not process.cause.exists():
        time.sleep(0.01)
    assert not ended.is_set()
    process.process.kill()
    assert ended.wait(HANGS_S)
    said = capfd.readouterr().out
    assert "vLLM died with status -9" in said and "the GPU is full: lower CONCURRENCY" in said
    assert process.cause.read_text().startswith("out of memory: the GPU is full")


def test_watching_lets_a_server_stop_that_was_told_to(monkeypatch: pytest.MonkeyPatch):
    ended = threading.Event()
    process = started(monkeypatch, SLEEPING)
    process.watch(ended.set)
    process.stop()
    watching = next(thread for thread in threading.enumerate() if thread.name == "watch")
    watching.join()
    assert not ended.is_set()


def test_ending_the_container_asks_for_its_end_as_modal_does():
    script = (
        "import signal, sys\nfrom {{cookiecutter.__package}}.engine import server as engine\n"
        "def asked(*_): print('asked', flush=True)\n"
        "signal.signal(signal.SIGTERM, asked)\nengine.end_container(grace=0.2)\n"
    )
    root = Path(server.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert done.stdout == "asked\n" and done.returncode == 1  # and ends what does not end by itself


def test_the_request_that_warms_up_is_one_that_is_answered():
    path, body = options.WARM_UP
    assert path in options.ROUTES and body["model"] == plan.MODEL
    assert routes.parse(path, json.dumps(body).encode()) == body


def test_requests_that_run_without_a_token_are_a_hang():
    hangs = server.HangDetector(timeout=10)
    seen = [(0, (0, 5)), (1, (2, 5)), (9, (2, 5)), (10, (2, 6)), (19, None), (20.5, (2, 6)), (21, (0, 6)), (99, (1, 6))]
    assert [now for now, progress in seen if hangs.at(now, progress)] == [20.5]


def test_the_counters_are_read_as_vllm_writes_them():
    text = """# HELP vllm:num_requests_running Number of requests in model execution batches.
vllm:num_requests_running{engine="0",model_name="a b"} 2.0
vllm:prompt_tokens_total{engine="0",model_name="a b"} 35.0
vllm:generation_tokens_total{engine="0",model_name="a b"} 1.0e+02
vllm:generation_tokens_created{engine="0",model_name="a b"} 1.7e+09
"""
    assert server.read_progress(text) == (2, 135)


def test_a_server_that_hangs_is_killed_and_the_container_ends(monkeypatch: pytest.MonkeyPatch):
    ended = threading.Event()
    monkeypatch.setattr(plan, "HANG_TIMEOUT", 0.1)
    monkeypatch.setattr(server, "POLL_S", 0.05)
    process = started(monkeypatch, SLEEPING)
    monkeypatch.setattr(process, "progress", lambda: (1.0, 7.0))
    process.watch(ended.set)
    assert ended.wait(HANGS_S) and process.process.poll() is not None
