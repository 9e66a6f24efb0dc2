"""A batch run in words: the price of rows, what the budget pays for, what was assumed of an unknown data set."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..choose.cost import batch_containers, batch_hours, batch_usd, container_usd_per_hour, row_usd
from ..schema import InferencePlan, Request
from .format import about, budget_words, dollars, duration, hourly
from .inference import estimate_of, max_containers

THOUSAND, MILLION = 1_000, 1_000_000
HOUR_S = 3600


def typical_row(plan: InferencePlan) -> str:
    """Return "1,024 tokens in and 256 out", "512 tokens"."""
    setup = plan.chosen.setup
    out = f" in and {setup.output_len:,} out" if plan.request.workload == "generation" else ""
    return f"{setup.input_len:,} tokens{out}"


def lengths_basis(request: Request) -> str:
    """Return where the lengths of a typical request or row come from: "as given", "assumed"."""
    return "as given" if request.prompt_tokens else "assumed"


def rows_paid(plan: InferencePlan) -> int:
    """Return the typical rows that a budget for a run or a month pays for."""
    return int(plan.request.budget.usd / row_usd(plan.chosen))


def run_price(plan: InferencePlan) -> str:
    """Return the price of the run where its rows are known, else of a thousand and a million of them."""
    count = plan.request.dataset_rows
    if count:
        usd = batch_usd(plan.request, plan.chosen)
        hours, containers = batch_hours(plan.request, plan.chosen), batch_containers(plan.request, plan.chosen)
        many = f"{containers} containers" if containers > 1 else "one container"
        return f"{count:,} rows: ~{dollars(usd)} and {duration(hours)} on {many}, starts included"
    thousand, million = (dollars(count * row_usd(plan.chosen)) for count in (THOUSAND, MILLION))
    return f"1,000 rows: ~{thousand}; a million: ~{million}"


def run_line(plan: InferencePlan) -> str:
    """Return the terminal's line on the run."""
    basis = lengths_basis(plan.request)
    unknown = "" if plan.request.dataset_rows else "; number of rows unknown"
    return f"{run_price(plan)} ({typical_row(plan)} per row {basis}{unknown}). `make estimate` counts yours"


def run_words(plan: InferencePlan) -> list[str]:
    """Return the sentences of PLAN.md on the run and its price."""
    estimate, most, budget = estimate_of(plan.chosen), max_containers(plan), plan.request.budget
    known = plan.request.dataset_rows
    size = f"The dataset has {known:,} rows, as given." if known else "The number of rows is not known."
    words = [
        f"{size} With {typical_row(plan)} per row ({lengths_basis(plan.request)}), {run_price(plan)}. `make estimate`",
        "counts the rows and tokens of your file before anything is billed.",
    ]
    if budget.per in ("run", "month"):
        over = "Every run of a job counts" if budget.per == "run" else "All jobs of a calendar month count"
        words.append(
            f"{budget_words(budget)} pays for about {about(rows_paid(plan))} such rows. {over}; no shard is started "
            "that could exceed it, and the same command with a larger budget continues."
        )
    elif budget.per == "hour":
        words.append(f"{budget_words(budget)} limits what runs at once, not what a run costs; `budget=50/run` does.")
    start_usd = (estimate.cold_start_s or 0) / HOUR_S * container_usd_per_hour(plan.chosen.setup)
    words += [
        f"At most {most} {'container runs' if most == 1 else 'containers run'} at once,",
        f"{hourly(most * container_usd_per_hour(plan.chosen.setup))}; each start costs about {dollars(start_usd)}.",
        f"Prices are Modal's of {PRICES_DATE}, for GPUs; CPU and memory are billed by use on top, about",
        f"{hourly(estimate.host_usd_per_hour)} per container (unmeasured estimate). Between runs nothing is billed.",
    ]
    return words
