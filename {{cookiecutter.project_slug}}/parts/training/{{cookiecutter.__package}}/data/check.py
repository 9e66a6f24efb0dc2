"""The check before a run: everything that can be found wrong without weights and without a GPU."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from .. import plan, storage
from ..rows.messages import shorten
from ..rows.records import quoted
from ..run import budget, files
from ..run.reply import CheckReply, Reply, UserError, reply_errors
from ..run.run_dir import Run
from ..run.status import FINISHED, budget_exhausted, last_outcome, report
from ..training.callbacks import checkpoints
from ..training.config import Job, check_same, check_settings, launched_job, read_job, tracker_secrets
from ..training.model import Source, check_fits, load_tokenizer, planned_weights
from .columns import KINDS
from .formats import Examples, load_examples
from .load import DATASETS, Rows, copy_to_volume, load_dataset

MOST_LABELS = 100  # of which the terminal shows the counts


@reply_errors
def check_run(run: Run, dataset: str) -> CheckReply:
    """Check the plan's job and its dataset, from the path on the Volume where the training will read it."""
    job = launched_job()
    if has_begun(run):
        check_same(job, read_job(run.job))
    if ended := final_outcome(run):
        return CheckReply(ended=ended)
    place, notes = pin_dataset(run, copy_to_volume(run.root, dataset, plan.SUBSET), dataset)
    try:
        tokenizer = storage.located(plan.MODEL, plan.REVISION)
    except FileNotFoundError:
        tokenizer = ""  # from the hub, as it needs no weights
        if storage.is_folder(plan.MODEL):
            planned_weights()  # raises how to bring the folder
    found = check_job(job, tokenizer, place)
    return CheckReply("\n".join(notes + found.lines(job.seq_len)), dataset=place)


def has_begun(run: Run) -> bool:
    """Whether the run has a checkpoint to go on from."""
    return run.job.is_file() and checkpoints.newest(run.checkpoints) is not None


def final_outcome(run: Run) -> Reply | None:
    """Return the outcome of a run that is finished, or whose budget pays for no attempt or no container's start."""
    ended = last_outcome(run)
    if ended and ended.status == FINISHED:
        return Reply(report(ended, run))
    start_usd = plan.PREDICTED_COLD_START_S / budget.HOUR * run.usd_per_hour
    if ended and (budget_exhausted(run) or run.budget().left_usd() <= start_usd):
        return Reply(report(ended, run), complete=False)
    return None


def pin_dataset(run: Run, place: str, dataset: str) -> tuple[str, list[str]]:
    """Return the path of the rows with which the run began, and notes on it. UserError where a file has changed."""
    note = run.folder / "dataset.json"
    known = files.load(note)
    if known is None or not has_begun(run):
        files.save(note, {"dataset": dataset, "place": place})
        return place, []
    if known["place"] == place:
        return place, []
    if Path(place).parent.name != DATASETS:  # an uploaded file lies in a folder named after its content
        raise UserError(
            f"{Path(place).name} is not what it was when this run began: put it back, or give the run a new RUN name"
        )
    return known["place"], [f"rows    those of {Path(known['place']).stem}, with which this run began"]


def check_job(job: Job, weights: str = "", dataset: str = "") -> "DatasetReport":
    """Check the settings, the model's shape and every row of the dataset. USER_ERRORS in one sentence."""
    check_settings(job)
    if job.tracker == "wandb" and not (os.environ.get("WANDB_API_KEY") and tracker_secrets(job.tracker, plan.SECRETS)):
        raise UserError(
            'TRACKER = "wandb" needs a Secret in SECRETS that has "wandb" in its name and WANDB_API_KEY in it, '
            'as in "wandb-secret"; or set TRACKER = "none"'
        )
    budget.parse(plan.BUDGET)
    source = Source(weights or job.model, job.revision)
    tokenizer = load_tokenizer(source)
    check_fits(job, source, tokenizer)
    return count_rows(job, tokenizer, load_dataset(dataset or job.dataset, job.subset))


@dataclass(frozen=True)
class DatasetReport:
    """The contents of a dataset. Tokens as the model will read them, end-of-text included."""

    kind: str
    rows: int
    empty: int
    evaluated: int
    tokens: int
    longest: int
    cut: int  # rows longer than SEQ_LEN, cut there
    lost: int  # of those, rows whose prompt alone fills it, so that nothing is left to learn
    learns: str
    labels: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # how the files are written, and what the columns are taken for

    def lines(self, seq_len: int) -> list[str]:
        """For the terminal."""
        found = f"{self.rows:,} rows of {KINDS[self.kind]}, {self.evaluated:,} of them held out"
        mean = self.tokens / max(1, self.rows - self.empty)
        tokens = f"{self.tokens:,} in all, {mean:,.0f} a row, longest {self.longest:,}"
        lines = [f"rows    {found}", *(f"read    {note}" for note in self.notes)]
        lines += [f"tokens  {tokens}", f"loss    {self.learns}"]
        if self.labels:
            counts = [f"{name} {count:,}" for name, count in self.labels.items()]
            rest = [f"and {len(counts) - MOST_LABELS:,} more"] if len(counts) > MOST_LABELS else []
            lines.append("labels  " + ", ".join(counts[:MOST_LABELS] + rest))
        if self.empty:
            tied = " or have two answers alike, and" if self.kind == "pair" else ""
            lines.append(f"empty   {self.empty:,} rows are{tied} left out")
        if self.cut:
            lost = f"; in {self.lost:,} the prompt alone fills it, and nothing is learnt from them" if self.lost else ""
            lines.append(f"cut     {self.cut:,} rows are longer than SEQ_LEN = {seq_len:,}{lost}")
        return lines


def count_rows(job: Job, tokenizer: PreTrainedTokenizerBase, rows: Rows | None = None) -> DatasetReport:
    """Read every row as the training will, and count."""
    found = load_examples(job, tokenizer, rows)
    total = longest = cut = lost = 0
    for row in found.all_rows():
        prompt, *sequences = token_counts(row, found, tokenizer)
        tokens = max(sequences)
        total, longest = total + sum(sequences), max(longest, tokens)
        cut, lost = cut + (tokens > job.seq_len), lost + (prompt >= job.seq_len)
    if found.kind == "pair" and lost == found.rows - found.empty:  # TRL leaves them out, and has nothing left
        raise UserError(f"in every row the prompt alone fills SEQ_LEN = {job.seq_len:,}: raise it")
    counts = Counter(row["label"] for row in found.all_rows()) if found.kind == "labels" else Counter()
    labels = {name: counts[number] for number, name in enumerate(found.labels)}
    learnt = set(found.train["label"]) if found.kind == "labels" and found.evaluation else set(counts)
    unlearnt = [name for number, name in enumerate(found.labels) if counts[number] and number not in learnt]
    note = f"all rows of the label {quoted(unlearnt, 12)} are held out: it is not learnt" if unlearnt else ""
    held_out = len(found.evaluation or ())
    counted = (found.rows, found.empty, held_out, total, longest, cut, lost)
    return DatasetReport(found.kind, *counted, found.learns, labels, (*found.notes, *filter(None, [note])))


def token_counts(row: dict[str, Any], found: Examples, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """Return the tokens of the prompt, from which nothing is learnt, and of each sequence of the example."""

    def count(value: Any, **options: Any) -> int:
        if isinstance(value, str):
            return len(tokenizer(value)["input_ids"])
        options |= {"chat_template": found.chat_template, "tools": row.get("tools")}
        try:
            rendered: Any = tokenizer.apply_chat_template(value, tokenize=True, return_dict=True, **options)
        except TemplateError as error:
            raise UserError(f"the model's chat template refuses a chat: {error}; it begins {shorten(value)}") from error
        return len(rendered["input_ids"])

    if found.kind == "chat":
        return 0, count(row["messages"])
    if found.kind in ("prompt", "pair"):
        answers = [row[name] for name in ("completion", "chosen", "rejected") if name in row]
        chat = {} if isinstance(row["prompt"], str) else {"add_generation_prompt": True}
        whole = (count(row["prompt"] + answer) + isinstance(answer, str) for answer in answers)
        return count(row["prompt"], **chat), *whole
    if "text_pair" in row:
        return 0, len(tokenizer(row["text"], row["text_pair"])["input_ids"])
    return 0, count(row["text"]) + (found.kind == "text")  # and the end-of-text token
