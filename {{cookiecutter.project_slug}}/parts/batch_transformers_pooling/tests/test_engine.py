"""The real engine on the tiny model, against sentence-transformers alone."""

from pathlib import Path

import numpy
import pytest
from sentence_transformers import SentenceTransformer

from {{cookiecutter.__package}}.input.readers import Prompt
from {{cookiecutter.__package}}.engine.model import Engine
from {{cookiecutter.__package}}.output.results import Embedded, Failed

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "keys", "and", "values"]
TEXTS: list[Prompt] = [" ".join(WORDS[i * j % 11] for j in range(1 + i % 40)) for i in range(90)]


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Engine:
    return Engine(str(tiny), gpus=0)


def test_vectors_are_those_of_each_text_alone_in_their_order(engine: Engine, tiny: Path):
    plain = SentenceTransformer(str(tiny), device="cpu")
    found = [vector for vector in engine(TEXTS) if isinstance(vector, Embedded)]
    expected = numpy.stack([plain.encode(str(text)) for text in TEXTS])
    numpy.testing.assert_allclose([one.vector for one in found], expected, atol=1e-5)
    assert [one.prompt_tokens for one in found] == [len(plain.tokenizer(text)["input_ids"]) for text in TEXTS]


def test_what_no_vector_can_be_made_of_is_one_dead_row(engine: Engine):
    long, chat, good = engine(["fox " * 5000, [{"role": "user", "content": "hello"}], "a fox"])
    assert isinstance(long, Failed) and f"reads {engine.context}" in long.error
    assert isinstance(chat, Failed) and "chat" in chat.error
    assert isinstance(good, Embedded) and engine([]) == []
