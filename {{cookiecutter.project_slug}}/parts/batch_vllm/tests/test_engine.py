"""The real vLLM on the tiny model, against the plain engine of a laptop."""

from pathlib import Path

import pytest

from {{cookiecutter.__package}}.engine import transformers_fallback
from {{cookiecutter.__package}}.output import results
from {{cookiecutter.__package}} import workload
from {{cookiecutter.__package}}.input.readers import Prompt

pytest.importorskip("vllm")
pytestmark = pytest.mark.slow

OPTIONS = workload.options() | {"context_len": 256, "max_answer_tokens": 8}
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "keys", "and", "values"]
PROMPTS: list[Prompt] = [" ".join(WORDS[i * j % 11] for j in range(1 + i % 20)) for i in range(20)]


def test_results_are_those_of_each_row_alone(tiny: Path):
    from {{cookiecutter.__package}}.engine.model import Engine

    engine = Engine(str(tiny), gpus=0, options=OPTIONS)
    *found, long = engine([*PROMPTS, "fox " * 2000])
    engine.close()
    assert isinstance(long, results.Failed) and "CONTEXT_LEN is 25" in long.error
    for ours, theirs in zip(found, transformers_fallback.Engine(str(tiny), OPTIONS)(PROMPTS), strict=True):
        same(ours, theirs)


def same(ours: object, theirs: object) -> None:
    assert ours == theirs


def test_an_empty_shard_asks_for_nothing(tiny: Path):
    assert transformers_fallback.Engine(str(tiny), OPTIONS)([]) == []
