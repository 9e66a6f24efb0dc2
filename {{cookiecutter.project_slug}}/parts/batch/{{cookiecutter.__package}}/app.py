"""The Modal app: shards of a dataset through one model, on as many containers as the plan has.

python -m {{cookiecutter.__package}} run reviews.jsonl --column text
"""

import modal

from . import cli, hardware, image, plan, storage
from .input.shards import Shard
from .output.join import Joined, join_job
from .run import budget, calls, scheduler, shard_runner, volume
from .run.estimate import estimate_job, load_tokenizer
from .run.job import JobSpec, container_limit, create_job, load_job, result_options
from .run.scheduler import Report
from .run.shard_runner import Outcome
from .run.status import ProgressPublisher, Status, read_status

with image.BATCH.imports():
    from .engine import model

HOURS = 60 * 60  # seconds
ROOT = volume.MOUNT

app = modal.App(plan.NAME)


@app.function(image=image.DATA, volumes={storage.WEIGHTS: storage.weights}, secrets=storage.secrets, timeout=4 * HOURS)
def fetch() -> None:
    """Bring the weights to the Volume, once: a GPU never waits for a download."""
    print(storage.pin(plan.REVISION, storage.fetch(plan.MODEL, plan.REVISION)))
    storage.weights.commit()


@app.function(image=image.DATA, volumes=volume.inputs, secrets=storage.secrets, timeout=24 * HOURS)
def prepare(spec: JobSpec) -> str:
    """Split the input into shards on the Volume, unless that was done before, and return the job's name."""
    volume.results.reload()
    name = create_job(ROOT, spec).name
    volume.results.commit()
    return name


@app.cls(
    image=image.BATCH,
    gpu=hardware.MODAL_GPU,
    cpu=hardware.CPU,
    memory=hardware.MEMORY_MIB,
    env=hardware.ENV | storage.OFFLINE,
    volumes={storage.WEIGHTS: storage.weights, storage.CACHE: storage.cache, ROOT: volume.results},
    max_containers=plan.MAX_CONTAINERS,
    scaledown_window=plan.SCALEDOWN_WINDOW,
    startup_timeout=plan.STARTUP_TIMEOUT,
    timeout=plan.TIMEOUT,
)
class Worker:
    """One container of a job: it takes one shard after the other, and loads the model for the first."""

    job: str = modal.parameter()

    @modal.enter()
    def enter(self) -> None:
        self.container = shard_runner.Container(ROOT, self.job, self.load)

    def load(self) -> shard_runner.LoadedEngine:
        weights = storage.located(plan.MODEL, plan.REVISION)
        return model.Engine(weights, result_options(), gpus=hardware.GPUS, snapshots_in=f"{storage.CACHE}/oom")

    @modal.method()
    def run(self, shard: Shard, most_s: float) -> Outcome:
        """Rows come from the Volume and results go there: a call carries neither."""
        outcome = self.container.run(shard, most_s, volume.results.reload)
        volume.results.commit()
        return shard_runner.leave_if_failed(outcome)

    @modal.exit()
    def stop(self) -> None:
        self.container.close()


@app.function(
    image=image.DATA,
    volumes={ROOT: volume.results},
    timeout=24 * HOURS,
    retries=modal.Retries(max_retries=10, initial_delay=1.0),  # after a day, or whatever ended it, it goes on
)
def run(name: str, limit: str) -> Report:
    """Keep the containers of a job busy until all is done or no more may be spent. Nobody needs to wait for it."""
    volume.results.reload()
    usd_limit = budget.parse(limit)
    worker = Worker(job=name)  # ty: ignore[unknown-argument]  # modal.parameter makes it
    report = scheduler.run_job(
        load_job(ROOT, name),
        usd_limit,
        lambda shard, most_s: calls.wait(worker.run.spawn(shard, most_s)),
        at_once=container_limit(usd_limit),
        cancel=calls.cancel,
        refresh=volume.results.reload,
        commit=volume.results.commit,
        publish=ProgressPublisher(name),
    )
    volume.results.commit()
    return report


@app.function(image=image.DATA, volumes={ROOT: volume.results})
def status(name: str) -> Status:
    """How far a job is; the last one, where no name is given."""
    volume.results.reload()
    return read_status(load_job(ROOT, name))


@app.function(image=image.DATA, volumes={ROOT: volume.results})
def stop(name: str) -> str:
    """Start no more shards of a job; what runs is finished."""
    volume.results.reload()
    stopped = load_job(ROOT, name)
    stopped.stop_file.touch()
    volume.results.commit()
    return stopped.name


@app.function(image=image.DATA, volumes={ROOT: volume.results}, timeout=4 * HOURS)
def join(name: str, suffix: str, formulas: bool = False) -> Joined:
    """Make one file of all results of a job on the Volume, from where the command downloads it."""
    volume.results.reload()
    joined = join_job(load_job(ROOT, name), suffix, formulas)
    volume.results.commit()
    return joined


@app.function(
    image=image.DATA,
    volumes=volume.inputs | {storage.WEIGHTS: storage.weights},
    secrets=storage.secrets,
    timeout=4 * HOURS,
)
def estimate(spec: JobSpec, limit: str) -> str:
    """The estimate of an input that lies on the Volume, or for a model that does."""
    volume.results.reload()
    tokenizer = load_tokenizer(storage.located(plan.MODEL, plan.REVISION))
    return str(estimate_job(spec, tokenizer, budget.parse(limit)))


@app.local_entrypoint()
def main(*arguments: str) -> None:
    """`modal run --detach -m {{cookiecutter.__package}}.app run INPUT --column text`, and so on."""
    cli.main(arguments, app.deploy)
