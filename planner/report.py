"""A plan as the generated `PLAN.md`: what was decided, how the memory adds up, what else was weighed."""

from __future__ import annotations

import textwrap

from .choose import tokens_per_s, usd_per_million
from .explain import (
    about,
    cards,
    cents,
    estimate_of,
    format_name,
    idle_prices,
    kernel_name,
    max_containers,
    memory_terms,
    one_per_gpu,
    peak_gib,
    pool_words,
    price,
    rate_range,
    size_words,
    units,
    verdict,
    what_would_change,
    written,
)
from .gpus import PRICES_DATE, UNMEASURED
from .plan import Candidate, Gpu, Plan
from .run_words import run_words
from .warm import warm_hours_per_month

PAGE = 120  # characters of a line of PLAN.md


def plan_md(plan: Plan) -> str:
    """The text of the generated `PLAN.md`."""
    rows = "".join(option_row(plan, candidate) for candidate in one_per_gpu(plan))
    changes = what_would_change(plan) or ["Nothing within reach."]
    return "\n\n".join(
        [
            "# The plan",
            *decision(plan),
            "## Memory\n\n![memory of one GPU](memory.svg)",
            memory_table(plan),
            paragraph(*cache_words(plan)),
            "## Speed and money",
            paragraph(*speed_words(plan)),
            paragraph(*(run_words(plan) if plan.request.task == "batch" else money_words(plan))),
            f"## What else was weighed\n\n{len(plan.candidates)} configurations; the best of each GPU:",
            OPTIONS_HEAD + rows.rstrip(),
            "## What would change the choice",
            "\n".join(textwrap.fill(f"- {change}", PAGE, subsequent_indent="  ") for change in changes) + "\n",
        ]
    )


OPTIONS_HEAD = """| GPUs | quantization | GiB used of usable | tokens/s | USD/hour | USD/M tokens | verdict |
|---|---|---|---:|---:|---:|---|
"""


def paragraph(*sentences: str) -> str:
    return textwrap.fill(" ".join(sentences), PAGE, break_long_words=False, break_on_hyphens=False)


def decision(plan: Plan) -> list[str]:
    """The request and the choice, a paragraph each, and what had to be assumed."""
    request, chosen, setup, estimate = plan.request, plan.chosen, plan.chosen.setup, estimate_of(plan.chosen)
    limit = "no budget" if request.budget.per == "none" else f"{request.budget.usd:g} USD per {request.budget.per}"
    low, high = rate_range(chosen)
    asked = paragraph(
        f"{code(setup.model.id)} with {size_words(setup.model)}, a context of {request.context_len:,} tokens,",
        f"{setup.concurrency if request.task == 'batch' else request.concurrency} {units(plan)} at once, {limit},",
        f"chosen for {request.optimize}:",
    )
    answer = paragraph(
        f"**{cards(chosen)}, {format_name(setup)}, {kernel_name(setup)}: {price(chosen):.2f} USD per hour, about",
        f"{about(tokens_per_s(chosen))} tokens/s {written(plan)} ({about(low)} to {about(high)}),",
        f"{cents(usd_per_million(chosen))} USD per million.**",
    )
    known = paragraph(f"The model's configuration is not known; assumed from its size: {', '.join(estimate.assumed)}.")
    return [asked, answer, known] if estimate.assumed else [asked, answer]


def memory_table(plan: Plan) -> str:
    estimate = estimate_of(plan.chosen)
    terms = "".join(f"| {name} | {gib:.1f} |\n" for name, gib in memory_terms(estimate).items())
    peak = peak_gib(estimate)
    return (
        f"| GiB per GPU | |\n|---|---:|\n{terms}| **sum** | **{peak:.1f}** |\n"
        f"| free | {estimate.usable_gib - peak:.1f} |\n| what a program sees | {estimate.usable_gib:.1f} |"
    )


def cache_words(plan: Plan) -> list[str]:
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


def speed_words(plan: Plan) -> list[str]:
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
        f"A cold start takes about {estimate.cold_start_s:.0f} s (prior). Memory is counted term by term; speeds come",
        f"from a roofline model, so mind the range.{unmeasured(setup.gpu)}",
    ]


def unmeasured(gpu: Gpu) -> str:
    """What to know of the speed of a card that no source has measured."""
    if gpu.name not in UNMEASURED:
        return ""
    return f" No {gpu.name} was among the measurements: its speed follows from its datasheet (prior)."


def money_words(plan: Plan) -> list[str]:
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
        f"At most {most} {'container runs' if most == 1 else 'containers run'}, {highest:.2f} USD per hour. Prices are",
        f"Modal's of {PRICES_DATE}, for the GPUs; CPU and memory are billed by use on top, about",
        f"{estimate.host_usd_per_hour:.2f} an hour for each container (prior). An idle one is billed until",
        "`SCALEDOWN_WINDOW` has passed.",
        kept,
    ]


def code(text: str) -> str:
    """Text as inline Markdown code, whatever it holds."""
    return "`" + text.replace("`", "'") + "`"


def option_row(plan: Plan, candidate: Candidate) -> str:
    setup, estimate = candidate.setup, candidate.estimate
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f}" if estimate and estimate.fits else "-"
    rate = about(tokens_per_s(candidate)) if candidate.containers else "-"
    dollars = cents(usd_per_million(candidate)) if candidate.containers else "-"
    return (
        f"| {cards(candidate)} | {format_name(setup)} | {used} | {rate} | {price(candidate):.2f} | {dollars} "
        f"| {verdict(plan, candidate)} |\n"
    )
