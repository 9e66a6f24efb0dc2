"""Vectors of the real vLLM against those of transformers on the same weights."""

import base64
from pathlib import Path
from typing import Any

import pytest
from vllm_server import CONTEXT, Served

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.workload("embedding")]

MAX_TEXTS: int = getattr(plan, "MAX_TEXTS", 0)
TEXTS = ["The quick brown fox", "A GPU keeps keys and values of tokens in a cache.", "fox"]


@pytest.fixture(scope="module")
def expected(tiny: Path) -> Any:
    """The mean of the last layer over the tokens of each text, as the model's own files ask, of length one."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(tiny)
    model = AutoModel.from_pretrained(tiny, dtype="float32").eval()
    with torch.inference_mode():
        means = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0) for text in TEXTS]
    return torch.stack([mean / mean.norm() for mean in means]).numpy()


def test_the_vectors_are_the_models_own_in_order(served: Served, expected: Any):
    got = Client(served.url).embed(TEXTS)
    assert got.vectors == pytest.approx(expected, abs=1e-5) and got.tokens > len(TEXTS)


def test_sentence_transformers_gives_the_same(served: Served, tiny: Path):
    sentences = pytest.importorskip("sentence_transformers")
    expected = sentences.SentenceTransformer(str(tiny)).encode(TEXTS)
    assert Client(served.url).embed(TEXTS).vectors == pytest.approx(expected, abs=1e-5)


def test_base64_holds_the_same_numbers(served: Served, expected: Any):
    import numpy

    body = {"model": plan.MODEL, "input": TEXTS[0], "encoding_format": "base64"}
    text = served.post("/v1/embeddings", body).json()["data"][0]["embedding"]
    assert numpy.frombuffer(base64.b64decode(text), "<f4") == pytest.approx(expected[0], abs=1e-5)


@pytest.mark.parametrize("form", [None, "float", "base64"])
@pytest.mark.parametrize("size", [None, 64])
def test_openais_client_gets_the_vectors_in_any_form(served: Served, expected: Any, form: Any, size: Any):
    """Null asks for nothing, and all 64 dimensions for no shorter vector."""
    import numpy

    api = pytest.importorskip("openai").OpenAI(base_url=served.url + "/v1", api_key="none")
    asked = {"encoding_format": form, "dimensions": size, "user": None}
    vector = api.embeddings.create(model=plan.MODEL, input=TEXTS[0], extra_body=asked).data[0].embedding
    if isinstance(vector, str):
        vector = numpy.frombuffer(base64.b64decode(vector), "<f4")
    assert vector == pytest.approx(expected[0], abs=1e-5)
    if form is None and size is None:
        default = api.embeddings.create(model=plan.MODEL, input=TEXTS[0]).data[0].embedding
        assert default == pytest.approx(expected[0], abs=1e-5)


@pytest.mark.parametrize("size", [1, 63, 65, 0, "64", 2**70])
def test_a_model_that_was_not_trained_for_shorter_vectors_refuses_them(served: Served, size: object):
    answer = served.post("/v1/embeddings", {"model": plan.MODEL, "input": "fox", "dimensions": size})
    assert answer.status_code == 400 and "dimensions" in answer.json()["error"]["message"]


def test_limits_are_refused_by_name_and_number(served: Served):
    over = served.post("/v1/embeddings", {"model": plan.MODEL, "input": ["a"] * (MAX_TEXTS + 1)})
    assert over.status_code == 400 and str(MAX_TEXTS) in over.json()["error"]["message"]
    long = served.post("/v1/embeddings", {"model": plan.MODEL, "input": "fox " * CONTEXT * 2})
    assert long.status_code == 400 and str(CONTEXT) in long.json()["error"]["message"]
