"""What the containers do around the training: each mistake said in a sentence, each dataset brought once."""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from . import budget, checkpoints, data, files, launch, memory, plan, runs, sample, snapshot, storage, train, watch
from .job import JobError, check_same, planned, read
from .said import Checked, Said

FUTILE = 3  # attempts in a row that saved nothing: another one would only cost
P = ParamSpec("P")
S = TypeVar("S", bound=Said)


def sentences(work: Callable[P, S]) -> Callable[P, S | Said]:
    """What people can mend comes back as a sentence; anything else is raised, and Modal tries again."""

    @functools.wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> S | Said:
        try:
            return work(*args, **kwargs)
        except train.MISTAKES as error:
            return Said(error=str(error))
        except Exception as error:
            if cause := memory.explain(error):
                return Said(error=cause)
            raise

    return call


def weights() -> str:
    """The folder of the original model. JobError says how to get it there."""
    try:
        return storage.located(plan.MODEL, plan.REVISION)
    except FileNotFoundError as error:
        raise JobError(str(error)) from error


@sentences
def check(where: runs.Run, dataset: str) -> Checked:
    """Read the dataset as the training will, from the place where the training will find it."""
    job = planned()
    if (where.folder / "job.json").is_file():
        check_same(job, read(where.folder / "job.json"))
    if ended := over(where):
        return Checked(ended=ended)
    place, told = kept(where, brought(where.root, dataset, plan.SUBSET), dataset)
    try:
        tokenizer = storage.located(plan.MODEL, plan.REVISION)
    except FileNotFoundError:
        tokenizer = ""  # from the hub, as it needs no weights
        if storage.is_folder(plan.MODEL):
            weights()
    report = train.check(job, tokenizer, place)
    return Checked("\n".join(told + report.lines(job.seq_len)), dataset=place)


def over(where: runs.Run) -> Said | None:
    """What came of a run that is finished, or that may spend no more."""
    ended = runs.outcome_of(where)
    if ended and ended.status == runs.FINISHED:
        return Said(runs.report(ended, where))
    if ended and where.budget().left_usd() <= 0:
        return Said(runs.report(ended, where), complete=False)
    return None


def brought(root: Path, dataset: str, subset: str) -> str:
    """The place of a dataset on the Volume. One of the hub is copied there, at the commit that it has now."""
    if dataset.startswith(str(root)):
        return dataset
    try:
        commit = HfApi().dataset_info(dataset).sha
    except (HfHubHTTPError, HFValidationError, OSError):
        data.load(dataset, subset)  # says what is wrong with it
        raise
    name = f"{dataset.replace('/', '--')}{subset and '--'}{subset}-{str(commit)[:12]}.parquet"
    path = root / "datasets" / name
    if not path.is_file():
        rows = data.load(dataset, subset, revision=commit)
        with files.whole(path) as temporary:
            rows.to_parquet(str(temporary))
    return str(path)


def kept(where: runs.Run, place: str, dataset: str) -> tuple[str, list[str]]:
    """The place of the rows with which the run began, and what to say of it. JobError where a file has changed."""
    note = where.folder / "dataset.json"
    known = files.load(note)
    if known is None or not (where.folder / "job.json").is_file():
        files.save(note, {"dataset": dataset, "place": place})
        return place, []
    if known["place"] == place:
        return place, []
    if Path(place).parent.name != "datasets":  # a file of somebody's own lies in a folder named after its content
        raise JobError(
            f"{Path(place).name} is not what it was when this run began: put it back, or give the run a new RUN name"
        )
    return known["place"], [f"rows    those of {Path(known['place']).stem}, with which this run began"]


@sentences
def attempt(where: runs.Run, dataset: str, since: float, commit: Callable[[], object]) -> Said:
    """One attempt at the run, unless those before, as from `since`, got nowhere."""
    if lost := futile(where, since):
        return Said(error=lost)
    snapshot.record(f"{storage.CACHE}/oom")
    with watch.told(where):
        outcome = launch.attempt(where, weights(), dataset, commit)
    return Said(runs.report(outcome, where), complete=outcome.status == runs.FINISHED)


def futile(where: runs.Run, since: float) -> str:
    """What to say where the last attempts have all ended without a new checkpoint; else nothing."""
    lately = [entry for entry in where.ledger().entries() if entry.began >= since][-FUTILE:]
    if len(lately) < FUTILE or any(entry.state == budget.DONE for entry in lately):
        return ""
    newest = checkpoints.newest(where.checkpoints)
    if newest and (newest / checkpoints.MARKER).stat().st_mtime > lately[0].began:
        return ""
    how = lately[-1].error or f"it was killed after {lately[-1].seconds:,.0f} s"
    return f"{FUTILE} attempts in a row ended before they could save anything, the last one: {how}"


@functools.lru_cache(maxsize=1)
def tuned(result: Path, folder: str) -> sample.Tuned:
    """The tuned model, loaded once in a container."""
    return sample.load(result, folder)


@sentences
def answered(where: runs.Run, prompt: str, max_tokens: int) -> Said:
    """What the tuned model says."""
    need_result(where)
    return Said(sample.say(tuned(where.result, weights()), prompt, max_tokens))


@sentences
def merged(where: runs.Run, target: Path) -> Said:
    """Write the tuned model below `target` as a folder of its own, whole or not at all."""
    need_result(where)
    begun, folder = time.monotonic(), target / runs.merged_name(where.name)
    sample.merge(where.result, folder, weights())
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e9
    return Said(f"{folder.name}: {size:.2f} GB in {time.monotonic() - begun:.0f} s")


def need_result(where: runs.Run) -> None:
    """JobError where no attempt has come to an end."""
    if not (where.result / sample.ABOUT).is_file():
        raise JobError(f"the run {where.name} has no result yet: `train` first")
