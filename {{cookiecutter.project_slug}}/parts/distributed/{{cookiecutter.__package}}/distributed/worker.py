"""One of the processes that train together. torchrun starts it in a container, with a folder of arguments."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ..monitoring import oom
from ..run.budget import process_s
from ..run.reply import USER_ERRORS, quiet_libraries
from ..run.run_dir import Run
from ..training import collectives
from ..training.callbacks.budget import Interrupted
from ..training.config import Job, read_job, write_job
from ..training.model import Source, model_without_weights
from ..training.train import OUT_OF_MEMORY, USER_ERROR, train
from . import ipc, zero

ARGS, JOB = "args.json", "job.json"


@dataclass(frozen=True)
class WorkerArgs:
    """The run to train, and where model and dataset lie. Paths are strings, for JSON."""

    root: str
    name: str
    limit: str
    usd_per_hour: float
    weights: str
    dataset: str
    earlier_s: float  # of the container before it started its ranks

    def save(self, folder: Path, job: Job) -> None:
        write_job(job, folder / JOB)
        (folder / ARGS).write_text(json.dumps(asdict(self)), encoding="utf-8")


def main() -> int:
    """Train and send the result to the launcher; 0, or an exit code of training.train."""
    folder = Path(sys.argv[1])
    launcher = ipc.Rank(folder)
    args = WorkerArgs(**json.loads((folder / ARGS).read_text(encoding="utf-8")))
    job, run = read_job(folder / JOB), Run(Path(args.root), args.name, args.limit, args.usd_per_hour)
    quiet_libraries()
    try:
        deepspeed = deepspeed_config(job, run, Source(args.weights or job.model, job.revision))
        outcome = train(
            job,
            run,
            args.weights,
            args.dataset,
            launcher.commit,
            deepspeed,
            earlier_s=args.earlier_s + process_s(),
            stop_requested=launcher.stop_requested,
        )
    except USER_ERRORS as error:
        launcher.send(ipc.USER_ERROR, str(error))
        return USER_ERROR
    except Interrupted as pause:
        launcher.send(ipc.INTERRUPTED, str(pause))
        return 0
    except Exception as error:
        if oom.explain(error):
            launcher.send(ipc.MEMORY, str(error))
            return OUT_OF_MEMORY
        raise
    if collectives.is_node_main():
        launcher.send(ipc.OUTCOME, outcome)
    if collectives.is_connected():
        torch.distributed.destroy_process_group()
    return 0


def deepspeed_config(job: Job, run: Run, source: Source) -> dict[str, Any] | None:
    """Return DeepSpeed's configuration and write it beside the run; None where nothing is sharded."""
    if job.sharding == "none":
        return None
    on_gpu = torch.cuda.is_available()
    weights = model_without_weights(job.workload, source).parameters()
    config = zero.config(job, on_gpu, sum(weight.numel() for weight in weights))
    if collectives.is_main():
        run.folder.mkdir(parents=True, exist_ok=True)
        (run.folder / "deepspeed.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    if not on_gpu:
        from deepspeed import init_distributed

        init_distributed("gloo")  # of itself DeepSpeed would look for another backend on CPUs
    return config


if __name__ == "__main__":
    sys.exit(main())
