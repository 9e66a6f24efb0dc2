"""Real servers, as the tests of this folder start them and talk to them."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from {{cookiecutter.__package}}.engine import server

CONTEXT = 256  # tokens, of the tiny model's server


@dataclass
class Served:
    """A server, its address, what it answered on /engine, and whether it has ended the container."""

    vllm: server.Server
    url: str
    engine: dict
    ended: threading.Event = field(default_factory=threading.Event)

    def post(self, path: str, body: object) -> httpx2.Response:
        return httpx2.post(self.url + path, json=body, timeout=60)

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(self.url + path, timeout=60)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serving(model: Path, **options: Any) -> Generator[Served]:
    """vLLM on a folder of weights, stopped afterwards; `options` are server.Server's."""
    pytest.importorskip("vllm", reason="vLLM is not installed in this Python")
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("MALLOC_MMAP_THRESHOLD_", str(2**14))  # bytes; larger tensors are the kernel's to give, each time
        vllm = server.Server(str(model), port, gpus=0, context_len=CONTEXT, **options)
        try:
            yield Served(vllm, f"http://127.0.0.1:{port}", vllm.wait_until_ready(300))
        finally:
            vllm.stop()
        assert vllm.process.poll() is not None
