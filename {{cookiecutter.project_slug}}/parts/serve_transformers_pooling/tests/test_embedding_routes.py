"""`/v1/embeddings` over a real socket, with OpenAI's own client and with ours."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy
import openai
import pytest
from sentence_transformers import SentenceTransformer

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client
from {{cookiecutter.__package}}.client.local import served
from {{cookiecutter.__package}}.engine.server import Engine
from {{cookiecutter.__package}}.monitoring import gpu_memory

pytestmark = pytest.mark.workload("embedding")

TEXTS = ["The quick brown fox", "jumps", "over the lazy dog " * 9]


@pytest.fixture(scope="module")
def url(tiny: Path) -> Iterator[str]:
    engine = Engine(str(tiny), gpus=0)
    with served(engine, gpu_memory.Monitor()) as address:
        yield address
    engine.close()


@pytest.fixture(scope="module")
def expected(tiny: Path) -> numpy.ndarray:
    return SentenceTransformer(str(tiny), device="cpu").encode(TEXTS)


@pytest.mark.parametrize("form", ["float", "base64"])
def test_openais_client_reads_the_vectors_in_order(url: str, expected: numpy.ndarray, form: Any):
    api = openai.OpenAI(base_url=f"{url}/v1", api_key="unused")
    answer = api.embeddings.create(model=plan.MODEL, input=TEXTS, encoding_format=form)
    if form == "float":
        got = [row.embedding for row in answer.data]
    else:
        import base64

        got = [numpy.frombuffer(base64.b64decode(str(row.embedding)), "<f4") for row in answer.data]
    numpy.testing.assert_allclose(numpy.array(got), expected, atol=1e-5)
    assert [row.index for row in answer.data] == [0, 1, 2] and answer.usage.prompt_tokens > 20
    default = api.embeddings.create(model=plan.MODEL, input=TEXTS[0])  # one text; base64 under the hood
    numpy.testing.assert_allclose(default.data[0].embedding, expected[0], atol=1e-5)


@pytest.mark.parametrize("asked", [{"encoding_format": None}, {"dimensions": 64}, {"dimensions": None}])
def test_what_asks_for_the_whole_vector_as_it_is_changes_nothing(url: str, expected: numpy.ndarray, asked: dict):
    answer = httpx2.post(f"{url}/v1/embeddings", json={"input": TEXTS[0], **asked})
    numpy.testing.assert_allclose(answer.json()["data"][0]["embedding"], expected[0], atol=1e-5)


def test_fifty_requests_at_once_all_answer_right(url: str, expected: numpy.ndarray):
    client = Client(url)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda i: client.embed([TEXTS[i % 3]]).vectors[0], range(50)))
    numpy.testing.assert_allclose(answers, [expected[i % 3] for i in range(50)], atol=1e-5)


def test_an_answer_written_in_pieces_is_that_of_single_texts(url: str, expected: numpy.ndarray):
    rows = httpx2.post(f"{url}/v1/embeddings", json={"input": TEXTS * 40}).json()["data"]
    assert [row["index"] for row in rows] == list(range(120))
    numpy.testing.assert_allclose([row["embedding"] for row in rows], numpy.tile(expected, (40, 1)), atol=1e-5)


def test_limits_are_400s_that_name_them(url: str):
    def refused(body: dict) -> str:
        answer = httpx2.post(f"{url}/v1/embeddings", json=body)
        assert answer.status_code == 400
        return answer.json()["error"]["message"]

    assert str(plan.MAX_TEXTS) in refused({"input": ["a"] * (plan.MAX_TEXTS + 1)})
    assert "reads" in refused({"input": "fox " * 2 * plan.CONTEXT_LEN})
    assert "64 dimensions" in refused({"input": "a", "dimensions": 8})
    assert "encoding_format" in refused({"input": "a", "encoding_format": "bytes"})
    assert "input" in refused({"input": []})


@pytest.mark.parametrize("tokens", [[5, 6], [[5, 6], [7]]])
def test_token_ids_of_another_tokenizer_are_refused(url: str, tokens: list):
    """As clients of OpenAI's models send them, with OpenAI's tokenizer."""
    answer = httpx2.post(f"{url}/v1/embeddings", json={"input": tokens})
    assert answer.status_code == 400 and "send texts" in answer.json()["error"]["message"]
