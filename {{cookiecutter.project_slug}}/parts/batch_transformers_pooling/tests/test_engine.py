"""The real engine on the tiny model, against the plain library, one text at a time."""

from pathlib import Path
from typing import Any

import numpy
import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine.loading import IncompleteWeights
from {{cookiecutter.__package}}.engine.model import Encoder, Engine
from {{cookiecutter.__package}}.input.prompts import Prompt
from {{cookiecutter.__package}}.output.results import Classified, Embedded, Failed, Result
from {{cookiecutter.__package}}.run.job import result_options

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "keys", "and", "values"]
TEXTS: list[Prompt] = [" ".join(WORDS[i * j % 11] for j in range(1 + i % 40)) for i in range(90)]
NEAR = 1e-3  # padding and the order of sums move the last digits, and this model's large weights amplify them
RESULT = {"classification": Classified, "embedding": Embedded}[plan.WORKLOAD]


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Encoder:
    return Engine(str(tiny), result_options(), gpus=0)


@pytest.mark.workload("classification")
def test_labels_and_scores_are_the_pipelines(engine: Encoder, tiny: Path):
    from transformers import pipeline

    plain: Any = pipeline("text-classification", model=str(tiny), top_k=None, dtype="float32", device="cpu")
    for text, found in zip(TEXTS, engine(TEXTS), strict=True):
        assert isinstance(found, Classified)
        expected = plain([text])[0]
        assert [label for label, _score in found.scores] == [one["label"] for one in expected]
        assert [score for _label, score in found.scores] == pytest.approx([one["score"] for one in expected], abs=NEAR)


@pytest.mark.workload("classification")
def test_labels_are_not_made_by_a_head_that_was_never_trained(engine: Encoder, tiny: Path, tmp_path: Path):
    from transformers import AutoModel

    AutoModel.from_pretrained(tiny).save_pretrained(tmp_path)  # the layers alone, as a base model is published
    engine.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(IncompleteWeights, match=r"has no weights for .*(classifier|score).*SequenceClassification"):
        Engine(str(tmp_path), result_options(), gpus=0)


@pytest.mark.workload("embedding")
def test_vectors_are_those_of_each_text_alone_in_their_order(engine: Encoder, tiny: Path):
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(tiny), device="cpu")
    found = [vector for vector in engine(TEXTS) if isinstance(vector, Embedded)]
    expected = numpy.stack([plain.encode(str(text)) for text in TEXTS])
    numpy.testing.assert_allclose([one.vector for one in found], expected, atol=1e-5)
    assert [one.prompt_tokens for one in found] == [len(plain.tokenizer(text)["input_ids"]) for text in TEXTS]


def test_what_the_model_cannot_read_is_one_dead_row(engine: Encoder):
    long, chat, good = engine(["fox " * 5000, [{"role": "user", "content": "hello"}], "a fox"])
    assert isinstance(long, Failed) and f"reads {engine.context}" in long.error
    assert isinstance(chat, Failed) and "chat" in chat.error
    assert isinstance(good, RESULT) and engine([]) == []


def test_a_pass_that_does_not_fit_is_run_in_halves(engine: Encoder, monkeypatch: pytest.MonkeyPatch):
    expected, forward, sizes = engine(TEXTS), engine.forward, []

    def small(texts: list[str], tokens: list[list[int]]) -> list[Result]:
        sizes.append(len(texts))
        if len(texts) > 3 or TEXTS[5] in texts:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 22 GiB")
        return forward(texts, tokens)

    monkeypatch.setattr(engine, "forward", small)
    found = engine(TEXTS)
    assert max(sizes) == min(plan.CONCURRENCY, len(TEXTS)) and min(sizes) == 1
    for text, ours, whole in zip(TEXTS, found, expected, strict=True):
        if text == TEXTS[5]:
            assert isinstance(ours, Failed) and "out of memory" in ours.error
        else:
            same(ours, whole)


def same(ours: object, whole: object) -> None:
    if isinstance(ours, Classified) and isinstance(whole, Classified):
        assert dict(ours.scores) == pytest.approx(dict(whole.scores), abs=NEAR)
    else:
        assert isinstance(ours, Embedded) and isinstance(whole, Embedded)
        numpy.testing.assert_allclose(ours.vector, whole.vector, atol=1e-5)
