"""A run on this machine: the same split, scheduling and results, with the engine in this process."""

import sys
from dataclasses import replace
from pathlib import Path

from . import plan, storage
from .engine import model
from .input.prompts import DataError
from .monitoring import gpu_memory
from .run import scheduler, shard_runner
from .run.budget import Limit
from .run.job import JobSpec, create_job
from .run.scheduler import Report
from .run.status import progress_bar

ROWS = 20  # without --rows: this machine is slow

# Small models and their commits, all Apache-2.0. Another model comes from its main branch
SMALL_MODELS = {
    "generation": ("HuggingFaceTB/SmolLM2-135M-Instruct", "12fd25f77366fa6b3b4b768ec3050bf629380bac"),
    "classification": (
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        "714eb0fa89d2f80546fda750413ed43d93601a13",
    ),
    "embedding": ("sentence-transformers/all-MiniLM-L6-v2", "8b3219a92973c328a8e22fadcfa821b5dc75636a"),
}


def run(spec: JobSpec, limit: Limit, name: str | None, root: Path) -> Report:
    """Run a job below the folder `root`. It costs nothing here; the ledger has the price on the GPU.

    `name` is a folder of weights or a model on the hub; None takes a small one.
    """
    small, commit = SMALL_MODELS[plan.WORKLOAD]
    name = name or small
    revision = commit if name == small else ""
    prompts = replace(spec.prompts, limit=spec.prompts.limit or ROWS)
    settings = replace(spec.settings, model=name, revision=revision)
    job = create_job(str(root.resolve()), replace(spec, prompts=prompts, settings=settings))
    engine = model.local_engine(name if Path(name).is_dir() else download(name, revision), settings.options)
    print(f"engine: {model.LOCAL_LIBRARY} with {name}", file=sys.stderr)
    print(f"nothing is billed here: dollars are the price of the same seconds on {plan.GPU}", file=sys.stderr)
    try:
        with gpu_memory.watch() as monitor, progress_bar() as show:
            report = scheduler.run_job(
                job,
                limit,
                lambda shard, most_s: shard_runner.run_shard(job.root, shard, engine, most_s=most_s),
                at_once=1,
                idle_s=0.0,
                publish=show,
            )
    finally:
        engine.close()
    print(f"memory  peak {monitor.peak_gib:.2f} GiB {'of GPU' if monitor.last.device == 'gpu' else 'of RAM'}")
    return report


def download(name: str, revision: str) -> str:
    """The folder of a model from the hub, downloaded once. DataError names what else would do."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return snapshot_download(name, revision=revision or None, **storage.MODEL_FILES)
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        why = type(error).__name__
        raise DataError(f"{name} is no folder and cannot be downloaded ({why}): give --model a folder") from error
