"""Snapshots of the GPU's memory at the moment it ran out, for PyTorch's viewer."""

import os
import time
from pathlib import Path
from typing import Any

import torch

from .. import plan

VIEWER = "https://docs.pytorch.org/memory_viz"
EVENTS = 50_000  # allocations and frees that a snapshot reaches back; torch keeps no more
KEPT = 3  # snapshots of one process: the first are the most useful, and each may have hundreds of MB


def record(folder: str) -> None:
    """Write a snapshot into `folder`, directly under the cache Volume, when torch's CUDA allocator runs out of memory.

    Starts CUDA; costs some microseconds an allocation. Does nothing without a GPU.
    """
    if not torch.cuda.is_available():
        return
    torch.cuda.memory._record_memory_history(max_entries=EVENTS, stacks="python")
    written: list[Path] = []

    def save(device: int, wanted: int, allocated: int, free: int) -> None:
        """torch calls this before it raises, while what fills the memory is still there."""
        if len(written) < KEPT:
            written.append(dump(folder))

    # The same in torch's own examples; there is no public name for it
    attach: Any = vars(torch._C)["_cuda_attach_out_of_memory_observer"]
    attach(save)


def dump(folder: str) -> Path:
    """Write what torch's allocator holds now, and print where. A full disk is printed too, and hides no other error."""
    path = Path(folder, f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.pickle")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.cuda.memory._dump_snapshot(str(path))
    except OSError as error:
        print(f"no memory snapshot: {error}", flush=True)
    else:
        print(f"memory snapshot at {path}: {how_to_see(path)}", flush=True)
    return path


def how_to_see(path: Path) -> str:
    """The command that brings a snapshot from the cache Volume, and where to open it."""
    return f"`modal volume get {plan.NAME}-cache {path.parent.name}/{path.name}`, then open it at {VIEWER}"
