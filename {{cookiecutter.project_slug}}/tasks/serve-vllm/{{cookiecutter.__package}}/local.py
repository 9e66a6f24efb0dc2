"""Answer on this machine: with vLLM where this Python has it, else with plain transformers."""

import importlib.util
import socket
import sys
import threading
import time
from typing import Any

from . import engine
from .client import Answer, Client, to_stdout


def answer(model: str, prompt: str, max_tokens: int) -> Answer:
    """Stream an answer of `model`, a folder or a hub id, to stdout. Says on stderr which engine answers."""
    if importlib.util.find_spec("vllm"):
        print(f"engine: vLLM, as in the container, with {model}", file=sys.stderr)
        return with_vllm(model, prompt, max_tokens)
    print(f"engine: plain transformers with {model} (vLLM is not installed in this Python)", file=sys.stderr)
    return with_transformers(model, prompt, max_tokens)


def with_vllm(model: str, prompt: str, max_tokens: int) -> Answer:
    """The container's own server, started here, and the client against it."""
    import torch

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = engine.Process(model, port, gpus=int(torch.cuda.is_available()))
    try:
        server.wait(600)
        return Client(f"http://127.0.0.1:{port}").chat(prompt, max_tokens)
    finally:
        server.stop()


def with_transformers(model: str, prompt: str, max_tokens: int) -> Answer:
    """One `generate` call, streamed."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer

    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    loaded: Any = AutoModelForCausalLM.from_pretrained(model, dtype="float32", device_map="auto")
    chat = [{"role": "user", "content": prompt}]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    outputs: list[int] = []

    def generate() -> None:
        with_prompt = loaded.generate(
            **inputs.to(loaded.device), streamer=streamer, max_new_tokens=max_tokens, do_sample=False
        )
        outputs.extend(with_prompt[0, inputs["input_ids"].shape[1] :].tolist())

    begun, first, pieces = time.monotonic(), 0.0, []
    worker = threading.Thread(target=generate)
    worker.start()
    for piece in streamer:
        first = first or time.monotonic() - begun
        pieces.append(piece)
        to_stdout(piece)
    worker.join()
    return Answer("".join(pieces), len(outputs), first, time.monotonic() - begun)
