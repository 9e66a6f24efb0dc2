"""The terminal's lines on a training plan."""

from __future__ import annotations

from ..estimate.training_run import start_s
from ..schema import TrainingPlan
from .assumed import assumed_lines
from .format import about, dollars, hourly
from .layout import Lines, memory_line
from .training import beside, budget_end, cheaper_run, how, quicker, rate, run_text, usd_per_million, where
from .training_page import bar, cluster_words


def lines(plan: TrainingPlan) -> Lines:
    """Return the terminal's lines."""
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, plan.chosen.estimate
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    model = f"{setup.model.id}, {how(chosen)}"
    gpus = f"{where(setup)}, {hourly(chosen.usd_per_hour)}; {budget_end(plan)}"
    rows = [
        ("Model", model),
        ("GPU", gpus),
        *([("Needs", cluster_words(setup))] if setup.nodes > 1 else []),
        ("Memory", memory_line(bar(chosen), setup.gpu_count * setup.nodes > 1)),
        (
            "Speed",
            f"~{about(rate(chosen))} tokens/s ({low}-{high}), MFU {estimate.mfu or 0:.2f}; "
            f"{dollars(usd_per_million(chosen))} per million tokens",
        ),
        ("Run", run_text(plan)),
        ("Start", f"~{start_s(setup):.0f} s until the first step (unmeasured estimate)"),
        ("Idle", "$0 (nothing runs between runs)"),
    ]
    for word, unit, other in (("Cheaper", "per run", cheaper_run(plan)), ("Faster", "in hours per run", quicker(plan))):
        if other:
            rows.append((word, f"({unit}) {beside(plan, other)}"))
    return Lines(f"{where(setup)}, {hourly(chosen.usd_per_hour)}: {model}", [*rows, *assumed_lines(setup.model)])
