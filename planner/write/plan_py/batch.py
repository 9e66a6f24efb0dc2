"""The constants of a batch project, each with its reason."""

from __future__ import annotations

import math

from ...choose.cost import SHARD_S, batch_containers, container_usd_per_hour, row_s, tokens_per_s
from ...describe.batch import lengths_basis
from ...describe.format import about
from ...describe.inference import estimate_of, max_containers, peak_gib
from ...estimate.inference_speed import RANGE
from ...schema import InferencePlan
from .common import Constant, decided, host_reason, identity, startup_timeout, two_parts
from .inference import engine, engine_name, rate_reason, weights

MOST_SHARD_ROWS = 100_000  # a file of some 100 MB
ANSWER_SPREAD = 4  # the longest answer, in typical ones, so that few are cut (prior)
TIMEOUT_SPREAD = 10  # the longest shard, in planned ones
TIMEOUT_S = (1800, 24 * 3600)  # Modal ends no function later than after a day
IDLE_S = 10  # a container without a shard gets the next one at once, or none


def constants(plan: InferencePlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of a batch project."""
    groups = (
        identity(slug),
        weights(plan, slug),
        engine(plan),
        rows(plan),
        money(plan),
        predictions(plan),
        decided(plan, engine_name(plan)),
    )
    return two_parts(groups)


def rows(plan: InferencePlan) -> list[Constant]:
    """Return the data set, its shards, and how rows are answered."""
    dataset = plan.request.dataset
    known = f"; planned for {plan.request.dataset_rows:,} rows" if plan.request.dataset_rows else ""
    where = "what `run` reads unless another is named" if dataset != "none" else "none yet: name it with `run`"
    found: list[Constant] = [
        ("DATASET", "" if dataset == "none" else dataset, where + known),
        ("BUCKET", "", "a bucket to read from, at /bucket: its name on S3, https://endpoint/name elsewhere"),
        (
            "BUCKET_SECRET",
            "",
            "the Modal Secret with its AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, unless it is public",
        ),
        ("SHARD_ROWS", shard_rows(plan), f"about {about(shard_rows(plan) * row_s(plan.chosen) / 60)} minutes of work"),
    ]
    if plan.request.workload == "generation":
        most = max_answer_tokens(plan)
        found += [
            ("MAX_ANSWER_TOKENS", most, "an answer is cut there"),
            ("TEMPERATURE", 0.0, "0 is greedy: the same rows give the same answers"),
        ]
    return found


def shard_rows(plan: InferencePlan) -> int:
    """Return the rows that take `SHARD_S`, as 1, 2 or 5 times a power of ten, at least those that run at once.

    Fewer where the containers that were planned for known rows would not have one each.
    """
    wanted = min(SHARD_S / row_s(plan.chosen), MOST_SHARD_ROWS)
    if plan.request.dataset_rows:
        wanted = min(wanted, plan.request.dataset_rows / batch_containers(plan.request, plan.chosen))
    power = 10 ** math.floor(math.log10(max(wanted, 1)))
    rounded = max(step * power for step in (1, 2, 5) if step * power <= max(wanted, 1))
    return max(rounded, plan.chosen.setup.concurrency)


def max_answer_tokens(plan: InferencePlan) -> int:
    setup = plan.chosen.setup
    return max(1, min(ANSWER_SPREAD * setup.output_len, setup.context_len // 2))


def shard_timeout(plan: InferencePlan) -> int:
    """Return the seconds after which an attempt at a shard has failed, in whole minutes."""
    low, high = TIMEOUT_S
    planned_s = shard_rows(plan) * row_s(plan.chosen)
    return min(max(math.ceil(TIMEOUT_SPREAD * planned_s / 60) * 60, low), high)


def money(plan: InferencePlan) -> list[Constant]:
    """Return the budget, the containers, their price and time limits."""
    setup, budget, start = plan.chosen.setup, plan.request.budget, estimate_of(plan.chosen).cold_start_s or 0
    one_hour = container_usd_per_hour(setup)
    limit = "none" if budget.per == "none" else f"{budget.usd:g}/{budget.per}"
    return [
        ("BUDGET", limit, budget_reason(plan)),
        ("USD_PER_HOUR", round(one_hour, 2), host_reason(estimate_of(plan.chosen))),
        ("MAX_CONTAINERS", max_containers(plan), most_reason(plan)),
        ("SCALEDOWN_WINDOW", IDLE_S, f"seconds without a shard before one stops, ${one_hour * IDLE_S / 3600:.3f}"),
        ("STARTUP_TIMEOUT", startup_timeout(start), f"seconds; a start takes about {start:.0f} with fetched weights"),
        ("TIMEOUT", shard_timeout(plan), "seconds for one shard; an attempt that takes longer has failed"),
    ]


def budget_reason(plan: InferencePlan) -> str:
    return {
        "run": "dollars for GPUs: a job stops before it costs more, over all its runs",
        "month": "dollars for GPUs: all jobs together stop before a calendar month costs more",
        "hour": "dollars for GPUs: limits what runs at once, not what a run costs",
        "none": "no limit",
    }[plan.request.budget.per]


def most_reason(plan: InferencePlan) -> str:
    budget = plan.request.budget
    if budget.per == "hour":
        return f"as many as ${budget.usd:g}/hour pays for at once"
    if budget.per == "none":
        return "no budget was set: what Modal's Starter plan runs at once, 10 GPUs"
    return f"their starts take at most a twentieth of ${budget.usd:g}; Modal's Starter plan runs 10 GPUs at once"


def predictions(plan: InferencePlan) -> list[Constant]:
    """Return the predictions that the estimate and the first shards are computed with."""
    setup, estimate, basis = plan.chosen.setup, estimate_of(plan.chosen), lengths_basis(plan.request)
    rate = tokens_per_s(plan.chosen) / plan.chosen.containers
    found: list[Constant] = [
        ("PREDICTED_PEAK_GIB", round(peak_gib(estimate), 1), "on each GPU, cache included"),
        ("PREDICTED_TOKENS_PER_S", round(rate, 1), rate_reason(plan)),
        ("SPEED_RANGE", RANGE, "the speed is likely within this factor, up or down, until a shard has been measured"),
        ("TYPICAL_PROMPT_TOKENS", setup.input_len, f"{basis} for that speed; `estimate` counts yours"),
    ]
    if plan.request.workload == "generation":
        read = estimate.prefill_tokens_per_s or 0
        found += [
            ("TYPICAL_ANSWER_TOKENS", setup.output_len, f"{basis} for that speed, and by `estimate`"),
            ("PREDICTED_PROMPT_TOKENS_PER_S", round(read, 1), "read by a container that writes nothing"),
        ]
    start = round(estimate.cold_start_s or 0)
    return [
        *found,
        ("PREDICTED_COLD_START_S", start, "until the first row, weights on the Volume (unmeasured estimate)"),
    ]
