"""The engine on this machine: the one of the container."""

from collections.abc import Mapping
from typing import Any

import torch
import transformers

from .engine.model import Engine

LIBRARY = f"transformers {transformers.__version__}"


def engine(folder: str, options: Mapping[str, Any]) -> Engine:
    """The model in `folder`, on a GPU where there is one."""
    return Engine(folder, gpus=int(torch.cuda.is_available()), options=options)
