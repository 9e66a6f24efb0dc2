"""Answer on this machine: with vLLM where this Python has it, else with the library that the model was made with."""

import importlib.util
import socket
import sys
from typing import Any

from . import plain, plan
from .client import Client
from .engine import server


def answer(model: str, text: str, max_tokens: int) -> Any:
    """What the client's `ask` returns for `model`, a folder or a hub id. Says on stderr which engine answers."""
    if importlib.util.find_spec("vllm"):
        print(f"engine: vLLM, as in the container, with {model}", file=sys.stderr)
        return with_vllm(model, text, max_tokens)
    print(f"engine: {plain.LIBRARY} with {model} (vLLM is not installed in this Python)", file=sys.stderr)
    return plain.answer(model, text, max_tokens)


def with_vllm(model: str, text: str, max_tokens: int) -> Any:
    """The container's own server, started here, and the client against it."""
    import torch

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = server.Process(model, port, gpus=int(torch.cuda.is_available()), context_len=context(model))
    try:
        server.wait(600)
        return Client(f"http://127.0.0.1:{port}").ask(text, max_tokens)
    finally:
        server.stop()


def context(model: str) -> int:
    """The plan's context, or less where a small model for trying has less."""
    from transformers import AutoConfig

    own = getattr(AutoConfig.from_pretrained(model), "max_position_embeddings", plan.CONTEXT_LEN)
    return min(plan.CONTEXT_LEN, own)
