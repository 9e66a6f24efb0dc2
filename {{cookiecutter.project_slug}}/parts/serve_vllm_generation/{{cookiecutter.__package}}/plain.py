"""An answer without vLLM: one `generate` call of transformers, streamed."""

import threading
import time
from typing import Any

from .client import Answer, to_stdout

LIBRARY = "plain transformers"


def answer(model: str, text: str, max_tokens: int) -> Answer:
    """Answer `text` with `model`, a folder or a hub id, and print the answer as it comes."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer

    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    loaded: Any = AutoModelForCausalLM.from_pretrained(model, dtype="float32", device_map="auto")
    chat = [{"role": "user", "content": text}]
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
    print()
    return Answer("".join(pieces), len(outputs), first, time.monotonic() - begun)
