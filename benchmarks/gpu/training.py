"""A training of the generated code: its own `training.train.train`, with a job as a person would write it."""

from __future__ import annotations

import json
import random
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import torch_memory
from .configurations import LORA_RANK, TRAINING_STEPS
from .job import Job

NEVER_S = 1e9


class Enough(Exception):
    """As many steps as are measured are done."""


class StopAfter:
    """The generated loop checks after every step whether to stop; after one more than is measured this raises Enough.

    An exception, since a plain yes would write a checkpoint, which for full training is tens of GB.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self) -> bool:
        if not self.left:
            raise Enough
        self.left -= 1
        return False


def measure(job: Job) -> dict[str, Any]:
    """Peaks in GiB, tokens/s and seconds of a step, with those of the project's own memory monitor for the same run."""
    train, root = job.part("training.train"), Path(job.scratch)
    one, own = job.configuration, job.part("training.config").planned_job()
    job.part("run.reply").quiet_libraries()
    rows = write_rows(root / "rows.jsonl", one.seq_len, (TRAINING_STEPS + 2) * one.micro_batch, vocab(job.model))
    job_of_it = replace(
        own,
        model=job.model,
        revision="main",
        dataset=str(rows),
        eval_share=0.0,
        method=one.method,
        lora_rank=LORA_RANK,
        lora_targets="all-linear",
        attention=one.attention,
        activation_checkpointing=one.checkpointing,
        loss=one.loss,
        packing=False,
        seq_len=one.seq_len,
        micro_batch=one.micro_batch,
        accumulation=1,
        max_steps=TRAINING_STEPS + 2,
        optimizer="adamw",
        save_every_s=NEVER_S,
    )
    run = job.part("run.run_dir").Run(root, "measured", "none", 0.0)
    job.part("monitoring.gpu_memory").record_snapshots(str(root))  # as a container does
    begun = time.perf_counter()
    try:
        train.train(job_of_it, run, stop_requested=StopAfter(TRAINING_STEPS))
    except Enough:
        pass
    else:
        raise RuntimeError("the training ended before it was measured")
    wall_s = time.perf_counter() - begun
    warm_up = job.part("training.callbacks.logging").WARM_UP
    found, monitor = figures(run.metrics().read(), warm_up), monitored(run.folder / "memory.jsonl")
    return found | {
        "monitor_peak_gib": max(found["monitor_peak_gib"], monitor["peak_gib"]),  # it looks every other second
        "wall_s": wall_s,
        "monitor": monitor,
        **torch_memory.peaks(job.on_gpu),
    }


def vocab(folder: str) -> int:
    return json.loads(Path(folder, "config.json").read_text(encoding="utf-8"))["vocab_size"]


def write_rows(path: Path, length: int, count: int, vocab: int) -> Path:
    """Texts of random tokens that are cut at `length`, so that no step holds padding."""
    draw = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            words = " ".join(f"t{draw.randrange(1, vocab)}" for _ in range(length + 8))
            file.write(json.dumps({"text": words}) + "\n")
    return path


def figures(lines: list[dict[str, Any]], warm_up: int) -> dict[str, Any]:
    """From the run's own metrics: median tokens/s after the first steps, and the monitor's peak as it stood last."""
    steps = [line for line in lines if line["event"] == "step"]
    rates = [line["tokens_per_s"] for line in steps[warm_up:]]
    if len(steps) < TRAINING_STEPS:
        raise RuntimeError(f"{len(steps)} steps were reported and {TRAINING_STEPS} are measured")
    each = steps[-1]["tokens"] / len(steps)
    rate = statistics.median(rates)
    return {
        "steps": len(steps),
        "tokens_of_a_step": each,
        "tokens_per_s": rate,
        "step_s": each / rate,
        "steps_s": [round(each / line["tokens_per_s"], 4) for line in steps],
        "loss": [steps[0]["loss"], steps[-1]["loss"]],
        "monitor_peak_gib": steps[-1]["peak_gib"],
        "monitor_mfu": steps[-1].get("mfu"),
    }


def monitored(path: Path) -> dict[str, Any]:
    """The last line that the generated monitor wrote into memory.jsonl."""
    return json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
