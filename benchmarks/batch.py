"""A row's cost in the generated batch project: rows/s of a whole shard against the engine's own call for many rows.

    python benchmarks/batch.py [--only transformers] [--rounds 5] [--vllm-python .venv-vllm/bin/python]

Both sides share one loaded model and take turns, so that whatever else the machine does falls on each alike. A shard is
read, checked, run, written as Parquet and entered in the ledger. The CPU seconds of a row are counted beside the wall
clock. Exit status 1 where the median ratio is below what it must be.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from serve import MODELS, machine, quietly, versions

ROOT = Path(__file__).resolve().parents[1]
WANTED = 0.95
ROWS = {"generation": 64, "embedding": 1000, "classification": 1000}
ENGINES = ("transformers", "vllm")
ALONE = {
    ("transformers", "generation"): "`generate_batch`: continuous batching, the project's settings",
    ("transformers", "embedding"): "`SentenceTransformer.encode`",
    ("transformers", "classification"): "`pipeline`",
    ("vllm", "generation"): "`LLM.chat`",
    ("vllm", "embedding"): "`LLM.embed`",
    ("vllm", "classification"): "`LLM.classify`",
}
COLUMNS = "engine, workload|rows of a shard|project, rows/s|alone|its rows/s|ratio (range)|by CPU|same results"


@dataclass(frozen=True)
class Turns:
    """The turns of one side, in the order of the rounds."""

    rows_per_s: list[float]
    cpu_s: list[float]
    digests: set[str]


def bake(folder: Path, engine: str, workload: str) -> tuple[Path, Path]:
    """The baked project and the folder of the small model that it is for."""
    script, name, context, concurrency = MODELS[workload]
    model, slug = folder / name, f"bench-batch-{workload}-{engine}"
    quietly([sys.executable, ROOT / "scripts" / script, model])
    answers = {"task": "batch", "engine": engine, "workload": workload, "model_id": str(model), "budget": "none"}
    answers |= {"project_slug": slug, "context_len": context, "concurrency": concurrency}
    words = [f"{key}={value}" for key, value in answers.items()]
    cookiecutter = [sys.executable, "-m", "cookiecutter", ROOT, "--no-input", "--default-config", "-f", "-o", folder]
    quietly([*cookiecutter, *words])
    return folder / slug, model


def play(folder: Path, engine: str, workload: str, python: Path, rows: int, rounds: int) -> dict[str, Turns]:
    """Both sides' turns. The first round does not count."""
    project, model = bake(folder, engine, workload)
    command = [python, ROOT / "benchmarks" / "batch_side.py", project, model, str(rows), str(rounds)]
    threads = {"OMP_NUM_THREADS": "1", "VLLM_CPU_OMP_THREADS_BIND": "1"}  # vLLM: the core of that number
    env = os.environ | threads | {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    turns = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"side"')]
    found = {}
    for side in ("project", "alone"):
        own = [turn for turn in turns if turn["side"] == side and turn["number"]]
        found[side] = Turns(
            [turn["rows"] / turn["wall_s"] for turn in own],
            [turn["cpu_s"] for turn in own],
            {turn["digest"] for turn in own},
        )
    return found


def middle(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=0, help=f"of a shard ({ROWS})")
    parser.add_argument("--only", default="", help="comparisons with these words in `ENGINE WORKLOAD`")
    parser.add_argument("--vllm-python", type=Path, default=ROOT / ".venv-vllm" / "bin" / "python")
    parser.add_argument("--keep", type=Path, help="a folder for bakes and models, to be used again")
    options = parser.parse_args()
    pythons = {"transformers": Path(sys.executable), "vllm": options.vllm_python}
    chosen = [(engine, workload) for engine in ENGINES for workload in ROWS if options.only in f"{engine} {workload}"]
    print(f"{machine()}; CPU only, one thread, medians of {options.rounds} rounds\n")
    print(f"| {' | '.join(COLUMNS.split('|'))} |\n|{'---|' * len(COLUMNS.split('|'))}", flush=True)
    low = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.keep or Path(scratch)).resolve()
        for engine, workload in chosen:
            rows = options.rows or ROWS[workload]
            found = play(folder, engine, workload, pythons[engine], rows, options.rounds)
            ours, theirs = found["project"], found["alone"]
            ratios = [one / other for one, other in zip(ours.rows_per_s, theirs.rows_per_s, strict=True)]
            cpu = statistics.median(other / one for one, other in zip(ours.cpu_s, theirs.cpu_s, strict=True))
            same = "yes" if len(ours.digests | theirs.digests) == 1 else "no"
            print(
                f"| {engine}, {workload} | {rows} | {middle(ours.rows_per_s)} | {ALONE[engine, workload]} "
                f"| {middle(theirs.rows_per_s)} | **{statistics.median(ratios):.2f}** "
                f"({min(ratios):.2f} to {max(ratios):.2f}) | {cpu:.2f} | {same} |",
                flush=True,
            )
            if statistics.median(ratios) < WANTED:
                low.append(f"{engine} {workload}: {statistics.median(ratios):.2f}, and {WANTED} is wanted")
    print("\n" + "\n".join(f"{engine}: {versions(pythons[engine])}" for engine in dict(chosen)))
    for sentence in low:
        print(f"error: {sentence}", file=sys.stderr)
    return int(bool(low))


if __name__ == "__main__":
    sys.exit(main())
