"""One attempt at a training run: it goes on where the last one stopped, and ends finished or stopped at the budget.

python -m {{cookiecutter.__package}}.train --root FOLDER --name first    what plan.py says, on the GPU of this machine
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer import TRAINER_STATE_NAME

from . import budget, checkpoints, classification, data, generation, memory, models, plan, progress, sample
from .job import Job, JobError, check_same, planned, read, write
from .runs import FINISHED, STOPPED, Outcome, Run, outcome_of

TRAINERS: dict[str, Callable[..., Trainer]] = {
    "generation": generation.trainer,
    "classification": classification.trainer,
}
OPTIMIZERS = {
    "adamw": "adamw_torch",
    "adamw_8bit": "adamw_bnb_8bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
    "sgd": "sgd",
    "adafactor": "adafactor",
}
WARM_UP_SHARE = 0.03  # of the steps, in which the learning rate rises
MISTAKES = (JobError, data.DataError, models.ModelError, budget.BudgetError)  # for people: said in one line
MISTAKEN, OUT_OF_MEMORY = 2, 3  # exit codes: trying again would not help


def check(job: Job, weights: str = "", dataset: str = "") -> data.Report:
    """Everything that can be found wrong without weights and without a GPU; MISTAKES in one sentence."""
    known = {"METHOD": (job.method, ("full", "lora", "qlora")), "LOSS": (job.loss, tuple(generation.LOSSES))}
    known |= {"OPTIMIZER": (job.optimizer, tuple(OPTIMIZERS)), "WORKLOAD": (job.workload, tuple(TRAINERS))}
    known |= {"TRACKER": (job.tracker, ("none", "trackio", "wandb"))}
    for name, (value, values) in known.items():
        if value not in values:
            raise JobError(f"{name} = {value!r} is none of {', '.join(values)}")
    if job.tracker == "wandb" and not os.environ.get("WANDB_API_KEY"):
        raise JobError('TRACKER = "wandb" needs a Secret with WANDB_API_KEY in SECRETS; or set TRACKER = "none"')
    budget.parse(plan.BUDGET)
    source = models.Source(weights or job.model, job.revision)
    tokenizer = models.tokenizer_of(source)
    models.check_fits(job, source, tokenizer)
    return data.check(job, tokenizer, data.load(dataset or job.dataset, job.subset))


def run(
    job: Job,
    where: Run,
    weights: str = "",
    dataset: str = "",
    commit: Callable[[], object] = lambda: None,
    more: dict[str, Any] | None = None,
    meter_every_s: float = budget.EVERY_S,
) -> Outcome:
    """Train until the job is done or the budget spent, going on from the newest complete checkpoint.

    `weights` and `dataset` are where model and dataset lie, if not under their own names. `commit` is called whenever
    something lies below `where.root` that must not be lost. `more` goes into the TrainingArguments: what torchrun and
    DeepSpeed need. A run that is finished returns at once what came of it.
    """
    leads = int(os.environ.get("RANK", 0)) == 0
    where.folder.mkdir(parents=True, exist_ok=True)
    began = where.folder / "job.json"
    if began.is_file():
        check_same(job, read(began))
    ended = outcome_of(where)
    if ended and ended.status == FINISHED:
        return ended
    if not leads:
        return _attempt(job, where, weights, dataset, commit, more or {}, None)
    write(job, began)
    if int(os.environ.get("WORLD_SIZE", 1)) == 1 and where.budget().left_usd() <= 0:  # else the launcher has asked
        return unpaid(where)
    with where.ledger().meter("training", meter_every_s) as meter:
        return _attempt(job, where, weights, dataset, commit, more or {}, meter)


def _attempt(
    job: Job,
    where: Run,
    weights: str,
    dataset: str,
    commit: Callable[[], object],
    more: dict[str, Any],
    meter: budget.Meter | None,
) -> Outcome:
    money = Money(where.budget(), meter)
    metrics = where.metrics()
    newest = checkpoints.newest(where.checkpoints)
    arguments = arguments_of(job, where) | more
    source = models.Source(weights or job.model, job.revision)
    tokenizer = models.tokenizer_of(source)
    models.check_fits(job, source, tokenizer)
    found = data.examples(job, tokenizer, data.load(dataset or job.dataset, job.subset))
    leads = meter is not None
    if leads and (removed := checkpoints.remove_incomplete(where.checkpoints)):
        print(f"left half-written and removed: {', '.join(removed)}", flush=True)
    with (where.folder / "memory.jsonl").open("a") as log:
        monitor = memory.Monitor(log).start()
        try:
            recorder = progress.Recorder(metrics, monitor)
            stop = Stop(money)
            keeper = checkpoints.Keeper(job.save_every_s, job.checkpoints_kept, commit, agreed)
            set_seed(job.seed)  # a classifier's head begins at random
            model = models.load(job, source, found.labels)
            trainer = TRAINERS[job.workload](job, model, tokenizer, found, arguments, [stop, keeper, recorder])
            trainer.remove_callback(PrinterCallback)
            assert_world(trainer)
            if leads:
                begin(trainer, found, metrics)
            if newest:
                print(f"goes on from step {checkpoints.step_of(newest):,}", flush=True)
            # Never `trainer.evaluate()` before `train`: DistributedDataParallel would then not wrap the model
            trainer.args.eval_on_start = newest is None and found.evaluation is not None
            if not (newest and taken_up(trainer, newest)):
                trainer.train(resume_from_checkpoint=str(newest) if newest else None)
            if found.evaluation is not None:
                trainer.evaluate()
            trainer.save_model(str(where.result))
            if leads:
                sample.describe(where.result, job, found.labels)
            return concluded(job, where, trainer, recorder, money, stop, commit)
        finally:
            monitor.stop()


def arguments_of(job: Job, where: Run) -> dict[str, Any]:
    """What transformers' TrainingArguments and TRL's SFTConfig have in common."""
    if job.tracker == "trackio":
        os.environ.setdefault("TRACKIO_DIR", str(where.root / "trackio"))  # read when trackio is imported
    gpu = torch.cuda.is_available()
    several = int(os.environ.get("WORLD_SIZE", 1)) > 1
    return {
        "output_dir": str(where.checkpoints),
        "per_device_train_batch_size": job.micro_batch,
        "per_device_eval_batch_size": job.micro_batch,
        "gradient_accumulation_steps": job.accumulation,
        "num_train_epochs": job.epochs,
        "max_steps": job.max_steps or -1,
        "optim": OPTIMIZERS[job.optimizer],
        "learning_rate": job.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": WARM_UP_SHARE,
        "bf16": gpu and job.dtype == "bfloat16",
        "fp16": gpu and job.dtype == "float16",
        "activation_checkpointing": job.activation_checkpointing,
        "activation_checkpointing_kwargs": {"use_reentrant": False} if job.activation_checkpointing else None,
        "seed": job.seed,
        "data_seed": job.seed,
        "use_cpu": not gpu,
        "dataloader_pin_memory": gpu,
        "ddp_backend": "gloo" if several and not gpu else None,
        "logging_steps": 1,
        "save_strategy": "no",  # checkpoints.Keeper decides when
        "eval_strategy": "no",
        "include_num_input_tokens_seen": "all",
        "report_to": job.tracker,
        "project": plan.NAME,
        "run_name": where.name,
        "disable_tqdm": True,
    }


def agreed(mine: bool) -> bool:
    """Whether any rank says so: ranks that did not decide alike would wait for each other forever."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return mine
    device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    vote = torch.tensor(int(mine), device=device)
    torch.distributed.all_reduce(vote, torch.distributed.ReduceOp.MAX)
    return bool(vote.item())


def assert_world(trainer: Trainer) -> None:
    """That as many processes train together as were started."""
    expected = int(os.environ.get("WORLD_SIZE", 1))
    if trainer.args.world_size != expected:
        raise RuntimeError(f"{expected} processes were started and {trainer.args.world_size} train together")


def taken_up(trainer: Trainer, newest: Path) -> bool:
    """Load the last step's checkpoint, if it is that: from it, `train` would do one step too many."""
    state = TrainerState.load_from_json(str(newest / TRAINER_STATE_NAME))
    if state.global_step < state.max_steps:
        return False
    trainer._load_from_checkpoint(str(newest))
    trainer.state = state
    return True


def begin(trainer: Trainer, found: data.Examples, metrics: progress.Metrics) -> None:
    """Say, and keep, what this attempt trains, on what, and where."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    print(f"trains  {trained(trainer.model)}", flush=True)
    figures = {"device": device, "world_size": trainer.args.world_size, "torch": torch.__version__}
    metrics.write("begin", learns=found.learns, parameters=trained(trainer.model), **figures)


def trained(model: Any) -> str:
    """ "4.9 of 139.4 million parameters" """
    counts = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    own, every = sum(size for size, grows in counts if grows), sum(size for size, _ in counts)
    return f"{own / 1e6:,.2f} of {every / 1e6:,.2f} million parameters"


class Money:
    """What this attempt may still spend, and what it needs to end in good order."""

    def __init__(self, within: budget.Budget, meter: budget.Meter | None) -> None:
        self.within, self.meter = within, meter
        self.start_s = 0.0  # from the attempt's begin to its first step
        self.reserve_s = 0.0  # for the last save and the last evaluation

    def ready(self) -> None:
        self.start_s = self.meter.seconds if self.meter else 0.0

    def usd(self, seconds: float) -> float:
        return seconds / budget.HOUR * self.within.ledger.usd_per_hour

    def over(self) -> bool:
        return self.meter is not None and self.within.left_usd() <= self.usd(self.reserve_s)

    def spent_usd(self) -> float:
        return self.within.committed_usd()


class Stop(TrainerCallback):
    """Ends the training with a checkpoint when the budget is spent."""

    def __init__(self, money: Money) -> None:
        self.money, self.stopped = money, False
        self.step_s: list[float] = []
        self.begun = 0.0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.money.ready()

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        self.money.reserve_s = max(self.money.reserve_s, 1.5 * (metrics or {}).get("eval_runtime", 0.0))

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.begun = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.step_s.append(time.monotonic() - self.begun)
        if agreed(self.money.over()) and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = self.stopped = True


def concluded(
    job: Job,
    where: Run,
    trainer: Trainer,
    recorder: progress.Recorder,
    money: Money,
    stop: Stop,
    commit: Callable[[], object],
) -> Outcome:
    """Write how the attempt ended, and say it."""
    state, metrics, monitor = trainer.state, recorder.metrics, recorder.monitor
    left = state.max_steps - state.global_step
    per_step_s = sum(stop.step_s) / len(stop.step_s) if stop.step_s else 0.0
    remaining = money.usd(left * per_step_s + money.start_s + money.reserve_s) if left else 0.0
    before, after, losses = measured(metrics)
    outcome = Outcome(
        status=FINISHED if not stop.stopped else STOPPED,
        step=state.global_step,
        steps=state.max_steps,
        before=before,
        after=after,
        attempts=metrics.attempt,
        spent_usd=round(money.spent_usd(), 4) if trainer.is_world_process_zero() else 0.0,
        remaining_usd=round(remaining, 4),
        tokens_per_s=round(recorder.speed.tokens_per_s, 1),
        peak_gib=round(monitor.peak_gib, 3),
        lines=[
            f"speed   {recorder.speed.beside_plan(monitor.last.device == 'gpu')}",
            f"memory  {monitor.report()}",
        ],
    )
    if trainer.is_world_process_zero():
        evaluations = {step: figures["loss"] for step, figures in metrics.evaluations().items()}
        (where.folder / "loss.svg").write_text(progress.curve(losses, evaluations), encoding="utf-8")
        outcome.save(where.outcome)
        metrics.write(outcome.status, step=outcome.step, spent_usd=outcome.spent_usd)
        commit()
    return outcome


def measured(metrics: progress.Metrics) -> tuple[dict[str, float], dict[str, float], dict[int, float]]:
    """Figures before and after, and the losses by step."""
    losses, evaluations = metrics.losses(), list(metrics.evaluations().values())
    if len(evaluations) > 1:
        return evaluations[0], evaluations[-1], losses
    ends = [{"loss": loss} for loss in losses.values()]
    return (ends[0], ends[-1], losses) if ends else ({}, {}, losses)


def unpaid(where: Run) -> Outcome:
    """Nothing is left of the budget before anything is loaded: how the run stood before."""
    if last := outcome_of(where):
        return last
    newest, metrics = checkpoints.newest(where.checkpoints), where.metrics()
    step = checkpoints.step_of(newest) if newest else 0
    spent = round(where.budget().committed_usd(), 4)
    outcome = Outcome(STOPPED, step, 0, *measured(metrics)[:2], metrics.attempt - 1, spent)
    outcome.save(where.outcome)
    return outcome


def report(outcome: Outcome, where: Run) -> str:
    """For the terminal: how it ended, what it learnt, how fast, at what price."""
    lines = [f"{outcome.status} at step {outcome.step:,} of {outcome.steps:,}, attempt {outcome.attempts}"]
    for name in outcome.before:
        old, new = outcome.before[name], outcome.after.get(name, float("nan"))
        lines.append(f"{name.replace('mean_token_', ''):7} {old:.4f} before, {new:.4f} after")
    lines += outcome.lines
    if where.usd_per_hour:
        lines.append(f"spent   {outcome.spent_usd:.2f} USD on GPUs, of a budget of {where.limit}")
    if outcome.status == STOPPED:
        left = outcome.steps - outcome.step
        price = f"{left:,} steps, about {outcome.remaining_usd:.2f} USD" if outcome.steps else "everything"
        lines.append(f"left    {price}: raise BUDGET in plan.py and run it again, and it goes on from here")
    lines.append(f"result  {where.result}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}.train", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of runs and their ledger; on Modal a Volume")
    parser.add_argument("--name", default=plan.RUN, help="name of the run (%(default)s)")
    parser.add_argument("--weights", default="", help="folder of the model; else it comes from the hub")
    parser.add_argument("--dataset", default="", help="file or folder of the dataset; else DATASET itself")
    parser.add_argument("--job", type=Path, help="a job.json in place of plan.py")
    parser.add_argument("--more", type=json.loads, default={}, help="JSON, more TrainingArguments")
    options = parser.parse_args()
    where = Run(options.root, options.name)
    progress.quiet()
    try:
        job = read(options.job) if options.job else planned()
        outcome = run(job, where, options.weights, options.dataset, more=options.more)
    except MISTAKES as error:
        print(f"error: {error}", file=sys.stderr)
        return MISTAKEN
    except Exception as error:
        if cause := memory.explain(error):
            print(f"error: {cause}", file=sys.stderr)
            return OUT_OF_MEMORY
        raise
    if int(os.environ.get("RANK", 0)) == 0:
        print(report(outcome, where), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
