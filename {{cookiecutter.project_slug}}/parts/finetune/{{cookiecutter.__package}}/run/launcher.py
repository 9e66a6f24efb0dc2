"""How an attempt at the training is launched: in the process of its container. What Modal needs to know for it."""

from collections.abc import Callable
from typing import TypeVar

from .. import hardware
from ..training.config import Job, planned
from .run_dir import Outcome, Run

T = TypeVar("T")

CUDA_IMAGE = ""  # torch's wheels bring CUDA along, and nothing here is compiled by nvcc
PACKAGES: tuple[str, ...] = ()  # of the system
BUILT: tuple[str, ...] = ()  # packages without wheels, which are built with the torch of the image
CONTAINERS = 1  # of one attempt
MEMORY_MIB = hardware.MEMORY_MIB


def on_nodes(function: T) -> T:
    """The training function as it is: one container."""
    return function


def job() -> Job:
    """The plan's job as it is launched here."""
    return planned()


def attempt(run: Run, weights: str, dataset: str, commit: Callable[[], object]) -> Outcome:
    """One attempt. `train.MISTAKES` and out-of-memory are for people; Modal tries anything else again."""
    from ..training import train

    return train.run(job(), run, weights, dataset, commit)
