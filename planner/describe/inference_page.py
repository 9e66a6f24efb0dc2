"""PLAN.md, memory.svg and the comparison of an inference plan, in words and figures."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..choose.cost import month_hours, tokens_per_s, usd_per_million
from ..choose.margins import paged
from ..estimate.inference import speed_of
from ..request.warm_pool import warm_hours_per_month
from ..schema import InferenceCandidate, InferencePlan
from .api_price import api_words
from .assumed import assumed_sentence
from .batch import lengths_basis, run_words, typical_row
from .changes import other_aims, what_would_change
from .figures import ASKED, ASSUMED, CALCULATED, memory_figures, price_figures, speed_figures
from .format import about, budget_words, code, dollars, hourly, paragraph, size_words
from .inference import (
    at_once,
    estimate_of,
    idle_prices,
    max_containers,
    memory_terms,
    peak_gib,
    pool_words,
    rate_range,
    spare_gib,
    token_kind,
    units,
    where,
)
from .layout import Bar, Comparison, Figure, Page
from .load import aim_words, asks_for_latency, cache_guarantee, latency_sentences, load_words
from .monthly import batch_table, service_tables
from .names import ENGINE_NAMES, format_name, kernel_name
from .neighbours import frontier, next_cheaper, next_faster, one_per_gpu, verdict
from .other_gpus import cheaper_single_gpus, out_of_memory
from .speculation import speculation_words

COLUMNS = (
    "GPU",
    "count",
    "quantization",
    "attention",
    "GiB used of usable",
    "tokens/s",
    "$/h",
    "$/M tokens",
    "verdict",
)
OPTIONS_HEAD = """| GPUs | quantization | GiB used of usable | tokens/s | $/hour | $/M tokens | verdict |
|---|---|---|---:|---:|---:|---|
"""


def page(plan: InferencePlan) -> Page:
    """Return the parts of PLAN.md."""
    batch = plan.request.task == "batch"
    return Page(
        decision=decision(plan),
        bar=bar(plan.chosen),
        memory=[paragraph(*words) for words in (cache_words(plan), speculation_words(plan.chosen.setup)) if words],
        out_of_memory=out_of_memory(plan),
        speed=[paragraph(*speed_words(plan))],
        cost=[
            paragraph(*(run_words(plan) if batch else money_words(plan))),
            *(batch_table(plan) if batch else service_tables(plan)),
            paragraph(*traffic_words(plan)),
            paragraph(*api_words(plan, None)),
        ],
        figures=figures(plan),
        weighed=len(plan.candidates),
        table=OPTIONS_HEAD + "".join(option_row(plan, candidate) for candidate in one_per_gpu(plan)),
        single_gpus=cheaper_single_gpus(plan),
        aims=list(other_aims(plan)),
        changes=what_would_change(plan),
    )


def bar(candidate: InferenceCandidate, role: str = "") -> Bar:
    """Return the memory of one GPU, with a caption that begins with `role`."""
    setup, estimate = candidate.setup, estimate_of(candidate)
    caption = f"{role}: {where(candidate)}, {format_name(setup)}, {hourly(candidate.usd_per_hour)}"
    return Bar(
        terms=memory_terms(estimate),
        usable_gib=estimate.usable_gib,
        caption=f"{caption}, {estimate.usable_gib:.1f} GiB",
        spare_gib=spare_gib(candidate),
        claimed=setup.engine == "vllm",
    )


def bars(plan: InferencePlan) -> list[Bar]:
    """Return the bar of the choice, and beside it one of a faster or a cheaper GPU."""
    other = next((c for c in (next_faster(plan), next_cheaper(plan)) if c and c.estimate and c.estimate.fits), None)
    return [bar(plan.chosen, "chosen"), *([bar(other, "beside it")] if other else [])]


def decision(plan: InferencePlan) -> list[str]:
    """Return the request, the choice and the assumptions, a paragraph each."""
    request, chosen, setup = plan.request, plan.chosen, plan.chosen.setup
    low, high = rate_range(chosen)
    kind = token_kind(plan)
    load = f"{at_once(plan)} {units(plan)} at once" if request.task == "batch" else load_words(request)
    asked = paragraph(
        f"{code(setup.model.id)} with {size_words(setup.model)}, a context of {request.context_len:,} tokens,",
        f"{load}, {budget_words(request.budget)}, chosen for {aim_words(request)}:",
    )
    answer = paragraph(
        f"**{where(chosen)}, {format_name(setup)}, {ENGINE_NAMES[setup.engine]}, {kernel_name(setup)}:",
        f"{hourly(chosen.usd_per_hour)}, about {about(tokens_per_s(chosen))} {kind} tokens/s",
        f"({about(low)} to {about(high)}), {dollars(usd_per_million(chosen))} per million {kind} tokens",
        "at full load.**",
    )
    guessed = assumed_sentence(setup.model)
    return [asked, answer, paragraph(guessed)] if guessed else [asked, answer]


def cache_words(plan: InferencePlan) -> list[str]:
    setup, estimate = plan.chosen.setup, estimate_of(plan.chosen)
    if not estimate.kv_cache_gib:
        return [
            "A model that only reads keeps no KV cache; the memory of a pass grows with its texts, here up to",
            f"{setup.concurrency} of {setup.context_len:,} tokens.",
        ]
    words = [
        f"One token of context takes {estimate.kv_bytes_per_token:,.0f} bytes of KV cache on each GPU; there is",
        f"room for {estimate.kv_tokens:,} tokens: {estimate.max_concurrency:.1f} requests of full context.",
    ]
    if setup.engine == "vllm":
        words.append(
            f"vLLM claims {setup.memory_fraction:.0%} of the card and uses the remainder as KV cache, so a full card "
            f"is normal; the column *needed* counts the planned load{'.' if paged(setup) else ' at full context.'}"
        )
        if paged(setup):
            words.append(cache_guarantee(plan))
    return words


def speed_words(plan: InferencePlan) -> list[str]:
    setup, estimate = plan.chosen.setup, estimate_of(plan.chosen)
    first, read = speed_of(setup)[0], about(estimate.prefill_tokens_per_s or 0)
    low, high = rate_range(plan.chosen)
    if estimate.decode_tokens_per_s_single:
        alone = about(estimate.decode_tokens_per_s_single)
        answers = [
            f"A prompt is read at about {read} tokens/s. On an idle server the first token comes after {first:.2f} s",
            f"and a request answers at {alone} tokens/s. A typical request has",
            f"{setup.input_len:,} tokens in and {setup.output_len:,} out ({lengths_basis(plan.request)}).",
        ]
    else:
        answers = [
            f"Texts are read at about {read} tokens/s. On an idle server one of {setup.input_len:,} tokens is answered",
            f"after {first:.2f} s.",
        ]
    return [
        *answers,
        *latency_sentences(plan),
        *full_context_words(plan),
        f"A cold start takes about {estimate.cold_start_s:.0f} s (unmeasured estimate). Speeds come from a roofline",
        f"model: expect {about(low)} to {about(high)} {token_kind(plan)} tokens/s.",
    ]


def full_context_words(plan: InferencePlan) -> list[str]:
    """Return how fast prompts are that fill the context; nothing where a typical request nearly does."""
    setup = plan.chosen.setup
    if plan.request.workload != "generation" or setup.context_len < 2 * (setup.input_len + setup.output_len):
        return []
    full = setup._replace(input_len=setup.context_len - setup.output_len)
    alone_s, one_rate = speed_of(full)
    rate = plan.chosen.containers * one_rate
    return [
        f"A prompt of {full.input_len:,} tokens, which fills the context, takes {alone_s:.1f} s to",
        f"the first token; if every request has such a prompt, {about(rate)} output tokens/s are left.",
    ]


def money_words(plan: InferencePlan) -> list[str]:
    setup, estimate, most = plan.chosen.setup, estimate_of(plan.chosen), max_containers(plan)
    pool, (always, working) = plan.request.warm, idle_prices(plan)
    hours = warm_hours_per_month(pool)
    host = pool.containers * estimate.host_usd_per_hour * hours
    kept = (
        f"The warm pool is {pool_words(plan)} for GPUs, and about ${host:,.0f} for CPU and memory ({hours:.0f} hours)."
        if pool.containers
        else f"Nothing is kept warm, so idle costs nothing; one container kept warm costs ${always:,.0f}/month for "
        f'GPUs (730 hours), or ${working:,.0f} in working hours (`warm="1 mon-fri 8-18"`, 217 hours).'
    )
    highest = most * setup.gpu_count * setup.gpu.usd_per_hour
    return [
        *month_words(plan),
        f"At most {most} {'container runs' if most == 1 else 'containers run'}, {hourly(highest)}. Prices are Modal's",
        f"of {PRICES_DATE}, for GPUs; CPU and memory are billed by use on top, about",
        f"{hourly(estimate.host_usd_per_hour)} per container (unmeasured estimate). An idle container is billed until",
        "`SCALEDOWN_WINDOW` has passed.",
        kept,
    ]


def month_words(plan: InferencePlan) -> list[str]:
    """Return how many hours a budget for a month pays for; nothing for another budget."""
    if plan.request.budget.per != "month":
        return []
    hours = month_hours(plan.request, plan.chosen)
    beyond = " beyond its warm pool" if plan.request.warm.containers else ""
    return [
        f"{budget_words(plan.request.budget)} pays for {hours:,.0f} hours of one container{beyond}, of 730.",
        "The service does not stop when they are used up; a workspace budget in Modal's settings does that.",
    ]


def traffic_words(plan: InferencePlan) -> list[str]:
    """Return what the tables of a month assume."""
    row = typical_row(plan)
    if plan.request.task == "batch":
        return [f"A row has {row} ({lengths_basis(plan.request)})."]
    return [
        f"GPUs only, at {row} per request ({lengths_basis(plan.request)}). In one stretch: the requests of a day come",
        "together at full load, a start and an idle window included. Spread evenly: they come closer than",
        "`SCALEDOWN_WINDOW`, and the containers stay up. Below full load the same hour is paid for fewer tokens.",
    ]


def figures(plan: InferencePlan) -> list[Figure]:
    """Return how far each kind of figure can be trusted."""
    estimate = estimate_of(plan.chosen)
    queueing = Figure("latency under load", CALCULATED, "queueing at the predicted speed; compared with a simulation")
    latency = [queueing] if asks_for_latency(plan.request) else []
    return [
        *memory_figures(plan.chosen.setup.model, "KV cache, activations, overhead"),
        *speed_figures(plan, "tokens/s, time to the first token", "prefill_tokens_per_s" in estimate.prior),
        *price_figures(),
        *latency,
        Figure("a typical request or row", ASKED if plan.request.prompt_tokens else ASSUMED, typical_row(plan)),
    ]


def option_row(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    setup, estimate = candidate.setup, candidate.estimate
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f}" if estimate and estimate.fits else "-"
    rate = about(tokens_per_s(candidate)) if candidate.containers else "-"
    per_million = dollars(usd_per_million(candidate)).removeprefix("$") if candidate.containers else "-"
    return (
        f"| {where(candidate)} | {format_name(setup)} | {used} | {rate} | {candidate.usd_per_hour:.2f} | {per_million} "
        f"| {verdict(plan, candidate)} |\n"
    )


def comparison(plan: InferencePlan, which: str) -> Comparison:
    """Return the weighed candidates as a table: the "best" of each GPU, "all" of them, or the "frontier"."""
    candidates = {"best": one_per_gpu, "all": lambda plan: plan.candidates, "frontier": frontier}[which](plan)
    load = f"context {plan.request.context_len:,}, {load_words(plan.request)}"
    if plan.request.task == "batch":
        rows = plan.request.dataset_rows
        load = f"context {plan.request.context_len:,}, {f'{rows:,} rows' if rows else 'a batch'} of {typical_row(plan)}"
    return Comparison(COLUMNS, [cells(plan, candidate) for candidate in candidates], load)


def cells(plan: InferencePlan, candidate: InferenceCandidate) -> tuple[str, ...]:
    """Return a row of the comparison."""
    setup, estimate = candidate.setup, candidate.estimate
    fits = estimate is not None and estimate.fits
    times = f" x{candidate.containers}" if candidate.containers > 1 else ""
    return (
        setup.gpu.name,
        f"{setup.gpu_count}{times}",
        format_name(setup),
        "engine's" if setup.attention == "auto" else kernel_name(setup),
        f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f}" if estimate and fits else "-",
        about(tokens_per_s(candidate)) if candidate.containers else "-",
        f"{candidate.usd_per_hour:.2f}",
        dollars(usd_per_million(candidate)).removeprefix("$") if candidate.containers else "-",
        verdict(plan, candidate),
    )
