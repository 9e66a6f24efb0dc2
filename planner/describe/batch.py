"""A batch run in words: the price of rows, what the budget pays for, what was assumed of an unknown data set."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..choose.cost import batch_containers, batch_hours, batch_usd, container_usd_per_hour, row_usd
from ..schema import InferencePlan
from .format import about, budget_text, cents, duration
from .inference import estimate_of, max_containers

THOUSAND, MILLION = 1_000, 1_000_000
HOUR_S = 3600


def typical_row(plan: InferencePlan) -> str:
    """Return "1,024 tokens in and 256 out", "512 tokens"."""
    setup = plan.chosen.setup
    out = f" in and {setup.output_len:,} out" if plan.request.workload == "generation" else ""
    return f"{setup.input_len:,} tokens{out}"


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
        return f"{count:,} rows cost about {cents(usd)} USD and take {duration(hours)} on {many}, starts included"
    thousand, million = (cents(count * row_usd(plan.chosen)) for count in (THOUSAND, MILLION))
    return f"a thousand rows cost about {thousand} USD, a million {million}"


def run_lines(plan: InferencePlan) -> list[str]:
    """Return the terminal's lines on the run."""
    assumed = "" if plan.request.dataset_rows else ", the number of rows unknown"
    return [f"run     {run_price(plan)}, at {typical_row(plan)} a row{assumed}: `make estimate` counts yours"]


def run_words(plan: InferencePlan) -> list[str]:
    """Return the sentences of PLAN.md on the run and its price."""
    estimate, most, budget = estimate_of(plan.chosen), max_containers(plan), plan.request.budget
    known = plan.request.dataset_rows
    size = f"The dataset is taken to have {known:,} rows" if known else "How many rows the dataset has is not known"
    words = [
        f"{size}; a row is taken to have {typical_row(plan)} (prior), and then {run_price(plan)}: `make estimate`",
        "counts the rows and tokens of yours before anything is paid.",
    ]
    if budget.per in ("run", "month"):
        over = "Every run of a job counts" if budget.per == "run" else "All jobs of a calendar month count"
        words.append(
            f"{budget_text(budget)} pays for about {about(rows_paid(plan))} such rows. {over}; no shard is started "
            "that could exceed it, and the same command with more money continues."
        )
    elif budget.per == "hour":
        words.append(f"{budget_text(budget)} bounds what runs at once, not what a run costs: write 50/run for that.")
    start_usd = (estimate.cold_start_s or 0) / HOUR_S * container_usd_per_hour(plan.chosen.setup)
    words += [
        f"At most {most} {'container runs' if most == 1 else 'containers run'} at once,",
        f"{most * container_usd_per_hour(plan.chosen.setup):.2f} USD per hour; each start costs about",
        f"{cents(start_usd)}. Prices are Modal's of {PRICES_DATE},",
        "for the GPUs; CPU and memory are billed by use on top, about",
        f"{estimate.host_usd_per_hour:.2f} an hour for each container (prior). Nothing runs before a run or after it.",
    ]
    return words
