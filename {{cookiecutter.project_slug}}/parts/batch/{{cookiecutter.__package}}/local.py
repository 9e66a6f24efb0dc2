"""A run on this machine: the same split, orchestration and results, with an engine in this process."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

from . import here, storage, workload
from .run import job, progress, shard_runner
from .input import shards
from .input.readers import DataError
from .monitoring import gpu_memory
from .run.scheduler import Report
from .run import budget
from .input.shards import Shard
from .run.shard_runner import Outcome

ROWS = 20  # without --rows: this machine is slow
COMMITS = {workload.SMALL: workload.SMALL_COMMIT}  # another model comes from its main branch


def run(asked: job.Order, money: str, model: str | None, root: Path) -> Report:
    """Run an order below the folder `root`. It costs nothing here; the ledger says what the GPU would."""
    model = model or workload.SMALL
    reading = replace(asked.reading, limit=asked.reading.limit or ROWS)
    job = job.begin(
        str(root.resolve()), replace(asked, reading=reading, model=model, revision=COMMITS.get(model, ""))
    )
    engine = here.engine(model if Path(model).is_dir() else downloaded(model), asked.options)

    def run_shard(shard: Shard) -> Outcome:
        return shard_runner.run(job.root, shard, engine)

    print(f"engine: {here.LIBRARY} with {model}", file=sys.stderr)
    try:
        with gpu_memory.watch() as monitor, progress.Bar() as bar:
            report = job.run(job, budget.parse(money), run_shard, at_once=1, watch=bar.show)
    finally:
        engine.close()
    print(f"memory  peak {monitor.peak_gib:.2f} GiB {'of GPU' if monitor.last.device == 'gpu' else 'of RAM'}")
    return report


def downloaded(model: str) -> str:
    """The folder of a model from the hub, downloaded once. DataError says what else would do."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return snapshot_download(model, revision=COMMITS.get(model), allow_patterns=list(storage.FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        why = type(error).__name__
        raise DataError(f"{model} is no folder and cannot be downloaded ({why}): give --model a folder") from error


def joined(name: str, suffix: str, root: Path) -> job.Joined:
    """As `join` does on Modal."""
    return job.joined(shards.load_job(str(root.resolve()), name), suffix)


def copied(path: str, to: Path, root: Path) -> None:
    shutil.copy(root / path, to)
