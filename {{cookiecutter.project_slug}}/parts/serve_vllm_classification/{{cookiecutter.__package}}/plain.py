"""A label without vLLM: transformers, with the softmax or sigmoid that the model was trained for."""

import time
from typing import Any

from .client import Label, Labels

LIBRARY = "plain transformers"


def answer(model: str, text: str, max_tokens: int) -> Labels:
    """Classify `text` with `model`, a folder or a hub id, and print its label."""
    from transformers import pipeline

    classify: Any = pipeline("text-classification", model=model, top_k=None, dtype="float32")
    begun = time.monotonic()
    (rows,) = classify([text])
    probs = {row["label"]: row["score"] for row in rows}
    tokens = len(classify.tokenizer(text)["input_ids"])
    names = [classify.model.config.id2label[number] for number in range(len(probs))]
    label = Label(max(probs, key=probs.__getitem__), [probs[name] for name in names])
    classified = Labels([label], tokens, time.monotonic() - begun)
    print(f"{label.name} ({max(label.probs):.3f})")
    return classified
