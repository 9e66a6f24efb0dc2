"""Start vLLM, see that it runs as planned, notice its end. Knows nothing of Modal: a laptop runs the same code."""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import hardware, plan, workload
from ..monitoring import oom
from . import verify

PORT = 8000
DRAIN = 25  # seconds that running requests get when the container is told to stop; Modal grants a container 30
KEY, HEADER = "ENGINE_KEY", "x-engine-key"  # environment variable and header: opens vLLM's control routes to us
CAUSE = "ENGINE_CAUSE"  # environment variable: the file where the server finds why its engine died
SNAPSHOTS = "ENGINE_SNAPSHOTS"  # environment variable: the folder for what filled the memory when it ran out

ON_CPU = ["--dtype", "float32", "--enforce-eager", "--gpu-memory-utilization", "0.3"]  # of the RAM, despite its name


def command(model: str, port: int, *, gpus: int, context_len: int = plan.CONTEXT_LEN) -> list[str]:
    """The server's command line for a folder of weights on `gpus` GPUs; 0 keeps only what a CPU can do."""
    argv = [sys.executable, "-m", "vllm.entrypoints.launchers.api_server.entry", "--model", model, "--port", str(port)]
    argv += ["--served-model-name", plan.MODEL, "--load-format", "safetensors", "--no-trust-remote-code"]
    argv += ["--max-model-len", str(context_len), "--max-num-seqs", str(plan.CONCURRENCY)]
    argv += workload.ARGUMENTS
    argv += ["--shutdown-timeout", str(DRAIN)]
    # No prompt in a log; Modal counts the requests
    argv += ["--no-enable-log-requests", "--no-log-error-stack", "--disable-uvicorn-access-log"]
    argv += ["--disable-fastapi-docs"]
    argv += ["--middleware", f"{__package__}.middleware.Front"]
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
    """The server's environment: ours, and where it finds our middleware and what it shares with us alone."""
    package_root = str(Path(__file__).parent.parent)
    path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
    own |= {"PYTHONPATH": path, "VLLM_NO_USAGE_STATS": "1"}
    if snapshots():  # as Modal's example of vLLM with GPU snapshots has it
        own |= {"VLLM_SERVER_DEV_MODE": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    return os.environ | own


class Process:
    """A running vLLM server. Its output is passed on, and its end kept to explain a failure."""

    def __init__(
        self,
        model: str,
        port: int = PORT,
        *,
        gpus: int,
        context_len: int = plan.CONTEXT_LEN,
        snapshots_in: str = "",  # folder for what filled the GPU when its memory ran out
    ) -> None:
        self.port, self.gpus = port, gpus
        self.key = secrets.token_hex()
        self.cause = Path(tempfile.mkdtemp(), "cause")
        self.stopping = False
        self.process = subprocess.Popen(
            command(model, port, gpus=gpus, context_len=context_len),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment(**{KEY: self.key, CAUSE: str(self.cause), SNAPSHOTS: snapshots_in}),
        )
        self.tail: deque[str] = deque(maxlen=400)
        self._reader = threading.Thread(target=self._pass_on, daemon=True)
        self._reader.start()

    def _pass_on(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.tail.append(line)
            if "memory" in line and (cause := oom.explain(line)):
                self.cause.write_text(cause, encoding="utf-8")
            print(line, end="", flush=True)

    def why(self) -> str:
        """The reason for the process's end, as far as its log tells."""
        self._reader.join(5)
        cause = self.cause.read_text(encoding="utf-8") if self.cause.exists() else oom.explain("".join(self.tail))
        return cause or "its log is above"

    def call(self, method: str, path: str, body: object = None, timeout: float = 60.0) -> Any:
        """What the server answers to us, as JSON. URLError where it does not answer, or answers with an error."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        request.add_header(HEADER, self.key)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return json.loads(response.read() or "null")

    def wait(self, timeout: float) -> dict[str, Any]:
        """Return what runs once the server is healthy, and print it beside the plan.

        RuntimeError, with the cause, where the server exits, takes too long, or on GPUs does not run as planned.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                status = self.process.returncode
                raise RuntimeError(f"vLLM exited with status {status} before it was healthy: {self.why()}")
            if self.healthy():
                return self._checked()
            time.sleep(0.5)
        self.stop()
        raise RuntimeError(f"vLLM was not healthy after {timeout:.0f} s: raise STARTUP_TIMEOUT in plan.py")

    def healthy(self) -> bool:
        """Whether the server answers, and its engine lives."""
        try:
            self.call("GET", "/health", timeout=5)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def _checked(self) -> dict[str, Any]:
        runs = self.call("GET", "/engine")
        print(
            f"vLLM {runs['version']} runs {runs['attention']}, {runs['dtype']}, quantization {runs['quantization']}, "
            f"on {runs['device']}; ready after {runs['started_s']:.0f} s",
            flush=True,
        )
        print(self.call("GET", "/memory")["report"], flush=True)
        if self.gpus and not runs["as_planned"]:
            self.stop()
            raise RuntimeError(f"vLLM does not run as planned: {'; '.join(runs['differs'])}")
        return runs

    def guard(self, end: Callable[[], None] | None = None) -> None:
        """Watch from now on: when the server ends without being told to, say why and call `end`."""
        threading.Thread(target=self._watch, args=(end or end_container,), name="guard", daemon=True).start()

    def _watch(self, end: Callable[[], None]) -> None:
        status = self.process.wait()
        if not self.stopping:
            print(f"vLLM died with status {status}, the container ends: {self.why()}", flush=True)
            end()

    def rest(self) -> None:
        """Before a snapshot: answer, so that all is compiled, and let go of the GPU. Nothing without GPU_SNAPSHOT."""
        if snapshots():
            for _ in range(3):
                self.call("POST", *workload.WARM_UP)
            self.call("POST", "/sleep?level=1")

    def resume(self) -> None:
        """After a snapshot: take the GPU again."""
        if snapshots():
            self.call("POST", "/wake_up")

    def stop(self, grace: float = DRAIN + 5.0) -> None:
        """Let running requests end for `grace` seconds, then kill."""
        self.stopping = True
        self.process.terminate()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def end_container(grace: float = 30.0) -> None:
    """End this process as Modal ends a server: on SIGTERM it runs the exit hooks and commits the Volumes."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os._exit(1)
