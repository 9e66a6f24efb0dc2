"""The Modal app: shards of a dataset through one model, on as many containers as the plan has.

python -m {{cookiecutter.__package}} run reviews.jsonl --column text
"""

import modal

from . import hardware, image, plan, storage
from .run import job, progress, scheduler, shard_runner, volume
from .input import shards
from .run.status import Status
from .run.scheduler import Report
from .run import budget

with image.BATCH.imports():
    from . import container
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
def prepare(asked: job.Order) -> str:
    """Split the input into shards on the Volume, unless that was done before, and return the job's name."""
    volume.results.reload()
    job = job.begin(ROOT, asked)
    volume.results.commit()
    return job.name


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
    """One container of a job: it loads the model once, and then takes one shard after the other."""

    job: str = modal.parameter()

    @modal.enter()
    def load(self) -> None:
        with container.started(ROOT, self.job):
            self.engine = model.Engine(
                storage.located(plan.MODEL, plan.REVISION), gpus=hardware.GPUS, snapshots_in=f"{storage.CACHE}/oom"
            )
        volume.results.commit()

    @modal.method()
    def run(self, shard: shards.Shard) -> shard_runner.Outcome:
        """Rows come from the Volume and results go there: a call carries neither."""
        volume.results.reload()
        outcome = shard_runner.run(ROOT, shard, self.engine)
        volume.results.commit()
        return container.checked(outcome)

    @modal.exit()
    def stop(self) -> None:
        self.engine.close()


@app.function(
    image=image.DATA,
    volumes={ROOT: volume.results},
    timeout=24 * HOURS,
    retries=modal.Retries(max_retries=10, initial_delay=1.0),  # after a day, or whatever ended it, it goes on
)
def run(name: str, money: str) -> Report:
    """Keep the containers of a job busy until all is done or no more may be spent. Nobody needs to wait for it."""
    volume.results.reload()
    job, limit = shards.load_job(ROOT, name), budget.parse(money)
    report = job.run(
        job,
        limit,
        Worker(job=name).run.remote,  # ty: ignore[unknown-argument]  # modal.parameter makes it
        at_once=job.containers(limit),
        refresh=volume.results.reload,
        watch=progress.Teller(name),
    )
    volume.results.commit()
    return report


@app.function(image=image.DATA, volumes={ROOT: volume.results})
def status(name: str) -> Status:
    """How far a job is; the last one, where no name is given."""
    volume.results.reload()
    return job.status(shards.load_job(ROOT, name))


@app.function(image=image.DATA, volumes={ROOT: volume.results})
def stop(name: str) -> str:
    """Start no more shards of a job; what runs is finished."""
    volume.results.reload()
    job = shards.load_job(ROOT, name)
    scheduler.stop_file(job).touch()
    volume.results.commit()
    return job.name


@app.function(image=image.DATA, volumes={ROOT: volume.results}, timeout=4 * HOURS)
def join(name: str, suffix: str) -> job.Joined:
    """Make one file of all results of a job on the Volume, from where `download` brings it."""
    volume.results.reload()
    joined = job.joined(shards.load_job(ROOT, name), suffix)
    volume.results.commit()
    return joined


@app.function(
    image=image.DATA,
    volumes=volume.inputs | {storage.WEIGHTS: storage.weights},
    secrets=storage.secrets,
    timeout=4 * HOURS,
)
def estimate(asked: job.Order, money: str) -> str:
    """The estimate of an input that lies on the Volume, or for a model that does."""
    volume.results.reload()
    tokenizer = job.tokenizer(storage.located(plan.MODEL, plan.REVISION))
    return str(job.estimated(asked, tokenizer, budget.parse(money)))


@app.local_entrypoint()
def main(*arguments: str) -> None:
    """`modal run --detach -m {{cookiecutter.__package}}.app run INPUT --column text`, and so on."""
    from . import cli

    cli.main(arguments)
