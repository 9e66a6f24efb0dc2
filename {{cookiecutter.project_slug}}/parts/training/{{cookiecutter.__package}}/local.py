"""The dataset checked, or a small model fine-tuned, on this machine: no account, no GPU."""

import argparse
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # TRL reports each trainer that is made
# Before torch is loaded: threads that wait burn no core that another program could use, six times a step's work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from .data.load import HOME
from .monitoring import oom
from .run.reply import USER_ERRORS, quiet_libraries
from .run.run_dir import Run
from .run.status import report
from .training.config import Job, planned_job

SAMPLES = {"generation": "chat.jsonl", "preference": "pairs.jsonl", "classification": "labels.jsonl"}  # by Job.goal
MODELS = {  # workload -> a small model and its commit
    "generation": ("HuggingFaceTB/SmolLM2-135M-Instruct", "12fd25f77366fa6b3b4b768ec3050bf629380bac"),
    "classification": ("distilbert/distilbert-base-uncased", "12040accade4e8a0f71eabdb258fecc2e7e948be"),
}
PROMPTS = {
    "generation": "When is Pedal & Post open?",
    "classification": "My bike came back with the brakes still rubbing, and I paid for that.",
}
# Steps, examples in each, share held out, learning rate of all weights and of adapters: a minute or two on two cores
SHORT = {
    "generation": (24, 4, 0.03, 5e-5, 1e-3),
    "preference": (24, 2, 0.03, 5e-6, 1e-4),
    "classification": (48, 8, 0.15, 2e-4, 3e-3),
}
MAX_TOKENS = 48  # of an answer


def main(options: argparse.Namespace) -> int:
    """Run `--local` or `check --local`: 0, or exit with what was wrong in one sentence."""
    from .data.check import check_job

    try:
        if hasattr(options, "command"):
            job = planned_job()
            print("\n".join(check_job(job, options.model, options.dataset).lines(job.seq_len)))
        else:
            train_here(options.model, options.dataset, options.prompt, options.root)
    except USER_ERRORS as error:
        sys.exit(f"error: {error}")
    except Exception as error:
        if cause := oom.explain(error):
            sys.exit(f"error: {cause}")
        raise
    return 0


def small_job(model: str, dataset: str) -> Job:
    """Return the plan's job on a small model and the project's sample, short enough for a laptop."""
    job = planned_job()
    default, _ = MODELS[job.workload]
    steps, examples, held_out, rate_of_all, rate_of_adapters = SHORT[job.goal]
    sample = str(HOME / "samples" / SAMPLES[job.goal])
    own = {} if dataset else {"dataset": sample, "subset": "", "columns": {}, "labels": ()}
    return replace(
        job,
        model=model or default,
        revision=dict(MODELS.values()).get(model or default, "main"),
        **({"dataset": dataset} if dataset else own),
        seq_len=min(job.seq_len, 256),
        micro_batch=examples,
        accumulation=1,
        max_steps=steps,
        eval_share=held_out,
        learning_rate=rate_of_all if job.method == "full" else rate_of_adapters,
        optimizer="adamw",
        attention="sdpa",
        activation_checkpointing=False,
        packing=False,
        ranks=1,
        sharding="none",
        offload="none",
    )


def train_here(model: str, dataset: str, prompt: str, root: Path) -> None:
    """Fine-tune on this machine from the start, and ask the model the same before and after."""
    from .data.check import check_job
    from .result.generate import answer, load
    from .training.train import train

    quiet_libraries()
    job, run = small_job(model, dataset), Run(root, "local", "none", usd_per_hour=0.0)
    prompt = prompt or PROMPTS[job.workload]
    for folder in (run.folder, run.ledger().folder):
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(check_job(job).lines(job.seq_len)), flush=True)
    before = answer_before(job, prompt) if job.workload == "generation" else ""
    print(report(train(job, run), run))
    print(f"\n> {prompt}")
    if before:
        print(f"before  {before}")
    print(f"after   {answer(load(run.result, job.model), prompt, MAX_TOKENS)}")


def answer_before(job: Job, prompt: str) -> str:
    """Return what the model answers before the training. A classifier has no classes yet, and is left out."""
    from .result.generate import ResultInfo, TunedModel, generate
    from .training.model import Source, load_model, load_tokenizer

    source = Source(job.model, job.revision)
    model = load_model(replace(job, method="full"), source).eval()
    info = ResultInfo(job.workload, job.model, job.revision, job.dtype)
    return generate(TunedModel(model, load_tokenizer(source), info), prompt, MAX_TOKENS)
