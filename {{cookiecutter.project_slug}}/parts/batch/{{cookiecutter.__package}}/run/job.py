"""A run as it is asked for, from its input to its report. The same on Modal and on this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..input import readers, shards
from . import estimate, scheduler, status
from .. import plan, workload
from ..output import results
from ..input.readers import Reading, Source
from .estimate import Estimate, Speed
from .status import Status
from .scheduler import Report, RunShard
from . import budget
from .budget import Ledger, Limit
from ..input.shards import Job, Settings


@dataclass(frozen=True)
class Order:
    """What to run, and how its rows become prompts. Small enough to send: the rows lie elsewhere."""

    source: Source
    reading: Reading
    model: str = plan.MODEL
    revision: str = plan.REVISION
    options: Mapping[str, Any] = field(default_factory=workload.options)

    @property
    def settings(self) -> Settings:
        return Settings(plan.WORKLOAD, self.model, self.revision, plan.QUANTIZATION, self.options)


def begin(root: str, order: Order) -> Job:
    """Split the input, unless that was done before, and write the job down."""
    order = replace(order, source=readers.pinned(order.source))
    job = Job(root, shards.prepare(root, order.source, order.reading, plan.SHARD_ROWS), order.settings)
    shards.save_job(job)
    return job


def run(
    job: Job,
    limit: Limit,
    run_shard: RunShard,
    *,
    at_once: int,
    refresh: Callable[[], None] = lambda: None,
    watch: Callable[[Status], None] = lambda status: None,
) -> Report:
    """Run what is left of a job, as far as the budget goes."""
    return scheduler.run(
        job,
        run_shard,
        budget=scheduler.agreed(job, limit),
        seconds_per_row=workload.SECONDS_PER_ROW,
        at_once=at_once,
        start_s=plan.PREDICTED_COLD_START_S,
        refresh=refresh,
        watch=watch,
    )


def containers(limit: Limit) -> int:
    """Containers that work at the same time: the plan's, or fewer where an hourly budget pays for fewer."""
    if limit.per != "hour":
        return plan.MAX_CONTAINERS
    paid = int(limit.usd / plan.USD_PER_HOUR + 1e-9)
    if not paid:
        raise budget.BudgetError(
            f"{limit} does not pay for one container at {plan.USD_PER_HOUR:.2f} USD per hour: raise it, or plan a "
            "cheaper GPU"
        )
    return min(plan.MAX_CONTAINERS, paid)


def status(job: Job) -> Status:
    """How far a job is, from the files alone."""
    return status.status(job, status.survey(job, verify=False), Ledger(job.ledger).entries())


@dataclass(frozen=True)
class Joined:
    """The files of a joined job, as paths below the root, and what they hold."""

    files: tuple[str, ...]
    rows: int
    dead: int


def joined(job: Job, suffix: str) -> Joined:
    """Make one file of all finished rows, each result checked, and one of the dead rows beside it."""
    folder = job.folder / "joined"
    for old in folder.glob("*"):
        old.unlink()
    made = results.join(job, status.survey(job).done, folder / f"results{suffix}")
    files = sorted(path for path in folder.glob("[!.]*") if path.is_file())
    return Joined(tuple(str(path.relative_to(job.root)) for path in files), made.rows, made.dead)


def tokenizer(folder: str, revision: str | None = None) -> Any:
    """The tokenizer of a model, from a folder or the hub. DataError says what it takes to bring it."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, revision=revision)
    except OSError as error:
        raise readers.DataError(
            f"the tokenizer of {folder} cannot be read: {readers.first_line(error)} A gated model wants HF_TOKEN in the "
            "environment"
        ) from error


def estimated(order: Order, tokenizer: Any, limit: Limit) -> Estimate:
    """What the run would take and cost: its rows counted, and the tokens of a sample of them."""
    return estimate.estimate(
        estimate.sample(readers.rows(order.source, order.reading)),
        lambda prompt: len(workload.tokens(tokenizer, prompt)),
        speed(),
        containers=containers(limit),
        start_s=plan.PREDICTED_COLD_START_S,
        **workload.ANSWERS,
    )


def speed() -> Speed:
    """The plan's speed of one container, with its range."""
    rate = plan.PREDICTED_TOKENS_PER_S
    return Speed(rate, rate / plan.SPEED_RANGE, rate * plan.SPEED_RANGE, **workload.READING)
