"""What a person reads after a bake."""

from __future__ import annotations

from .choose import budget_text, tokens_per_s, usd_per_million
from .explain import (
    about,
    beside,
    cards,
    cents,
    estimate_of,
    format_name,
    idle_prices,
    kernel_name,
    max_containers,
    memory_terms,
    next_cheaper,
    next_faster,
    peak_gib,
    pool_words,
    price,
    rate_range,
    units,
    written,
)
from .plan import Plan
from .run_words import run_lines


def terminal_lines(plan: Plan, slug: str) -> list[str]:
    """What a person reads after a bake: the choice, its memory, its price and yield, the neighbours, the next step."""
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, estimate_of(plan.chosen)
    request, budget = plan.request, plan.request.budget
    engine = {"vllm": "vLLM", "transformers": "transformers"}[setup.engine]
    most = max_containers(plan)
    limit = "no budget set" if budget.per == "none" else f"at most {most} for {budget_text(budget)}"
    terms = " + ".join(f"{name} {gib:.1f}" for name, gib in memory_terms(estimate).items())
    per_gpu = " per GPU" if setup.gpu_count > 1 else ""
    low, high = rate_range(chosen)
    at_once = setup.concurrency if request.task == "batch" else request.concurrency
    lines = [
        f"plan    {setup.model.id} on {cards(chosen)}, {format_name(setup)}, {kernel_name(setup)}, {engine}: "
        f"{price(chosen):.2f}/hour, {limit}",
        f"memory  {terms} = {peak_gib(estimate):.1f} of {estimate.usable_gib:.1f} GiB{per_gpu}",
        f"yields  about {about(tokens_per_s(chosen))} tokens/s ({about(low)} to {about(high)}) at "
        f"{at_once} {units(plan)}, {cents(usd_per_million(chosen))} per million tokens {written(plan)}",
    ]
    lines += run_lines(plan) if request.task == "batch" else [warm_line(plan)]
    for word, other in (("cheaper", next_cheaper(plan)), ("faster ", next_faster(plan))):
        if other:
            lines.append(f"{word} {beside(plan, other)}")
    if estimate.assumed:
        lines.append(f"assumed {', '.join(estimate.assumed)}: nothing else is known of {setup.model.id}")
    lines.append(f"wrote   {slug}/  (why: {slug}/PLAN.md)    next: cd {slug} && make local")
    return lines


def warm_line(plan: Plan) -> str:
    """What is kept warm, and what that costs."""
    always, working = idle_prices(plan)
    none = f"none: idle costs nothing (one kept warm: {always:,.0f} USD a month; mon-fri 8-18: {working:,.0f})"
    return f"warm    {f'{pool_words(plan)} for GPUs' if plan.request.warm.containers else none}"
