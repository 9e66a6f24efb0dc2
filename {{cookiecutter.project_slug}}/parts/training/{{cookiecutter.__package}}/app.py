"""The Modal app: a dataset checked on a CPU, a model trained on the plan's GPUs, and what came of it used.

What needs torch is imported in the functions: this file is read on laptops and in small containers too.

python -m {{cookiecutter.__package}} train
modal run -m {{cookiecutter.__package}}.app::sample --prompt "..."
"""

from pathlib import Path, PurePosixPath

import modal

from . import hardware, image, plan, storage
from .run import launcher, run_dir, status
from .result import push
from .data import load
from .run.reply import Checked, Said

HOURS = 60 * 60  # seconds
ROOT = load.MOUNT
BOTH: dict[str | PurePosixPath, modal.Volume | modal.CloudBucketMount] = {
    storage.WEIGHTS: storage.weights,
    ROOT: load.runs,
}
TRACKING = storage.secrets if plan.TRACKER == "wandb" else []

app = modal.App(plan.NAME)


@app.function(image=image.FETCH, volumes={storage.WEIGHTS: storage.weights}, secrets=storage.secrets, timeout=4 * HOURS)
def fetch() -> None:
    """Bring the weights to the Volume, once: a GPU never waits for a download."""
    print(storage.pin(plan.REVISION, storage.fetch(plan.MODEL, plan.REVISION)))
    storage.weights.commit()


@app.function(image=image.TRAIN, cpu=2.0, volumes=BOTH, secrets=storage.secrets, timeout=4 * HOURS)
def check(dataset: str = plan.DATASET) -> Checked | Said:
    """Read the dataset as the training will. `dataset` is a place on the Volume, or an id on the hub."""
    from .data import check

    load.runs.reload()
    checked = check.check(load.run(plan.RUN), dataset)
    load.runs.commit()
    print(checked, flush=True)
    return checked


@app.function(
    image=image.TRAIN,
    gpu=hardware.MODAL_GPU,
    cpu=hardware.CPU,
    memory=launcher.MEMORY_MIB,
    env=hardware.ENV | storage.OFFLINE,
    volumes=BOTH | {storage.CACHE: storage.cache},
    secrets=TRACKING,
    max_containers=launcher.CONTAINERS,  # two attempts at a run would spoil each other's checkpoints
    single_use_containers=True,  # nobody knows what a failed attempt left on the GPU
    startup_timeout=plan.STARTUP_TIMEOUT,
    timeout=plan.TIMEOUT,
    retries=modal.Retries(max_retries=10, initial_delay=1.0),  # after a kill, or a day, it goes on
)
@launcher.on_nodes
def train(dataset: str, since: float) -> Said:
    """One attempt at the run, which goes on where the last one stopped. What people can mend is not tried again."""
    from .run import attempt

    load.runs.reload()
    return attempt.begin(load.run(plan.RUN), dataset, since, load.runs.commit)


@app.function(
    image=image.TRAIN,
    gpu=hardware.MODAL_GPU,
    cpu=hardware.CPU,
    memory=hardware.MEMORY_MIB,
    env=hardware.ENV | storage.OFFLINE,
    volumes=BOTH,
    max_containers=1,
    scaledown_window=2 * 60,
    timeout=1 * HOURS,
)
def sample(prompt: str, run: str = plan.RUN, max_tokens: int = 256) -> Said:
    """What the tuned model says to `prompt`. A container sees the result as it was when its first question came."""
    from .result import merge

    said = merge.answered(load.run(run), prompt, max_tokens)
    print(said, flush=True)
    return said


@app.function(image=image.TRAIN, cpu=4.0, volumes=BOTH, timeout=4 * HOURS)
def merge(run: str = plan.RUN, into: str = "") -> Said:
    """Write the tuned model as plain weights, on a CPU. The command gives it memory, and the Volume of `into`."""
    from .result import merge

    load.runs.reload()
    said = merge.merged(load.run(run), Path(load.TARGET if into else storage.WEIGHTS))
    (load.weights_of(into) if into else storage.weights).commit()
    print(said, flush=True)
    return said


@app.function(image=image.FETCH, volumes=BOTH, secrets=storage.secrets, timeout=4 * HOURS)
def send(repository: str, run: str = plan.RUN, merged: bool = False) -> Said:
    """Push a run's result, or its merged weights, to the hub."""
    load.runs.reload()
    storage.weights.reload()
    where = load.run(run)
    return push.push(Path(storage.WEIGHTS, run_dir.merged_name(run)) if merged else where.result, repository)


@app.function(image=image.FETCH, volumes={ROOT: load.runs})
def state(run: str = plan.RUN) -> status.Status:
    """How a run stands, from the files on the Volume."""
    load.runs.reload()
    return status.status(load.run(run))


@app.local_entrypoint()
def main(*arguments: str) -> None:
    """`modal run -m {{cookiecutter.__package}}.app train --detach`, and so on."""
    import sys

    from . import cli

    sys.exit(cli.main(arguments))
