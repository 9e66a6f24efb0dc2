"""One attempt at a run, in its container."""

from collections.abc import Callable

from .. import storage
from ..monitoring import memory_snapshot
from ..training.callbacks import checkpoints
from ..training.model import planned_weights
from . import budget, launcher, progress
from .reply import Reply, reply_errors
from .run_dir import Run
from .status import FINISHED, report

CRASH_LOOP = 3  # attempts in a row that saved nothing: another one would only cost


@reply_errors
def run_attempt(run: Run, dataset: str, since: float, commit: Callable[[], object]) -> Reply:
    """Train once, with progress published, unless the attempts that began after `since` got nowhere."""
    if reason := crash_loop_reason(run, since):
        return Reply(error=reason)
    memory_snapshot.record(f"{storage.CACHE}/oom")
    with progress.publish(run):
        outcome = launcher.launch(run, planned_weights(), dataset, commit)
    return Reply(report(outcome, run), complete=outcome.status == FINISHED)


def crash_loop_reason(run: Run, since: float) -> str:
    """Why no further attempt is made: the last ones all ended without a new checkpoint. Empty where they did not."""
    lately = [entry for entry in run.ledger().entries() if entry.began >= since][-CRASH_LOOP:]
    if len(lately) < CRASH_LOOP or any(entry.state == budget.DONE for entry in lately):
        return ""
    newest = checkpoints.newest(run.checkpoints)
    if newest and (newest / checkpoints.MARKER).stat().st_mtime > lately[0].began:
        return ""
    how = lately[-1].error or f"it was killed after {lately[-1].seconds:,.0f} s"
    return f"{CRASH_LOOP} attempts in a row ended before they could save anything, the last one: {how}"
