"""`/classify` over a real socket: vLLM's format, right under load, refused beyond the limits."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from transformers import pipeline

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client
from {{cookiecutter.__package}}.client.local import served
from {{cookiecutter.__package}}.engine.server import Engine
from {{cookiecutter.__package}}.monitoring import gpu_memory

pytestmark = pytest.mark.workload("classification")

TEXTS = ["The quick brown fox", "jumps", "over the lazy dog " * 9]
NEAR = 1e-3  # padding and the order of sums move the last digits, and this model's large weights amplify them


@pytest.fixture(scope="module")
def url(tiny: Path) -> Iterator[str]:
    engine = Engine(str(tiny), gpus=0)
    with served(engine, gpu_memory.Monitor()) as address:
        yield address
    engine.close()


def test_the_answer_is_in_vllms_format(url: str):
    answer = httpx2.post(f"{url}/classify", json={"model": plan.MODEL, "input": TEXTS}).json()
    assert answer["id"].startswith("classify-") and (answer["object"], answer["model"]) == ("list", plan.MODEL)
    assert [row["index"] for row in answer["data"]] == [0, 1, 2]
    for row in answer["data"]:
        assert set(row) == {"index", "label", "probs", "num_classes"} and row["num_classes"] == len(row["probs"]) == 3
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > 20


def test_fifty_requests_at_once_all_answer_as_the_pipeline(url: str, tiny: Path):
    classify: Any = pipeline("text-classification", model=str(tiny), device="cpu")
    expected = [classify(text)[0] for text in TEXTS]
    client = Client(url)
    with ThreadPoolExecutor(50) as pool:
        labels = list(pool.map(lambda i: client.classify([TEXTS[i % 3]]).labels[0], range(50)))
    for i, label in enumerate(labels):
        assert label.name == expected[i % 3]["label"]
        assert max(label.probs) == pytest.approx(expected[i % 3]["score"], abs=NEAR)


def test_limits_are_400s_that_name_them(url: str):
    def refused(body: dict) -> str:
        answer = httpx2.post(f"{url}/classify", json=body)
        assert answer.status_code == 400
        return answer.json()["error"]["message"]

    assert str(plan.MAX_TEXTS) in refused({"input": ["a"] * (plan.MAX_TEXTS + 1)})
    assert "reads" in refused({"input": "fox " * 2 * plan.CONTEXT_LEN})
    assert "input" in refused({"input": []})
