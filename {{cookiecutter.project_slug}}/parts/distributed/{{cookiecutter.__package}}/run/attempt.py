"""One attempt at a run, in each of its containers: torchrun there, with a process for each of the GPUs."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import modal

from .. import hardware, storage
from ..distributed import ipc
from ..distributed.worker import WorkerArgs
from ..monitoring import gpu_memory
from ..training.callbacks.budget import Interrupted, end_after_budget, stop_signals
from ..training.config import NODES, Job, launched_job
from ..training.model import planned_weights
from ..training.train import crash_loop_reason, outcome_without_training
from . import lease
from .budget import process_s
from .reply import Reply, UserError, reply_errors
from .run_dir import Run
from .status import FINISHED, Outcome, publish, report

PORT = 29500  # torchrun's own default
POLL_S = 0.1
GRACE_S = 5  # between the request to end and the end, for ranks whose neighbour is gone


@dataclass(frozen=True)
class Node:
    """This container among those of an attempt."""

    rank: int
    count: int
    main: str  # address of the first one


@reply_errors
def run_attempt(run: Run, dataset: str, since: float, commit: Callable[[], object]) -> Reply:
    """Train once, with progress published, unless the attempts that began after `since` got nowhere."""
    if reason := crash_loop_reason(run, since):
        return Reply(error=reason)
    gpu_memory.record_snapshots(f"{storage.CACHE}/oom")
    with end_after_budget(run.budget()), publish(run):
        outcome = launch(this_node(), launched_job(), run, planned_weights(), dataset, commit)
    return Reply(report(outcome, run), complete=outcome.status == FINISHED)


def this_node() -> Node:
    """Return this container's place in its cluster."""
    if NODES == 1:
        return Node(0, 1, "127.0.0.1")
    cluster = modal.Cluster.from_context()
    addresses = cluster.container_ips()
    if len(addresses) != NODES:
        raise RuntimeError(f"{NODES} containers are planned, and the cluster has {len(addresses)}")
    return Node(cluster.container_rank(), NODES, addresses[0])


def launch(
    node: Node,
    job: Job,
    run: Run,
    weights: str = "",
    dataset: str = "",
    commit: Callable[[], object] = lambda: None,
    port: int = PORT,
) -> Outcome:
    """Run torchrun until it ends. UserError, MemoryError, Interrupted, or RuntimeError where a rank was killed."""
    if ended := outcome_without_training(job, run):
        return ended
    earlier_s = process_s() if run.volume else 0.0  # a container's process is the attempt's
    args = WorkerArgs(str(run.root), run.name, run.limit, run.usd_per_hour, weights, dataset, earlier_s)
    alone = lease.hold(run, commit) if node.rank == 0 else nullcontext()
    with tempfile.TemporaryDirectory() as name, alone:
        folder = Path(name)
        args.save(folder, job)
        with ipc.Launcher(folder, commit) as ranks, stop_signals() as requested:
            command = torchrun_command(job, node, folder, port)
            code = wait_for(command, torchrun_environment(job.ranks // node.count), requested, ranks.stop)
    results = ranks.results
    if ipc.USER_ERROR in results:
        raise UserError(results[ipc.USER_ERROR])
    if ipc.MEMORY in results:
        raise MemoryError(results[ipc.MEMORY])
    if code:
        raise RuntimeError(f"torchrun ended with exit code {code}: a rank failed or was killed, see the log above")
    if ipc.INTERRUPTED in results:
        raise Interrupted(results[ipc.INTERRUPTED])
    return results[ipc.OUTCOME]


def torchrun_command(job: Job, node: Node, folder: Path, port: int) -> list[str]:
    """Return the command that starts this container's ranks."""
    return [
        *(sys.executable, "-m", "torch.distributed.run"),
        f"--nnodes={node.count}",
        f"--nproc-per-node={job.ranks // node.count}",
        f"--node-rank={node.rank}",
        f"--master-addr={node.main}",
        f"--master-port={port}",
        "--max-restarts=0",  # a new attempt begins from the newest checkpoint, in a container that nothing has spoilt
        f"--shutdown-timeout={GRACE_S}",
        *("-m", WorkerArgs.__module__, str(folder)),
    ]


def torchrun_environment(ranks: int) -> dict[str, str]:
    """Return this process's own variables, the cores shared out, and a CPU for DeepSpeed where there is no GPU."""
    threads = max(1, (os.cpu_count() or 1) // ranks)  # DeepSpeed's optimizer on the CPU uses them
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # where ninja lies
    own = {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false", "PATH": path}
    return {**os.environ, **own, **({} if hardware.GPUS else {"DS_ACCELERATOR": "cpu"})}


def wait_for(
    command: list[str], environment: dict[str, str], requested: Callable[[], bool], stop: Callable[[], None]
) -> int:
    """Run a command to its end and return its exit code. `stop` is called once, when a stop is `requested`.

    It has a session of its own: a signal to this process's group reaches this process alone, which stops the ranks.
    """
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    stopping = False
    try:
        while True:
            try:
                return process.wait(POLL_S)
            except subprocess.TimeoutExpired:
                if requested() and not stopping:
                    stopping = True
                    stop()
    finally:
        if process.poll() is None:  # an exception, or a second signal: nothing may train on
            process.kill()
