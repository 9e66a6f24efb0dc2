"""The real engine on the tiny model: it answers as plain `generate` does, and sampling really samples."""

import asyncio
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from {{cookiecutter.__package}} import engine as engine_module
from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine import PAGE, Engine, EngineError, TooLong, batching, quantization

CHAT = [{"role": "user", "content": "The quick brown fox"}]


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[Engine]:
    loaded = Engine(str(tiny), gpus=0)
    yield loaded
    loaded.close()


async def text(engine: Engine, content: str, **options: Any) -> str:
    chat = [{"role": "user", "content": content}]
    return "".join([piece.text async for piece in engine.stream(chat, **options)])


def test_greedy_answers_are_those_of_plain_generate_even_many_at_once(engine: Engine, tiny: Path):
    plain: Any = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    questions = [f"The quick brown fox number {i}" for i in range(8)]

    async def together() -> list[str]:
        return await asyncio.gather(*(text(engine, q, max_tokens=12, temperature=0.0) for q in questions))

    for question, got in zip(questions, asyncio.run(together()), strict=True):
        prompt = torch.tensor([engine.tokens([{"role": "user", "content": question}])])
        reference = plain.generate(prompt, max_new_tokens=12, do_sample=False)[0, prompt.shape[1] :]
        assert got == engine.tokenizer.decode(reference, skip_special_tokens=True)


def test_temperature_samples_from_the_models_own_distribution(engine: Engine, tiny: Path):
    plain: Any = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    prompt = engine.tokens(CHAT)
    with torch.no_grad():
        chances = (plain(torch.tensor([prompt])).logits[0, -1] / 0.1).softmax(-1)

    async def draw() -> Counter[str]:
        one = [text(engine, CHAT[0]["content"], max_tokens=1, temperature=0.1) for _ in range(200)]
        return Counter(await asyncio.gather(*one))

    expected: Counter[str] = Counter()  # several tokens may read alike: single bytes of longer characters
    for token, chance in enumerate(chances.tolist()):
        expected[engine.tokenizer.decode([token], skip_special_tokens=True)] += chance
    drawn = asyncio.run(draw())
    for word, chance in expected.most_common(3):
        assert abs(drawn[word] / 200 - chance) < 4 * math.sqrt(chance * (1 - chance) / 200)


def test_it_counts_tokens_and_says_why_it_stopped(engine: Engine):
    async def pieces() -> list:
        return [piece async for piece in engine.stream(CHAT, max_tokens=5, temperature=0.0)]

    got = asyncio.run(pieces())
    assert got[-1].tokens <= 5 and got[-1].finish in ("stop", "length")
    assert [piece.tokens for piece in got] == sorted(piece.tokens for piece in got)


def test_what_exceeds_the_context_is_refused_before_it_starts(engine: Engine):
    with pytest.raises(TooLong, match=str(plan.CONTEXT_LEN)):
        asyncio.run(text(engine, "hi", max_tokens=plan.CONTEXT_LEN))


def test_leaving_early_frees_the_request(engine: Engine):
    async def leave() -> None:
        stream = engine.stream(CHAT, max_tokens=1000, temperature=0.0)
        await anext(stream)
        await stream.aclose()
        for _ in range(100):
            if not engine.batches.batch_processor.has_pending_requests():
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the request went on after its reader had left")

    asyncio.run(leave())


def test_the_cache_holds_the_planned_requests_and_no_more():
    config = batching("cuda")
    tokens = (config.num_blocks or 0) * PAGE
    assert 0 <= tokens - plan.CONCURRENCY * plan.CONTEXT_LEN < plan.CONCURRENCY * PAGE
    assert config.max_requests_per_batch == plan.CONCURRENCY
    assert not config.auto_switch_to_flash


def test_quantizing_at_load_becomes_a_bitsandbytes_config(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "QUANTIZE_AT_LOAD", "bitsandbytes")
    for name, bits in (("int8", "load_in_8bit"), ("nf4", "load_in_4bit")):
        monkeypatch.setattr(plan, "QUANTIZATION", name)
        config = quantization()
        assert config is not None and getattr(config, bits)


def test_a_cache_that_does_not_fit_is_an_error_at_start_that_says_what_to_lower(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(engine_module.BATCH_TOKENS, "cpu", 2_000_000)
    with pytest.raises(EngineError, match=r"lower CONCURRENCY \(\d+\) or CONTEXT_LEN"):
        Engine(str(tiny), gpus=0)


def test_two_gpus_are_refused(tiny: Path):
    with pytest.raises(ValueError, match="one GPU"):
        Engine(str(tiny), gpus=2)


def test_a_closed_engine_refuses_instead_of_hanging(tiny: Path):
    closed = Engine(str(tiny), gpus=0)
    closed.close()
    assert not closed.healthy
    with pytest.raises(EngineError):
        asyncio.run(text(closed, "hi", max_tokens=2))
