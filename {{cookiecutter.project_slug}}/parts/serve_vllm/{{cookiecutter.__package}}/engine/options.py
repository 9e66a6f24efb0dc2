"""vLLM's command line and environment, from plan.py."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from .. import hardware, plan
from . import images, verify
from .checkpoint import context_overrides

PORT = 8000
MAX_OPEN = plan.CONCURRENCY + plan.MAX_WAITING  # answers, or texts, that run or wait
DRAIN_S = 25  # that running requests get when the container is told to stop; Modal grants a container 30
# Environment variables from server.py to middleware.py, and the header that opens vLLM's control routes to us alone
KEY, HEADER = "ENGINE_KEY", "x-engine-key"
CAUSE = "ENGINE_CAUSE"  # the file where the server finds why its engine died
SNAPSHOTS = "ENGINE_SNAPSHOTS"  # the folder for memory snapshots of out-of-memory errors

ON_CPU = ["--dtype", "float32", "--enforce-eager", "--gpu-memory-utilization", "0.3"]  # of the RAM, despite its name


# A cross-encoder's score of a query and a document: vLLM's routes, and the same for clients of Jina and Cohere
PAIRS = ("/score", "/rerank", "/v1/score", "/v1/rerank", "/v2/rerank")

PRIORITIES = plan.WORKLOAD != "generation"  # whose requests hold at most CONCURRENCY answers

# By workload: vLLM's runner, the routes that are served, and a request that runs all that is compiled
if plan.WORKLOAD == "generation":
    DEFAULTS = json.dumps({"max_new_tokens": plan.MAX_ANSWER_TOKENS})  # also what a request without a limit may write
    RUNNER = ["--runner", "generate", "--override-generation-config", DEFAULTS, *images.options()]
    if plan.TOOL_CALL_PARSER:
        RUNNER += ["--enable-auto-tool-choice", "--tool-call-parser", plan.TOOL_CALL_PARSER]
    if plan.REASONING_PARSER:
        RUNNER += ["--reasoning-parser", plan.REASONING_PARSER]
    ROUTES = (  # OpenAI's chats, completions and responses, and Anthropic's messages
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/responses",
        "/v1/messages",
        "/v1/messages/count_tokens",
    )
    WARM_UP = ("/v1/completions", {"model": plan.MODEL, "prompt": "Hello", "max_tokens": 16})
else:
    KIND = {"embedding": "embed", "classification": "classify"}[plan.WORKLOAD]
    RUNNER = ["--runner", "pooling", "--convert", KIND, "--scheduling-policy", "priority"]
    ROUTES = ("/v1/embeddings",) if KIND == "embed" else ("/classify", *PAIRS)
    WARM_UP = (ROUTES[0], {"model": plan.MODEL, "input": "Hello"})


def command(model: str, port: int, *, gpus: int, context_len: int = plan.CONTEXT_LEN) -> list[str]:
    """The server's command line for a folder of weights on `gpus` GPUs; 0 keeps only what a CPU can do."""
    argv = [sys.executable, "-m", "vllm.entrypoints.launchers.api_server.entry", "--model", model, "--port", str(port)]
    argv += ["--served-model-name", plan.MODEL, "--load-format", "safetensors", "--no-trust-remote-code"]
    argv += ["--max-model-len", str(context_len), "--max-num-seqs", str(plan.CONCURRENCY)]
    argv += ["--max-num-queued-reqs", str(MAX_OPEN + plan.CONCURRENCY)]  # the middleware refuses sooner
    if extended := context_overrides(model, context_len):
        argv += ["--hf-overrides", json.dumps(extended)]
    argv += RUNNER
    argv += ["--shutdown-timeout", str(DRAIN_S)]
    # No prompt in a log; Modal counts the requests
    argv += ["--no-enable-log-requests", "--no-log-error-stack", "--disable-uvicorn-access-log"]
    argv += ["--disable-fastapi-docs"]
    argv += ["--middleware", f"{plan.__package__}.api.middleware.ServiceMiddleware"]
    argv += ["--worker-extension-cls", f"{__package__}.verify.WorkerExtension"]
    return argv + (on_gpus(gpus) if gpus else ON_CPU)


def on_gpus(count: int) -> list[str]:
    """The arguments that only a GPU understands, straight from the plan."""
    argv = ["--dtype", plan.DTYPE, "--tensor-parallel-size", str(count)]
    argv += ["--gpu-memory-utilization", str(plan.MEMORY_FRACTION)]
    argv += ["--attention-config", json.dumps(verify.ATTENTION[plan.ATTENTION])]
    argv += ["--kv-cache-dtype", plan.KV_CACHE_DTYPE]
    argv += ["--max-num-batched-tokens", str(plan.MAX_NUM_BATCHED_TOKENS)]
    if plan.QUANTIZE_AT_LOAD:  # a quantized checkpoint names its format itself
        argv += ["--quantization", verify.at_load(plan.QUANTIZE_AT_LOAD)]
    if plan.GPU_SNAPSHOT:
        argv += ["--enable-sleep-mode"]
    return argv


def speculation(config: Mapping[str, object]) -> list[str]:
    """vLLM's option for speculative decoding; none for an empty configuration. ValueError where it names no method."""
    if not config:
        return []
    if not config.get("method") or not config.get("num_speculative_tokens"):
        raise ValueError(
            'SPECULATIVE in plan.py needs a method and its tokens, such as {"method": "ngram", '
            '"num_speculative_tokens": 4, "prompt_lookup_max": 4}'
        )
    return ["--speculative-config", json.dumps(dict(config))]


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
    own |= {"PYTHONPATH": path, "VLLM_NO_USAGE_STATS": "1", **images.ENVIRONMENT}
    if snapshots():  # as Modal's example of vLLM with GPU snapshots has it
        own |= {"VLLM_SERVER_DEV_MODE": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    return os.environ | own
