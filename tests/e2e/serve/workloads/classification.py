"""Classes and their probabilities; the model alone is one forward pass of transformers."""

from __future__ import annotations

from typing import Any

from deployed import Deployed, need

TEXT = "A charming hotel with a helpful receptionist."
TEXTS = [TEXT, "The zip broke before I had even worn it.", "It is a chair.", "Cold food, long wait, unpleasant waiter."]
CLOSE = 1e-3  # of a probability


def answers(deployed: Deployed) -> str:
    answer = deployed.post("/classify", {"model": deployed.plan.MODEL, "input": TEXTS})
    need(answer.status_code == 200, f"/classify answered {answer.status_code}: {answer.text[:300]}")
    rows = answer.json()["data"]
    need([row["index"] for row in rows] == list(range(len(TEXTS))), "the classes are not in the texts' order")
    expected = alone(deployed)
    for text, row, (label, probabilities) in zip(TEXTS, rows, expected, strict=True):
        need(row["label"] == label, f"{text!r} is {row['label']}, by the model alone {label}")
        need(row["num_classes"] == len(probabilities), f"num_classes is {row['num_classes']}")
        away = max(abs(one - other) for one, other in zip(row["probs"], probabilities, strict=True))
        need(away < CLOSE, f"a probability of {text!r} is {away:.1e} away from the model alone")
    one = deployed.post("/classify", {"model": deployed.plan.MODEL, "input": TEXT}).json()["data"]
    need([row["label"] for row in one] == [expected[0][0]], "one text as a string differs from the same in a list")
    return f"{', '.join(row['label'] for row in rows)}, as the model alone"


def alone(deployed: Deployed) -> list[tuple[str, list[float]]]:
    """Label and probabilities of each text, one at a time and so without padding."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(deployed.model)
    model: Any = AutoModelForSequenceClassification.from_pretrained(deployed.model, dtype=torch.float32)
    found = []
    with torch.inference_mode():
        for text in TEXTS:
            shares = model(**tokenizer(text, return_tensors="pt")).logits[0].softmax(-1)
            found.append((model.config.id2label[int(shares.argmax())], shares.tolist()))
    return found


def request(deployed: Deployed, number: int) -> tuple[str, dict]:
    """Path and body of a short request; the number makes each another."""
    return "/classify", {
        "model": deployed.plan.MODEL,
        "input": [f"I have tried {number} of these and liked every one."],
    }


def complete(answer: dict) -> bool:
    return len(answer["data"]) == 1 and abs(sum(answer["data"][0]["probs"]) - 1) < 1e-3


def long(deployed: Deployed) -> tuple[str, dict]:
    """A request that takes seconds: as many texts as are let in, as long as they may be."""
    path, body = request(deployed, 0)
    return path, body | {"input": ["word " * (deployed.plan.CONTEXT_LEN - 8)] * deployed.plan.MAX_TEXTS}


def ended(text: str) -> bool:
    """Whether the answer to a long request is all there."""
    return text.rstrip().endswith("}")


def too_much(deployed: Deployed) -> list[tuple[dict, int]]:
    """Bodies that go beyond a limit, and the limit that the refusal has to name."""
    _, body = request(deployed, 0)
    return [
        (body | {"input": "word " * (deployed.plan.CONTEXT_LEN + 8)}, deployed.plan.CONTEXT_LEN),
        (body | {"input": ["word"] * (deployed.plan.MAX_TEXTS + 1)}, deployed.plan.MAX_TEXTS),
    ]
