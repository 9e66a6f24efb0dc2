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

from .training.config import Job, planned
from .monitoring import oom

HOME = Path(__file__).parent.parent
SAMPLES = {"generation": HOME / "samples" / "chat.jsonl", "classification": HOME / "samples" / "labels.jsonl"}
SMALL = {"generation": "HuggingFaceTB/SmolLM2-135M-Instruct", "classification": "distilbert/distilbert-base-uncased"}
COMMITS = {
    SMALL["generation"]: "12fd25f77366fa6b3b4b768ec3050bf629380bac",
    SMALL["classification"]: "12040accade4e8a0f71eabdb258fecc2e7e948be",
}
PROMPTS = {
    "generation": "When is Pedal & Post open?",
    "classification": "My bike came back with the brakes still rubbing, and I paid for that.",
}
# Steps, examples in each, share held out, learning rate of all weights and of adapters: a minute or two on two cores
SHORT = {"generation": (24, 4, 0.03, 5e-5, 1e-3), "classification": (48, 8, 0.15, 2e-4, 3e-3)}
ANSWER = 48  # tokens


def main(given: argparse.Namespace) -> int:
    """`--local`, or `check --local`: 0, or 1 with what was wrong in one sentence."""
    from .training import train

    try:
        if hasattr(given, "command"):
            job = planned()
            print("\n".join(train.check(job, given.model, given.dataset).lines(job.seq_len)))
        else:
            here(given.model, given.dataset, given.prompt, given.root)
    except train.MISTAKES as error:
        sys.exit(f"error: {error}")
    except Exception as error:
        if cause := oom.explain(error):
            sys.exit(f"error: {cause}")
        raise
    return 0


def small(model: str, dataset: str) -> Job:
    """The plan's job on a small model and the dataset that came with the project, short enough for a laptop."""
    job = planned()
    model = model or SMALL[job.workload]
    steps, examples, held_out, every, adapters = SHORT[job.workload]
    own = {} if dataset else {"dataset": str(SAMPLES[job.workload]), "subset": "", "columns": {}, "labels": ()}
    return replace(
        job,
        model=model,
        revision=COMMITS.get(model, "main"),
        **({"dataset": dataset} if dataset else own),
        seq_len=min(job.seq_len, 256),
        micro_batch=examples,
        accumulation=1,
        max_steps=steps,
        eval_share=held_out,
        learning_rate=every if job.method == "full" else adapters,
        optimizer="adamw",
        attention="sdpa",
        activation_checkpointing=False,
        packing=False,
        ranks=1,
        sharding="none",
        offload="none",
    )


def here(model: str, dataset: str, prompt: str, root: Path) -> None:
    """Fine-tune on this machine from the start, and ask the model the same before and after."""
    from .training.callbacks import logging
    from .result import generate
    from .training import train

    logging.quiet()
    job, where = small(model, dataset), train.Run(root, "local", "none", usd_per_hour=0.0)
    prompt = prompt or PROMPTS[job.workload]
    for folder in (where.folder, where.ledger().folder):
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(train.check(job).lines(job.seq_len)), flush=True)
    before = original(job, prompt) if job.workload == "generation" else ""
    outcome = train.run(job, where)
    print(train.report(outcome, where))
    print(f"\n> {prompt}")
    if before:
        print(f"before  {before}")
    print(f"after   {generate.say(generate.load(where.result, job.model), prompt, ANSWER)}")


def original(job: Job, prompt: str) -> str:
    """What the model says before the training. A classifier knows no classes yet, and is not asked."""
    from .training import model
    from .result import generate

    source = model.Source(job.model, job.revision)
    about = generate.About(job.workload, job.model, job.revision, job.dtype)
    model = model.load(replace(job, method="full"), source).eval()
    return generate.answer(generate.Tuned(model, model.tokenizer_of(source), about), prompt, ANSWER)
