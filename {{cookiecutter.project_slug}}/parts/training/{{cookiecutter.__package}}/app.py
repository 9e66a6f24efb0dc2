"""The Modal app: a dataset checked on a CPU, a model trained on the plan's GPUs, and the result used.

What needs torch is imported in the functions: this file is read on laptops and in small containers too.

python -m {{cookiecutter.__package}} train
modal run -m {{cookiecutter.__package}}.app::sample --prompt "..."
"""

import math
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import modal

from . import cli, hardware, image, plan, storage
from .result import push as hub
from .run import run_dir, status
from .run.reply import CheckReply, Reply
from .training import config

HOURS = 60 * 60  # seconds
VOLUMES: dict[str | PurePosixPath, modal.Volume | modal.CloudBucketMount] = {
    storage.WEIGHTS: storage.weights,
    run_dir.MOUNT: run_dir.volume,
}
TRACKER_SECRETS = [modal.Secret.from_name(name) for name in config.tracker_secrets(plan.TRACKER, plan.SECRETS)]
OFFLOAD_MIB = math.ceil(getattr(plan, "PREDICTED_HOST_GIB", 0.0) * 1024)  # main memory of a node for what is offloaded

app = modal.App(plan.NAME)


def on_nodes(function: Any) -> Any:
    """Run the function in a cluster of containers where the plan has several nodes."""
    return modal.clustered(size=config.NODES, rdma=True)(function) if config.NODES > 1 else function


@app.function(image=image.FETCH, volumes={storage.WEIGHTS: storage.weights}, secrets=storage.secrets, timeout=4 * HOURS)
def fetch() -> None:
    """Download the weights to their Volume, once: a GPU never waits for a download."""
    print(storage.pin(plan.REVISION, storage.fetch(plan.MODEL, plan.REVISION)))
    storage.weights.commit()


@app.function(image=image.TRAIN, cpu=2.0, volumes=VOLUMES, secrets=storage.secrets, timeout=4 * HOURS)
def check(dataset: str = plan.DATASET) -> CheckReply | Reply:
    """Read the dataset as the training will. `dataset` is a path on the Volume, or an id on the hub."""
    from .data.check import check_run

    run_dir.volume.reload()
    reply = check_run(run_dir.on_volume(plan.RUN), dataset)
    run_dir.volume.commit()
    print(reply, flush=True)
    return reply


@app.function(
    image=image.TRAIN,
    gpu=hardware.MODAL_GPU,
    cpu=hardware.CPU,
    memory=max(hardware.MEMORY_MIB or 0, OFFLOAD_MIB) or None,
    env=hardware.ENV | storage.OFFLINE,
    volumes=VOLUMES | {storage.CACHE: storage.cache},
    secrets=TRACKER_SECRETS,
    max_containers=config.NODES,  # two attempts at a run would spoil each other's checkpoints
    single_use_containers=True,  # a failed attempt may leave the GPU in any state
    startup_timeout=plan.STARTUP_TIMEOUT,
    timeout=plan.TIMEOUT,
    retries=modal.Retries(max_retries=10, initial_delay=1.0),  # after a kill, or a day, the next attempt goes on
)
@on_nodes
def train(dataset: str, since: float) -> Reply:
    """Run one attempt, from the newest checkpoint. What the user must correct is a reply and is not tried again."""
    from .run.attempt import run_attempt

    run_dir.volume.reload()
    return run_attempt(run_dir.on_volume(plan.RUN), dataset, since, run_dir.volume.commit)


@app.function(
    image=image.TRAIN,
    gpu=hardware.MODAL_GPU,
    cpu=hardware.CPU,
    memory=hardware.MEMORY_MIB,
    env=hardware.ENV | storage.OFFLINE,
    volumes=VOLUMES,
    max_containers=1,
    scaledown_window=2 * 60,
    timeout=1 * HOURS,
)
def sample(prompt: str, run: str = plan.RUN, max_tokens: int = 256) -> Reply:
    """Ask the tuned model. A container keeps the result that it loaded for its first prompt."""
    from .result.generate import reply_to

    run_dir.count_container(run_dir.on_volume(run), "sample")
    return reply_to(run_dir.on_volume(run), prompt, max_tokens)


@app.function(image=image.TRAIN, cpu=4.0, volumes=VOLUMES, timeout=4 * HOURS)
def merge(run: str = plan.RUN, into: str = "") -> Reply:
    """Write the tuned model as plain weights, on a CPU. The command adds memory, and the Volume of `into`."""
    from .result.merge import merge_run

    run_dir.volume.reload()
    reply = merge_run(run_dir.on_volume(run), Path(run_dir.MERGE_INTO if into else storage.WEIGHTS))
    (run_dir.weights_volume(into) if into else storage.weights).commit()
    print(reply, flush=True)
    return reply


@app.function(image=image.FETCH, volumes=VOLUMES, secrets=storage.secrets, timeout=4 * HOURS)
def send(repository: str, run: str = plan.RUN, merged: bool = False) -> Reply:
    """Push a run's result, or its merged weights, to the hub."""
    run_dir.volume.reload()
    storage.weights.reload()
    result = run_dir.on_volume(run).result
    return hub.push(Path(storage.WEIGHTS, run_dir.merged_name(run)) if merged else result, repository)


@app.function(image=image.FETCH, volumes={run_dir.MOUNT: run_dir.volume})
def state(run: str = plan.RUN) -> status.Status:
    """Return how a run stands, from its files on the Volume."""
    run_dir.volume.reload()
    return status.run_status(run_dir.on_volume(run))


@app.local_entrypoint()
def main(*arguments: str) -> None:
    """`modal run -m {{cookiecutter.__package}}.app train --detach`, and so on."""
    sys.exit(cli.main(arguments, app))
