"""How an attempt is launched: torchrun in each container, a rank for each GPU. What Modal needs to know for it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import modal

from .. import hardware, plan
from ..training.config import check_same, Job, JobError, planned, read
from .run_dir import exhausted, FINISHED, Outcome, outcome_of, Run

CUDA_IMAGE = "nvidia/cuda:13.0.2-devel-ubuntu24.04"  # DeepSpeed compiles its optimizer for offloading with nvcc's files
# g++ compiles it; the others let NCCL use RDMA (Modal's guide to clusters and its multi-node examples)
PACKAGES = ("g++", "libibverbs1", "libhwloc15", "libnl-route-3-200")
BUILT = ("deepspeed==0.19.8",)  # after torch, which its setup imports
NODES = plan.NODES if hardware.GPUS else 1  # Modal has no clusters of CPUs
CONTAINERS = NODES  # of one attempt
RANKS = hardware.GPUS or 2  # of a container: on CPUs as few as make a difference
MEMORY_MIB = max(hardware.MEMORY_MIB or 0, int(plan.PREDICTED_HOST_GIB * 1024)) or None
PORT = 29500  # torchrun's own default
POLL_S = 0.1
GRACE_S = 5  # between the request to end and the end, for ranks whose neighbour is gone


def on_nodes(function: Any) -> Any:
    """The training function as a cluster of containers, where the plan has several nodes."""
    return modal.clustered(size=NODES, rdma=True)(function) if NODES > 1 else function


@dataclass(frozen=True)
class Node:
    """This container among those of an attempt."""

    worker: int
    count: int
    main: str  # address of the first one


def here() -> Node:
    """Where this container stands in its cluster."""
    if NODES == 1:
        return Node(0, 1, "127.0.0.1")
    cluster = modal.Cluster.from_context()
    addresses = cluster.container_ips()
    if len(addresses) != NODES:
        raise RuntimeError(f"{NODES} containers are planned, and the cluster has {len(addresses)}")
    return Node(cluster.container_rank(), NODES, addresses[0])


def shared(job: Job, ranks: int) -> Job:
    """The job for so many ranks, with as many examples in a step. JobError where they cannot be shared out."""
    accumulation, rest = divmod(job.batch, job.micro_batch * ranks)
    if rest or not accumulation:
        raise JobError(
            f"a step of {job.batch} examples cannot be shared by {ranks} processes with {job.micro_batch} each: "
            "change MICRO_BATCH or ACCUMULATION, or take as many GPUs as planned"
        )
    return replace(job, ranks=ranks, accumulation=accumulation)


def job() -> Job:
    """The plan's job as it is launched here."""
    return shared(planned(), NODES * RANKS)


def attempt(run: Run, weights: str, dataset: str, commit: Callable[[], object]) -> Outcome:
    """One attempt. `train.MISTAKES` and out-of-memory are for people; Modal tries anything else again."""
    return launched(job(), here(), run, weights, dataset, commit)


def launched(
    job: Job,
    node: Node,
    run: Run,
    weights: str = "",
    dataset: str = "",
    commit: Callable[[], object] = lambda: None,
    port: int = PORT,
) -> Outcome:
    """Run torchrun until it ends. MISTAKES, MemoryError, train.Interrupted, or RuntimeError where a rank was killed."""
    from ..training.callbacks import budget, checkpoints
    from ..distributed import ipc, worker
    from ..training import train

    began, ended = run.folder / "job.json", outcome_of(run)
    if began.is_file() and checkpoints.newest(run.checkpoints):  # here too: no rank is started for a refusal
        check_same(job, read(began))
    if ended and ended.status == FINISHED:
        return ended
    if exhausted(run):
        return train.unpaid(run)
    order = worker.Order(str(run.root), run.name, run.limit, run.usd_per_hour, weights, dataset)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        order.save(folder, job)
        with ipc.Launcher(folder, commit) as ranks, budget.signals() as asked:
            code = waited(command(job, node, folder, port), environment(job.ranks // node.count), asked, ranks.stop)
    said = ranks.said
    if ipc.MISTAKE in said:
        kind, text = said[ipc.MISTAKE]
        raise next(known for known in train.MISTAKES if known.__name__ == kind)(text)
    if ipc.MEMORY in said:
        raise MemoryError(said[ipc.MEMORY])
    if code:
        raise RuntimeError(f"torchrun ended with exit code {code}: a rank failed or was killed, see the log above")
    if ipc.INTERRUPTED in said:
        raise train.Interrupted(said[ipc.INTERRUPTED])
    return said[ipc.OUTCOME]


def command(job: Job, node: Node, folder: Path, port: int) -> list[str]:
    """What starts this container's ranks."""
    return [
        *(sys.executable, "-m", "torch.distributed.run"),
        f"--nnodes={node.count}",
        f"--nproc-per-node={job.ranks // node.count}",
        f"--node-rank={node.rank}",
        f"--master-addr={node.main}",
        f"--master-port={port}",
        "--max-restarts=0",  # a new attempt begins from the newest checkpoint, in a container that nothing has spoilt
        f"--shutdown-timeout={GRACE_S}",
        *("-m", f"{__package__}.rank", str(folder)),
    ]


def environment(ranks: int) -> dict[str, str]:
    """The variables of torchrun: this process's own, the cores shared out, and a CPU where there is no GPU."""
    threads = max(1, (os.cpu_count() or 1) // ranks)  # DeepSpeed's optimizer on the CPU uses them
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # where ninja lies
    own = {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false", "PATH": path}
    return {**os.environ, **own, **({} if hardware.GPUS else {"DS_ACCELERATOR": "cpu"})}


def waited(command: list[str], variables: dict[str, str], asked: Callable[[], bool], stop: Callable[[], None]) -> int:
    """Run a command to its end; its exit code. `stop` is called once, when `asked` says so.

    It has a session of its own: a signal to this process's group is for this process, which then asks the ranks.
    """
    process = subprocess.Popen(command, env=variables, start_new_session=True)
    told = False
    try:
        while True:
            try:
                return process.wait(POLL_S)
            except subprocess.TimeoutExpired:
                if asked() and not told:
                    told = True
                    budget()
    finally:
        if process.poll() is None:  # an exception, or a second signal: nothing may train on
            process.kill()
