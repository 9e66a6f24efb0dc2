"""The kinds of choices that an engineer who rents GPUs found wrong, each with what is right and why.

Figures by hand: parameters x bytes, cards and prices from catalogue/gpus.py, published measurements where named.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.catalogue.gpus import gpu_string
from planner.catalogue.models import find_model
from planner.choose.cost import LEAST_HOURS, tokens_per_s, usd_per_million
from planner.choose.formats import quality_lost
from planner.choose.ranking import Merit, answer_s, unbeaten
from planner.choose.training import class_of
from planner.describe.changes import other_aims, what_would_change
from planner.describe.names import format_name
from planner.describe.neighbours import next_cheaper, next_faster
from planner.describe.other_gpus import out_of_memory
from planner.describe.refusal import plan_for
from planner.describe.training import cheaper_run, quicker
from planner.describe.training import other_aims as training_aims
from planner.estimate.inference import estimate
from planner.request.parse import parse_budget, parse_gpu
from planner.request.warm_pool import parse_warm
from planner.schema import AIMS, AnyPlan, Candidate, InferenceSetup, Refusal, Request, replace
from planner.write.plan_md import plan_md
from planner.write.plan_py.render import constants_of
from planner.write.terminal import terminal_lines

LLAMA_8B, LLAMA_70B = "meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.3-70B-Instruct"
QWEN_8B, QWEN_32B, QWEN_235B = "Qwen/Qwen3-8B", "Qwen/Qwen3-32B", "Qwen/Qwen3-235B-A22B"
GPT_OSS = "openai/gpt-oss-120b"
EMBEDDING = "Qwen/Qwen3-Embedding-8B"


def asked(model: str, budget: str = "none", *, task: str = "serve", gpu: str = "auto", **other) -> Request:
    name, count = parse_gpu(gpu, "auto", several_nodes=task == "distributed")
    found = find_model(model)
    trains = task in ("finetune", "distributed")
    fields = {
        "workload": found.workload,
        "context_len": 2048 if trains else 8192,
        "concurrency": 16,
        "row_tokens": 512 if trains else 0,
        "epochs": 3 if trains else 1,
        **other,
    }
    return Request(task, model=found, budget=parse_budget(budget), gpu=name, gpu_count=count, **fields)


def chosen(model: str, budget: str = "none", **other):
    return plan_for(asked(model, budget, **other)).chosen


def offered(plan: AnyPlan) -> str:
    setup = plan.chosen.setup
    return f"{gpu_string(setup.gpu, setup.gpu_count)}, {format_name(setup)}"


def constants(plan: AnyPlan) -> dict[str, object]:
    return {name: value for name, value, _reason in constants_of(plan, "x")}


# ---- memory for the server that is started ----


def test_memory_is_planned_for_the_requests_that_the_engine_is_told():
    """gpt-oss-120b is made for one 80 GB card (its model card): 16 requests at once need no second container.

    Logits of 16 sequences x 201,088 x 24 bytes are 0.07 GiB; the 1,024 that vLLM would take by itself are 4.6.
    """
    plan = plan_for(asked(GPT_OSS, gpu="H100:1"))
    assert plan.chosen.containers == 1
    assert plan.chosen.estimate.activation_gib < 1.0
    told = constants(plan)
    assert told["CONCURRENCY"] == plan.chosen.setup.max_num_seqs == 16
    assert told["MAX_NUM_BATCHED_TOKENS"] == plan.chosen.setup.max_batched_tokens
    assert chosen("Qwen/Qwen3-30B-A3B", gpu="H100:1", quantization="none").containers == 1  # 56.9 + 12 GiB of cache


def test_a_smaller_step_is_taken_where_the_default_leaves_too_little_memory():
    told = chosen(GPT_OSS, gpu="H100:1").setup
    more = estimate(told._replace(max_batched_tokens=8192))
    assert told.max_batched_tokens == 2048 or more.requests_at_once >= 16


def test_containers_of_a_large_load_are_told_their_share():
    one = chosen(GPT_OSS, gpu="A100-80GB:1", concurrency=128)
    assert one.containers * one.setup.max_num_seqs >= 128
    assert one.setup.max_num_seqs == one.setup.concurrency <= one.estimate.requests_at_once


# ---- quality ----


@pytest.mark.parametrize("model", [QWEN_32B, LLAMA_70B, "meta-llama/Llama-3.1-405B-Instruct", "Qwen/Qwen3-14B"])
def test_published_fp8_counts_as_the_model_where_the_card_computes_it(model):
    """W8A8-FP8 is "effectively lossless" (arXiv 2411.02355), and halves the bytes of a step."""
    found = chosen(model, "100/hour", optimize="throughput").setup
    assert found.quantization == "fp8" and found.gpu.fp8
    insisted = chosen(model, "100/hour", optimize="throughput", quantization="none").setup
    assert insisted.quantization == "none" and insisted.kv_dtype == "auto"


def test_casting_while_loading_stays_what_a_short_budget_forces():
    """Mistral-7B-v0.2 has no fp8 checkpoint: 14.5 GB in 16 bits and 16 GiB of cache want 40 GB, fp8 a 22 GB card."""
    model = "mistralai/Mistral-7B-Instruct-v0.2"
    assert chosen(model, "4/hour").setup.quantization == "none"
    assert chosen(model, "4/hour", optimize="throughput").setup.quantization == "none"
    assert chosen(model, "0.90/hour", concurrency=8).setup.quantization == "fp8"


def test_the_other_precision_is_always_told():
    for model, budget in ((QWEN_32B, "20/hour"), (QWEN_8B, "4/hour")):
        plan = plan_for(asked(model, budget))
        assert plan.chosen.setup.quantization == "fp8"
        assert any("`quantization=none`" in change for change in what_would_change(plan))


def test_an_fp8_cache_comes_before_4_bit_weights_with_the_kernel_that_keeps_one():
    """Llama-3.1-8B, 2 x 131,072 tokens x 131,072 bytes are 32 GiB of cache beside 15 of weights; an L40S has 40.8.

    vLLM 0.32: FlashAttention 3 on Hopper and Triton elsewhere (`flash_attn_supports_kv_cache_dtype`).
    """
    plan = plan_for(asked(LLAMA_8B, "2/hour", context_len=131_072, concurrency=2))
    setup = plan.chosen.setup
    assert (setup.kv_dtype, setup.gpu.name, setup.attention) == ("fp8", "L40S", "sdpa")
    assert setup.quantization in ("none", "fp8")
    assert constants(plan)["KV_CACHE_DTYPE"] == "fp8"
    on_hopper = plan_for(asked(LLAMA_70B, gpu="H100:1", budget="4/hour", concurrency=2, context_len=16384))
    assert quality_lost(on_hopper.chosen.setup) <= 3


# ---- price against speed ----


def test_near_ties_go_to_the_faster():
    """gpt-oss-120b at 128: a B200 is 25% dearer than two A100 and moves 8.0 TB/s against 4.1."""
    assert chosen(GPT_OSS, concurrency=128).setup.gpu.name in ("B200", "H200")
    assert chosen("8B", "4/hour").setup.gpu.name == "A100-40GB"  # 2.10 for 1.56 TB/s, an L40S 1.95 for 0.86


def test_latency_without_a_budget_does_not_buy_eight_gpus_for_an_8b():
    """50 USD an hour for 1.55 times one B200 is no bargain."""
    assert chosen(QWEN_8B, optimize="latency").usd_per_hour <= 12.5


def test_what_hardly_fits_does_not_win_over_what_surely_fits_for_a_few_percent_more():
    plan = plan_for(asked(QWEN_8B, "4/hour"))
    spare = plan.chosen.estimate.requests_at_once / plan.chosen.setup.concurrency
    assert spare > 1.04


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([QWEN_8B, LLAMA_70B]),
    st.sampled_from(["finetune", "distributed"]),
    st.floats(1, 300),
    st.floats(1, 4),
    st.sampled_from([1_000, 10_000, 90_000]),
    st.sampled_from(["run", "hour"]),
)
def test_training_takes_the_quickest_of_what_costs_about_the_same(model, task, usd, more, rows, per):
    small = asked(model, f"{usd:.2f}/{per}", task=task, dataset_rows=rows)
    large = replace(small, budget=parse_budget(f"{usd * more:.2f}/{per}"))
    try:
        plan = plan_for(small)
    except Refusal:
        return
    best, kind = plan.chosen.run, class_of(small, plan.chosen)
    alike = [c.run for c in plan.candidates if c.rank and class_of(small, c) == kind]
    assert not any(run.usd < best.usd and run.hours < best.hours for run in alike)
    cheapest = min(run.usd for run in alike)
    assert best.usd <= 1.1 * cheapest
    assert best.hours == min(run.hours for run in alike if run.usd <= 1.1 * cheapest)
    after = plan_for(large)
    if class_of(large, after.chosen) == kind:
        assert after.chosen.run.hours <= best.hours


def test_a_full_fine_tuning_does_not_take_the_dearer_and_slower_card():
    """B300 holds a larger micro-batch than B200: 25 minutes for 3.00 beside 31 for 3.21."""
    plan = plan_for(asked(QWEN_8B, task="finetune", method="full", dataset_rows=10_000))
    runs = [c.run for c in plan.candidates if c.rank]
    assert not any(run.usd <= plan.chosen.run.usd and run.hours < plan.chosen.run.hours for run in runs)


# ---- what is said beside ----

PLANS = [
    asked(QWEN_8B, "4/hour"),
    asked(QWEN_8B, "4.20/hour", optimize="throughput"),
    asked(QWEN_32B, "30/run", task="batch", dataset_rows=100_000),
    asked(LLAMA_8B, "3/hour", context_len=131_072, concurrency=2),
    asked(LLAMA_70B, "8/hour"),
    asked(GPT_OSS, "6/hour", concurrency=64),
    asked(QWEN_8B, "300/month"),
    asked("google/gemma-3-27b-it", "4/hour"),
    asked(EMBEDDING, "2/hour", concurrency=32),
    asked(QWEN_8B, "8/hour", optimize="latency", warm=parse_warm("1", "latency")),
    asked(QWEN_8B, "300/month", gpu="auto:2", optimize="throughput"),
]


@pytest.mark.parametrize("request_", PLANS, ids=lambda r: f"{r.task}-{r.model.id.rpartition('/')[2]}-{r.budget.usd:g}")
def test_what_is_called_cheaper_or_faster_is(request_):
    plan = plan_for(request_)
    cheaper, faster = next_cheaper(plan), next_faster(plan)
    said = "\n".join(terminal_lines(plan, "x"))
    assert cheaper is None or cheaper is not faster
    if cheaper:
        assert cheaper.rank  # it runs, and within the budget
        per_token = request_.task == "batch"
        price = usd_per_million if per_token else (lambda candidate: candidate.usd_per_hour)
        assert price(cheaper) < price(plan.chosen)
        assert f"Cheaper  ({'per token' if per_token else 'per hour'})" in said
    if faster:
        if request_.optimize == "latency":
            assert answer_s(faster) < answer_s(plan.chosen) and "Faster   (in time to an answer)" in said
        else:
            assert tokens_per_s(faster) > tokens_per_s(plan.chosen) and "Faster   (in tokens/s)" in said


@pytest.mark.parametrize("request_", PLANS, ids=lambda r: f"{r.task}-{r.model.id.rpartition('/')[2]}-{r.budget.usd:g}")
def test_what_would_change_does(request_):
    """Each sentence is read as a person would, the answer is typed, and the plan must match the sentence."""
    plan = plan_for(request_)
    steps = [step for step in out_of_memory(plan) if "gpu=" in step]
    for sentence in [*what_would_change(plan), *other_aims(plan), *steps]:
        if "the budget pays for nothing that works" in sentence:
            with pytest.raises(Refusal):
                plan_for(retyped(request_, sentence))
            continue
        other = plan_for(retyped(request_, sentence)).chosen
        if "the same choice" in sentence:
            assert other.setup._replace(draft=None) == plan.chosen.setup._replace(draft=None), sentence
            turned = bool(other.setup.draft) - bool(plan.chosen.setup.draft)
            words = {1: ", with speculative decoding.", -1: ", without speculative decoding.", 0: "the same choice."}
            assert sentence.endswith(words[turned])
            continue
        found = re.search(r"(?:(\d+) containers of )?(\d+)x (\S+) in .*?\$([\d.,]+)/h", sentence)
        assert found, sentence
        assert other.setup.gpu.name == found[3] and other.setup.gpu_count == int(found[2]), sentence
        assert other.containers == int(found[1] or 1)
        assert f"{other.usd_per_hour:,.2f}" == found[4], sentence
        rate = re.search(r"~([\d,]+) tokens/s", sentence)
        assert rate and float(rate[1].replace(",", "")) == pytest.approx(tokens_per_s(other), rel=0.06), sentence


def retyped(request: Request, sentence: str) -> Request:
    """The request with the answers that the sentence shows as code."""
    for answer in " ".join(re.findall(r"`([a-z_]+=[^`]+)`", sentence)).split():
        key, _, value = answer.partition("=")
        if key == "gpu":
            name, count = parse_gpu(value)
            request = replace(request, gpu=name, gpu_count=count)
        elif key in ("context_len", "concurrency"):
            request = replace(request, **{key: int(value)})
        elif key == "budget":
            request = replace(request, budget=parse_budget(value))
        elif key == "warm":
            request = replace(request, warm=parse_warm(value, request.optimize))
        else:
            request = replace(request, **{key: value})
    return request


@pytest.mark.parametrize("request_", PLANS, ids=lambda r: f"{r.task}-{r.model.id.rpartition('/')[2]}-{r.budget.usd:g}")
def test_each_other_aim_has_its_figures(request_):
    said = list(other_aims(plan_for(request_)))
    assert [sentence.split("=")[1].split("`")[0].split()[0] for sentence in said] == [
        aim for aim in AIMS if aim != request_.optimize
    ]


@pytest.mark.parametrize("budget", ["20/run", "60/run", "200/run"])
def test_a_cheaper_training_is_one_that_runs_and_costs_less(budget):
    plan = plan_for(asked(LLAMA_70B, budget, task="distributed", dataset_rows=10_000, method="lora"))
    cheaper, faster = cheaper_run(plan), quicker(plan)
    assert cheaper is None or (cheaper.rank and cheaper.run.usd < plan.chosen.run.usd)
    assert faster is None or faster.run.hours < plan.chosen.run.hours
    [aim] = training_aims(plan)
    assert aim.startswith("`optimize=throughput`: ")
    if not aim.endswith("the same choice."):
        other = plan_for(replace(plan.request, optimize="throughput")).chosen
        assert f"{other.setup.gpu_count}x {other.setup.gpu.name}, " in aim and other.run.hours < plan.chosen.run.hours


# ---- models that only read ----


def test_embedding_takes_the_engine_that_reads_faster():
    plan = plan_for(asked(EMBEDDING, task="batch", dataset_rows=10_000_000, context_len=1024))
    rate = tokens_per_s(plan.chosen)
    price = plan.chosen.usd_per_hour / rate
    for engine in ("vllm", "transformers"):
        other = plan_for(replace(plan.request, engine=engine)).chosen
        assert price <= 1.1 * other.usd_per_hour / tokens_per_s(other)


def test_a_pass_of_texts_is_bounded_by_its_tokens():
    """32 texts of 8,192 tokens would be one padded pass of 262,144."""
    one = chosen(EMBEDDING, engine="transformers", concurrency=32)
    assert one.setup.concurrency * 8192 <= 65_536
    assert one.containers == 1


def test_pooling_asks_for_the_cache_of_a_step_not_of_all_texts():
    """Qwen3-Embedding-8B: 15 GiB and 1.1 GiB of cache for a text of 8,192 tokens fit a 22 GB card, 32 texts do not."""
    one = chosen(EMBEDDING, engine="vllm", concurrency=32, gpu="L4:1")
    assert (one.containers, one.setup.concurrency) == (1, 32)


# ---- windows, months, long prompts, batches ----


def test_requests_share_the_tokens_of_a_step_in_layers_with_a_window():
    """gemma-3-27b: 54 GB; 10 full layers hold 8,192 tokens, 52 their window of 1,024, 16 kv heads x 128 x 4 bytes each.

    16 x (10 x 8,192 + 52 x 1,024) x 8,192 B = 16.3 GiB, which 72.9 - 51 - 1 GiB hold.
    """
    one = chosen("google/gemma-3-27b-it", "4/hour", quantization="none", gpu="A100-80GB:1")
    assert one.containers == 1 and one.estimate.requests_at_once >= 16
    setup = InferenceSetup(one.setup.model, one.setup.gpu, max_num_seqs=16, max_batched_tokens=8192)
    found = estimate(setup)
    assert found.max_concurrency < found.requests_at_once  # vLLM's own line counts a whole step for each


@pytest.mark.parametrize(("model", "usd"), [("Qwen/Qwen2.5-0.5B-Instruct", 300), (QWEN_8B, 300), (QWEN_32B, 900)])
def test_a_month_is_hours(model, usd):
    """300 a month are 154 hours of an L40S at 1.95, not 0.41 an hour around the clock."""
    plan = plan_for(asked(model, f"{usd}/month"))
    hours = usd / plan.chosen.usd_per_hour
    assert hours >= LEAST_HOURS
    text = " ".join(plan_md(plan).split())
    assert f"{hours:,.0f} hours of one container" in text
    assert f"${usd}/month pays for {hours:,.0f} hours of one" in "\n".join(terminal_lines(plan, "x"))


def test_a_warm_pool_is_paid_for_its_hours():
    """An L40S at 1.95 for 50 hours of each week: 424 a month."""
    pool = parse_warm("1 mon-fri 8-18", "cost")
    assert plan_for(asked(QWEN_8B, "500/month", warm=pool, gpu="L40S")).chosen.setup.gpu.name == "L40S"
    with pytest.raises(Refusal, match=r"kept warm .* over 400|424/month"):
        plan_for(asked(QWEN_8B, "400/month", warm=pool, gpu="L40S"))


def test_prompts_that_fill_a_long_context_are_as_slow_as_their_arithmetic():
    """Llama-3.1-8B, 131,072 tokens: 2 x 8.0e9 x 131,072 FLOP and attention 2 x 32 x 4,096 x 131,072^2 are 6.6e15.

    An RTX-PRO-6000 has 500e12 FLOP/s: 13 s at its peak. Four full contexts are 69 GB of cache, which 1.6 TB/s read in
    43 ms: fewer than 93 tokens/s for all four.
    """
    request = asked(LLAMA_8B, context_len=131_072, concurrency=4, gpu="RTX-PRO-6000:1", quantization="none")
    plan = plan_for(request)
    assert plan.chosen.setup.input_len == 16_384
    found = re.search(
        r"takes ([\d.]+) s to the first token; if .*?, ([\d,.]+) output tokens/s", " ".join(plan_md(plan).split())
    )
    assert found
    assert 13 < float(found[1]) < 60
    assert float(found[2].replace(",", "")) < 93


def test_a_batch_counts_its_starts_and_no_more_containers_than_shards():
    request = asked(QWEN_8B, "4/hour", task="batch", dataset_rows=10_000)
    plan = plan_for(request)
    text = " ".join(plan_md(plan).split())
    found = re.search(r"and ([\d.]+) (minutes|hours) on (one container|(\d+) containers)", text)
    assert found
    shards = -(-10_000 // constants(plan)["SHARD_ROWS"])
    assert int(found[4] or 1) <= shards
    assert float(found[1]) >= plan.chosen.estimate.cold_start_s / 60


def test_so_many_of_any_gpu_are_only_those_that_a_container_holds():
    """Modal's guide: at most 4 A10 and a single RTX-PRO-6000 in a container."""
    names = {c.setup.gpu.name for c in plan_for(asked(QWEN_8B, gpu="auto:8")).candidates}
    assert "H100" in names and not names & {"A10", "RTX-PRO-6000"}


@pytest.mark.parametrize("aim", AIMS)
def test_a_month_and_an_hour_agree_on_what_they_pay(aim):
    hourly, monthly = (plan_for(asked(QWEN_8B, b, optimize=aim)).chosen for b in ("4/hour", f"{4 * LEAST_HOURS}/month"))
    assert hourly.setup == monthly.setup


@pytest.mark.parametrize(
    "request_",
    [
        asked(QWEN_8B, "1/hour", concurrency=256),
        asked(LLAMA_70B, "4/hour", concurrency=200),
        asked("google/gemma-3-27b-it", "300/month", concurrency=400),
        asked(QWEN_32B, "2.50/hour", concurrency=64, context_len=16384),
    ],
    ids=lambda r: f"{r.model.id.rpartition('/')[2]}-{r.budget.usd:g}-{r.concurrency}",
)
def test_the_ways_out_of_a_refusal_work(request_):
    """Fewer requests at once, or the budget that is named, typed as they stand."""
    with pytest.raises(Refusal) as refused:
        plan_for(request_)
    said = str(refused.value)
    if fewer := re.search(r"ask for (\d+) requests at once", said):
        assert plan_for(replace(request_, concurrency=int(fewer[1]))).chosen.rank == 1
    budget = re.search(r"raise the budget to ([\d.]+/\w+) \((.+?)\)", said)
    assert budget
    plan = plan_for(replace(request_, budget=parse_budget(budget[1])))
    assert plan.chosen.rank == 1
    assert budget[2].endswith(offered(plan))


@pytest.mark.parametrize(
    "request_",
    [
        asked(QWEN_8B, "2/hour", gpu="H100"),
        asked(QWEN_32B, "2/hour", context_len=32768),
        asked("deepseek-ai/DeepSeek-R1", "4/hour"),
    ],
    ids=["a card that holds 16 bits and fp8", "an fp8 cache or fp8 weights", "two formats of 4 bits"],
)
def test_a_refusal_names_what_the_raised_budget_then_gives(request_):
    with pytest.raises(Refusal) as refused:
        plan_for(request_)
    budget = re.search(r"raise the budget to ([\d.]+/\w+) \((.+?)\)", str(refused.value))
    plan = plan_for(replace(request_, budget=parse_budget(budget[1])))
    assert budget[2] == offered(plan)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=12))
def test_what_is_unbeaten_is_so_in_every_pair(figures: list[tuple[bool, int, int]]) -> None:
    """Nothing that is as sure costs no more and is no slower, unless it is the same in both."""
    anybody = Candidate(None, None, 1.0)
    merits = [
        Merit(anybody, False, 0, tight, float(price), 1.0, float(speed), float(number))
        for number, (tight, price, speed) in enumerate(figures)
    ]

    def beats(one: Merit, other: Merit) -> bool:
        no_worse = one.tight <= other.tight and one.price <= other.price and one.speed >= other.speed
        return no_worse and (one.price, one.speed) != (other.price, other.speed)

    assert unbeaten(merits) == [one for one in merits if not any(beats(other, one) for other in merits)]
