"""The processes that train together, as torchrun's environment describes them, and how they agree.

A process that was started by itself is rank 0 of one.
"""

import os
from typing import Any, TypeVar

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

T = TypeVar("T")


def world_size() -> int:
    """Processes that were started to train together."""
    return int(os.environ.get("WORLD_SIZE", 1))


def node_count() -> int:
    """Containers in which they run."""
    return int(os.environ.get("GROUP_WORLD_SIZE", 1))


def is_main() -> bool:
    """Whether this is rank 0, which prints, counts what is spent, and writes the result."""
    return int(os.environ.get("RANK", 0)) == 0


def is_node_main() -> bool:
    """Whether this is the first process of its container. Each container has its own view of a Volume."""
    return int(os.environ.get("LOCAL_RANK", 0)) == 0


def is_connected() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def all_max(mine: int) -> int:
    """Return the largest value of all ranks: ranks that decide differently would wait for each other forever."""
    if not is_connected():
        return mine
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    vote = torch.tensor(int(mine), device=device)
    distributed.all_reduce(vote, distributed.ReduceOp.MAX)
    return int(vote.item())


def all_gather(mine: T) -> list[T]:
    """Return the values of all ranks, in their order. Also a barrier."""
    if not is_connected():
        return [mine]
    found: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, mine)
    return found


class WorldSizeCheck(TrainerCallback):
    """Raise RuntimeError before the first step where the ranks would train each for itself."""

    def __init__(self, expected: int, trainer: Trainer) -> None:
        self.expected, self.trainer = expected, trainer

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        found, model, sharded = args.world_size, self.trainer.model_wrapped, bool(args.deepspeed)
        ranks = sorted(all_gather(int(os.environ.get("RANK", 0))))
        if not self.expected == world_size() == found or ranks != list(range(found)):
            started = f"{self.expected} are planned, {world_size()} were started, ranks {ranks} answer"
            raise RuntimeError(f"{found} processes train together: {started}")
        if sharded and type(model).__name__ != "DeepSpeedEngine":
            raise RuntimeError(f"DeepSpeed is configured and does not hold the model: {type(model).__name__} does")
        if not sharded and found > 1 and not isinstance(model, DistributedDataParallel):
            raise RuntimeError(f"nothing joins the gradients of {found} processes: {type(model).__name__}")
