"""One attempt at a run, in its container, which has the one GPU."""

from collections.abc import Callable

from .. import storage
from ..monitoring import gpu_memory
from ..training.callbacks.budget import end_after_budget
from ..training.config import launched_job
from ..training.model import planned_weights
from ..training.train import crash_loop_reason, train
from .budget import process_s
from .reply import Reply, reply_errors
from .run_dir import Run
from .status import FINISHED, publish, report


@reply_errors
def run_attempt(run: Run, dataset: str, since: float, commit: Callable[[], object]) -> Reply:
    """Train once, with progress published, unless the attempts that began after `since` got nowhere."""
    if reason := crash_loop_reason(run, since):
        return Reply(error=reason)
    gpu_memory.record_snapshots(f"{storage.CACHE}/oom")
    with end_after_budget(run.budget()), publish(run):
        outcome = train(launched_job(), run, planned_weights(), dataset, commit, earlier_s=process_s())
    return Reply(report(outcome, run), complete=outcome.status == FINISHED)
