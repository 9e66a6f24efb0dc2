"""The planner answers recorded requests as it did before its files were sorted into folders, byte for byte.

It exists for the duration of that restructuring only; remove it, and recorded/, with the next change that means to
alter an answer. `python tests/planner/test_recorded_answers.py` writes recorded/ anew from the planner on the path.
"""

import contextlib
import hashlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

RECORDED = Path(__file__).with_name("recorded")
LOCAL_MODEL = Path(__file__).parents[1] / "data" / "local_model"
SHORT = 700  # characters of an answer that is kept as it is; of a longer one, its SHA-256


def kept(text: str) -> str:
    return text if len(text) <= SHORT else "sha256 " + hashlib.sha256(text.encode()).hexdigest()


def command(arguments: list[str], typed: str = "") -> tuple[int, str, str]:
    """Exit status, standard output and standard error of `python -m planner`."""
    from planner.__main__ import main

    out, err = io.StringIO(), io.StringIO()
    with mock.patch("sys.stdin", io.StringIO(typed)), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as done:
            status = int(done.code or 0)
    return status, out.getvalue(), err.getvalue()


def bake(answers: dict[str, str]) -> dict[str, object]:
    """The output and the files of the hook."""
    from planner.hook import run_hook

    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run_hook(dict(answers), Path(folder))
        files = {path.name: kept(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).iterdir())}
    return {"status": status, "out": out.getvalue(), "err": err.getvalue(), "files": files}


def answer(kind: str, request: object) -> object:
    """The answer to one recorded request."""
    if kind == "bake":
        return bake(request)
    if kind == "compare":
        status, out, err = command(["compare", *request])
        return [status, kept(out), err]
    status, out, err = command([kind], json.dumps(request) + "\n")
    return [status, kept(out), err]


@pytest.mark.parametrize("kind", ["estimate", "plan", "compare", "bake"])
def test_the_answers_are_the_recorded_ones(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PWD", str(LOCAL_MODEL.parent))
    wrong = []
    for request, expected in json.loads((RECORDED / f"{kind}.json").read_text(encoding="utf-8")):
        found = json.loads(json.dumps(answer(kind, request)))
        if found != expected:
            wrong.append((request, expected, found))
    assert not wrong, f"{len(wrong)} differ, the first:\n" + "\n".join(json.dumps(part) for part in wrong[0])


def requests() -> Iterator[tuple[str, object]]:
    """Every request to record, with its kind."""
    yield from (("estimate", one) for one in estimates())
    yield from (("plan", one) for one in plans())
    yield from (("compare", one) for one in compares())
    yield from (("bake", one) for one in bakes())


def estimates() -> Iterator[object]:
    for gpu in ("T4", "L4", "A10", "L40S", "A100-80GB", "H100", "H200", "B200", "RTX-PRO-6000"):
        for model in ("Qwen/Qwen3-8B", "Qwen/Qwen3-32B", "openai/gpt-oss-120b", "Qwen/Qwen3-Embedding-0.6B"):
            yield {"id": f"{gpu} {model}", "model": model, "gpu": gpu}
    base = {"model": "Qwen/Qwen3-8B", "gpu": "L40S"}
    for more in (
        {"engine": "transformers"},
        {"engine": "transformers", "max_batched_tokens": 2048},
        {"engine": "transformers", "max_batched_tokens": 2048, "concurrency": 400},
        {"engine": "transformers", "max_batched_tokens": 2048, "concurrency": 40, "context_len": 32768},
        {"engine": "transformers", "concurrency": 60, "quantization": "nf4"},
        {"engine": "transformers", "concurrency": 600},
        {"quantization": "fp8", "kv_dtype": "fp8"},
        {"quantization": "int4", "context_len": 40960},
        {"memory_fraction": 0.995},
        {"memory_fraction": 0.3},
        {"memory_fraction": 0.42, "context_len": 40960},
        {"engine_version": "0.5.0"},
        {"engine_version": "v0.19.0"},
        {"engine_version": "V0"},
        {"gpu": "H100", "gpu_count": 8, "tensor_parallel": 2},
        {"gpu": "A10", "gpu_count": 4, "context_len": 131072},
        {"model": "deepseek-ai/DeepSeek-V3.1", "gpu": "H200", "gpu_count": 8},
        {"model": "google/gemma-3-27b-it", "gpu": "H100", "context_len": 100000},
        {"model": "Qwen/Qwen3-Next-80B-A3B-Instruct", "gpu": "H100", "gpu_count": 4},
        {"model": "ProsusAI/finbert", "engine": "transformers", "concurrency": 5000, "context_len": 512},
        {"model": {"params": 8030261248}},
        {"model": {"params": 30000000000, "params_active": 3000000000, "experts": 64}},
        {"model": {"params": 7e9, "layers": 32, "hidden": 4096, "heads": 32, "kv_heads": 8}},
        {"model": {"params": 7e9, "kv_heads": 64, "heads": 4}},
        {"model": {"layers": 3}},
        {"model": {"params": 1e9, "colour": 1}},
        {"model": "nobody/unheard-of"},
        {"model": "nobody/unheard-of-13B"},
        {"gpu": "V100"},
        {"gpu_count": 9},
        {"gpu_count": 3, "tensor_parallel": 2},
        {"memory_fraction": 2},
        {"contxt_len": 1},
        {"engine": "sglang"},
        {"context_len": "long"},
    ):
        yield {"id": "i", **base, **more}
    yield [1, 2]
    yield {"gpu": "H100"}
    base = {"mode": "training", "model": "Qwen/Qwen3-8B", "gpu": "H100"}
    for more in (
        {},
        {"method": "full"},
        {"method": "full", "gpu_count": 8, "sharding": "zero3", "precision": "bf16-mixed"},
        {"method": "full", "gpu_count": 8, "sharding": "zero2", "offload": "optimizer"},
        {"method": "full", "gpu_count": 8, "sharding": "zero3", "offload": "all", "model": "Qwen/Qwen3-32B"},
        {"method": "full", "gpu_count": 8, "nodes": 2, "sharding": "fsdp", "logits": "fused"},
        {"method": "qlora", "gpu": "L4", "optimizer": "paged_adamw_8bit"},
        {"method": "qlora", "gpu": "T4", "precision": "fp16-mixed", "micro_batch": 4},
        {"gpu": "T4"},
        {"gpu": "A10", "attention": "flash_attention_3"},
        {"gpu": "T4", "precision": "fp32", "attention": "flash_attention_2"},
        {"lora_targets": "qv", "lora_rank": 64, "seq_len": 8192},
        {"gradient_checkpointing": False, "micro_batch": 8},
        {"attention": "eager", "logits": "fused"},
        {"model": "openai/gpt-oss-20b"},
        {"model": "Qwen/Qwen3-30B-A3B", "gpu": "B200"},
        {"model": "answerdotai/ModernBERT-base", "method": "full", "precision": "fp32"},
        {"precision": "bf8"},
        {"gradient_checkpointing": "yes"},
        {"nodes": 0},
    ):
        yield {"id": "t", **base, **more}


def plans() -> Iterator[object]:
    for model in ("Qwen/Qwen2.5-0.5B-Instruct", "Qwen/Qwen3-8B", "Qwen/Qwen3-32B", "openai/gpt-oss-120b"):
        for task in ("serve", "batch", "finetune", "distributed"):
            yield {"id": f"{task} {model}", "task": task, "model": model}
    base = {"task": "serve", "model": "Qwen/Qwen3-8B"}
    for more in (
        {"budget": "4/hour"},
        {"budget": "300/month"},
        {"budget": "0.5/hour"},
        {"budget": "1/month", "concurrency": 64},
        {"optimize": "latency", "budget": "20/hour"},
        {"optimize": "throughput", "budget": "20/hour"},
        {"gpu": "T4"},
        {"gpu": "L4", "quantization": "none", "context_len": 40960},
        {"gpu": "L4", "gpu_count": 2, "attention": "flash_attention_3"},
        {"gpu": "H100", "attention": "sdpa"},
        {"gpu": "T4", "quantization": "fp8"},
        {"quantization": "int4"},
        {"quantization": "nf4", "engine": "vllm"},
        {"quantization": "nf4"},
        {"engine": "transformers", "concurrency": 100000},
        {"engine": "transformers", "gpu": "H100", "gpu_count": 2},
        {"concurrency": 4000, "budget": "10/hour"},
        {"model": "google/gemma-2-9b-it", "engine": "transformers"},
        {"model": "google/gemma-3-27b-it", "gpu": "T4"},
        {"model": "deepseek-ai/DeepSeek-V3.1", "budget": "10/hour"},
        {"model": "deepseek-ai/DeepSeek-V3.1", "engine": "transformers"},
        {"model": "Qwen/Qwen3-235B-A22B", "budget": "1/hour"},
        {"model": "Qwen/Qwen3-235B-A22B", "gpu": "A100-80GB", "gpu_count": 1, "quantization": "none", "engine": "vllm"},
        {"model": "BAAI/bge-m3", "workload": "embedding", "context_len": 512, "concurrency": 32},
        {
            "model": "sentence-transformers/all-mpnet-base-v2",
            "workload": "embedding",
            "engine": "vllm",
            "context_len": 384,
        },
        {"model": "ProsusAI/finbert", "workload": "classification", "context_len": 512, "quantization": "int4"},
        {"model": {"params": 405e9}, "context_len": 131072, "gpu": "H100", "gpu_count": 1},
        {"model": "meta-llama/Llama-3.1-405B-Instruct", "gpu": "T4"},
        {"task": "batch", "budget": "50/run", "dataset_tokens": 10**9},
        {"task": "batch", "budget": "5/run", "dataset_tokens": 10**12},
        {"task": "batch", "budget": "300/month", "dataset_tokens": 10**8, "optimize": "throughput"},
        {"task": "batch", "engine": "transformers", "budget": "2/hour"},
        {"task": "finetune", "budget": "20/run", "dataset_tokens": 10**8},
        {"task": "finetune", "budget": "0.02/run", "dataset_tokens": 10**6},
        {"task": "finetune", "budget": "2/hour", "method": "full"},
        {"task": "finetune", "method": "full", "optimize": "throughput"},
        {"task": "finetune", "method": "qlora", "gpu": "T4"},
        {"task": "finetune", "method": "qlora", "model": "google/gemma-2-9b-it", "gpu": "T4"},
        {"task": "finetune", "model": "Qwen/Qwen3-32B", "gpu": "L4"},
        {"task": "finetune", "model": "meta-llama/Llama-3.1-405B-Instruct"},
        {"task": "distributed", "model": "Qwen/Qwen3-32B", "budget": "500/run", "dataset_tokens": 10**9},
        {"task": "distributed", "model": "Qwen/Qwen3-32B", "gpu": "A100-80GB", "gpu_count": 8, "method": "full"},
        {"task": "distributed", "gpu": "H100", "gpu_count": 16, "optimize": "latency"},
        {"task": "distributed", "model": "openai/gpt-oss-120b", "budget": "9/hour", "gpu": "L4"},
        {"task": "distributed", "gpu": "RTX-PRO-6000"},
        {"task": "distributed", "gpu_count": 12},
        {"task": "teach"},
        {"budget": "lots"},
        {"context_len": 10**6},
    ):
        yield {"id": "p", **base, **more}


def compares() -> Iterator[list[str]]:
    yield from (
        ["8B"],
        ["Qwen/Qwen3-8B", "--budget", "4/hour", "--all"],
        ["235B-A22B", "--budget", "40/hour"],
        ["gpt-oss-20b", "--optimize", "latency", "--concurrency", "64"],
        ["Qwen/Qwen3-8B", "--gpu", "L40S:2", "--quantization", "fp8"],
        ["Qwen/Qwen3-8B", "--engine", "transformers", "--context", "16k"],
        ["Qwen/Qwen3-8B", "--task", "finetune", "--budget", "20/run", "--rows", "10k"],
        ["Qwen/Qwen3-32B", "--task", "distributed", "--budget", "50/run"],
        ["Qwen/Qwen3-32B", "--task", "distributed", "--all", "--rows", "200000"],
        ["answerdotai/ModernBERT-base", "--task", "finetune", "--method", "full"],
        ["custom 13"],
        ["8B", "--budget", "lots"],
        ["nothing"],
        ["openai/gpt-oss-120b", "--task", "finetune"],
        ["8B", "--gpu", "T4", "--quantization", "fp8"],
        ["8B", "--task", "finetune", "--gpu", "H100:2"],
        ["BAAI/bge-m3", "--task", "finetune"],
        [str(Path("tests") / "data" / "local_model")],
    )


def bakes() -> Iterator[dict[str, str]]:
    enter = {
        "project_name": "My LLM", "project_slug": "my-llm", "task": "serve", "workload": "generation",
        "model_size": "8B", "model_id": "Qwen/Qwen3-8B", "budget": "4/hour", "warm": "auto", "context_len": "8192",
        "concurrency": "16", "dataset": "none", "gpu": "auto", "gpu_count": "auto", "quantization": "auto",
        "engine": "auto", "method": "auto", "optimize": "cost", "_template": "gh:x/y", "__package": "my_llm",
    }  # fmt: skip
    train = enter | {"context_len": "2048", "budget": "20/run"}
    for task in ("serve", "batch"):
        for more in (
            {},
            {"engine": "transformers"},
            {"engine": "transformers", "quantization": "nf4"},
            {
                "workload": "embedding",
                "model_id": "auto",
                "model_size": "0.6B",
                "context_len": "512",
                "concurrency": "32",
            },
            {"workload": "embedding", "model_id": "BAAI/bge-m3", "context_len": "512", "engine": "vllm"},
            {"workload": "classification", "model_id": "auto", "model_size": "66M", "context_len": "512"},
            {"model_id": "Qwen/Qwen3-235B-A22B-Instruct-2507", "budget": "none", "gpu": "H200:8"},
            {"model_id": "nobody/knows-this-13B", "optimize": "latency"},
            {"model_id": "openai/gpt-oss-120b", "budget": "9000/month", "optimize": "throughput"},
            {"model_id": "meta-llama/Llama-3.3-70B-Instruct", "budget": "4/hour"},
            {"model_id": "local_model", "context_len": "2048", "gpu": "T4"},
            {"model_id": "google/gemma-3-27b-it", "gpu": "L4:4", "budget": "none"},
            {"concurrency": "2000", "budget": "none"},
            {"gpu": "T4", "quantization": "fp8"},
            {"context_len": "32k", "gpu": "L4:1"},
            {"budget": "0.1/hour"},
        ):
            yield enter | {"task": task} | more
    for more in (
        {"warm": "2"},
        {"warm": "1 mon-fri 8-18 Europe/Berlin"},
        {"warm": "3 fri-mon 22-6", "budget": "900/month"},
        {"warm": "40", "budget": "20/hour"},
        {"warm": "1 mon-fri 8-18 Mars/Base"},
        {"warm": "0", "optimize": "latency", "budget": "12/hour"},
        {"optimize": "latency", "budget": "12/hour"},
        {"budget": "50/run"},
        {"gpu": "V100"},
        {"project_slug": "json"},
        {"project_name": "\"\"\" ''' \\ {{ x }} {% y %} # ü 🚀", "budget": "$900 per month", "model_id": "b-1.5B"},
        {"model_id": "deepseek-ai/DeepSeek-V3.1", "budget": "1000/month"},
        {"workload": "embedding", "model_id": "auto", "model_size": "8B", "context_len": "2048", "budget": "1/hour"},
    ):
        yield enter | more
    for more in (
        {"dataset": "reviews.jsonl 200k rows", "budget": "50/run"},
        {"dataset": "reviews.jsonl 2000m rows", "budget": "5/run"},
        {"dataset": "org/name 10k rows", "budget": "300/month", "optimize": "throughput"},
        {"dataset": "org/name", "budget": "none", "engine": "transformers"},
        {"warm": "1"},
    ):
        yield enter | {"task": "batch"} | more
    for task in ("finetune", "distributed"):
        for more in (
            {},
            {"dataset": "org/name 50k rows"},
            {"dataset": "org/name 5m rows", "budget": "900/run"},
            {"dataset": "org/name 500k rows", "budget": "30/run"},
            {"method": "full", "budget": "none"},
            {"method": "qlora", "gpu": "L4" if task == "finetune" else "L4:2"},
            {"method": "lora", "budget": "5/hour", "optimize": "throughput"},
            {"budget": "300/month", "optimize": "latency", "gpu": "H100" if task == "finetune" else "H100:16"},
            {"model_id": "Qwen/Qwen3-32B", "budget": "none"},
            {"model_id": "Qwen/Qwen3-30B-A3B", "budget": "100/run"},
            {"model_id": "Qwen/Qwen3-Next-80B-A3B-Instruct", "budget": "none"},
            {"model_id": "nobody/knows-this-70B", "budget": "none"},
            {"model_id": "local_model"},
            {"workload": "classification", "model_id": "answerdotai/ModernBERT-base", "context_len": "512"},
            {"workload": "classification", "model_id": "Qwen/Qwen3-8B", "context_len": "512"},
            {"model_id": "google/gemma-2-9b-it", "gpu": "T4" if task == "finetune" else "T4:2"},
            {
                "model_id": "meta-llama/Llama-3.1-405B-Instruct",
                "budget": "none",
                "gpu": "H200" if task == "finetune" else "H200:8",
            },
            {"budget": "0.02/run", "dataset": "org/name 5m rows"},
            {"engine": "vllm"},
            {"gpu": "H100:2"},
        ):
            yield train | {"task": task} | more


def record() -> None:
    os.environ["PWD"] = str(LOCAL_MODEL.parent)
    found: dict[str, list[list[object]]] = {}
    for kind, request in requests():
        found.setdefault(kind, []).append([request, answer(kind, request)])
    for kind, lines in found.items():
        text = "[\n" + ",\n".join(json.dumps(line) for line in lines) + "\n]\n"
        (RECORDED / f"{kind}.json").write_text(text, encoding="utf-8")
        print(kind, len(lines), len(text))


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    record()
