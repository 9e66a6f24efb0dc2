"""Tables of PLAN.md on what a traffic costs: requests, rows or runs, and a service below full load."""

from __future__ import annotations

from ..choose.cost import row_usd, tokens_per_s, usd_per_million
from ..choose.traffic import DAY_S, DAYS_PER_MONTH, batch_month_usd, month_of
from ..request.dataset import epochs_of
from ..schema import InferencePlan, TrainingPlan, replace
from .format import about, dollars, duration
from .inference import max_containers, token_kind, units

COUNTS = (1_000, 10_000, 100_000)  # a day
SHARES = (1.0, 0.5, 0.25, 0.1)  # of full load


def service_tables(plan: InferencePlan) -> list[str]:
    """Return a month of a service by requests a day, and its price per token below full load."""
    most, rows = max_containers(plan), []
    asked = [round(plan.request.rate * DAY_S)] if plan.request.rate * DAY_S >= 1 else []
    for count in sorted({*COUNTS, *asked}):
        month = month_of(plan.request, plan.chosen, count)
        many = f"{month.containers}" if month.containers <= most else f"{month.containers}, the budget allows {most}"
        rows.append(
            f"| {count:,} | {about(month.busy_hours)} | {dollars(month.together_usd)} "
            f"| {dollars(month.spread_usd)} | {many} |\n"
        )
    what = units(plan)
    traffic = (
        f"| {what} a day | busy hours a day | $/month, in one stretch a day | $/month, spread evenly | containers for "
        f"that |\n|---:|---:|---:|---:|---:|\n{''.join(rows)}"
    )
    shares = "".join(
        f"| {share:.0%} | {about(share * tokens_per_s(plan.chosen))} "
        f"| {dollars(usd_per_million(plan.chosen) / share)} |\n"
        for share in SHARES
    )
    load = f"| load while up | {token_kind(plan)} tokens/s | $ per million of them |\n|---:|---:|---:|\n{shares}"
    return [traffic.rstrip(), load.rstrip()]


def batch_table(plan: InferencePlan) -> list[str]:
    """Return a run and a month of runs by the rows of each day."""
    rows = "".join(
        f"| {count:,} | {dollars(count * row_usd(plan.chosen))} | {dollars(batch_month_usd(plan.chosen, count))} |\n"
        for count in COUNTS
    )
    return [f"| rows a day | $ for them | $/month, a start a day included |\n|---:|---:|---:|\n{rows}".rstrip()]


def training_table(plan: TrainingPlan) -> list[str]:
    """Return a run and a month of daily runs by the rows to train on."""
    from ..estimate.training_run import training_run  # here: a bake compiles what it imports

    chosen, lines = plan.chosen, []
    for rows in COUNTS:
        request = replace(plan.request, dataset_rows=rows, dataset_tokens=0, epochs=epochs_of(rows))
        run = training_run(request, chosen.setup, chosen.estimate, chosen.usd_per_hour)
        lines.append(
            f"| {rows:,} x {request.epochs} | {duration(run.hours)} | {dollars(run.usd)} "
            f"| {dollars(run.usd * DAYS_PER_MONTH)} |\n"
        )
    head = "| rows x epochs | a run | $ a run | $/month, a run a day |\n|---:|---:|---:|---:|\n"
    return [f"{head}{''.join(lines)}".rstrip()]
