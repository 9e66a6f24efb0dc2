"""The real engine on the tiny model, against transformers' own pipeline, one text at a time."""

from pathlib import Path
from typing import Any

import pytest
from transformers import pipeline

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.data import Prompt
from {{cookiecutter.__package}}.engine.model import Engine
from {{cookiecutter.__package}}.results import Classified, Failed

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "keys", "and", "values"]
TEXTS: list[Prompt] = [" ".join(WORDS[i * j % 11] for j in range(1 + i % 40)) for i in range(90)]
NEAR = 1e-3  # padding and the order of sums move the last digits, and this model's large weights amplify them


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Engine:
    return Engine(str(tiny), gpus=0)


def test_labels_and_scores_are_the_pipelines(engine: Engine, tiny: Path):
    plain: Any = pipeline("text-classification", model=str(tiny), top_k=None, dtype="float32", device="cpu")
    for text, found in zip(TEXTS, engine(TEXTS), strict=True):
        assert isinstance(found, Classified)
        expected = plain([text])[0]
        assert [label for label, _score in found.scores] == [one["label"] for one in expected]
        assert [score for _label, score in found.scores] == pytest.approx([one["score"] for one in expected], abs=NEAR)


def test_what_cannot_be_classified_is_one_dead_row(engine: Engine):
    long, chat, good = engine(["fox " * 5000, [{"role": "user", "content": "hello"}], "a fox"])
    assert isinstance(long, Failed) and f"reads {engine.context}" in long.error
    assert isinstance(chat, Failed) and "chat" in chat.error
    assert isinstance(good, Classified) and engine([]) == []


def test_a_pass_that_does_not_fit_is_run_in_halves(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    expected, forward, sizes = engine(TEXTS), engine.forward, []

    def small(texts: list[str], tokens: list[list[int]]) -> list[Classified]:
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
            assert isinstance(ours, Classified) and isinstance(whole, Classified)
            assert dict(ours.scores) == pytest.approx(dict(whole.scores), abs=NEAR)
