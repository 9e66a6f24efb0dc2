"""The real engine on the tiny model, against a plain loop of `generate`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from {{cookiecutter.__package}}.engine.model import Engine
from {{cookiecutter.__package}}.input.prompts import Prompt
from {{cookiecutter.__package}}.output.results import Failed, Generated
from {{cookiecutter.__package}}.run.job import result_options

OPTIONS = result_options() | {"context_len": 512, "max_answer_tokens": 12}
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "keys", "and", "values"]
PROMPTS: list[Prompt] = [" ".join(WORDS[i * j % 11] for j in range(1 + i % 20)) for i in range(40)]


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[Engine]:
    loaded = Engine(str(tiny), OPTIONS, gpus=0)
    yield loaded
    loaded.close()


def alone(tiny: Path, text: str) -> tuple[str, int]:
    """(answer, its tokens) of one prompt by itself."""
    tokenizer: Any = AutoTokenizer.from_pretrained(tiny)
    model: Any = AutoModelForCausalLM.from_pretrained(tiny, dtype="float32")
    chat = [{"role": "user", "content": text}]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    with torch.inference_mode():
        output = model.generate(**inputs, max_new_tokens=12, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    return tokenizer.decode(output, skip_special_tokens=True), len(output)


def test_answers_are_those_of_each_prompt_alone(engine: Engine, tiny: Path):
    answers = [found for found in engine(PROMPTS) if isinstance(found, Generated)]
    assert len(answers) == len(PROMPTS)
    assert [(found.text, found.output_tokens) for found in answers] == [alone(tiny, str(text)) for text in PROMPTS]


def test_a_chat_is_read_as_its_template_writes_it(engine: Engine):
    text = "the lazy dog"
    assert engine([[{"role": "user", "content": text}]]) == engine([text])


def test_what_the_context_has_no_room_for_is_one_dead_row(engine: Engine):
    first, long, last = engine(["a fox", "fox " * 2000, "a dog"])
    assert isinstance(first, Generated) and isinstance(last, Generated)
    assert isinstance(long, Failed) and "CONTEXT_LEN is 512" in long.error


def test_an_answer_is_cut_where_it_must_be_and_says_so(engine: Engine):
    found = engine(["a fox"])[0]
    assert isinstance(found, Generated) and (found.output_tokens == 12) == (found.finish_reason == "length")


def test_the_next_shard_finds_the_engine_at_work(engine: Engine):
    assert engine(PROMPTS[:5]) == engine(PROMPTS[:5])
    assert engine([]) == []
