"""The rows of a run on the Volume: brought once, checked before anybody pays for a GPU, the same for every attempt."""

from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from ..training.callbacks import checkpoints
from . import formats
from ..run import launcher, run_dir
from .. import mistakes, plan, storage
from ..training import train
from ..training.config import check_same, JobError, read
from ..run import budget, files
from ..run.reply import Checked, Said


@mistakes.sentences
def check(where: run_dir.Run, dataset: str) -> Checked:
    """Read the dataset as the training will, from the place where the training will find it."""
    job = launcher.job()
    if begun(where):
        check_same(job, read(where.folder / "job.json"))
    if ended := over(where):
        return Checked(ended=ended)
    place, told = kept(where, brought(where.root, dataset, plan.SUBSET), dataset)
    try:
        tokenizer = storage.located(plan.MODEL, plan.REVISION)
    except FileNotFoundError:
        tokenizer = ""  # from the hub, as it needs no weights
        if storage.is_folder(plan.MODEL):
            mistakes.weights()
    report = train.check(job, tokenizer, place)
    return Checked("\n".join(told + report.lines(job.seq_len)), dataset=place)


def begun(where: run_dir.Run) -> bool:
    """Whether the run has something to go on with."""
    return (where.folder / "job.json").is_file() and checkpoints.newest(where.checkpoints) is not None


def over(where: run_dir.Run) -> Said | None:
    """What came of a run that is finished, or whose budget pays for no attempt, or not for a container's start."""
    ended = run_dir.outcome_of(where)
    if ended and ended.status == run_dir.FINISHED:
        return Said(run_dir.report(ended, where))
    start_usd = plan.PREDICTED_COLD_START_S / budget.HOUR * where.usd_per_hour
    if ended and (run_dir.exhausted(where) or where.budget().left_usd() <= start_usd):
        return Said(run_dir.report(ended, where), complete=False)
    return None


def brought(root: Path, dataset: str, subset: str) -> str:
    """The place of a dataset on the Volume. One of the hub is copied there, at the commit that it has now."""
    if dataset.startswith(str(root)):
        return dataset
    try:
        commit = HfApi().dataset_info(dataset).sha
    except (HfHubHTTPError, HFValidationError, OSError):
        formats.load(dataset, subset)  # says what is wrong with it
        raise
    name = f"{dataset.replace('/', '--')}{subset and '--'}{subset}-{str(commit)[:12]}.parquet"
    path = root / "datasets" / name
    if not path.is_file():
        rows = formats.load(dataset, subset, revision=commit)
        with files.atomic_write(path) as temporary:
            rows.to_parquet(str(temporary))
    return str(path)


def kept(where: run_dir.Run, place: str, dataset: str) -> tuple[str, list[str]]:
    """The place of the rows with which the run began, and what to say of it. JobError where a file has changed."""
    note = where.folder / "dataset.json"
    known = files.load(note)
    if known is None or not begun(where):
        files.save(note, {"dataset": dataset, "place": place})
        return place, []
    if known["place"] == place:
        return place, []
    if Path(place).parent.name != "datasets":  # a file of somebody's own lies in a folder named after its content
        raise JobError(
            f"{Path(place).name} is not what it was when this run began: put it back, or give the run a new RUN name"
        )
    return known["place"], [f"rows    those of {Path(known['place']).stem}, with which this run began"]
