"""What both trainers have in common."""

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import Trainer
else:
    Trainer = object


class Steady(Trainer):
    """Evaluates without touching the random numbers, so that the losses do not depend on when it was done."""

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        with torch.random.fork_rng():
            return super().evaluate(*args, **kwargs)
