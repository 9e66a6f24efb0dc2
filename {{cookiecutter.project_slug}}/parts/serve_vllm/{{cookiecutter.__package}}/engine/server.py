"""Start vLLM, check that it runs as planned, notice its end. Knows nothing of Modal: a laptop runs the same code."""

import json
import os
import re
import secrets
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .. import plan
from ..monitoring import oom
from . import adapters as lora
from .checkpoint import check_head
from .options import (
    CAUSE,
    DRAIN_S,
    HEADER,
    KEY,
    PORT,
    SNAPSHOTS,
    WARM_UP,
    command,
    environment,
    snapshots,
    speculation,
)

POLL_S = 1.0
COMPILE_S = 240.0  # for one small kernel; half a minute on two busy cores


class Server:
    """A running vLLM server. Its output is passed on, and the end of it kept to explain a failure."""

    def __init__(
        self,
        model: str,
        port: int = PORT,
        *,
        gpus: int,
        context_len: int = plan.CONTEXT_LEN,
        adapters: Mapping[str, str] | None = None,
        speculative: Mapping[str, object] | None = None,
        snapshots_in: str = "",
    ) -> None:
        """Start vLLM.

        `adapters` are LoRA adapters, name -> folder; `speculative` is vLLM's configuration of speculative decoding;
        `snapshots_in` is the folder for memory snapshots of out-of-memory errors.
        IncompleteWeights where a classifier's checkpoint has no head; BadAdapter for one that cannot be served.
        """
        if plan.WORKLOAD == "classification":
            check_head(model)
        served = lora.read_all(adapters or {}, model)
        for line in lora.summary(served, model):
            print(line, flush=True)
        extra = [*lora.arguments(served), *speculation(speculative or {})]
        self.port, self.gpus = port, gpus
        self.key = secrets.token_hex()
        self.cause = Path(tempfile.mkdtemp(), "cause")
        self.stopping = False
        self.process = subprocess.Popen(
            [*command(model, port, gpus=gpus, context_len=context_len), *extra],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment(**{KEY: self.key, CAUSE: str(self.cause), SNAPSHOTS: snapshots_in}),
        )
        self.tail: deque[str] = deque(maxlen=400)  # lines of output
        self._reader = threading.Thread(target=self._pass_on, daemon=True)
        self._reader.start()

    def _pass_on(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.tail.append(line)
            if "memory" in line and (cause := oom.explain(line)):
                self.cause.write_text(cause, encoding="utf-8")
            print(line, end="", flush=True)

    def exit_reason(self) -> str:
        """The reason for the process's end, as far as its log shows it."""
        self._reader.join(5)
        cause = self.cause.read_text(encoding="utf-8") if self.cause.exists() else oom.explain("".join(self.tail))
        return cause or "its log is above"

    def text(self, path: str, timeout: float = 5.0) -> str:
        """The text of a route. OSError where it fails."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as response:
            return response.read().decode()

    def call(self, method: str, path: str, body: object = None, timeout: float = 60.0) -> Any:
        """Call a route of the server, control routes included, and return its JSON. URLError where it fails."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        request.add_header(HEADER, self.key)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return json.loads(response.read() or "null")

    def wait_until_ready(self, timeout: float) -> dict[str, Any]:
        """Return /engine once the server is healthy, and print it. RuntimeError where it is not, or not as planned."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                status = self.process.returncode
                raise RuntimeError(f"vLLM exited with status {status} before it was healthy: {self.exit_reason()}")
            if self.healthy():
                self._compile()
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

    def _compile(self) -> None:
        """Have vLLM compile what a first request for logprobs would: all others would wait meanwhile."""
        if plan.WORKLOAD == "generation":
            path, body = WARM_UP
            self.call("POST", path, body=body | {"logprobs": 1, "max_tokens": 1}, timeout=COMPILE_S)

    def _checked(self) -> dict[str, Any]:
        engine = self.call("GET", "/engine")
        print(
            f"vLLM {engine['version']} runs {engine['attention']}, {engine['dtype']}, quantization "
            f"{engine['quantization']}, on {engine['device']}; ready after {engine['started_s']:.0f} s",
            flush=True,
        )
        print(self.call("GET", "/memory")["report"], flush=True)
        if self.gpus and not engine["as_planned"]:
            self.stop()
            raise RuntimeError(f"vLLM does not run as planned: {'; '.join(engine['differs'])}")
        return engine

    def watch(self, on_exit: Callable[[], None] | None = None) -> None:
        """From now on, when the server ends without being told to, print why and call `on_exit`, or end_container."""
        threading.Thread(target=self._watch, args=(on_exit or end_container,), name="watch", daemon=True).start()

    def _watch(self, on_exit: Callable[[], None]) -> None:
        hangs = HangDetector(plan.HANG_TIMEOUT)
        while self.process.poll() is None:
            if not self.stopping and hangs.at(time.monotonic(), self.progress()):
                print(f"requests run, and no token has come for {plan.HANG_TIMEOUT} s: vLLM is killed", flush=True)
                self.process.kill()
            time.sleep(POLL_S)
        status = self.process.wait()
        if not self.stopping:
            print(f"vLLM died with status {status}, the container ends: {self.exit_reason()}", flush=True)
            on_exit()

    def progress(self) -> tuple[float, float] | None:
        """The requests that run, and all tokens read and written so far. None where the server does not tell."""
        try:
            return read_progress(self.text("/metrics"))
        except OSError:
            return None

    def sleep(self) -> None:
        """Before a snapshot: answer, so that all is compiled, and free the GPU. Does nothing without GPU_SNAPSHOT."""
        if snapshots():
            for _ in range(3):
                self.call("POST", *WARM_UP)
            self.call("POST", "/sleep?level=1")

    def wake(self) -> None:
        """After a snapshot: take the GPU again."""
        if snapshots():
            self.call("POST", "/wake_up")

    def stop(self, grace: float = DRAIN_S + 5.0) -> None:
        """Let running requests end for `grace` seconds, then kill."""
        self.stopping = True
        self.process.terminate()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class HangDetector:
    """Notices requests that run while no token comes, from an engine's counters, looked at from time to time."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.tokens = 0.0
        self.moved: float | None = None  # when a token last came, or requests began to run

    def at(self, now: float, progress: tuple[float, float] | None) -> bool:
        """Whether at `now`, in seconds, requests have run for the timeout without a token. None changes nothing."""
        if progress is not None:
            running, tokens = progress
            if not running:
                self.moved = None
            elif tokens != self.tokens or self.moved is None:
                self.moved = now
            self.tokens = tokens
        return self.moved is not None and now - self.moved > self.timeout


def read_progress(metrics: str) -> tuple[float, float]:
    """Return the requests that run, and the tokens read and written, of vLLM's /metrics."""
    found = {
        name: sum(float(value) for value in re.findall(r"^vllm:" + name + r"(?:\{.*\})? (\S+)$", metrics, re.MULTILINE))
        for name in ("num_requests_running", "prompt_tokens_total", "generation_tokens_total")
    }
    return found["num_requests_running"], found["prompt_tokens_total"] + found["generation_tokens_total"]


def end_container(grace: float = 30.0) -> None:
    """End this process as Modal ends a server: on SIGTERM it runs the exit hooks and commits the Volumes."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os._exit(1)
