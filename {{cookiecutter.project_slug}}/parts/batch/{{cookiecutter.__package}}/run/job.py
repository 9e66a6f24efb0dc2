"""A job: one split of an input through one model, as it is asked for and as it lies on the Volume."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .. import plan
from ..input import shards
from ..input.prompts import DataError, PromptSpec
from ..input.readers import Source
from ..input.shards import Shard, Split
from . import files
from .budget import BudgetError, Limit

OPTIONS = ("ENGINE", "CONTEXT_LEN", "MAX_ANSWER_TOKENS", "TEMPERATURE")  # of plan.py; the last two for generation


def result_options() -> dict[str, Any]:
    """Return the settings of plan.py that a result depends on, besides its prompt and its model."""
    return {name.lower(): value for name in OPTIONS if (value := getattr(plan, name, None)) is not None}


@dataclass(frozen=True)
class Settings:
    """All that a result depends on besides its prompt. Another value of any of them is another job."""

    workload: str = plan.WORKLOAD
    model: str = plan.MODEL
    revision: str = plan.REVISION
    quantization: str = plan.QUANTIZATION
    options: Mapping[str, Any] = field(default_factory=result_options)  # as JSON can carry it


@dataclass(frozen=True)
class JobSpec:
    """A job: its input, and how rows become prompts. Small enough to send: the rows lie elsewhere."""

    source: Source
    prompts: PromptSpec
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True)
class Job:
    """A split and the settings it is run with. Its name comes from both, so results never mix."""

    root: str  # the folder on the Volume that holds inputs/, jobs/ and ledger/
    split: Split
    settings: Settings

    @property
    def name(self) -> str:
        return f"{self.split.name}-{files.fingerprint(asdict(self.settings))}"

    @property
    def folder(self) -> Path:
        return Path(self.root, "jobs", self.name)

    @property
    def ledger(self) -> Path:
        return Path(self.root, "ledger", self.name)

    @property
    def stop_file(self) -> Path:
        """The file whose presence stops the runs of this job from starting more."""
        return self.folder / "stop"

    def shards(self) -> list[Shard]:
        """The shards as planned, in the order of the input."""
        return self.split.shards(self.name)


def create_job(root: str, spec: JobSpec) -> Job:
    """Split the input, unless that was done before, and save the job. An earlier stop is lifted."""
    job = Job(root, shards.prepare(root, spec.source, spec.prompts, plan.SHARD_ROWS), spec.settings)
    save_job(job)
    job.stop_file.unlink(missing_ok=True)
    return job


def save_job(job: Job) -> None:
    """Write job.json, from which `load_job` finds the job again."""
    started = {"split": job.split.name, "settings": asdict(job.settings), "started": time.time()}
    files.save(job.folder / "job.json", started)


def load_job(root: str, name: str = "") -> Job:
    """The job of that name, or the one that was started last. DataError where there is none."""
    if name and not files.is_name(name):
        raise DataError(f"{name!r} is no name of a job: take one that `status` shows")
    found = [files.load(path) for path in Path(root, "jobs").glob(f"{name or '*'}/job.json")]
    for started in sorted(filter(None, found), key=lambda started: started["started"], reverse=True):
        split = shards.read_split(Path(root, "inputs", started["split"]))
        if split:
            return Job(root, split, Settings(**started["settings"]))
    raise DataError(f"there is no job {name or 'yet'}: start one with `run`")


def paid_containers(limit: Limit) -> int:
    """Containers that an hourly budget pays for at the same time, over all jobs; 0 for another budget."""
    return int(limit.usd / plan.USD_PER_HOUR + 1e-9) if limit.per == "hour" else 0


def container_limit(limit: Limit) -> int:
    """Containers that a job keeps at work at the same time: the plan's, or fewer where an hourly budget pays for fewer.

    BudgetError where it pays for none.
    """
    if limit.per != "hour":
        return plan.MAX_CONTAINERS
    paid = paid_containers(limit)
    if not paid:
        raise BudgetError(
            f"{limit} does not pay for one container at ${plan.USD_PER_HOUR:.2f} per hour: raise it, or plan a "
            "cheaper GPU"
        )
    return min(plan.MAX_CONTAINERS, paid)
