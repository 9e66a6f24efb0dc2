"""A batch run in words: what a row costs, what the budget buys, what is assumed where the dataset is unknown."""

from __future__ import annotations

from .choose import batch_usd, budget_text, one_hour, row_s, row_usd
from .explain import estimate_of, max_containers
from .gpus import PRICES_DATE
from .plan import Plan
from .words import about, cents, duration

THOUSAND, MILLION = 1_000, 1_000_000
HOUR_S = 3600


def typical_row(plan: Plan) -> str:
    """ "1,024 tokens in and 256 out", "512 tokens" """
    setup = plan.chosen.setup
    out = f" in and {setup.output_len:,} out" if plan.request.workload == "generation" else ""
    return f"{setup.input_len:,} tokens{out}"


def rows_paid(plan: Plan) -> int:
    """Typical rows that a budget for a run or a month pays for."""
    return int(plan.request.budget.usd / row_usd(plan.chosen))


def run_price(plan: Plan) -> str:
    """The price of the run where its rows are known, else of a thousand and a million of them."""
    count = plan.request.dataset_rows
    if count:
        usd = batch_usd(plan.request, plan.chosen)
        hours = count * row_s(plan.chosen) / HOUR_S / max_containers(plan)
        return f"{count:,} rows cost about {cents(usd)} USD and take {duration(hours)}"
    thousand, million = (cents(count * row_usd(plan.chosen)) for count in (THOUSAND, MILLION))
    return f"a thousand rows cost about {thousand} USD, a million {million}"


def run_lines(plan: Plan) -> list[str]:
    """What a person reads of the run after a bake."""
    assumed = "" if plan.request.dataset_rows else ", the number of rows unknown"
    return [f"run     {run_price(plan)}, at {typical_row(plan)} a row{assumed}: `make estimate` counts yours"]


def run_words(plan: Plan) -> list[str]:
    """The run and its price in PLAN.md."""
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
    words += [
        f"At most {most} {'container runs' if most == 1 else 'containers run'} at once,",
        f"{most * one_hour(plan.chosen):.2f} USD per hour; each start costs about",
        f"{cents((estimate.cold_start_s or 0) / HOUR_S * one_hour(plan.chosen))}. Prices are Modal's of {PRICES_DATE},",
        "for the GPUs; CPU and memory are billed by use on top, about",
        f"{estimate.host_usd_per_hour:.2f} an hour for each container (prior). Nothing runs before a run or after it.",
    ]
    return words
