"""The real engine on the tiny model, against sentence-transformers alone."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from sentence_transformers import SentenceTransformer

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine.errors import EngineError, InvalidRequest, OutOfMemory, Unavailable
from {{cookiecutter.__package}}.engine.server import EmbeddingEngine

pytestmark = pytest.mark.workload("embedding")

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "keys", "and", "values"]
TEXTS: list[str] = [" ".join(WORDS[i * j % 11] for j in range(1 + i % 40)) for i in range(60)]


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[EmbeddingEngine]:
    loaded = EmbeddingEngine(str(tiny), gpus=0)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def alone(tiny: Path) -> numpy.ndarray:
    """Each text encoded by itself: no batch, no padding."""
    plain = SentenceTransformer(str(tiny), device="cpu")
    return numpy.stack([plain.encode(text) for text in TEXTS])


def test_vectors_are_those_of_each_text_alone_whatever_the_batch(engine: EmbeddingEngine, alone: numpy.ndarray):
    async def together() -> list[Any]:
        whole = engine.embed(TEXTS)
        return await asyncio.gather(whole, *(engine.embed([text]) for text in TEXTS))

    (vectors, tokens), *singles = asyncio.run(together())
    numpy.testing.assert_allclose(vectors, alone, atol=1e-5)
    numpy.testing.assert_allclose([single[0][0] for single in singles], alone, atol=1e-5)
    assert tokens == sum(single[1] for single in singles)


def test_a_prompt_that_the_model_asks_for_is_read_and_counted(tiny: Path, tmp_path: Path):
    folder = shutil.copytree(tiny, tmp_path / "prompted")
    settings = {"prompts": {"query": "the lazy dog: "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    prompted = EmbeddingEngine(str(folder), gpus=0)
    expected = SentenceTransformer(str(tiny), device="cpu").encode("the lazy dog: a fox")
    (vector,), tokens = asyncio.run(prompted.embed(["a fox"]))
    numpy.testing.assert_allclose(vector, expected, atol=1e-5)
    assert tokens == len(SentenceTransformer(str(tiny)).tokenizer("the lazy dog: a fox")["input_ids"])
    prompted.close()


def test_a_text_over_the_limit_is_refused_and_never_cut(engine: EmbeddingEngine):
    with pytest.raises(InvalidRequest, match=rf"input 1 has \d+ tokens and this service reads {engine.context}"):
        asyncio.run(engine.embed(["short", "fox " * 2 * plan.CONTEXT_LEN]))
    assert engine.context == min(plan.CONTEXT_LEN, 512)
    with pytest.raises(InvalidRequest, match=str(plan.MAX_TEXTS)):
        asyncio.run(engine.embed(["a"] * (plan.MAX_TEXTS + 1)))


def test_texts_that_may_not_wait_are_refused_and_the_others_are_answered(
    engine: EmbeddingEngine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plan, "MAX_WAITING", 4)

    async def together() -> list[Any]:
        requests = (engine.embed(TEXTS[: plan.CONCURRENCY]), engine.embed(TEXTS[:5]), engine.embed(TEXTS[:4]))
        return list(await asyncio.gather(*requests, return_exceptions=True))

    first, refused, last = asyncio.run(together())
    assert isinstance(refused, Unavailable) and "5 more do not fit" in str(refused)
    assert (len(first[0]), len(last[0])) == (plan.CONCURRENCY, 4)
    assert engine.texts == 0


def test_vectors_are_cut_only_where_the_model_was_trained_for_it(engine: EmbeddingEngine, tiny: Path, tmp_path: Path):
    with pytest.raises(InvalidRequest, match="64 dimensions and were not trained to be cut"):
        asyncio.run(engine.embed(TEXTS[:1], dimensions=32))
    folder = shutil.copytree(tiny, tmp_path / "matryoshka")
    config = json.loads((folder / "config.json").read_text()) | {"matryoshka_dimensions": [16, 32]}
    (folder / "config.json").write_text(json.dumps(config))
    cut = EmbeddingEngine(str(folder), gpus=0)
    (vector,), _ = asyncio.run(cut.embed(TEXTS[:1], dimensions=32))
    expected = SentenceTransformer(str(tiny)).encode(TEXTS[:1], truncate_dim=32, normalize_embeddings=True)[0]
    numpy.testing.assert_allclose(vector, expected, atol=1e-5)
    with pytest.raises(InvalidRequest, match=r"\[16, 32\]"):
        asyncio.run(cut.embed(TEXTS[:1], dimensions=20))
    cut.close()


def test_callers_inside_modal_get_lists_of_floats(engine: EmbeddingEngine, alone: numpy.ndarray):
    assert asyncio.run(engine.answer(TEXTS[:2]))[1] == pytest.approx(alone[1].tolist(), abs=1e-5)


def test_a_gpu_that_does_not_work_any_more_ends_the_container_once(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    """As torch says it, in several lines: no later call of the process survives such an error."""
    deaths: list[str] = []
    dying = EmbeddingEngine(str(tiny), gpus=0, on_fatal_error=lambda: deaths.append("once"))

    def broken() -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be ...")

    dying._failed(EngineError("the pass failed"))
    dying.device = "cuda"
    dying._failed(OutOfMemory("the text is too large"))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    dying._failed(EngineError("the pass failed"))
    assert dying.healthy and not deaths
    monkeypatch.setattr(torch.cuda, "synchronize", broken)
    for _ in range(2):
        dying._failed(EngineError("the pass failed"))
    assert deaths == ["once"] and not dying.healthy
    with pytest.raises(Unavailable, match=r"is replaced: CUDA error: an illegal memory access was encountered$"):
        asyncio.run(dying.embed(["a fox"]))
    dying.close()
