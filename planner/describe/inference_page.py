"""PLAN.md, memory.svg, the terminal and the comparison of an inference plan, in words and figures."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE, UNMEASURED
from ..choose.cost import month_hours, tokens_per_s, usd_per_million
from ..estimate.inference import speed_of
from ..request.warm_pool import warm_hours_per_month
from ..schema import Gpu, InferenceCandidate, InferencePlan
from .assumed import assumed_lines, assumed_sentence
from .batch import run_lines, run_words, typical_row
from .changes import what_would_change
from .format import about, budget_text, cents, code, paragraph, size_words
from .inference import (
    estimate_of,
    idle_prices,
    limit_words,
    max_containers,
    memory_terms,
    peak_gib,
    pool_words,
    rate_range,
    units,
    where,
    written,
)
from .layout import Bar, Comparison, Lines, Page
from .names import format_name, kernel_name
from .neighbours import beside, frontier, next_cheaper, next_faster, one_per_gpu, verdict

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
OPTIONS_HEAD = """| GPUs | quantization | GiB used of usable | tokens/s | USD/hour | USD/M tokens | verdict |
|---|---|---|---:|---:|---:|---|
"""


def page(plan: InferencePlan) -> Page:
    """Return the parts of PLAN.md."""
    return Page(
        decision=decision(plan),
        bar=bar(plan.chosen),
        memory=paragraph(*cache_words(plan)),
        money=[
            paragraph(*speed_words(plan)),
            paragraph(*(run_words(plan) if plan.request.task == "batch" else money_words(plan))),
        ],
        weighed=len(plan.candidates),
        table=OPTIONS_HEAD + "".join(option_row(plan, candidate) for candidate in one_per_gpu(plan)),
        changes=what_would_change(plan),
    )


def bar(candidate: InferenceCandidate, role: str = "") -> Bar:
    """Return the memory of one GPU, with a caption that begins with `role`."""
    setup, estimate = candidate.setup, estimate_of(candidate)
    caption = f"{role}: {where(candidate)}, {format_name(setup)}, {candidate.usd_per_hour:.2f}/hour"
    return Bar(memory_terms(estimate), estimate.usable_gib, f"{caption}, {estimate.usable_gib:.1f} GiB")


def bars(plan: InferencePlan) -> list[Bar]:
    """Return the bar of the choice, and beside it one of a faster or a cheaper GPU."""
    other = next((c for c in (next_faster(plan), next_cheaper(plan)) if c and c.estimate and c.estimate.fits), None)
    return [bar(plan.chosen, "chosen"), *([bar(other, "beside it")] if other else [])]


def lines(plan: InferencePlan) -> Lines:
    """Return the terminal's lines."""
    chosen, setup, request = plan.chosen, plan.chosen.setup, plan.request
    engine = {"vllm": "vLLM", "transformers": "transformers"}[setup.engine]
    low, high = rate_range(chosen)
    at_once = setup.concurrency if request.task == "batch" else request.concurrency
    more = run_lines(plan) if request.task == "batch" else [warm_line(plan)]
    for word, other in (("cheaper", next_cheaper(plan)), ("faster ", next_faster(plan))):
        if other:
            more.append(f"{word} {beside(plan, other)}")
    return Lines(
        choice=f"{setup.model.id} on {where(chosen)}, {format_name(setup)}, {kernel_name(setup)}, {engine}: "
        f"{chosen.usd_per_hour:.2f}/hour, {limit_words(plan)}",
        bar=bar(chosen),
        per_gpu=setup.gpu_count > 1,
        yields=f"about {about(tokens_per_s(chosen))} tokens/s ({about(low)} to {about(high)}) at "
        f"{at_once} {units(plan)}, {cents(usd_per_million(chosen))} per million tokens {written(plan)}",
        more=more,
        assumed=assumed_lines(setup.model),
    )


def warm_line(plan: InferencePlan) -> str:
    """Return the terminal's line on the warm pool and its price."""
    always, working = idle_prices(plan)
    none = f"none: idle costs nothing (one kept warm: {always:,.0f} USD a month; mon-fri 8-18: {working:,.0f})"
    return f"warm    {f'{pool_words(plan)} for GPUs' if plan.request.warm.containers else none}"


def decision(plan: InferencePlan) -> list[str]:
    """Return the request, the choice and the assumptions, a paragraph each."""
    request, chosen, setup = plan.request, plan.chosen, plan.chosen.setup
    limit = "no budget" if request.budget.per == "none" else f"{request.budget.usd:g} USD per {request.budget.per}"
    low, high = rate_range(chosen)
    asked = paragraph(
        f"{code(setup.model.id)} with {size_words(setup.model)}, a context of {request.context_len:,} tokens,",
        f"{setup.concurrency if request.task == 'batch' else request.concurrency} {units(plan)} at once, {limit},",
        f"chosen for {request.optimize}:",
    )
    answer = paragraph(
        f"**{where(chosen)}, {format_name(setup)}, {kernel_name(setup)}: {chosen.usd_per_hour:.2f} USD per hour, about",
        f"{about(tokens_per_s(chosen))} tokens/s {written(plan)} ({about(low)} to {about(high)}),",
        f"{cents(usd_per_million(chosen))} USD per million.**",
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
        words.append(f"vLLM claims {setup.memory_fraction:.0%} of the card and makes cache of what the rest leaves.")
    return words


def speed_words(plan: InferencePlan) -> list[str]:
    setup, estimate = plan.chosen.setup, estimate_of(plan.chosen)
    first, read = estimate.time_to_first_token_s, about(estimate.prefill_tokens_per_s or 0)
    if estimate.decode_tokens_per_s_single:
        alone = about(estimate.decode_tokens_per_s_single)
        answers = [
            f"A prompt is read at about {read} tokens/s; the first token comes after {first:.2f} s when nobody else",
            f"is waiting; a lone request answers at {alone} tokens/s. A typical request is taken to have",
            f"{setup.input_len:,} tokens in and {setup.output_len:,} out.",
        ]
    else:
        answers = [
            f"Texts are read at about {read} tokens/s; one of {setup.input_len:,} tokens is answered after",
            f"{first:.2f} s when nobody else is waiting.",
        ]
    return [
        *answers,
        *full_context_words(plan),
        f"A cold start takes about {estimate.cold_start_s:.0f} s (prior). Memory is counted term by term; speeds come",
        f"from a roofline model, so mind the range.{unmeasured(setup.gpu)}",
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
        f"the first token; if every request has such a prompt, {about(rate)} tokens/s are written.",
    ]


def unmeasured(gpu: Gpu) -> str:
    """Return a caution on the speed of a GPU that no source has measured."""
    if gpu.name not in UNMEASURED:
        return ""
    return f" No {gpu.name} was among the measurements: its speed follows from its datasheet (prior)."


def money_words(plan: InferencePlan) -> list[str]:
    setup, estimate, most = plan.chosen.setup, estimate_of(plan.chosen), max_containers(plan)
    pool, (always, working) = plan.request.warm, idle_prices(plan)
    hours = warm_hours_per_month(pool)
    host = pool.containers * estimate.host_usd_per_hour * hours
    kept = (
        f"The warm pool is {pool_words(plan)} for GPUs, and about {host:,.0f} for CPU and memory ({hours:.0f} hours)."
        if pool.containers
        else f"Nothing is kept warm, so idle costs nothing; one container kept warm is {always:,.0f} USD a month for "
        f"GPUs (730 hours), or {working:,.0f} in working hours (`warm: 1 mon-fri 8-18`, 217 hours)."
    )
    highest = most * setup.gpu_count * setup.gpu.usd_per_hour
    return [
        *month_words(plan),
        f"At most {most} {'container runs' if most == 1 else 'containers run'}, {highest:.2f} USD per hour. Prices are",
        f"Modal's of {PRICES_DATE}, for the GPUs; CPU and memory are billed by use on top, about",
        f"{estimate.host_usd_per_hour:.2f} an hour for each container (prior). An idle one is billed until",
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
        f"{budget_text(plan.request.budget)} pays for {hours:,.0f} hours of one container{beyond}, of 730;",
        "nothing here ends the service when they are used up, which a workspace budget in Modal's settings does.",
    ]


def option_row(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    setup, estimate = candidate.setup, candidate.estimate
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f}" if estimate and estimate.fits else "-"
    rate = about(tokens_per_s(candidate)) if candidate.containers else "-"
    dollars = cents(usd_per_million(candidate)) if candidate.containers else "-"
    return (
        f"| {where(candidate)} | {format_name(setup)} | {used} | {rate} | {candidate.usd_per_hour:.2f} | {dollars} "
        f"| {verdict(plan, candidate)} |\n"
    )


def comparison(plan: InferencePlan, which: str) -> Comparison:
    """Return the weighed candidates as a table: the "best" of each GPU, "all" of them, or the "frontier"."""
    candidates = {"best": one_per_gpu, "all": lambda plan: plan.candidates, "frontier": frontier}[which](plan)
    load = f"context {plan.request.context_len:,}, {plan.request.concurrency} {units(plan)} at once"
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
        cents(usd_per_million(candidate)) if candidate.containers else "-",
        verdict(plan, candidate),
    )
