"""Rates, typical lengths and targets: what may be typed, what they cost, and what the project is told."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.asked import NO_TARGETS, Targets
from planner.catalogue.models import find_model
from planner.choose.configurations import typical_request
from planner.choose.formats import quality_lost
from planner.choose.inference import weigh
from planner.choose.sizing import LOADED
from planner.describe.load import typed_aim, typed_load
from planner.describe.refusal import plan_for
from planner.estimate.inference import estimate
from planner.request.parse import parse_budget
from planner.request.traffic import Load, parse_aim, parse_load, room_for
from planner.schema import InferenceCandidate, Refusal, Request, replace
from planner.write.plan_md import plan_md
from planner.write.plan_py.render import constants_of
from planner.write.terminal import terminal_lines

QWEN_8B, QWEN_32B, SMALL = "Qwen/Qwen3-8B", "Qwen/Qwen3-32B", "Qwen/Qwen2.5-0.5B-Instruct"
EMBEDDING = "Qwen/Qwen3-Embedding-0.6B"


def asked(model: str, load: str, aim: str = "cost", budget: str = "none", **other) -> Request:
    found = find_model(model)
    typed = parse_load(load, "serve", found.workload)
    goal, targets = parse_aim(aim, "serve", found.workload)
    fields = {
        "context_len": 8192 if found.workload == "generation" else 2048,
        "concurrency": typed.concurrency, "rate": typed.rate, "prompt_tokens": typed.prompt_tokens,
        "answer_tokens": typed.answer_tokens, "optimize": goal, "targets": targets, **other,
    }  # fmt: skip
    return Request("serve", found.workload, found, parse_budget(budget), **fields)


def chosen(*answers, **other) -> InferenceCandidate:
    return plan_for(asked(*answers, **other)).chosen


# ---- what may be typed ----


@pytest.mark.parametrize(
    ("text", "load"),
    [
        ("16", Load(16)),
        ("auto", Load(16)),
        ("5/s", Load(0, 5.0)),
        ("0.5 / s", Load(0, 0.5)),
        ("5 per second", Load(0, 5.0)),
        ("300/min", Load(0, 5.0)),
        ("1.5k/hour", Load(0, 1500 / 3600)),
        ("20k/day", Load(0, 20_000 / 86_400)),
        ("1M/day", Load(0, 1e6 / 86_400)),
        ("5 req/s", Load(0, 5.0)),
        ("300/mins", Load(0, 5.0)),
        ("18,000 per hours", Load(0, 5.0)),
        ("5 rps 4000+500", Load(0, 5.0, 4000, 500)),
        ("300rpm", Load(0, 5.0)),
        ("1,000 requests/h", Load(0, 1000 / 3600)),
        ("5/s 4000+500", Load(0, 5.0, 4000, 500)),
        ("16 4k + 512", Load(16, 0.0, 4096, 512)),
        ("4000+500", Load(16, 0.0, 4000, 500)),
    ],
)
def test_a_load(text: str, load: Load) -> None:
    """A day has 86,400 seconds; k is a thousand requests, and 1,024 tokens as in every length."""
    found = parse_load(text, "serve", "generation")
    assert found == load._replace(rate=pytest.approx(load.rate))


@pytest.mark.parametrize(
    ("text", "task", "workload", "words"),
    [
        ("5/week", "serve", "generation", "5/s, 300/min or 20k/day"),
        ("lots", "serve", "generation", "5/s, 300/min or 20k/day"),
        ("0/s", "serve", "generation", "above 0"),
        ("5/ms", "serve", "generation", "5/s, 300/min or 20k/day"),
        ("1e9/s", "serve", "generation", "5/s"),
        ("-5/s", "serve", "generation", "5/s"),
        ("2.5", "serve", "generation", "whole number"),
        ("5/s 4000", "serve", "generation", "prompt and answer, in tokens: 4000+500"),
        ("5/s 300+20", "serve", "embedding", "one number"),
        ("5/s 0+500", "serve", "generation", "at least 1"),
        ("5/s", "batch", "generation", "is for a service"),
    ],
)
def test_another_load_is_refused(text: str, task: str, workload: str, words: str) -> None:
    with pytest.raises(Refusal, match=re.escape(words)):
        parse_load(text, task, workload)


@pytest.mark.parametrize(
    ("text", "aim", "targets"),
    [
        ("cost", "cost", NO_TARGETS),
        ("Latency", "latency", NO_TARGETS),
        ("latency ttft<1s tpot<40ms", "latency", Targets(1.0, 0.04)),
        ("cost tpot < 0.04 s", "cost", Targets(0.0, 0.04)),
        ("ttft<=800ms", "cost", Targets(0.8)),
        ("throughput, ttft<2s", "throughput", Targets(2.0)),
    ],
)
def test_an_aim(text: str, aim: str, targets: Targets) -> None:
    assert parse_aim(text, "serve", "generation") == (aim, pytest.approx(targets))


@pytest.mark.parametrize(
    ("text", "task", "workload", "words"),
    [
        ("everything", "serve", "generation", "not one of cost, latency, throughput"),
        ("latency ttft<1", "serve", "generation", "latency ttft<1s tpot<40ms"),
        ("ttft>1s", "serve", "generation", "latency ttft<1s tpot<40ms"),
        ("latency fast", "serve", "generation", "latency ttft<1s tpot<40ms"),
        ("cost ttft<0s", "serve", "generation", "above 0"),
        ("cost ttft<1s ttft<2s", "serve", "generation", "twice"),
        ("cost ttft<1s", "batch", "generation", "for a service"),
        ("cost ttft<1s", "finetune", "generation", "for a service"),
        ("cost tpot<40ms", "serve", "embedding", "writes none"),
        ("", "serve", "generation", "write one of cost"),
    ],
)
def test_another_aim_is_refused(text: str, task: str, workload: str, words: str) -> None:
    with pytest.raises(Refusal, match=re.escape(words)):
        parse_aim(text, task, workload)


@pytest.mark.parametrize("load", ["16", "5/s", "5/s 4000+500", "0.25/min", "20k/day 300+20", "16 1000+100"])
@pytest.mark.parametrize("aim", ["cost", "latency ttft<1s", "throughput ttft<1.5s tpot<40ms"])
def test_what_a_plan_suggests_can_be_typed(load: str, aim: str) -> None:
    request = asked(QWEN_8B, load, aim)
    again = asked(QWEN_8B, typed_load(request), typed_aim(request))
    assert again._replace(rate=0) == request._replace(rate=0) and again.rate == pytest.approx(request.rate, rel=1e-3)


def test_a_context_that_nobody_typed_grows_for_the_lengths() -> None:
    model, load = find_model(QWEN_8B), Load(16, 0.0, 16_000, 500)
    assert room_for(load, 8192, True, model) == 20_480
    assert room_for(Load(16, 0.0, 40_000, 900), 8192, True, model) == model.context  # 40,960
    with pytest.raises(Refusal, match="raise it to 16500"):
        room_for(load, 8192, False, model)
    for chosen_here in (True, False):  # no context_len helps: the model reads no more
        with pytest.raises(Refusal, match=r"exceeds the 40,960 .* lower the lengths"):
            room_for(Load(16, 0.0, 40_000, 1000), 8192, chosen_here, model)


# ---- what follows from it ----


@pytest.mark.parametrize("context", [1024, 8192, 32_768])
def test_the_lengths_that_were_assumed_give_the_same_plan(context: int) -> None:
    before = asked(QWEN_8B, "16", "cost", "8/hour", context_len=context)
    prompt, answer = typical_request(before)
    after = replace(before, prompt_tokens=prompt, answer_tokens=answer)
    assert weigh(after) == weigh(before)


def test_long_prompts_need_a_faster_card_than_short_ones() -> None:
    short, long = chosen(QWEN_8B, "4/s 300+200"), chosen(QWEN_8B, "4/s 6000+200")
    assert long.usd_per_hour > short.usd_per_hour


def test_a_rate_by_hand() -> None:
    """An L40S writes about 780 tokens/s at 16 requests of 1,024 + 256: 3 requests/s. 20 a second need several."""
    one = chosen(QWEN_8B, "20/s", gpu="L40S", gpu_count=1, quantization="fp8")
    full = estimate(one.setup._replace(rate=0.0)).output_tokens_per_s / 256
    assert one.setup.rate == pytest.approx(20 / one.containers)
    assert one.setup.rate < full * LOADED * 1.001 and 20 / (one.containers - 1) > one.most_per_s


def test_near_saturation_there_are_more_containers() -> None:
    few, more = chosen(QWEN_8B, "2/s", gpu="L40S", gpu_count=1), chosen(QWEN_8B, "8/s", gpu="L40S", gpu_count=1)
    assert more.containers > few.containers
    assert more.estimate.utilization <= LOADED + 1e-6 and few.estimate.utilization <= LOADED + 1e-6


RATES = st.floats(0.02, 60.0)
LENGTHS = st.sampled_from(((0, 0), (4000, 500), (200, 900), (7000, 60)))


@settings(max_examples=20, deadline=None)
@given(model=st.sampled_from([QWEN_8B, QWEN_32B, SMALL]), rate=RATES, more=st.floats(1.05, 8), lengths=LENGTHS,
       aim=st.sampled_from(["cost", "cost ttft<1s", "cost tpot<30ms"]))  # fmt: skip
def test_a_higher_rate_never_costs_less(model, rate, more, lengths, aim) -> None:
    low = replace(asked(model, "16", aim), concurrency=0, rate=rate, prompt_tokens=lengths[0], answer_tokens=lengths[1])
    cheap, dear = weigh(low)[0], weigh(replace(low, rate=rate * more))[0]
    if dear.rank and quality_lost(cheap.setup) == quality_lost(dear.setup):
        assert dear.usd_per_hour >= cheap.usd_per_hour - 1e-9
    assert cheap.rank or not dear.rank


@settings(max_examples=20, deadline=None)
@given(model=st.sampled_from([QWEN_8B, QWEN_32B, SMALL]), load=st.sampled_from(["16", "64", "2/s", "9/s 3000+200"]),
       ttft=st.floats(0.1, 3), tpot=st.floats(0.005, 0.1), looser=st.floats(1.05, 5))  # fmt: skip
def test_a_looser_target_never_costs_more(model, load, ttft, tpot, looser) -> None:
    strict = replace(asked(model, load), targets=Targets(ttft, tpot))
    loose = replace(strict, targets=Targets(ttft * looser, tpot * looser))
    dear, cheap = weigh(strict)[0], weigh(loose)[0]
    if dear.rank and quality_lost(cheap.setup) == quality_lost(dear.setup):
        assert dear.usd_per_hour >= cheap.usd_per_hour - 1e-9
    assert cheap.rank or not dear.rank


@pytest.mark.parametrize("load", ["2/s", "5/s 4000+500", "30/s 300+100"])
def test_a_rate_costs_no_less_than_its_requests_in_flight_would_at_once(load: str) -> None:
    """By Little's law: as many containers, or more, as hold at once those that are worked on, on average.

    Requests at once each have room for a full context; those of a rate for their own lengths, one excepted.
    """
    request = asked(QWEN_8B, load)
    for one in [candidate for candidate in weigh(request) if candidate.rank]:
        held = min(one.estimate.requests_in_flight, one.setup.concurrency)  # the others wait
        in_flight = max(1, math.floor(held * one.containers))
        setup = one.setup
        at_once = replace(
            request, rate=0.0, concurrency=in_flight, gpu=setup.gpu.name, gpu_count=setup.gpu_count,
            quantization=setup.quantization, context_len=setup.input_len + setup.output_len,
        )  # fmt: skip
        same = [c for c in weigh(at_once) if c.containers and c.setup.kv_dtype == setup.kv_dtype]
        assert same and min(c.usd_per_hour for c in same) <= one.usd_per_hour + 1e-9


@pytest.mark.parametrize("load", ["16", "5/s 4000+500"])
def test_every_ranked_candidate_meets_the_targets(load: str) -> None:
    targets = Targets(0.6, 0.025)
    found = weigh(replace(asked(QWEN_8B, load), targets=targets))
    for one in [candidate for candidate in found if candidate.rank]:
        assert one.estimate.time_to_first_token_s <= targets.ttft_s
        assert one.estimate.time_per_output_token_s <= targets.tpot_s


def test_what_misses_a_target_is_rejected_with_its_figure() -> None:
    plan = plan_for(asked(QWEN_8B, "16", "cost tpot<12ms"))
    page = " ".join(plan_md(plan).split())
    said = re.search(r"tpot ([\d.]+) ms on L4 at 1 at once, 12 ms asked", page)
    assert said and float(said[1]) > 12 / 1.05
    # by hand, in 16 bits: 8.2B parameters less the input embedding, 151,936 x 4,096, at 0.79 of the 300 GB/s of an L4
    assert float(said[1]) == pytest.approx(2 * (8.19e9 - 151_936 * 4096) / (0.79 * 300e9) * 1e3, rel=0.1)


def test_a_refusal_names_the_target_that_would_be_met() -> None:
    request = asked(QWEN_32B, "16", "cost tpot<10ms", "4/hour")
    with pytest.raises(Refusal) as refused:
        plan_for(request)
    offered = re.search(r"ask for tpot<([\d.]+)ms", str(refused.value))
    assert offered and float(offered[1]) > 10
    met = replace(request, targets=Targets(0.0, float(offered[1]) / 1000))
    assert plan_for(met).chosen.rank == 1


def test_a_refusal_names_the_rate_that_the_budget_pays_for() -> None:
    request = asked(QWEN_8B, "200/s 4000+500", "cost", "4/hour")
    with pytest.raises(Refusal, match="200 requests/s of 4,000 tokens in and 500 out") as refused:
        plan_for(request)
    offered = re.search(r"ask for ([\d.]+)/s", str(refused.value))
    assert offered and plan_for(replace(request, rate=float(offered[1]))).chosen.rank == 1


def test_the_cheapest_that_meets_a_target_is_taken() -> None:
    """Each cheaper configuration, insisted on, is refused, or is of a lower quality."""
    plan = plan_for(asked(QWEN_8B, "16", "cost ttft<300ms tpot<15ms"))
    best = quality_lost(plan.chosen.setup)
    working = [c for c in plan.candidates if c.rank and quality_lost(c.setup) <= best]
    assert plan.chosen.usd_per_hour == min(c.usd_per_hour for c in working)


def test_an_embedding_service_has_a_rate_too() -> None:
    one = chosen(EMBEDDING, "200/s 300", "cost ttft<100ms")
    assert one.setup.input_len == 300 and one.estimate.time_to_first_token_s <= 0.1
    assert one.containers * one.most_per_s >= 200


# ---- the project ----


def test_the_project_is_told_what_follows_from_a_rate() -> None:
    plan = plan_for(asked(QWEN_8B, "5/s 4000+500", "cost ttft<1s", "16/hour"))
    told = {name: value for name, value, _ in constants_of(plan, "x")}
    in_flight = plan.chosen.estimate.requests_in_flight
    assert told["CONCURRENCY"] >= in_flight + 3 * math.sqrt(in_flight)  # a Poisson number is rarely above that
    assert in_flight <= told["TARGET_CONCURRENCY"] < told["CONCURRENCY"]
    assert told["MAX_CONTAINERS"] >= plan.chosen.containers
    assert told["MAX_CONTAINERS"] * told["USD_PER_HOUR"] <= 16
    line = next(line for line in terminal_lines(plan, "x") if line.startswith("Latency"))
    assert "to the first token" in line and "5/s" in line and "calculated" in line


def test_long_answers_may_be_asked_for() -> None:
    plan = plan_for(asked(QWEN_8B, "1/s 500+7000"))
    assert {name: value for name, value, _ in constants_of(plan, "x")}["MAX_ANSWER_TOKENS"] == 7000


def test_a_month_at_the_asked_rate_stands_in_the_page() -> None:
    page = plan_md(plan_for(asked(QWEN_8B, "5/s")))
    assert "| 432,000 |" in page and "calculated means" in " ".join(page.split())
