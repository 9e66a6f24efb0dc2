"""The terminal's lines on an inference plan."""

from __future__ import annotations

from ..choose.cost import tokens_per_s, usd_per_million
from ..schema import InferencePlan
from .assumed import assumed_lines
from .batch import run_line
from .format import about, dollars, hourly
from .inference import at_once, estimate_of, gpu_words, idle_prices, pool_words, rate_range, token_kind, units, where
from .inference_page import bar
from .layout import Lines, memory_line
from .load import asks_for_latency, latency_line
from .names import ENGINE_NAMES, format_name, kernel_name
from .neighbours import beside, next_cheaper, next_faster, price_unit, speed_unit


def lines(plan: InferencePlan) -> Lines:
    """Return the terminal's lines."""
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, estimate_of(plan.chosen)
    low, high = rate_range(chosen)
    model = f"{setup.model.id}, {format_name(setup)}, {ENGINE_NAMES[setup.engine]}, {kernel_name(setup)}"
    kind = token_kind(plan)
    rows = [
        ("Model", model),
        ("GPU", gpu_words(plan)),
        ("Memory", memory_line(bar(chosen), setup.gpu_count > 1)),
        (
            "Speed",
            f"~{about(tokens_per_s(chosen))} {kind} tokens/s ({about(low)}-{about(high)}) at {at_once(plan)} "
            f"{units(plan)}; {dollars(usd_per_million(chosen))} per million {kind} tokens at full load",
        ),
        *([("Latency", latency_line(plan))] if asks_for_latency(plan.request) else []),
        *([("Run", run_line(plan))] if plan.request.task == "batch" else []),
        ("Start", f"~{estimate.cold_start_s:.0f} s from zero (unmeasured estimate)"),
        ("Idle", idle_words(plan)),
    ]
    for word, unit, other in (
        ("Cheaper", price_unit(plan), next_cheaper(plan)),
        ("Faster", speed_unit(plan), next_faster(plan)),
    ):
        if other:
            rows.append((word, f"({unit}) {beside(plan, other)}"))
    return Lines(f"{where(chosen)}, {hourly(chosen.usd_per_hour)}: {model}", [*rows, *assumed_lines(setup.model)])


def idle_words(plan: InferencePlan) -> str:
    """Return what an idle service costs, and one that never stops."""
    if plan.request.task == "batch":
        return "$0 (nothing runs between jobs)"
    if plan.request.warm.containers:
        return f"{pool_words(plan)} kept warm; the rest scales to zero"
    always, working = idle_prices(plan)
    return f"$0 (scales to zero). Always on: ${always:,.0f}/month; Mon-Fri 8-18: ${working:,.0f}"
