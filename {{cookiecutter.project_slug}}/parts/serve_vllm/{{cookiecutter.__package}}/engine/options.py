"""vLLM's command line and environment, from plan.py; and what differs between the workloads."""

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from .. import hardware, plan
from . import verify

PORT = 8000
DRAIN_S = 25  # that running requests get when the container is told to stop; Modal grants a container 30
# Environment variables from server.py to middleware.py, and the header that opens vLLM's control routes to us alone
KEY, HEADER = "ENGINE_KEY", "x-engine-key"
CAUSE = "ENGINE_CAUSE"  # the file where the server finds why its engine died
SNAPSHOTS = "ENGINE_SNAPSHOTS"  # the folder for memory snapshots of out-of-memory errors

ON_CPU = ["--dtype", "float32", "--enforce-eager", "--gpu-memory-utilization", "0.3"]  # of the RAM, despite its name


class Workload(NamedTuple):
    """vLLM's arguments, the routes that are served, and a request that touches all that is compiled."""

    arguments: list[str]
    routes: tuple[str, ...]
    warm_up: tuple[str, dict[str, Any]]


if plan.WORKLOAD == "generation":
    WORKLOAD = Workload(
        # MAX_ANSWER_TOKENS is also what a request that names no limit may write
        [
            "--runner",
            "generate",
            "--override-generation-config",
            json.dumps({"max_new_tokens": plan.MAX_ANSWER_TOKENS}),
        ],
        ("/v1/chat/completions", "/v1/completions"),
        ("/v1/completions", {"model": plan.MODEL, "prompt": "Hello", "max_tokens": 16}),
    )
else:
    convert, route = {"embedding": ("embed", "/v1/embeddings"), "classification": ("classify", "/classify")}[
        plan.WORKLOAD
    ]
    WORKLOAD = Workload(
        ["--runner", "pooling", "--convert", convert], (route,), (route, {"model": plan.MODEL, "input": "Hello"})
    )


def command(model: str, port: int, *, gpus: int, context_len: int = plan.CONTEXT_LEN) -> list[str]:
    """The server's command line for a folder of weights on `gpus` GPUs; 0 keeps only what a CPU can do."""
    argv = [sys.executable, "-m", "vllm.entrypoints.launchers.api_server.entry", "--model", model, "--port", str(port)]
    argv += ["--served-model-name", plan.MODEL, "--load-format", "safetensors", "--no-trust-remote-code"]
    argv += ["--max-model-len", str(context_len), "--max-num-seqs", str(plan.CONCURRENCY)]
    argv += WORKLOAD.arguments
    argv += ["--shutdown-timeout", str(DRAIN_S)]
    # No prompt in a log; Modal counts the requests
    argv += ["--no-enable-log-requests", "--no-log-error-stack", "--disable-uvicorn-access-log"]
    argv += ["--disable-fastapi-docs"]
    argv += ["--middleware", f"{__package__}.middleware.ServiceMiddleware"]
    argv += ["--worker-extension-cls", f"{__package__}.worker_extension.WorkerExtension"]
    return argv + (on_gpus(gpus) if gpus else ON_CPU)


def on_gpus(count: int) -> list[str]:
    """The arguments that only a GPU understands, straight from the plan."""
    argv = ["--dtype", plan.DTYPE, "--tensor-parallel-size", str(count)]
    argv += ["--gpu-memory-utilization", str(plan.MEMORY_FRACTION)]
    argv += ["--attention-config", json.dumps(verify.ATTENTION[plan.ATTENTION])]
    if plan.QUANTIZE_AT_LOAD:  # a checkpoint that is already quantized says so itself
        argv += ["--quantization", verify.at_load(plan.QUANTIZE_AT_LOAD)]
    if plan.GPU_SNAPSHOT:
        argv += ["--enable-sleep-mode"]
    return argv


def snapshots(gpus: int = hardware.GPUS) -> bool:
    """Whether containers start from a snapshot of their GPU. ValueError for what Modal or vLLM cannot do."""
    if plan.MEMORY_SNAPSHOT and not plan.GPU_SNAPSHOT:
        raise ValueError("vLLM starts on the GPU, which MEMORY_SNAPSHOT alone does not keep: set GPU_SNAPSHOT too")
    if plan.GPU_SNAPSHOT and gpus > 1:
        raise ValueError(f"GPU_SNAPSHOT works with one GPU, and GPU is {plan.GPU}: set GPU_SNAPSHOT = False in plan.py")
    return plan.GPU_SNAPSHOT and gpus == 1


def environment(**own: str) -> dict[str, str]:
    """The server's environment: this process's, the path to our middleware, and `own`."""
    package_root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
    own |= {"PYTHONPATH": path, "VLLM_NO_USAGE_STATS": "1"}
    if snapshots():  # as Modal's example of vLLM with GPU snapshots has it
        own |= {"VLLM_SERVER_DEV_MODE": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    return os.environ | own
