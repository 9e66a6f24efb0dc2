"""Vectors, with the openai client; the model alone is sentence-transformers."""

from __future__ import annotations

from typing import Any

import openai
from deployed import PATIENCE, Deployed, need

TEXT = "A cat sits on the mat."
TEXTS = [TEXT, "A kitten rests on a rug.", "Interest rates rose in March.", "Ein Satz auf Deutsch, mit Umlauten: äöü."]
CLOSE = 1e-3  # of a component; unit vectors of 384


def answers(deployed: Deployed) -> str:
    client = openai.OpenAI(base_url=f"{deployed.url}/v1", api_key=deployed.token, timeout=PATIENCE, max_retries=0)
    ask: Any = client.embeddings.create
    packed = ask(model=deployed.plan.MODEL, input=TEXTS)  # the client asks for base64 by itself
    plain = ask(model=deployed.plan.MODEL, input=TEXTS, encoding_format="float")
    one = ask(model=deployed.plan.MODEL, input=TEXT)
    need([row.index for row in packed.data] == list(range(len(TEXTS))), "the vectors are not in the texts' order")
    need(packed.usage.prompt_tokens > 0, "usage counts no tokens")
    need(apart([row.embedding for row in packed.data], [row.embedding for row in plain.data]) < 1e-6, "base64 differs")
    need(apart([one.data[0].embedding], [plain.data[0].embedding]) < CLOSE, "one text differs from the same in a list")
    away = apart([row.embedding for row in plain.data], alone(deployed))
    need(away < CLOSE, f"a component is {away:.1e} away from the model alone")
    return f"{len(TEXTS)} x {len(plain.data[0].embedding)}, at most {away:.0e} from the model alone"


def apart(one: list[list[float]], other: list[list[float]]) -> float:
    """The greatest difference of two components."""
    need([len(row) for row in one] == [len(row) for row in other], "the vectors have other sizes than the model alone")
    pairs = (pair for rows in zip(one, other, strict=True) for pair in zip(*rows, strict=True))
    return max(abs(left - right) for left, right in pairs)


def alone(deployed: Deployed) -> list[list[float]]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(deployed.model), device="cpu")
    return model.encode(TEXTS).tolist()


def request(deployed: Deployed, number: int) -> tuple[str, dict]:
    """Path and body of a short request; the number makes each another."""
    return "/v1/embeddings", {"model": deployed.plan.MODEL, "input": [f"Sentence number {number} is about a cat."]}


def complete(answer: dict) -> bool:
    return len(answer["data"]) == 1 and any(answer["data"][0]["embedding"])


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
