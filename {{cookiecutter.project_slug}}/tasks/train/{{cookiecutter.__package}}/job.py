"""What a training run is: everything that decides its losses, and what may stop it."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from . import files, plan

# What may change between two attempts at the same run: where and how fast it runs, and when it stops
FREE = frozenset(
    (
        "attention",
        "activation_checkpointing",
        "loss",
        "dtype",
        "micro_batch",
        "accumulation",
        "save_every_s",
        "checkpoints_kept",
        "tracker",
    )
)


class JobError(ValueError):
    """The job cannot be run as it is written. The text says what to change in plan.py."""


@dataclass(frozen=True)
class Job:
    """One training run. Lengths in tokens, rates per optimizer step, times in seconds."""

    workload: str  # "generation", "classification"
    model: str  # Hugging Face id or folder
    revision: str
    dataset: str  # Hugging Face id, folder, or a JSONL, Parquet or CSV file
    subset: str = ""  # of a dataset with several configurations
    columns: dict[str, str] | None = None  # what we call a column -> what the dataset calls it
    labels: tuple[str, ...] = ()  # classes by number; empty: those that occur
    eval_share: float = 0.05  # of the rows, held out
    method: str = "lora"  # "full", "lora", "qlora"
    lora_rank: int = 16
    lora_targets: str = "all-linear"  # "all-linear", "attention", "qv"
    dtype: str = "bfloat16"  # "bfloat16", "float16", "float32": what a GPU computes in
    attention: str = "sdpa"
    activation_checkpointing: bool = True
    loss: str = "fused"  # "fused", "full"
    packing: bool = False
    seq_len: int = 2048
    micro_batch: int = 1
    accumulation: int = 16
    epochs: float = 1.0
    max_steps: int = 0  # 0: as many as the epochs take
    optimizer: str = "adamw"  # "adamw", "adamw_8bit", "paged_adamw_8bit", "sgd", "adafactor"
    learning_rate: float = 2e-4
    seed: int = 0
    save_every_s: float = 600.0
    checkpoints_kept: int = 2
    tracker: str = "none"  # "none", "trackio", "wandb"

    def identity(self) -> dict[str, Any]:
        """What makes two attempts the same run: the losses agree, whatever FREE says."""
        own = {name: value for name, value in asdict(self).items() if name not in FREE}
        return json.loads(json.dumps({**own, "batch": self.micro_batch * self.accumulation}))


def planned() -> Job:
    """The job that plan.py describes."""
    named = {field.name: field.name.upper() for field in fields(Job)} | {"save_every_s": "SAVE_EVERY"}
    values = {field: getattr(plan, name) for field, name in named.items()}
    return replace(Job(**values), labels=tuple(plan.LABELS))


def read(path: Path) -> Job:
    """The job in a JSON file."""
    values = json.loads(path.read_text(encoding="utf-8"))
    return replace(Job(**values), labels=tuple(values.get("labels", ())))


def write(job: Job, path: Path) -> None:
    """Write the job where `read` finds it, whole or not at all."""
    with files.whole(path) as temporary:
        temporary.write_text(json.dumps(asdict(job), indent=1) + "\n", encoding="utf-8")


def check_same(job: Job, before: Job) -> None:
    """JobError where `job` would go on with the checkpoints of another run, naming what differs."""
    old, new = before.identity(), job.identity()
    names = {key: key.upper() for key in new} | {"batch": "MICRO_BATCH x ACCUMULATION"}
    apart = [f"{names[key]} was {old[key]!r} and is {new[key]!r}" for key in new if old[key] != new[key]]
    if apart:
        raise JobError(f"this run began otherwise: {'; '.join(apart)}; put it back, or give the run a new RUN name")
