"""The batch task without a model: rows through split, orchestration, resume, status and join; seconds and peak memory.

python benchmarks/batch_core.py [--rows 1000000] [--shard-rows 2000]

Each step is a process of its own, so that its peak is its own. The engine answers every prompt with its first words.
A second table repeats it with a tenth of the rows: where memory is flat, the peaks are alike.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from serve import machine, quietly

ROOT = Path(__file__).resolve().parents[1]
STEPS = {
    "read the rows": "for row in readers.rows(source, spec): pass",
    "split into shards": "split()",
    "find the split again": "split()",
    "run all shards": "run()",
    "resume when complete": "print(run())",
    "status": "status()",
    "join to Parquet": "join('all.parquet')",
    "join to JSONL": "join('all.jsonl')",
    "estimate": "estimated()",
}
PREAMBLE = """
from pathlib import Path
from my_batch.input import readers, shards
from my_batch.input.prompts import PromptSpec
from my_batch.output.join import join as join_results
from my_batch.output.results import Generated
from my_batch.run import budget, estimate, scheduler, shard_runner
from my_batch.run.job import Job, Settings, load_job, save_job
from my_batch.run.status import read_status, scan_results

root, SHARD_ROWS = {root!r}, {shard_rows}
source, spec = readers.Source({path!r}), PromptSpec(column="text", id="id")
settings = Settings("generation", "org/model", "main")

def engine(prompts):
    return [Generated(prompt[:40], "stop", len(prompt) // 4, 10) for prompt in prompts]

def split():
    save_job(Job(root, shards.prepare(root, source, spec, SHARD_ROWS), settings))

def run():
    one = lambda shard: shard_runner.run_shard(root, shard, engine)
    return scheduler.run_job(load_job(root), budget.parse("none"), one, at_once=2, seconds_per_row=0.001, start_s=0.0)

def status():
    return read_status(load_job(root))

def join(name):
    job = load_job(root)
    join_results(job, scan_results(job).done, Path(root, name))

def estimated():
    sample = estimate.sample_rows(readers.rows(source, spec))
    speed = estimate.Speed(1000.0, 800.0, 1250.0, prompt_tokens_per_s=0.0)
    return estimate.estimate(sample, lambda prompt: len(prompt.split()), speed, containers=4, start_s=0.0)
"""


def write_rows(path: Path, rows: int) -> None:
    """Reviews of 5 to 60 words; one row in a hundred has no text."""
    chance = random.Random(0)
    words = [f"word{number}" for number in range(5000)]
    with open(path, "w") as file:
        for number in range(rows):
            text = " ".join(chance.choices(words, k=chance.randint(5, 60)))
            file.write(json.dumps({"id": f"r{number}"} | ({"text": text} if number % 100 else {})) + "\n")


def measured(code: str, project: Path) -> tuple[float, float, str]:
    """(seconds with imports, peak MiB, what it printed) of a Python process."""
    begun = time.perf_counter()
    child = f"{code}\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", child], cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    *printed, peak_kib = done.stdout.splitlines()
    return time.perf_counter() - begun, int(peak_kib) / 1024, "\n".join(printed)


def table(project: Path, rows: int, shard_rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.jsonl")
        write_rows(path, rows)
        preamble = PREAMBLE.format(root=str(Path(folder, "root")), path=str(path), shard_rows=shard_rows)
        seconds, peak, _ = measured(preamble, project)
        print(f"{rows:,} rows, {path.stat().st_size / 2**20:,.0f} MiB of JSON lines, shards of {shard_rows:,}")
        print(f"{'':24} {'seconds':>8} {'peak MiB':>9}")
        print(f"{'imports alone':24} {seconds:8.1f} {peak:9.0f}")
        for label, code in STEPS.items():
            seconds, peak, printed = measured(f"{preamble}\n{code}", project)
            print(f"{label:24} {seconds:8.1f} {peak:9.0f}")
            if label == "resume when complete":
                print("\n".join(f"    {line}" for line in printed.splitlines()))
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shard-rows", type=int, default=2_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bake = [sys.executable, "-m", "cookiecutter", ROOT, "--no-input", "--default-config", "-o", folder]
        quietly([*bake, "task=batch", "project_slug=my-batch"])
        print(f"{machine()}\n")
        for rows in (options.rows, options.rows // 10):
            table(Path(folder, "my-batch"), rows, options.shard_rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
