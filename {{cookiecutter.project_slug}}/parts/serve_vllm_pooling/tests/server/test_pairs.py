"""Scores of pairs by a cross-encoder on the real vLLM, against transformers on the same weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vllm_server import Served, serving

from {{cookiecutter.__package}} import plan

pytestmark = [pytest.mark.slow, pytest.mark.workload("classification")]

QUERY = "What keeps keys and values?"
DOCUMENTS = ["The quick brown fox", "A GPU keeps keys and values of tokens in a cache.", "fox", "the lazy dog jumps"]


@pytest.fixture(scope="module")
def reranker(cross_encoder: Path) -> Iterator[Served]:
    with serving(cross_encoder) as one:
        yield one


@pytest.fixture(scope="module")
def expected(cross_encoder: Path) -> list[float]:
    """The score of each document: the sigmoid of the model's one logit."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(cross_encoder)
    model: Any = AutoModelForSequenceClassification.from_pretrained(cross_encoder, dtype="float32").eval()
    with torch.inference_mode():
        logits = [model(**tokenizer(QUERY, text, return_tensors="pt")).logits[0, 0] for text in DOCUMENTS]
    return [logit.sigmoid().item() for logit in logits]


def test_scores_are_the_models_own(reranker: Served, expected: list[float]):
    answer = reranker.post("/score", {"model": plan.MODEL, "queries": QUERY, "documents": DOCUMENTS})
    assert [row["score"] for row in answer.json()["data"]] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank", "/v2/rerank"])
def test_the_best_documents_come_first(reranker: Served, expected: list[float], path: str):
    answer = reranker.post(path, {"model": plan.MODEL, "query": QUERY, "documents": DOCUMENTS, "top_n": 2}).json()
    order = sorted(range(len(DOCUMENTS)), key=lambda index: -expected[index])
    scores = {row["index"]: row["relevance_score"] for row in answer["results"]}
    assert list(scores) == order[:2]
    assert scores == pytest.approx({index: expected[index] for index in order[:2]}, abs=1e-4)


def test_too_many_documents_and_other_media_are_refused(reranker: Served):
    for documents in (["a"] * 3000, [{"content": [{"type": "image_url", "image_url": {"url": "http://x/y"}}]}]):
        answer = reranker.post("/rerank", {"model": plan.MODEL, "query": QUERY, "documents": documents})
        assert answer.status_code == 400
    assert reranker.get("/health").status_code == 200
