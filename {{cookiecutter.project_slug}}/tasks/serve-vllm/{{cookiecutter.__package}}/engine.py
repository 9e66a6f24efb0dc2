"""Start vLLM, know when it answers, stop it. Knows nothing of Modal: tests and a laptop run the same code."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path

from . import memory, plan

PORT = 8000

# plan.ATTENTION in vLLM's words. vLLM has no SDPA on a GPU: its Triton kernel is the one that runs on every card.
# Models with latent attention (DeepSeek) have kernels of their own; these are vLLM's first choice for the same cards.
ATTENTION: dict[str, dict[str, object]] = {
    "auto": {},  # vLLM's own choice, for models that few kernels know
    "sdpa": {"backend": "TRITON_ATTN", "backend_per_kind": {"mla_attention": "TRITON_MLA"}},
    "flash_attention_2": {
        "backend": "FLASH_ATTN",
        "flash_attn_version": 2,
        "backend_per_kind": {"mla_attention": "TRITON_MLA"},
    },
    "flash_attention_3": {
        "backend": "FLASH_ATTN",
        "flash_attn_version": 3,
        "backend_per_kind": {"mla_attention": "FLASH_ATTN_MLA"},
    },
    "flash_attention_4": {
        "backend": "FLASH_ATTN",
        "flash_attn_version": 4,
        "backend_per_kind": {"mla_attention": "FLASHINFER_MLA"},
    },
}


def command(model: str, port: int, *, gpus: int) -> list[str]:
    """The server's command line for a folder of weights on `gpus` GPUs; 0 keeps only what a CPU can do."""
    argv = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", model, "--port", str(port)]
    argv += ["--served-model-name", plan.MODEL, "--max-model-len", str(plan.CONTEXT_LEN)]
    argv += ["--max-num-seqs", str(plan.CONCURRENCY), "--middleware", f"{__package__}.middleware.MemoryEndpoint"]
    argv += on_gpus(gpus) if gpus else ON_CPU
    return argv


def on_gpus(count: int) -> list[str]:
    """The arguments that only a GPU understands, straight from the plan."""
    argv = ["--dtype", plan.DTYPE, "--tensor-parallel-size", str(count)]
    argv += ["--gpu-memory-utilization", str(plan.MEMORY_FRACTION)]
    argv += ["--attention-config", json.dumps(ATTENTION[plan.ATTENTION])]
    if plan.QUANTIZE_AT_LOAD:  # a checkpoint that is already quantized says so itself
        argv += ["--quantization", plan.QUANTIZE_AT_LOAD]
    return argv


ON_CPU = ["--dtype", "float32", "--enforce-eager", "--gpu-memory-utilization", "0.3"]  # of the RAM, despite its name


class Process:
    """A running vLLM server. Its output is passed on, and its end kept to explain a failure."""

    def __init__(self, model: str, port: int = PORT, *, gpus: int) -> None:
        self.port = port
        package_root = str(Path(__file__).parent.parent)  # vLLM imports our middleware
        path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
        self.process = subprocess.Popen(
            command(model, port, gpus=gpus),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONPATH": path},
        )
        self.tail: deque[str] = deque(maxlen=400)
        self._reader = threading.Thread(target=self._pass_on, daemon=True)
        self._reader.start()

    def _pass_on(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.tail.append(line)
            sys.stdout.write(line)

    def wait(self, timeout: float) -> None:
        """Return once the server is healthy. RuntimeError, with the cause, where it exits or takes too long."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self._reader.join(5)
                cause = memory.explain("".join(self.tail)) or "its log is above"
                raise RuntimeError(f"vLLM exited with status {self.process.returncode} before it was healthy: {cause}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.5)
        self.stop()
        raise RuntimeError(f"vLLM was not healthy after {timeout:.0f} s: raise STARTUP_TIMEOUT in plan.py")

    def stop(self, grace: float = 20.0) -> None:
        """Let running requests end for `grace` seconds, then kill."""
        self.process.terminate()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
