"""One attempt at a run in its container: not where it would be in vain, its steps told to whoever watches."""

from collections.abc import Callable

from ..training.callbacks import checkpoints
from . import launcher, progress, run_dir
from .. import mistakes, storage
from ..monitoring import memory_snapshot
from . import budget
from .reply import Said

FUTILE = 3  # attempts in a row that saved nothing: another one would only cost


@mistakes.sentences
def begin(where: run_dir.Run, dataset: str, since: float, commit: Callable[[], object]) -> Said:
    """One attempt at the run, unless those before, as from `since`, got nowhere."""
    if lost := futile(where, since):
        return Said(error=lost)
    memory_snapshot.record(f"{storage.CACHE}/oom")
    with progress.told(where):
        outcome = launcher.attempt(where, mistakes.weights(), dataset, commit)
    return Said(run_dir.report(outcome, where), complete=outcome.status == run_dir.FINISHED)


def futile(where: run_dir.Run, since: float) -> str:
    """What to say where the last attempts have all ended without a new checkpoint; else nothing."""
    lately = [entry for entry in where.ledger().entries() if entry.began >= since][-FUTILE:]
    if len(lately) < FUTILE or any(entry.state == budget.DONE for entry in lately):
        return ""
    newest = checkpoints.newest(where.checkpoints)
    if newest and (newest / checkpoints.MARKER).stat().st_mtime > lately[0].began:
        return ""
    how = lately[-1].error or f"it was killed after {lately[-1].seconds:,.0f} s"
    return f"{FUTILE} attempts in a row ended before they could save anything, the last one: {how}"
