"""Answer on this machine: with vLLM where this Python has it, else with the library that the model was made with."""

import importlib.util
import socket
import sys
import time
from typing import Any

from .. import plan
from ..engine import server
from . import cli
from .client import Answer, Client, Embeddings, Label, Labels, print_piece

Reply = Answer | Embeddings | Labels


def answer(model: str, text: str, max_tokens: int) -> Reply:
    """Print the reply of `model`, a folder or a hub id, and return it. Says on stderr which engine answers."""
    if importlib.util.find_spec("vllm"):
        print(f"engine: vLLM, as in the container, with {model}", file=sys.stderr)
        return with_vllm(model, text, max_tokens)
    library = "sentence-transformers" if plan.WORKLOAD == "embedding" else "plain transformers"
    print(f"engine: {library} with {model} (vLLM is not installed in this Python)", file=sys.stderr)
    if plan.WORKLOAD == "generation":
        return generate(model, text, max_tokens)
    reply = embed(model, text) if plan.WORKLOAD == "embedding" else classify(model, text)
    cli.print_first(reply)
    return reply


def with_vllm(model: str, text: str, max_tokens: int) -> Reply:
    """Start the container's server on this machine, and ask it with the client."""
    import torch
    from transformers import AutoConfig

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A small model for trying may have less context than the plan
    longest = getattr(AutoConfig.from_pretrained(model), "max_position_embeddings", plan.CONTEXT_LEN)
    context_len = min(plan.CONTEXT_LEN, longest)
    vllm = server.Server(model, port, gpus=int(torch.cuda.is_available()), context_len=context_len)
    try:
        vllm.wait_until_ready(600)
        return cli.ask(Client(f"http://127.0.0.1:{port}"), text, max_tokens)
    finally:
        vllm.stop()


def generate(model: str, text: str, max_tokens: int) -> Answer:
    """One `generate` call of transformers, printed as it comes."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, TextStreamer

    class Streamer(TextStreamer):
        first_s, text = 0.0, ""

        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            self.first_s = self.first_s or time.monotonic() - begun
            self.text += text
            print_piece(text)

    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    loaded: Any = AutoModelForCausalLM.from_pretrained(model, dtype="float32", device_map="auto")
    chat = [{"role": "user", "content": text}]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    streamer = Streamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    begun = time.monotonic()
    written = loaded.generate(**inputs.to(loaded.device), streamer=streamer, max_new_tokens=max_tokens, do_sample=False)
    print()
    tokens = written.shape[1] - inputs["input_ids"].shape[1]
    return Answer(streamer.text, tokens, streamer.first_s, time.monotonic() - begun)


def embed(model: str, text: str) -> Embeddings:
    """A vector by sentence-transformers, which pools and normalizes as each model's files specify."""
    from sentence_transformers import SentenceTransformer

    loaded = SentenceTransformer(model)
    begun = time.monotonic()
    tokens = len(loaded.tokenizer(text)["input_ids"])
    return Embeddings(loaded.encode([text]).tolist(), tokens, time.monotonic() - begun)


def classify(model: str, text: str) -> Labels:
    """A label by transformers, with the softmax or sigmoid that the model was trained for."""
    from transformers import pipeline

    loaded: Any = pipeline("text-classification", model=model, top_k=None, dtype="float32")
    begun = time.monotonic()
    (rows,) = loaded([text])
    probs = {row["label"]: row["score"] for row in rows}
    tokens = len(loaded.tokenizer(text)["input_ids"])
    names = [loaded.model.config.id2label[number] for number in range(len(probs))]
    label = Label(max(probs, key=probs.__getitem__), [probs[name] for name in names])
    return Labels([label], tokens, time.monotonic() - begun)
