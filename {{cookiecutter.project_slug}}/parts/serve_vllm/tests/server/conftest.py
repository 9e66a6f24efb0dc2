"""The real vLLM on the tiny model, started once for all tests of this folder."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from vllm_server import CONTEXT, Served

from {{cookiecutter.__package}}.engine import server


@pytest.fixture(scope="session")
def served(tiny: Path) -> Iterator[Served]:
    pytest.importorskip("vllm", reason="vLLM is not installed in this Python")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("MALLOC_MMAP_THRESHOLD_", str(2**14))  # bytes; larger tensors are the kernel's to give, each time
        vllm = server.Server(str(tiny), port, gpus=0, context_len=CONTEXT)
        try:
            one = Served(vllm, f"http://127.0.0.1:{port}", vllm.wait_until_ready(300))
            vllm.watch(one.ended.set)
            yield one
        finally:
            vllm.stop()
        assert vllm.process.poll() is not None
