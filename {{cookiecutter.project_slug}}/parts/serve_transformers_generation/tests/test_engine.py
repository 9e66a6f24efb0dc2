"""The real engine on the tiny model: it answers as plain `generate` does, and sampling really samples."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine import server
from {{cookiecutter.__package}}.engine.deltas import Delta
from {{cookiecutter.__package}}.engine.errors import InvalidRequest, OutOfMemory, Unavailable
from {{cookiecutter.__package}}.engine.loading import IncompleteWeights
from {{cookiecutter.__package}}.engine.sampling import SamplingParams
from {{cookiecutter.__package}}.engine.server import PAGE, Engine, batching

FOX = "The quick brown fox"


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[Engine]:
    loaded = Engine(str(tiny), gpus=0)
    yield loaded
    loaded.close()


def test_layers_without_their_head_are_not_served(engine: Engine, tiny: Path, tmp_path: Path):
    config: Any = AutoConfig.from_pretrained(tiny)
    config.tie_word_embeddings = False  # or the embeddings would be the head
    AutoModel.from_config(config).save_pretrained(tmp_path)
    engine.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(IncompleteWeights, match=r"has no weights for lm_head.weight of a \w+ForCausalLM"):
        Engine(str(tmp_path), gpus=0)


async def deltas(engine: Engine, question: str, **sampling: Any) -> list[Delta]:
    prompt = engine.chat([{"role": "user", "content": question}])
    return [delta async for delta in engine.stream(prompt, SamplingParams(**sampling))]


async def text(engine: Engine, question: str, **sampling: Any) -> str:
    return "".join([delta.text for delta in await deltas(engine, question, **sampling)])


def test_greedy_answers_are_those_of_plain_generate_however_many_at_once(engine: Engine, tiny: Path):
    plain: Any = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    questions = [f"{FOX} number {i}" for i in range(min(50, plan.CONCURRENCY + plan.MAX_WAITING))]

    async def together() -> list[str]:
        return await asyncio.gather(*(text(engine, q, max_tokens=8, temperature=0.0) for q in questions))

    for question, got in zip(questions, asyncio.run(together()), strict=True):
        prompt = torch.tensor([engine.chat([{"role": "user", "content": question}])])
        reference = plain.generate(prompt, max_new_tokens=8, do_sample=False)[0, prompt.shape[1] :]
        assert got == engine.tokenizer.decode(reference, skip_special_tokens=True)


def test_temperature_samples_from_the_models_own_distribution(engine: Engine, tiny: Path):
    plain: Any = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    prompt = engine.chat([{"role": "user", "content": FOX}])
    with torch.no_grad():
        chances = (plain(torch.tensor([prompt])).logits[0, -1] / 0.1).softmax(-1)

    async def draw() -> Counter[str]:
        drawn: Counter[str] = Counter()
        while drawn.total() < 200:
            asked = range(min(plan.CONCURRENCY, 200 - drawn.total()))
            drawn.update(await asyncio.gather(*(text(engine, FOX, max_tokens=1, temperature=0.1) for _ in asked)))
        return drawn

    expected: Counter[str] = Counter()  # several tokens may read alike: single bytes of longer characters
    for token, chance in enumerate(chances.tolist()):
        expected[engine.tokenizer.decode([token], skip_special_tokens=True)] += chance
    drawn = asyncio.run(draw())
    for word, chance in expected.most_common(3):
        assert abs(drawn[word] / 200 - chance) < 4 * math.sqrt(chance * (1 - chance) / 200)


def test_it_counts_tokens_and_says_why_it_stopped(engine: Engine):
    got = asyncio.run(deltas(engine, FOX, max_tokens=5, temperature=0.0))
    assert got[-1].tokens <= 5 and got[-1].finish in ("stop", "length")
    assert [delta.tokens for delta in got] == sorted(delta.tokens for delta in got)
    forced = asyncio.run(deltas(engine, FOX, max_tokens=40, temperature=0.0, ignore_eos=True))
    assert forced[-1].tokens == 40 and forced[-1].finish == "length"


def test_an_answer_ends_before_a_stop_string(engine: Engine):
    whole = asyncio.run(text(engine, FOX, max_tokens=24, temperature=0.0))
    stop = whole[9:12]
    cut = asyncio.run(deltas(engine, FOX, max_tokens=24, temperature=0.0, stop=[stop, "never said"]))
    assert "".join(delta.text for delta in cut) == whole[: whole.index(stop)]
    assert cut[-1].finish == "stop"


@pytest.mark.parametrize(
    ("question", "asked", "limit"),
    [("hi", plan.MAX_ANSWER_TOKENS + 1, plan.MAX_ANSWER_TOKENS), ("fox " * 3 * plan.CONTEXT_LEN, 1, plan.CONTEXT_LEN)],
)
def test_what_exceeds_a_limit_is_refused_before_it_starts(engine: Engine, question: str, asked: int, limit: int):
    with pytest.raises(InvalidRequest, match=str(limit)):
        asyncio.run(text(engine, question, max_tokens=asked))


def test_more_than_may_wait_is_refused_and_the_others_are_answered(engine: Engine):
    most = plan.CONCURRENCY + plan.MAX_WAITING

    async def together() -> list[str | BaseException]:
        asked = (text(engine, FOX, max_tokens=4, temperature=0.0) for _ in range(most + 3))
        return await asyncio.gather(*asked, return_exceptions=True)

    got = asyncio.run(together())
    refused = [one for one in got if isinstance(one, Unavailable)]
    assert len(refused) == 3 and "ask again" in str(refused[0])
    assert len({one for one in got if isinstance(one, str)}) == 1
    assert len(asyncio.run(engine.answer([FOX] * (most + 3)))) == most + 3


def test_leaving_early_frees_the_request(engine: Engine):
    async def leave() -> None:
        before = engine.batches.current_batch
        stream = engine.stream(engine.text(FOX), SamplingParams(1000, 0.0, ignore_eos=True))
        await anext(stream)
        assert engine.running() == 1
        await stream.aclose()
        while engine.running():
            await asyncio.sleep(0.05)
        assert engine.batches.current_batch - before < 1000, "the request went on after its client had left"

    asyncio.run(leave())


def test_batching_that_failed_begins_anew_and_nobody_waits_forever(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    async def fail() -> None:
        failing = asyncio.create_task(text(engine, FOX, max_tokens=1000, temperature=0.0, ignore_eos=True))
        while not engine.running():
            await asyncio.sleep(0.01)
        with monkeypatch.context() as once:
            once.setattr(engine.batches.batch_processor, "prepare_next_batch", lambda: torch.empty(2**60))
            with pytest.raises(OutOfMemory, match="no RAM left: lower CONCURRENCY"):
                await failing
        while not engine.healthy:
            await asyncio.sleep(0.05)
        assert await text(engine, FOX, max_tokens=5, temperature=0.0)

    before = asyncio.run(text(engine, FOX, max_tokens=8, temperature=0.0))
    asyncio.run(fail())
    assert asyncio.run(text(engine, FOX, max_tokens=8, temperature=0.0)) == before
    assert not engine.open


def test_where_batching_cannot_begin_anew_the_container_is_replaced_once(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    deaths: list[str] = []
    dying = Engine(str(tiny), gpus=0, on_fatal_error=lambda: deaths.append("once"))
    monkeypatch.setattr(server, "TRIES", 1)
    monkeypatch.setitem(server.BATCH_TOKENS, "cpu", 2_000_000)  # the next cache does not fit
    dying.batches.stop(hard_stop=True)
    while not deaths:
        time.sleep(0.01)
    assert not dying.healthy and "replaced: out of memory" in dying.fatal_error
    with pytest.raises(Unavailable, match="replaced"):
        asyncio.run(text(dying, FOX))
    dying.close()
    assert deaths == ["once"]


def test_the_cache_holds_the_planned_requests_and_no_more():
    config = batching("cuda")
    tokens = (config.num_blocks or 0) * PAGE
    assert 0 <= tokens - plan.CONCURRENCY * plan.CONTEXT_LEN < plan.CONCURRENCY * PAGE
    assert config.max_requests_per_batch == plan.CONCURRENCY
    assert not config.auto_switch_to_flash


def test_a_cache_that_does_not_fit_is_an_error_at_start_that_says_what_to_lower(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(server.BATCH_TOKENS, "cpu", 2_000_000)
    with pytest.raises(OutOfMemory, match=r"lower CONCURRENCY \(\d+\) or CONTEXT_LEN"):
        Engine(str(tiny), gpus=0)


def test_a_closed_engine_refuses_instead_of_hanging(tiny: Path):
    closed = Engine(str(tiny), gpus=0)
    closed.close()
    assert not closed.healthy
    with pytest.raises(Unavailable):
        asyncio.run(text(closed, "hi", max_tokens=2))
