"""The specification of a training run: everything that decides its losses, and what may stop it. Loads no library."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from .. import hardware, plan
from ..run import files
from ..run.reply import UserError

MAX_GRAD_NORM = 1.0  # longer gradients are scaled down to it
OPTIMIZERS = {  # our name -> that of transformers
    "adamw": "adamw_torch",
    "adamw_8bit": "adamw_bnb_8bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
    "sgd": "sgd",
    "adafactor": "adafactor",
}
CHOICES = {
    "method": ("full", "lora", "qlora"),
    "loss": ("fused", "full"),
    "optimizer": tuple(OPTIMIZERS),
    "workload": ("generation", "classification"),
    "objective": ("sft", "dpo"),  # supervised fine-tuning; direct preference optimization, of pairs of answers
    "sharding": ("none", "zero1", "zero2", "zero3"),  # what DeepSpeed shards over the processes
    "offload": ("none", "optimizer", "all"),  # what DeepSpeed keeps in main memory
    "tracker": ("none", "trackio", "wandb"),
}
# What may change between two attempts at the same run: where and how fast it runs, and when it stops
MAY_CHANGE = {"attention", "activation_checkpointing", "loss", "dtype", "micro_batch", "accumulation"}
MAY_CHANGE |= {"save_every_s", "checkpoints_kept", "tracker", "ranks"}

NODES = getattr(plan, "NODES", 1) if hardware.GPUS else 1  # containers of an attempt; Modal has no clusters of CPUs
RANKS_PER_NODE = hardware.GPUS or 2  # processes of a container that train together; on CPUs two, to show that it works


@dataclass(frozen=True)
class Job:
    """One training run, its choices named as in CHOICES. Lengths in tokens, times in seconds."""

    workload: str
    model: str  # Hugging Face id or folder
    revision: str
    dataset: str  # Hugging Face id, folder, or a JSONL, Parquet or CSV file
    subset: str = ""  # of a dataset with several configurations
    columns: dict[str, str] | None = None  # what we call a column -> what the dataset calls it
    labels: tuple[str, ...] = ()  # classes by number; empty: those that occur
    eval_share: float = 0.05  # of the rows, held out
    objective: str = "sft"
    beta: float = 0.1  # of DPO: the larger, the nearer the model stays to what it was
    method: str = "lora"
    lora_rank: int = 16
    lora_targets: str = "all-linear"  # "all-linear", "attention", "qv"
    dtype: str = "bfloat16"  # "bfloat16", "float16", "float32": what a GPU computes in
    attention: str = "sdpa"
    activation_checkpointing: bool = True
    loss: str = "fused"
    packing: bool = False
    seq_len: int = 2048
    micro_batch: int = 1
    accumulation: int = 16
    epochs: float = 1.0
    max_steps: int = 0  # 0: as many as the epochs take
    optimizer: str = "adamw"
    learning_rate: float = 2e-4
    seed: int = 0
    save_every_s: float = 600.0
    checkpoints_kept: int = 2
    tracker: str = "none"
    ranks: int = 1  # processes that train together, each with a GPU and a micro-batch of its own
    sharding: str = "none"
    offload: str = "none"

    @property
    def goal(self) -> str:
        """The use of the rows, a key of `data.columns.KINDS_OF`."""
        return "preference" if self.objective == "dpo" else self.workload

    @property
    def batch(self) -> int:
        """Examples of one optimizer step."""
        return self.micro_batch * self.accumulation * self.ranks

    def identity(self) -> dict[str, Any]:
        """Return the settings that attempts at a run must share, so that losses agree and checkpoints can be read."""
        own = {name: value for name, value in asdict(self).items() if name not in MAY_CHANGE}
        if self.sharding != "none":  # each process has its part of a checkpoint
            own["ranks"] = self.ranks
        return json.loads(json.dumps({**own, "batch": self.batch}))


def planned_job() -> Job:
    """Return the job that plan.py describes, with a process for each of its GPUs."""
    values: dict[str, Any] = {"save_every_s": plan.SAVE_EVERY}
    values |= {one.name: getattr(plan, one.name.upper()) for one in fields(Job) if hasattr(plan, one.name.upper())}
    gpus = int(plan.GPU.partition(":")[2] or 1) * getattr(plan, "NODES", 1)
    return replace(Job(**values), labels=tuple(plan.LABELS), ranks=gpus)


def launched_job() -> Job:
    """Return the plan's job for the processes that are launched here, which on CPUs are fewer than planned."""
    job = planned_job()
    return share_batch(job, NODES * RANKS_PER_NODE) if plan.TASK == "distributed" else job


def share_batch(job: Job, ranks: int) -> Job:
    """Return the job for so many processes, with as many examples in a step. UserError where they do not divide."""
    accumulation, rest = divmod(job.batch, job.micro_batch * ranks)
    if rest or not accumulation:
        raise UserError(
            f"a step of {job.batch} examples cannot be shared by {ranks} processes with {job.micro_batch} each: "
            "change MICRO_BATCH or ACCUMULATION, or take as many GPUs as planned"
        )
    return replace(job, ranks=ranks, accumulation=accumulation)


def read_job(path: Path) -> Job:
    """Return the job in a JSON file."""
    values = json.loads(path.read_text(encoding="utf-8"))
    return replace(Job(**values), labels=tuple(values.get("labels", ())))


def write_job(job: Job, path: Path) -> None:
    """Write the job as JSON, whole or not at all."""
    with files.atomic_write(path) as temporary:
        temporary.write_text(json.dumps(asdict(job), indent=1) + "\n", encoding="utf-8")


def tracker_secrets(tracker: str, secrets: list[str]) -> list[str]:
    """Return the names of the Secrets that a training gets: the tracker's, by its name, and no other."""
    return [name for name in secrets if tracker == "wandb" and "wandb" in name.lower()]


def check_settings(job: Job) -> None:
    """UserError for a value that does not exist, or for settings that exclude each other."""
    for name, values in CHOICES.items():
        if (value := getattr(job, name)) not in values:
            raise UserError(f"{name.upper()} = {value!r} is none of {', '.join(values)}")
    if job.objective == "dpo":
        check_preference(job)
    if job.method == "qlora" and job.sharding != "none":
        raise UserError('DeepSpeed cannot spread 4-bit weights: set SHARDING = "none", or METHOD = "lora"')
    if job.packing and job.sharding == "zero3":
        raise UserError("PACKING = True cannot be checked where ZeRO-3 splits the model: set PACKING = False")
    if job.offload != "none" and job.optimizer != "adamw":
        raise UserError(f'OFFLOAD = {job.offload!r} needs OPTIMIZER = "adamw", which DeepSpeed runs on the CPU')
    if job.offload == "optimizer" and job.sharding == "none":
        raise UserError('OFFLOAD = "optimizer" needs SHARDING = "zero1", "zero2" or "zero3"')
    if job.offload == "all" and job.sharding != "zero3":
        raise UserError('OFFLOAD = "all" needs SHARDING = "zero3"')


def check_preference(job: Job) -> None:
    """UserError for settings that pairs of answers cannot be trained with."""
    if job.workload != "generation":
        raise UserError('OBJECTIVE = "dpo" is for a model that writes answers: set OBJECTIVE = "sft" for a classifier')
    if job.packing:
        raise UserError('OBJECTIVE = "dpo" compares answers sequence by sequence: set PACKING = False')
    if job.loss != "fused":
        raise UserError('OBJECTIVE = "dpo" takes its log-probabilities a tile at a time: set LOSS = "fused"')


def check_same(job: Job, before: Job) -> None:
    """UserError where `job` would go on with the checkpoints of another run, naming what differs."""
    old, new = before.identity(), job.identity()
    names = {key: key.upper() for key in new} | {"batch": "MICRO_BATCH x ACCUMULATION x GPUs", "ranks": "GPUs"}
    apart = [f"{names[key]} was {old.get(key)!r} and is {new[key]!r}" for key in new if old.get(key) != new[key]]
    if apart:
        raise UserError(f"this run began otherwise: {'; '.join(apart)}; put it back, or give the run a new RUN name")
