"""torch's memory, when it ran out."""

import gc

import torch


def free() -> None:
    """Give back what torch keeps for later."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
