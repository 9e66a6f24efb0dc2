"""A shard through the generated project and through the engine alone, in turns, on one loaded model.

    python batch_side.py PROJECT MODEL ROWS ROUNDS

Runs in the Python of the engine. Prints a JSON line for every turn: side, round, rows, wall and CPU seconds, a digest
of what came out. Round 0 does not count.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

WORDS = (
    "the a one this every old small quiet river house road market window garden engine letter teacher winter answer "
    "runs keeps opens finds carries closes remembers follows under over near beside without after before again slowly "
    "often never always bright green cold simple early last other sudden careful"
).split()
ANSWER = 16  # tokens of an answer at most
LENGTHS = {"generation": (5, 40), "embedding": (5, 120), "classification": (5, 120)}  # words of a row
Side = Callable[[], list[Any]]  # runs all rows, returns what came out in their order


def part(name: str) -> Any:
    """A module of the baked project's package."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def texts(rows: int) -> list[str]:
    chance, bounds = random.Random(0), LENGTHS[part("plan").WORKLOAD]
    return [" ".join(chance.choices(WORDS, k=chance.randint(*bounds))) for _ in range(rows)]


def project(engine: Any, given: list[str], root: Path) -> Side:
    """A shard as a container of the project runs it: read, checked, run, published, entered in the ledger."""
    prompts, readers, shards = part("input.prompts"), part("input.readers"), part("input.shards")
    job_module, join, shard_runner = part("run.job"), part("output.join"), part("run.shard_runner")
    path = root / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in given), encoding="utf-8")
    split = shards.prepare(str(root), readers.Source(str(path)), prompts.PromptSpec(column="text"), len(given))
    job = job_module.Job(str(root), split, job_module.Settings(part("plan").WORKLOAD, "model", "main"))
    job_module.save_job(job)
    (shard,) = job.shards()
    column = {"generation": "text", "classification": "label", "embedding": "embedding"}[part("plan").WORKLOAD]

    def run() -> list[Any]:
        outcome = shard_runner.run_shard(str(root), shard, engine)
        assert outcome.manifest and outcome.manifest.rows == len(given), outcome
        (table,) = join.tables(job.folder, [outcome.manifest])
        found = table[column].to_pylist()
        for made in ("done", "output"):
            shutil.rmtree(job.folder / made)
        return found

    return run


def transformers_alone(engine: Any, given: list[str]) -> Side:
    """The library's own call for many rows, with the settings of the project."""
    plan = part("plan")
    if plan.WORKLOAD == "embedding":
        return lambda: [
            list(vector)
            for vector in engine.sentences.encode(given, batch_size=plan.CONCURRENCY, show_progress_bar=False)
        ]
    if plan.WORKLOAD == "classification":
        from transformers import pipeline

        alone: Any = pipeline(
            "text-classification", model=engine.model, tokenizer=engine.tokenizer, batch_size=plan.CONCURRENCY
        )
        return lambda: [found["label"] for found in alone(given)]

    def generate() -> list[Any]:
        chats = [[{"role": "user", "content": text}] for text in given]
        ids = engine.tokenizer.apply_chat_template(chats, add_generation_prompt=True, return_dict=True)["input_ids"]
        config = engine.model.generation_config
        config.update(max_new_tokens=ANSWER)
        outputs = engine.model.generate_batch(
            ids, config, continuous_batching_config=part("engine.model").batching(engine.device), warmup=False
        )
        said = {tuple(output.prompt_ids): output.generated_tokens for output in outputs.values()}
        return engine.tokenizer.batch_decode([said[tuple(one)] for one in ids], skip_special_tokens=True)

    return generate


def vllm_alone(engine: Any, given: list[str]) -> Side:
    """vLLM's own call for many rows."""
    workload = part("plan").WORKLOAD
    if workload == "embedding":
        return lambda: [output.outputs.embedding for output in engine.llm.embed(given, use_tqdm=False)]
    if workload == "classification":
        labels = engine.llm.llm_engine.vllm_config.model_config.hf_config.id2label

        def classify() -> list[Any]:
            probs = [output.outputs.probs for output in engine.llm.classify(given, use_tqdm=False)]
            return [labels[max(range(len(one)), key=one.__getitem__)] for one in probs]

        return classify
    from vllm import SamplingParams

    sampling = SamplingParams(max_tokens=ANSWER, temperature=0.0)

    def chat() -> list[Any]:
        chats = [[{"role": "user", "content": text}] for text in given]
        return [output.outputs[0].text for output in engine.llm.chat(chats, sampling, use_tqdm=False)]

    return chat


def forget(engine: Any) -> None:
    """Clear the traces of the turn before: vLLM's cache of prompts, a batching thread."""
    if hasattr(engine, "llm"):
        engine.llm.reset_prefix_cache()
    else:
        engine.close()


def cpu_s() -> float:
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def digest(found: list[Any]) -> str:
    """Twelve hex digits of labels and texts; of vectors to two digits."""
    rounded = [[round(float(value), 2) + 0.0 for value in one] if isinstance(one, list) else one for one in found]
    return hashlib.sha256(json.dumps(rounded).encode()).hexdigest()[:12]


def main() -> None:
    model, rows, rounds = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    plan, given = part("plan"), texts(rows)
    options = part("run.job").result_options() | (
        {"max_answer_tokens": ANSWER} if plan.WORKLOAD == "generation" else {}
    )
    engine = part("engine.model").Engine(model, options, gpus=0)
    alone = vllm_alone if plan.ENGINE == "vllm" else transformers_alone
    with tempfile.TemporaryDirectory() as folder:
        sides = {"project": project(engine, given, Path(folder)), "alone": alone(engine, given)}
        for number in range(rounds + 1):
            for name in sides if number % 2 else reversed(sides):
                forget(engine)
                wall, cpu = time.perf_counter(), cpu_s()
                found = sides[name]()
                turn = Turn(name, number, rows, time.perf_counter() - wall, cpu_s() - cpu, digest(found))
                print("\n" + json.dumps(dataclasses.asdict(turn)), flush=True)
    engine.close()


@dataclasses.dataclass(frozen=True)
class Turn:
    """One side's turn."""

    side: str
    number: int
    rows: int
    wall_s: float
    cpu_s: float
    digest: str


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    PACKAGE = next(Path(sys.argv[1]).glob("*/plan.py")).parent.name
    main()
