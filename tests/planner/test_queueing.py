"""Latency under a rate in closed form, beside a simulation of the steps that an engine takes.

The simulation shares nothing with the formulas but the seconds of a step; docs/planner.md has the errors that it shows.
"""

import math
from collections.abc import Iterator
from dataclasses import astuple
from functools import cache
from statistics import fmean, median

import pytest
from batching_simulation import Measured, simulate

from planner.catalogue.gpus import find_gpu
from planner.catalogue.models import find_model
from planner.describe.refusal import plan_for
from planner.estimate import queueing
from planner.estimate.encoder import forward_pass_s
from planner.estimate.inference import estimate
from planner.estimate.inference_memory import memory
from planner.estimate.inference_speed import Steps, steps_of
from planner.estimate.queueing import Generator, Latency, generation_latency, highest_rate, server_of, token_at
from planner.request.parse import parse_budget
from planner.request.traffic import parse_load
from planner.schema import InferenceSetup, Request

CARDS = {
    "8B on one card": ("Qwen/Qwen3-8B", "L40S", 1, 2048),
    "experts, long steps": ("Qwen/Qwen3-30B-A3B", "H100", 1, 8192),
    "70B on four": ("meta-llama/Llama-3.3-70B-Instruct", "H100", 4, 8192),
}
LENGTHS = ((1024, 256), (4000, 500), (300, 600), (6000, 100))
SLOTS, RATES = (8, 48), (0.1, 0.4, 0.6, 0.8)  # rates as shares of the highest
REQUESTS, SEEDS = 2000, 6
TTFT_ERROR, TPOT_ERROR, RATE_ERROR = 0.30, 0.20, 0.10  # at worst; some of it is chance at 0.8 of the highest rate


def setup_of(card: str, prompt: int, answer: int, slots: int, **other: float) -> InferenceSetup:
    model, gpu, count, step = CARDS[card]
    return InferenceSetup(
        find_model(model), find_gpu(gpu), count, count, max_batched_tokens=step, max_num_seqs=slots, concurrency=slots,
        input_len=prompt, output_len=answer, **other,
    )  # fmt: skip


@cache
def points(card: str) -> tuple[tuple[float, Steps, int, Latency, Measured], ...]:
    return tuple(measured(card))


def measured(card: str) -> Iterator[tuple[float, Steps, int, Latency, Measured]]:
    """Each point of the grid: share of the highest rate, steps, slots, the closed form and the simulation."""
    seed = 0
    for prompt, answer in LENGTHS:
        for slots in SLOTS:
            setup = setup_of(card, prompt, answer, slots)
            held = memory(setup)
            steps = steps_of(setup, held)
            for share in RATES:
                rate = share * highest_rate(steps, slots)
                runs = []
                for _ in range(SEEDS if share > 0.5 else 1):  # near the highest rate, chance is large
                    seed += 1
                    runs.append(simulate(steps, rate, slots, count=REQUESTS, cache_tokens=held.kv_tokens, seed=seed))
                yield share, steps, slots, generation_latency(steps, rate, slots), mean_of(runs)


def mean_of(runs: list[Measured]) -> Measured:
    return Measured(*(fmean(values) for values in zip(*map(astuple, runs), strict=True)))


def off(predicted: float, found: float) -> float:
    return abs(math.log(predicted / found))


@pytest.mark.parametrize("card", CARDS)
def test_latency_is_that_of_a_simulation(card: str) -> None:
    first = [off(closed.ttft_s, run.ttft_s) for _, _, _, closed, run in points(card)]
    token = [off(closed.tpot_s or 0.0, run.tpot_s) for _, _, _, closed, run in points(card)]
    assert max(first) < math.log(1 + TTFT_ERROR) and median(first) < 0.06
    assert max(token) < math.log(1 + TPOT_ERROR) and median(token) < 0.05


@pytest.mark.parametrize("card", CARDS)
def test_requests_in_flight_are_those_of_a_simulation(card: str) -> None:
    assert max(off(closed.in_flight, run.in_flight) for *_, closed, run in points(card)) < math.log(1.25)


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize(("prompt", "answer"), LENGTHS)
def test_the_highest_rate_is_what_leaves_an_engine_that_is_flooded(card: str, prompt: int, answer: int) -> None:
    for slots in SLOTS:
        setup = setup_of(card, prompt, answer, slots)
        held = memory(setup)
        steps = steps_of(setup, held)
        highest = highest_rate(steps, slots)
        # Lengths that vary a little, as people's do: requests that are all alike read in step and write in step
        run = simulate(steps, 3 * highest, slots, count=600, cache_tokens=held.kv_tokens, spread=0.3)
        assert highest == pytest.approx(run.done_per_s, rel=RATE_ERROR)


def test_formulas_without_a_queue_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the bounds above mean something: without the wait for a slot, or at half of the rate, they break."""
    busy = [(steps, slots, run) for share, steps, slots, _, run in points("8B on one card") if share == 0.8]
    for rate in (1.0, 0.5):
        monkeypatch.setattr(queueing, "wait_for_slot_s", lambda *_: 0.0)
        wrong = [
            off(generation_latency(steps, rate * 0.8 * highest_rate(steps, slots), slots).ttft_s, run.ttft_s)
            for steps, slots, run in busy
        ]
        assert max(wrong) > math.log(1 + TTFT_ERROR)


def test_uneven_lengths_wait_longer_than_predicted() -> None:
    """Lognormal prompts and answers of the same means; the mean wait is up to four times as long."""
    setup = setup_of("8B on one card", 1024, 256, 48)
    steps, held = steps_of(setup, memory(setup)), memory(setup)
    rate = 0.8 * highest_rate(steps, 48)
    runs = [
        [simulate(steps, rate, 48, count=REQUESTS, cache_tokens=held.kv_tokens, seed=seed, spread=spread).ttft_s
         for seed in range(3)]
        for spread in (0.0, 0.8)
    ]  # fmt: skip
    assert 1.0 < fmean(runs[1]) / fmean(runs[0]) < 4


PAGED = [
    ("Qwen/Qwen3-32B", "1/s 4000+500", 32_768),  # 31 GiB of fp8 on an H100 leave 155,000 tokens: 4.7 full contexts
    ("Qwen/Qwen3-8B", "1/s 4000+500", 40_960),
    ("meta-llama/Llama-3.3-70B-Instruct", "2/s 2000+300", 131_072),
]


@pytest.mark.parametrize(("model", "load", "context"), PAGED)
@pytest.mark.parametrize("spread", [0.0, 0.8])
def test_a_cache_planned_for_typical_lengths_is_as_good_as_an_endless_one(
    model: str, load: str, context: int, spread: float
) -> None:
    """One full context always fits beside the other slots at typical lengths, and preemption costs next to nothing.

    In tokens, by hand: the context, and prompt + answer for each other slot. Beside full contexts for every slot, which
    vLLM does not need, since it gives blocks as requests grow.
    """
    parsed = parse_load(load, "serve", "generation")
    request = Request("serve", "generation", find_model(model), parse_budget("none"), context, **parsed._asdict())
    chosen = plan_for(request).chosen
    setup = chosen.setup
    held = memory(setup)
    length = parsed.prompt_tokens + parsed.answer_tokens
    assert held.kv_tokens >= context + (setup.concurrency - 1) * length
    assert setup.concurrency > held.max_concurrency > 1  # more than full contexts for all would let run
    steps = steps_of(setup, held)
    runs = [
        simulate(steps, setup.rate, setup.concurrency, cache_tokens=cache, seed=3, spread=spread, count=REQUESTS)
        for cache in (held.kv_tokens, math.inf)
    ]
    assert runs[0].ttft_s < 1.1 * runs[1].ttft_s and runs[0].tpot_s < 1.1 * runs[1].tpot_s


# ---- what needs no simulation ----


def test_one_request_at_a_time_is_an_idle_server() -> None:
    """At one request an hour nothing waits: the first token and each other one come as for a request alone."""
    alone = estimate(setup_of("8B on one card", 1024, 256, 16)._replace(concurrency=1))
    rare = estimate(setup_of("8B on one card", 1024, 256, 16, rate=1 / 3600))
    assert rare.time_to_first_token_s == pytest.approx(alone.time_to_first_token_s, rel=0.01)
    assert 1 / rare.time_per_output_token_s == pytest.approx(alone.decode_tokens_per_s_single, rel=0.01)  # type: ignore[operator]


def test_beyond_the_highest_rate_the_queue_has_no_end() -> None:
    one = estimate(setup_of("8B on one card", 1024, 256, 16, rate=1000.0))
    assert one.time_to_first_token_s == math.inf and one.time_per_output_token_s is None
    assert one.utilization is not None and one.utilization > 1


def test_replicas_share_the_rate() -> None:
    one = setup_of("8B on one card", 1024, 256, 16, rate=1.0)
    two = one._replace(gpu_count=2, concurrency=32, rate=2.0)
    single, double = estimate(one), estimate(two)
    assert double.time_to_first_token_s == pytest.approx(single.time_to_first_token_s)
    assert double.requests_in_flight == pytest.approx(2 * single.requests_in_flight)  # type: ignore[operator]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_an_encoder_takes_all_that_wait_in_one_pass(share: float) -> None:
    """Beside a simulation: texts wait for the pass that runs, and all of them go into the next one."""
    import random

    setup = InferenceSetup(
        find_model("Qwen/Qwen3-Embedding-0.6B"), find_gpu("L4"), engine="transformers", attention="sdpa",
        context_len=2048, concurrency=32, input_len=300, output_len=1,
    )  # fmt: skip
    rate = share * 32 / forward_pass_s(setup, 32.0)
    chance, now, arrivals = random.Random(2), 0.0, []
    for _ in range(20_000):
        now += chance.expovariate(rate)
        arrivals.append(now)
    waits, free, at = [], 0.0, 0
    while at < len(arrivals):
        start = max(free, arrivals[at])
        together = [came for came in arrivals[at : at + 32] if came <= start]
        free = start + forward_pass_s(setup, float(len(together)))
        waits += [free - came for came in together]
        at += len(together)
    predicted = estimate(setup._replace(rate=rate)).time_to_first_token_s
    assert predicted == pytest.approx(fmean(waits), rel=0.25)


SERVERS = {
    "8B on one card": setup_of("8B on one card", 4000, 500, 48),
    "experts, long steps": setup_of("experts, long steps", 300, 60, 256),
    "bitsandbytes, whose steps grow faster than their requests": InferenceSetup(
        find_model("Qwen/Qwen3-8B"), find_gpu("B300"), engine="transformers", quantization="nf4", attention="sdpa",
        context_len=20_480, concurrency=123, max_batched_tokens=2048, input_len=8000, output_len=200,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SERVERS)
def test_as_many_decode_as_arrive_while_one_does(name: str) -> None:
    """Little's law, solved by halving an interval forty times; where full slots end slower than requests come, full."""
    setup = SERVERS[name]
    server = server_of(setup, steps_of(setup, memory(setup)))
    assert isinstance(server, Generator)
    for share in (0.05, 0.3, 0.6, 0.8, 0.95):
        rate = share * server.highest
        token_s = token_at(server.steps, rate, server.slots)
        low, high = 0.0, server.slots
        if rate * setup.output_len * token_s(high) >= high:
            low = high
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if rate * setup.output_len * token_s(middle) > middle else (low, middle)
        assert server.latency(rate).tpot_s == pytest.approx(token_s(high), rel=1e-4)


@pytest.mark.parametrize("name", SERVERS)
def test_a_rate_is_within_targets_where_its_latency_is(name: str) -> None:
    setup = SERVERS[name]
    server = server_of(setup, steps_of(setup, memory(setup)))
    middling = server.latency(0.5 * server.highest)
    answers = set()
    for share in (0.1, 0.3, 0.45, 0.55, 0.7, 0.8, 0.95):
        found = server.latency(share * server.highest)
        for more in (0.5, 0.95, 1.05, 2.0, 20.0):
            ttft_s, tpot_s = more * middling.ttft_s, more * (middling.tpot_s or 0.0)
            for targets in ((ttft_s, tpot_s), (ttft_s, math.inf), (math.inf, tpot_s)):
                expected = found.ttft_s <= targets[0] and (found.tpot_s or 0.0) <= targets[1]
                assert server.within(share * server.highest, *targets) == expected
                answers.add(expected)
    assert answers == {True, False}
    assert not server.within(server.highest, math.inf, math.inf)
