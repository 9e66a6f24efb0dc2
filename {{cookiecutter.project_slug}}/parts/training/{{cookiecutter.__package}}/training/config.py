"""What a training run is: everything that decides its losses, and what may stop it."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from .. import plan
from ..run import files

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
        "ranks",
    )
)
CLIP = 1.0  # the longest gradient: longer ones are shortened to it
SEVERAL = ("sharding", "offload")  # constants that only the plan of several GPUs has


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
    ranks: int = 1  # processes that train together, each with a GPU and a micro-batch of its own
    sharding: str = "none"  # "none", "zero1", "zero2", "zero3": what DeepSpeed spreads over them
    offload: str = "none"  # "none", "optimizer", "all": what it keeps in main memory

    @property
    def batch(self) -> int:
        """Examples of one optimizer step."""
        return self.micro_batch * self.accumulation * self.ranks

    def identity(self) -> dict[str, Any]:
        """What makes two attempts the same run: the losses agree, whatever FREE says, and checkpoints can be read."""
        own = {name: value for name, value in asdict(self).items() if name not in FREE}
        if self.sharding != "none":  # a part of the checkpoint for each of them
            own["ranks"] = self.ranks
        return json.loads(json.dumps({**own, "batch": self.batch}))


def planned() -> Job:
    """The job that plan.py describes."""
    own = [field.name for field in fields(Job) if field.name not in (*SEVERAL, "ranks")]
    values = {name: getattr(plan, "SAVE_EVERY" if name == "save_every_s" else name.upper()) for name in own}
    values |= {name: getattr(plan, name.upper()) for name in SEVERAL if hasattr(plan, name.upper())}
    gpus = int(plan.GPU.partition(":")[2] or 1) * getattr(plan, "NODES", 1)
    return replace(Job(**values), labels=tuple(plan.LABELS), ranks=gpus)


def read(path: Path) -> Job:
    """The job in a JSON file."""
    values = json.loads(path.read_text(encoding="utf-8"))
    return replace(Job(**values), labels=tuple(values.get("labels", ())))


def write(job: Job, path: Path) -> None:
    """Write the job where `read` finds it, whole or not at all."""
    with files.atomic_write(path) as temporary:
        temporary.write_text(json.dumps(asdict(job), indent=1) + "\n", encoding="utf-8")


def check_sound(job: Job) -> None:
    """JobError where settings exclude each other."""
    sharded = job.sharding != "none"
    if job.method == "qlora" and sharded:
        raise JobError('DeepSpeed cannot spread 4-bit weights: set SHARDING = "none", or METHOD = "lora"')
    if job.packing and job.sharding == "zero3":
        raise JobError("PACKING = True cannot be checked where ZeRO-3 splits the model: set PACKING = False")
    if job.offload != "none" and job.optimizer != "adamw":
        raise JobError(f'OFFLOAD = {job.offload!r} needs OPTIMIZER = "adamw", which DeepSpeed runs on the CPU')
    if job.offload == "optimizer" and job.sharding not in ("zero1", "zero2", "zero3"):
        raise JobError('OFFLOAD = "optimizer" needs SHARDING = "zero1", "zero2" or "zero3"')
    if job.offload == "all" and job.sharding != "zero3":
        raise JobError('OFFLOAD = "all" needs SHARDING = "zero3"')


def check_same(job: Job, before: Job) -> None:
    """JobError where `job` would go on with the checkpoints of another run, naming what differs."""
    old, new = before.identity(), job.identity()
    names = {key: key.upper() for key in new} | {"batch": "MICRO_BATCH x ACCUMULATION x GPUs", "ranks": "GPUs"}
    apart = [f"{names[key]} was {old.get(key)!r} and is {new[key]!r}" for key in new if old.get(key) != new[key]]
    if apart:
        raise JobError(f"this run began otherwise: {'; '.join(apart)}; put it back, or give the run a new RUN name")
