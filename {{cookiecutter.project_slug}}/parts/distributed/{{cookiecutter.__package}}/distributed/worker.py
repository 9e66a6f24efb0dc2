"""One of the processes that train together. torchrun starts it, and it does as its launcher ordered."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from . import ipc, zero
from ..training import collectives, model, train
from ..training.callbacks import logging
from ..training.config import Job, read, write
from ..monitoring import oom

ORDER, JOB = "order.json", "job.json"


@dataclass(frozen=True)
class Order:
    """What to train, and where it lies. Paths as strings, since JSON carries it."""

    root: str
    name: str
    limit: str
    usd_per_hour: float
    weights: str
    dataset: str

    def save(self, folder: Path, job: Job) -> None:
        write(job, folder / JOB)
        (folder / ORDER).write_text(json.dumps(asdict(self)), encoding="utf-8")


def main() -> int:
    """Train, and tell the launcher how it ended; 0, or the exit code that train.main would return."""
    folder = Path(sys.argv[1])
    launcher = ipc.Rank(folder)
    order = Order(**json.loads((folder / ORDER).read_text(encoding="utf-8")))
    job = read(folder / JOB)
    where = train.Run(Path(order.root), order.name, order.limit, order.usd_per_hour)
    logging.quiet()
    try:
        more = deepspeed(job, where, model.Source(order.weights or job.model, job.revision))
        outcome = train.run(job, where, order.weights, order.dataset, launcher.commit, more, asked=launcher.asked)
    except train.MISTAKES as error:
        launcher.tell(ipc.MISTAKE, (type(error).__name__, str(error)))
        return train.MISTAKEN
    except train.Interrupted as pause:
        launcher.tell(ipc.INTERRUPTED, str(pause))
        return 0
    except Exception as error:
        if oom.explain(error):
            launcher.tell(ipc.MEMORY, str(error))
            return train.OUT_OF_MEMORY
        raise
    if collectives.leads_node():
        launcher.tell(ipc.OUTCOME, outcome)
    if collectives.connected():
        torch.distributed.destroy_process_group()
    return 0


def deepspeed(job: Job, where: train.Run, source: model.Source) -> dict[str, object]:
    """What TrainingArguments need for DeepSpeed; nothing where nothing is sharded."""
    if job.sharding == "none":
        return {}
    on_gpu = torch.cuda.is_available()
    config = zero.config(job, on_gpu, model.parameters(job, source))
    if collectives.leads():
        where.folder.mkdir(parents=True, exist_ok=True)
        (where.folder / "deepspeed.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    if not on_gpu:
        from deepspeed import init_distributed

        init_distributed("gloo")  # of itself DeepSpeed would look for another backend on CPUs
    return {"deepspeed": config}


if __name__ == "__main__":
    sys.exit(main())
