"""The processes that train together, called ranks: how many there are, which one this is, and how they agree.

torchrun says it in the environment. A process that was started by itself is rank 0 of one.
"""

import os
from typing import Any, TypeVar

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

T = TypeVar("T")


def count() -> int:
    """Processes that were started to train together."""
    return int(os.environ.get("WORLD_SIZE", 1))


def nodes() -> int:
    """Containers that they run in."""
    return int(os.environ.get("GROUP_WORLD_SIZE", 1))


def leads() -> bool:
    """Whether this is the one that speaks, counts and writes the result."""
    return int(os.environ.get("RANK", 0)) == 0


def leads_node() -> bool:
    """Whether this is the one that speaks for its container: each has a view of its own of a Volume."""
    return int(os.environ.get("LOCAL_RANK", 0)) == 0


def connected() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def agreed(mine: int) -> int:
    """The largest of what the ranks say: those that did not decide alike would wait for each other forever."""
    if not connected():
        return mine
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    vote = torch.tensor(int(mine), device=device)
    distributed.all_reduce(vote, distributed.ReduceOp.MAX)
    return int(vote.item())


def gathered(mine: T) -> list[T]:
    """What every rank says, in their order. Nobody goes on before all have spoken."""
    if not connected():
        return [mine]
    found: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, mine)
    return found


class Together(TrainerCallback):
    """Fails before the first step where the ranks would train each for itself."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.trainer: Trainer | None = None  # known once it is made

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        assert self.trainer is not None
        self.check(args.world_size, self.trainer.model_wrapped, bool(args.deepspeed))

    def check(self, found: int, wrapped: Any, sharded: bool) -> None:
        present = sorted(gathered(int(os.environ.get("RANK", 0))))
        if not self.expected == count() == found or present != list(range(found)):
            told = f"{self.expected} are planned, {count()} were started, ranks {present} answer"
            raise RuntimeError(f"{found} processes train together: {told}")
        if sharded and type(wrapped).__name__ != "DeepSpeedEngine":
            raise RuntimeError(f"DeepSpeed is configured and does not hold the model: {type(wrapped).__name__} does")
        if not sharded and found > 1 and not isinstance(wrapped, DistributedDataParallel):
            raise RuntimeError(f"nothing joins the gradients of {found} processes: {type(wrapped).__name__}")
