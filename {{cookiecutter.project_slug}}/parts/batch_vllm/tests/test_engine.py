"""The real vLLM on the tiny model, against the fallback of a laptop."""

from collections.abc import Callable
from pathlib import Path

import numpy
import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine.transformers_fallback import Engine as Fallback
from {{cookiecutter.__package}}.input.prompts import Prompt
from {{cookiecutter.__package}}.output.results import Classified, Embedded, Failed
from {{cookiecutter.__package}}.run.job import result_options

pytest.importorskip("vllm")
pytestmark = pytest.mark.slow

OPTIONS = result_options() | {"context_len": 256, "max_answer_tokens": 8}
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "keys", "and", "values"]
PROMPTS: list[Prompt] = [" ".join(WORDS[i * j % 11] for j in range(1 + i % 20)) for i in range(20)]


def test_results_are_those_of_each_row_alone(tiny: Path):
    from {{cookiecutter.__package}}.engine.model import Engine

    engine = Engine(str(tiny), OPTIONS, gpus=0)
    *found, long = engine([*PROMPTS, "fox " * 2000])
    engine.close()
    assert isinstance(long, Failed) and "CONTEXT_LEN is 25" in long.error
    for ours, theirs in zip(found, Fallback(str(tiny), OPTIONS)(PROMPTS), strict=True):
        SAME[plan.WORKLOAD](ours, theirs)


def same_text(ours: object, theirs: object) -> None:
    assert ours == theirs


def same_labels(ours: object, theirs: object) -> None:
    assert isinstance(ours, Classified) and isinstance(theirs, Classified)
    assert [label for label, _score in ours.scores] == [label for label, _score in theirs.scores]
    assert dict(ours.scores) == pytest.approx(dict(theirs.scores), abs=1e-4)


def same_vector(ours: object, theirs: object) -> None:
    assert isinstance(ours, Embedded) and isinstance(theirs, Embedded)
    numpy.testing.assert_allclose(ours.vector, theirs.vector, atol=1e-4)


SAME: dict[str, Callable[[object, object], None]] = {
    "generation": same_text,
    "classification": same_labels,
    "embedding": same_vector,
}


def test_an_empty_shard_asks_for_nothing(tiny: Path):
    assert Fallback(str(tiny), OPTIONS)([]) == []
