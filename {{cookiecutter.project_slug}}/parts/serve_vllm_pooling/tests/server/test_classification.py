"""Classes of the real vLLM against those of transformers on the same weights."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from vllm_server import CONTEXT, Served

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.workload("classification")]

MAX_TEXTS: int = getattr(plan, "MAX_TEXTS", 0)
TEXTS = ["The quick brown fox", "A GPU keeps keys and values of tokens in a cache.", "fox"]


@pytest.fixture(scope="module")
def expected(tiny: Path) -> list[tuple[str, list[float]]]:
    """The likeliest class and all probabilities of each text."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(tiny)
    model: Any = AutoModelForSequenceClassification.from_pretrained(tiny, dtype="float32").eval()
    with torch.inference_mode():
        probs = [model(**tokenizer(text, return_tensors="pt")).logits[0].softmax(-1).tolist() for text in TEXTS]
    return [(model.config.id2label[row.index(max(row))], row) for row in probs]


def test_labels_and_probabilities_are_the_models_own_in_order(served: Served, expected: list[tuple[str, list[float]]]):
    got = Client(served.url).classify(TEXTS)
    assert [label.name for label in got.labels] == [name for name, _ in expected]
    assert [label.probs for label in got.labels] == [pytest.approx(probs, abs=1e-4) for _, probs in expected]


def test_one_text_needs_no_list(served: Served, expected: list[tuple[str, list[float]]]):
    answer = served.post("/classify", {"model": plan.MODEL, "input": TEXTS[0]}).json()
    assert answer["object"] == "list" and answer["model"] == plan.MODEL and answer["usage"]["prompt_tokens"] > 1
    (row,) = answer["data"]
    assert set(row) == {"index", "label", "probs", "num_classes"}
    assert (row["index"], row["label"], row["num_classes"]) == (0, expected[0][0], len(expected[0][1]))


def test_one_text_is_not_held_up_by_two_thousand(served: Served):
    """vLLM alone takes what came first: nothing would wait any more when the one is answered."""

    def waiting() -> float:
        families = text_string_to_metric_families(served.get("/metrics").text)
        return sum(one.value for found in families for one in found.samples if one.name == "vllm:num_requests_waiting")

    client = Client(served.url)
    with ThreadPoolExecutor(1) as pool:
        large = pool.submit(client.classify, ["fox " * 50] * MAX_TEXTS)
        while not waiting():
            assert not large.done()
        assert len(client.classify(["fox"]).labels) == 1
        assert waiting() > 0 and not large.done()
        assert len(large.result().labels) == MAX_TEXTS


def test_limits_are_refused_by_name_and_number(served: Served):
    over = served.post("/classify", {"model": plan.MODEL, "input": ["a"] * (MAX_TEXTS + 1)})
    assert over.status_code == 400 and str(MAX_TEXTS) in over.json()["error"]["message"]
    long = served.post("/classify", {"model": plan.MODEL, "input": "fox " * CONTEXT * 2})
    assert long.status_code == 400 and str(CONTEXT) in long.json()["error"]["message"]


def test_pairs_are_not_scored_by_a_model_of_several_classes(served: Served):
    answer = served.post("/rerank", {"model": plan.MODEL, "query": "fox", "documents": TEXTS})
    assert answer.status_code == 400 and "/classify" in answer.json()["error"]["message"]
