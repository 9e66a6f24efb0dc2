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
    "read the rows": "for row in data.rows(source, reading): pass",
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
from my_batch import budget, data, estimate, manifest, orchestrate, results, shards, work

root, SHARD_ROWS = {root!r}, {shard_rows}
source, reading = data.Source({path!r}), data.Reading(column="text", id="id")
settings = shards.Settings("generation", "org/model", "main")

def engine(prompts):
    return [results.Generated(prompt[:40], "stop", len(prompt) // 4, 10) for prompt in prompts]

def split():
    shards.save_job(shards.Job(root, shards.prepare(root, source, reading, SHARD_ROWS), settings))

def run():
    job = shards.load_job(root)
    limit = budget.Budget(budget.Ledger(job.ledger), budget.parse("none"))
    one = lambda shard: work.run(root, shard, engine)
    return orchestrate.run(job, one, budget=limit, seconds_per_row=0.001, at_once=2)

def status():
    job = shards.load_job(root)
    return manifest.status(job, manifest.survey(job, verify=False), budget.Ledger(job.ledger).entries())

def join(name):
    job = shards.load_job(root)
    results.join(job, manifest.survey(job).done, Path(root, name))

def estimated():
    drawn = estimate.sample(data.rows(source, reading))
    speed = estimate.Speed(1000.0, 800.0, 1250.0)
    return estimate.estimate(drawn, lambda prompt: len(prompt.split()), speed, containers=4)
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
