"""The real engine on the tiny model, against transformers' own pipeline."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModel, AutoModelForSequenceClassification, pipeline

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine.errors import InvalidRequest
from {{cookiecutter.__package}}.engine.loading import IncompleteWeights
from {{cookiecutter.__package}}.engine.server import ClassificationEngine

pytestmark = pytest.mark.workload("classification")

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "keys", "and", "values"]
TEXTS: list[str] = [" ".join(WORDS[i * j % 11] for j in range(1 + i % 40)) for i in range(60)]
NEAR = 1e-3  # padding and the order of sums move the last digits, and this model's large weights amplify them


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[ClassificationEngine]:
    loaded = ClassificationEngine(str(tiny), gpus=0)
    yield loaded
    loaded.close()


def piped(folder: Path) -> list[dict[str, float]]:
    """Return transformers' own scores of each text, one at a time: a score for each label."""
    classify: Any = pipeline("text-classification", model=str(folder), device="cpu")
    return [{one["label"]: one["score"] for one in classify(text, top_k=None)} for text in TEXTS]


def test_classes_are_those_of_transformers_pipeline_whatever_the_batch(engine: ClassificationEngine, tiny: Path):
    async def together() -> list:
        return await asyncio.gather(engine.classify(TEXTS), *(engine.classify([text]) for text in TEXTS))

    (whole, _), *singles = asyncio.run(together())
    labels = list(engine.model.config.id2label.values())
    for got, (single, _), expected in zip(whole, singles, piped(tiny), strict=True):
        assert dict(zip(labels, got.probs, strict=True)) == pytest.approx(expected, abs=NEAR)
        assert single[0].probs == pytest.approx(got.probs, abs=NEAR)
        assert got.label == max(expected, key=lambda label: expected[label])
    assert len({got.label for got in whole}) > 1


def test_a_model_without_a_trained_head_is_not_served(tiny: Path, tmp_path: Path, engine: ClassificationEngine):
    AutoModel.from_pretrained(tiny).save_pretrained(tmp_path)  # the layers alone, as a base model is published
    engine.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(IncompleteWeights, match=r"has no weights for .*(classifier|score).*SequenceClassification"):
        ClassificationEngine(str(tmp_path), gpus=0)


@pytest.mark.parametrize("problem", ["multi_label_classification", "regression", "single_label_classification"])
def test_scores_follow_the_kind_of_problem(tiny: Path, tmp_path: Path, problem: str, engine: ClassificationEngine):
    model: Any = AutoModelForSequenceClassification.from_pretrained(tiny)
    model.config.problem_type = problem
    model.save_pretrained(tmp_path)
    engine.tokenizer.save_pretrained(tmp_path)
    other = ClassificationEngine(str(tmp_path), gpus=0)
    classes, _ = asyncio.run(other.classify(TEXTS[:5]))
    other.close()
    labels = list(model.config.id2label.values())
    for got, expected in zip(classes, piped(tmp_path), strict=False):
        assert dict(zip(labels, got.probs, strict=True)) == pytest.approx(expected, abs=NEAR)


def test_a_text_over_the_limit_is_refused_and_never_cut(engine: ClassificationEngine):
    with pytest.raises(InvalidRequest, match=rf"input 1 has \d+ tokens and this service reads {engine.context}"):
        asyncio.run(engine.classify(["short", "fox " * 2 * plan.CONTEXT_LEN]))
    assert engine.context == min(plan.CONTEXT_LEN, 512)


def test_callers_inside_modal_get_plain_data(engine: ClassificationEngine):
    (got,) = asyncio.run(engine.answer(["a fox"]))
    assert got["label"] in engine.model.config.id2label.values() and sum(got["probs"]) == pytest.approx(1)
