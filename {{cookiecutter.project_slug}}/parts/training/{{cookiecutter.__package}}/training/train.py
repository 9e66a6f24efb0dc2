"""One attempt at a training run: it goes on where the last one stopped, and ends finished or stopped at the budget.

python -m {{cookiecutter.__package}}.train --root FOLDER    what plan.py says, on this machine
"""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerState, set_seed
from transformers.trainer import TRAINER_STATE_NAME, TRAINING_ARGS_NAME

from .callbacks import budget, checkpoints, logging
from .. import classification, plan
from ..data import formats
from . import collectives, model, trainers
from ..result import generate
from ..arguments import arguments_of, OPTIMIZERS
from .config import check_same, check_sound, Job, JobError, planned, read, write
from ..monitoring import gpu_memory, oom
from ..run import budget
from ..run.run_dir import exhausted, FINISHED, INTERRUPTED, measured, Outcome, outcome_of, report, Run, STOPPED
from .callbacks.budget import Interrupted

WORKLOADS: dict[str, Any] = {"generation": trainers, "classification": classification}
STATUS = {budget.GO: FINISHED, budget.BUDGET: STOPPED, budget.ASKED: INTERRUPTED}
MISTAKES = (JobError, formats.DataError, model.ModelError, budget.BudgetError)  # for people: said in one line
MISTAKEN, OUT_OF_MEMORY, LATER = 2, 3, 130  # exit codes: trying again would not help; or would

__all__ = ["FINISHED", "INTERRUPTED", "MISTAKES", "STOPPED", "Interrupted", "Outcome", "Run"]
__all__ += ["check", "main", "outcome_of", "report", "run"]


def check(job: Job, weights: str = "", dataset: str = "") -> formats.Report:
    """Everything that can be found wrong without weights and without a GPU; MISTAKES in one sentence."""
    known = {"METHOD": (job.method, ("full", "lora", "qlora")), "LOSS": (job.loss, tuple(trainers.LOSSES))}
    known |= {"OPTIMIZER": (job.optimizer, tuple(OPTIMIZERS)), "WORKLOAD": (job.workload, tuple(WORKLOADS))}
    known |= {"SHARDING": (job.sharding, ("none", "zero1", "zero2", "zero3"))}
    known |= {"OFFLOAD": (job.offload, ("none", "optimizer", "all"))}
    known |= {"TRACKER": (job.tracker, ("none", "trackio", "wandb"))}
    for name, (value, values) in known.items():
        if value not in values:
            raise JobError(f"{name} = {value!r} is none of {', '.join(values)}")
    check_sound(job)
    if job.tracker == "wandb" and not os.environ.get("WANDB_API_KEY"):
        raise JobError('TRACKER = "wandb" needs a Secret with WANDB_API_KEY in SECRETS; or set TRACKER = "none"')
    budget.parse(plan.BUDGET)
    source = model.Source(weights or job.model, job.revision)
    tokenizer = model.tokenizer_of(source)
    model.check_fits(job, source, tokenizer)
    return formats.check(job, tokenizer, formats.load(dataset or job.dataset, job.subset))


def run(
    job: Job,
    where: Run,
    weights: str = "",
    dataset: str = "",
    commit: Callable[[], object] = lambda: None,
    more: dict[str, Any] | None = None,
    meter_every_s: float = budget.EVERY_S,
    asked: Callable[[], bool] | None = None,
) -> Outcome:
    """Train until the job is done or the budget spent, going on from the newest complete checkpoint.

    `weights` and `dataset` are where model and dataset lie, if not under their own names. `commit` is called whenever
    something lies below `where.root` that must not be lost. `more` goes into the TrainingArguments: what DeepSpeed
    needs. `asked` says whether to end early, with a checkpoint and Interrupted; without it SIGINT and SIGTERM ask. A
    run that is finished returns at once what came of it. Every rank calls this, and rank 0 keeps the books.
    """
    where.folder.mkdir(parents=True, exist_ok=True)
    began = where.folder / "job.json"
    if began.is_file() and checkpoints.newest(where.checkpoints):  # else there is nothing to go on with
        check_same(job, read(began))
    ended = outcome_of(where)
    if ended and ended.status == FINISHED:
        return ended
    if asked is None:
        with budget.signals() as asked:
            return run(job, where, weights, dataset, commit, more, meter_every_s, asked)
    attempt = Attempt(job, where, weights, dataset, commit, asked, more or {})
    if not collectives.leads():
        outcome = attempt.train(None)
    elif collectives.count() == 1 and exhausted(where):  # of several ranks the launcher has asked
        return unpaid(where)
    else:
        write(job, began)
        with where.ledger().meter("training", meter_every_s) as meter:
            outcome = attempt.train(meter)
    if outcome.status == INTERRUPTED:
        raise Interrupted(f"to be continued: saved at step {outcome.step:,} of {outcome.steps:,}")
    return outcome


@dataclass(frozen=True)
class Attempt:
    """One rank's part in an attempt."""

    job: Job
    where: Run
    weights: str
    dataset: str
    commit: Callable[[], object]
    asked: Callable[[], bool]
    more: dict[str, Any]

    def train(self, meter: budget.SpendMeter | None) -> Outcome:
        """Load, go on from the newest checkpoint, and end in good order. Only the leading rank has a meter."""
        job, where, workload = self.job, self.where, WORKLOADS[self.job.workload]
        source = model.Source(self.weights or job.model, job.revision)
        tokenizer = model.tokenizer_of(source)
        model.check_fits(job, source, tokenizer)
        found = formats.examples(job, tokenizer, formats.load(self.dataset or job.dataset, job.subset))
        config = workload.configured(job, found, arguments_of(job, where) | self.more)  # from here on ranks can talk
        newest = checkpoints.common(where.checkpoints)
        if collectives.leads_node() and (removed := checkpoints.remove_incomplete(where.checkpoints)) and collectives.leads():
            print(f"left half-written and removed: {', '.join(removed)}", flush=True)
        with (where.folder / "memory.jsonl" if collectives.leads() else Path(os.devnull)).open("a") as log:
            monitor = gpu_memory.Monitor(log).start()
            try:
                recorder = logging.Recorder(where.metrics(), monitor)
                money = budget.Money(where.budget(), meter)
                ending = budget.Stop(money, self.asked)
                keeper = checkpoints.Keeper(job.save_every_s, job.checkpoints_kept, self.commit, money.saved)
                together = collectives.Together(job.ranks)
                set_seed(job.seed)  # a classifier's head begins at random
                model = model.load(job, source, found.labels)
                trainer = workload.trainer(job, model, tokenizer, found, config, [together, ending, keeper, recorder])
                trainer.remove_callback(PrinterCallback)
                together.trainer = trainer
                if collectives.leads():
                    begin(trainer, found, recorder.metrics)
                    if newest:
                        print(f"goes on from step {checkpoints.step_of(newest):,}", flush=True)
                # Never `trainer.evaluate()` before `train`: DistributedDataParallel would then not wrap the model
                trainer.args.eval_on_start = newest is None and found.evaluation is not None
                if not (newest and taken_up(trainer, newest)):
                    trainer.train(resume_from_checkpoint=str(newest) if newest else None)
                if ending.reason != budget.ASKED:  # else there are seconds left, and the checkpoint is what counts
                    if found.evaluation is not None:
                        trainer.evaluate()
                    trainer.save_model(str(where.result))
                    if collectives.leads():
                        generate.describe(where.result, job, found.labels)
                        (where.result / TRAINING_ARGS_NAME).unlink()  # a pickle, of no use to anybody
                return self._concluded(trainer, recorder, ending)
            finally:
                monitor.stop()

    def _concluded(self, trainer: Trainer, recorder: logging.Recorder, ending: budget.Stop) -> Outcome:
        """Write how the attempt ended."""
        state, metrics, monitor, money = trainer.state, recorder.metrics, recorder.monitor, ending.money
        left = state.max_steps - state.global_step
        per_step_s = sum(ending.step_s) / len(ending.step_s) if ending.step_s else 0.0
        again = money.usd(money.start_s + money.reserve_s) if left else 0.0
        monitor.update()
        peak_gib = max(collectives.gathered(monitor.peak_gib))  # of the fullest GPU of all containers
        before, after = measured(metrics)
        outcome = Outcome(
            status=STATUS[ending.reason],
            step=state.global_step,
            steps=state.max_steps,
            before=before,
            after=after,
            attempts=metrics.attempt,
            spent_usd=round(money.spent_usd(), 4),
            remaining_usd=round(again + money.usd(left * per_step_s), 4),
            again_usd=round(again, 4),
            tokens_per_s=round(recorder.speed.tokens_per_s, 1),
            peak_gib=round(peak_gib, 3),
            lines=[
                f"speed   {recorder.speed.beside_plan(monitor.last.device == 'gpu')}",
                f"memory  {gpu_memory.compare(peak_gib, monitor.last.device)}",
            ],
        )
        if collectives.leads():
            evaluations = {step: figures["loss"] for step, figures in metrics.evaluations().items()}
            curve = logging.curve(metrics.losses(), evaluations)
            (self.where.folder / "loss.svg").write_text(curve, encoding="utf-8")
            outcome.save(self.where.outcome)
            metrics.write(outcome.status, step=outcome.step, spent_usd=outcome.spent_usd)
            self.commit()
        return outcome


def taken_up(trainer: Trainer, newest: Path) -> bool:
    """Load the last step's checkpoint, if it is that: from it, `train` would do one step too many."""
    state = TrainerState.load_from_json(str(newest / TRAINER_STATE_NAME))
    if state.global_step < state.max_steps:
        return False
    if trainer.is_deepspeed_enabled:
        trainer._prepare_for_training(state.max_steps, trainer.get_train_dataloader(), str(newest))
    else:
        trainer._load_from_checkpoint(str(newest))
    trainer.state = state
    return True


def unpaid(where: Run) -> Outcome:
    """The budget pays for no attempt, so nothing is loaded: how the run stood before."""
    if last := outcome_of(where):
        return last
    newest, metrics = checkpoints.newest(where.checkpoints), where.metrics()
    step = checkpoints.step_of(newest) if newest else 0
    spent = round(where.budget().committed_usd(), 4)
    outcome = Outcome(STOPPED, step, 0, *measured(metrics), metrics.attempt - 1, spent)
    outcome.save(where.outcome)
    return outcome


def begin(trainer: Trainer, found: formats.Examples, metrics: logging.Metrics) -> None:
    """Say, and keep, what this attempt trains, on what, and where."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    print(f"trains  {trained(trainer.model)}{f' on {collectives.count()} GPUs' if collectives.count() > 1 else ''}", flush=True)
    figures = {"device": device, "world_size": trainer.args.world_size, "torch": torch.__version__}
    metrics.write("begin", learns=found.learns, parameters=trained(trainer.model), **figures)


def trained(model: Any) -> str:
    """ "4.9 of 139.4 million parameters" """
    # ZeRO-3 leaves nothing in a parameter but what DeepSpeed wrote beside it
    counts = [(getattr(weight, "ds_numel", weight.numel()), weight.requires_grad) for weight in model.parameters()]
    own, every = sum(size for size, grows in counts if grows), sum(size for size, _ in counts)
    return f"{own / 1e6:,.2f} of {every / 1e6:,.2f} million parameters"


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}.train", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of runs and their ledger; on Modal a Volume")
    parser.add_argument("--name", default=plan.RUN, help="name of the run (%(default)s)")
    parser.add_argument("--weights", default="", help="folder of the model; else it comes from the hub")
    parser.add_argument("--dataset", default="", help="file or folder of the dataset; else DATASET itself")
    parser.add_argument("--job", type=Path, help="a job.json in place of plan.py")
    options = parser.parse_args()
    where = Run(options.root, options.name)
    logging.quiet()
    try:
        job = read(options.job) if options.job else planned()
        outcome = run(job, where, options.weights, options.dataset)
    except MISTAKES as error:
        print(f"error: {error}", file=sys.stderr)
        return MISTAKEN
    except Interrupted as pause:
        print(pause, file=sys.stderr)
        return LATER
    except Exception as error:
        if cause := oom.explain(error):
            print(f"error: {cause}", file=sys.stderr)
            return OUT_OF_MEMORY
        raise
    print(report(outcome, where), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
