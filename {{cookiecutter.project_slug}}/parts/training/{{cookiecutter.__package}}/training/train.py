"""One attempt at a training run: from the newest checkpoint to a result, or to the end of the budget.

python -m {{cookiecutter.__package}}.training.train --root FOLDER    what plan.py says, on this machine
"""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerState, set_seed
from transformers.trainer import TRAINER_STATE_NAME, TRAINING_ARGS_NAME

from .. import plan
from ..data.formats import Examples, load_examples
from ..data.load import load_dataset
from ..monitoring import gpu_memory, oom
from ..result.generate import write_info
from ..run import lease
from ..run.budget import DONE, EVERY_S
from ..run.reply import USER_ERRORS, quiet_libraries
from ..run.run_dir import TRAINING, Metrics, Run
from ..run.status import (
    FINISHED,
    INTERRUPTED,
    STOPPED,
    Outcome,
    before_and_after,
    budget_exhausted,
    last_outcome,
    report,
)
from . import collectives
from .callbacks import budget, checkpoints
from .callbacks.budget import BudgetCallback, Interrupted, stop_signals
from .callbacks.checkpoints import CheckpointCallback
from .callbacks.logging import MetricsCallback, loss_curve
from .config import Job, check_same, planned_job, read_job, write_job
from .model import Source, check_fits, load_model, load_reference, load_tokenizer
from .trainers import make_trainer, training_arguments

STATUS = {budget.CONTINUE: FINISHED, budget.BUDGET: STOPPED, budget.REQUESTED: INTERRUPTED}
CRASH_LOOP = 3  # attempts in a row that saved nothing: another one would only cost
USER_ERROR, OUT_OF_MEMORY, LATER = 2, 3, 130  # exit codes: trying again would not help; or would


def train(
    job: Job,
    run: Run,
    weights: str = "",
    dataset: str = "",
    commit: Callable[[], object] = lambda: None,
    deepspeed: dict[str, Any] | None = None,
    meter_every_s: float = EVERY_S,
    earlier_s: float = 0.0,
    stop_requested: Callable[[], bool] | None = None,
) -> Outcome:
    """Train until the job is done or the budget spent, going on from the newest complete checkpoint.

    UserError where another attempt at the run goes on. `weights` and `dataset` are where model and dataset lie, if not
    under their own names. `commit` is called whenever something lies below `run.root` that must not be lost.
    `earlier_s` of the attempt are over. `stop_requested` says whether to end early, with a checkpoint and Interrupted;
    without it SIGINT and SIGTERM ask. Every rank calls this, and rank 0 keeps the ledger.
    """
    if collectives.world_size() == 1 and (ended := outcome_without_training(job, run)):  # else the launcher has asked
        return ended
    run.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if collectives.world_size() == 1:  # else the launcher holds it
            stack.enter_context(lease.hold(run, commit, meter_every_s))
        requested, meter = stop_requested or stack.enter_context(stop_signals()), None
        if collectives.is_main():
            write_job(job, run.job)
            meter = stack.enter_context(run.ledger().meter(TRAINING, meter_every_s, earlier_s=earlier_s))

        # Model's tokenizer and dataset
        source = Source(weights or job.model, job.revision)
        tokenizer = load_tokenizer(source)
        check_fits(job, source, tokenizer)
        examples = load_examples(job, tokenizer, load_dataset(dataset or job.dataset, job.subset))

        # Configuration, with which the ranks connect, and the checkpoint that all of them see
        arguments = training_arguments(job, run, examples, deepspeed)
        newest = checkpoints.newest_common(run.checkpoints)
        if collectives.is_node_main():
            removed = checkpoints.remove_incomplete(run.checkpoints)
            if removed and collectives.is_main():
                print(f"left half-written and removed: {', '.join(removed)}", flush=True)

        # Model and trainer
        log = run.folder / "memory.jsonl" if collectives.is_main() else Path(os.devnull)
        monitor = gpu_memory.Monitor(stack.enter_context(log.open("a"))).start()
        stack.callback(monitor.stop)
        set_seed(job.seed)  # a classifier's head begins at random
        model = load_model(job, source, examples.labels)
        metrics = MetricsCallback(run.metrics(), monitor)
        ending = BudgetCallback(run.budget(), meter, requested)
        saving = CheckpointCallback(job.save_every_s, job.checkpoints_kept, commit, on_saved=ending.saved)
        callbacks = [ending, saving, metrics]
        trainer = make_trainer(job, model, tokenizer, examples, arguments, callbacks, load_reference(job, source))
        trainer.add_callback(collectives.WorldSizeCheck(job.ranks, trainer))
        trainer.remove_callback(PrinterCallback)
        if collectives.is_main():
            log_begin(trainer, examples, metrics.metrics, newest)

        # Training. `trainer.evaluate()` before `train` would keep DistributedDataParallel from wrapping the model
        trainer.args.eval_on_start = newest is None and examples.evaluation is not None
        if not (newest and restore_final_state(trainer, newest)):
            trainer.train(resume_from_checkpoint=str(newest) if newest else None)

        # Result, unless a signal left only seconds: then the checkpoint is what counts
        if ending.reason != budget.REQUESTED:
            if examples.evaluation is not None:
                trainer.evaluate()
            trainer.save_model(str(run.result))
            if collectives.is_main():
                write_info(run.result, job, examples.labels)
                (run.result / TRAINING_ARGS_NAME).unlink()  # a pickle, of no use to anybody
        outcome = outcome_of(trainer, metrics, ending)
        if collectives.is_main():
            write_outcome(outcome, run, metrics.metrics)
            commit()
    if outcome.status == INTERRUPTED:
        raise Interrupted(f"to be continued: saved at step {outcome.step:,} of {outcome.steps:,}")
    return outcome


def crash_loop_reason(run: Run, since: float) -> str:
    """Why no further attempt is made: the last ones all ended without a new checkpoint. Empty where they did not."""
    lately = [entry for entry in run.attempts() if entry.began >= since][-CRASH_LOOP:]
    if len(lately) < CRASH_LOOP or any(entry.state == DONE for entry in lately):
        return ""
    newest = checkpoints.newest(run.checkpoints)
    if newest and (newest / checkpoints.MARKER).stat().st_mtime > lately[0].began:
        return ""
    how = lately[-1].error or f"it was killed after {lately[-1].seconds:,.0f} s"
    return f"{CRASH_LOOP} attempts in a row ended before they could save anything, the last one: {how}"


def outcome_without_training(job: Job, run: Run) -> Outcome | None:
    """Return the outcome of a run that is finished or not paid for; UserError where another job began it."""
    if run.job.is_file() and checkpoints.newest(run.checkpoints):  # else there is nothing to go on with
        check_same(job, read_job(run.job))
    ended = last_outcome(run)
    if ended and ended.status == FINISHED:
        return ended
    return budget_exhausted_outcome(run) if budget_exhausted(run) else None


def restore_final_state(trainer: Trainer, newest: Path) -> bool:
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


def log_begin(trainer: Trainer, examples: Examples, metrics: Metrics, newest: Path | None) -> None:
    """Print and write what this attempt trains, on what device, and from which step."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    parameters, ranks = count_parameters(trainer.model), collectives.world_size()
    print(f"trains  {parameters}{f' on {ranks} GPUs' if ranks > 1 else ''}", flush=True)
    figures = {"device": device, "world_size": trainer.args.world_size, "torch": torch.__version__}
    metrics.write("begin", learns=examples.learns, parameters=parameters, **figures)
    if newest:
        print(f"goes on from step {checkpoints.step_of(newest):,}", flush=True)


def count_parameters(model: Any) -> str:
    """`4.88 of 139.40 million parameters`: those that are trained, of all."""
    # ZeRO-3 leaves nothing in a parameter but what DeepSpeed wrote beside it
    counts = [(getattr(weight, "ds_numel", weight.numel()), weight.requires_grad) for weight in model.parameters()]
    own, every = sum(size for size, grows in counts if grows), sum(size for size, _ in counts)
    return f"{own / 1e6:,.2f} of {every / 1e6:,.2f} million parameters"


def outcome_of(trainer: Trainer, callback: MetricsCallback, ending: BudgetCallback) -> Outcome:
    """Return the attempt's outcome. Every rank calls this: the peak is that of the fullest GPU of all."""
    state, monitor, speed = trainer.state, callback.monitor, callback.speed
    left = state.max_steps - state.global_step
    step_s = sum(ending.step_s) / len(ending.step_s) if ending.step_s else 0.0
    again_usd = ending.usd(ending.start_s + ending.reserve_s) if left else 0.0
    monitor.update()
    peak_gib = max(collectives.all_gather(monitor.peak_gib))
    before, after = before_and_after(callback.metrics)
    return Outcome(
        status=STATUS[ending.reason],
        step=state.global_step,
        steps=state.max_steps,
        before=before,
        after=after,
        attempts=callback.metrics.attempt,
        spent_usd=round(ending.spent_usd(), 4),
        remaining_usd=round(again_usd + ending.usd(left * step_s), 4),
        again_usd=round(again_usd, 4),
        tokens_per_s=round(speed.tokens_per_s, 1),
        peak_gib=round(peak_gib, 3),
        lines=[
            f"speed   {speed.beside_plan(monitor.last.device == 'gpu')}",
            f"memory  {gpu_memory.compare(peak_gib, monitor.last.device)}",
        ],
    )


def write_outcome(outcome: Outcome, run: Run, metrics: Metrics) -> None:
    """Write loss.svg, outcome.json and the last line of the metrics."""
    evaluations = {step: figures["loss"] for step, figures in metrics.evaluations().items()}
    (run.folder / "loss.svg").write_text(loss_curve(metrics.losses(), evaluations), encoding="utf-8")
    outcome.save(run)
    metrics.write(outcome.status, step=outcome.step, spent_usd=outcome.spent_usd)


def budget_exhausted_outcome(run: Run) -> Outcome:
    """Return how a run stands whose budget pays for no further attempt; nothing is loaded."""
    if last := last_outcome(run):
        return last
    newest, metrics = checkpoints.newest(run.checkpoints), run.metrics()
    step = checkpoints.step_of(newest) if newest else 0
    spent = round(run.budget().committed_usd(), 4)
    outcome = Outcome(STOPPED, step, 0, *before_and_after(metrics), metrics.attempt - 1, spent)
    outcome.save(run)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}.train", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of runs and their ledger; on Modal a Volume")
    parser.add_argument("--name", default=plan.RUN, help="name of the run (%(default)s)")
    parser.add_argument("--weights", default="", help="folder of the model; else it comes from the hub")
    parser.add_argument("--dataset", default="", help="file or folder of the dataset; else DATASET itself")
    parser.add_argument("--job", type=Path, help="a job.json in place of plan.py")
    options = parser.parse_args()
    run = Run(options.root, options.name)
    quiet_libraries()
    try:
        job = read_job(options.job) if options.job else planned_job()
        outcome = train(job, run, options.weights, options.dataset)
    except USER_ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return USER_ERROR
    except Interrupted as pause:
        print(pause, file=sys.stderr)
        return LATER
    except Exception as error:
        if cause := oom.explain(error):
            print(f"error: {cause}", file=sys.stderr)
            return OUT_OF_MEMORY
        raise
    print(report(outcome, run), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
