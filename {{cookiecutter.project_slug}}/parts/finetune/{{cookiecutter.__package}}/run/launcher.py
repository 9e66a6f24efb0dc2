"""How an attempt's training is started: in the container's own process, which has the one GPU."""

from collections.abc import Callable

from ..training.config import launched_job
from ..training.train import train
from .run_dir import Run
from .status import Outcome


def launch(run: Run, weights: str, dataset: str, commit: Callable[[], object]) -> Outcome:
    """Train the plan's job. `reply.USER_ERRORS` and out-of-memory are the user's; Modal tries anything else again."""
    return train(launched_job(), run, weights, dataset, commit)
