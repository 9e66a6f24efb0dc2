"""The engine on this machine: the one of the container."""

import torch
import transformers

from .engine import Engine

LIBRARY = f"transformers {transformers.__version__}"


def engine(folder: str) -> Engine:
    """The model in `folder`, on a GPU where there is one."""
    return Engine(folder, gpus=int(torch.cuda.is_available()))
