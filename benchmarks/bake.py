"""What a bake costs: cookiecutter's own start-up, a trivial template and the default bake, in turn, in one run.

python benchmarks/bake.py [--rounds 11]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COOKIECUTTER = [sys.executable, "-m", "cookiecutter"]
TRIVIAL = {"project_slug": "trivial"}
REQUESTS = (
    ("serve", "Qwen/Qwen3-8B", "4/hour"),
    ("serve", "Qwen/Qwen3-32B", "4/hour"),
    ("serve", "meta-llama/Llama-3.3-70B-Instruct", "20/hour"),
    ("serve", "Qwen/Qwen3-235B-A22B", "20/hour"),
    ("finetune", "Qwen/Qwen3-8B", "20/run"),
    ("distributed", "Qwen/Qwen3-8B", "50/run"),
)


def trivial_template(folder: Path) -> Path:
    """A template of one file and no hook: what any bake costs."""
    inside = folder / "trivial" / "{{cookiecutter.project_slug}}"
    inside.mkdir(parents=True)
    (inside / "README.md").write_text("{{ cookiecutter.project_slug }}\n", encoding="utf-8")
    (folder / "trivial" / "cookiecutter.json").write_text(json.dumps(TRIVIAL), encoding="utf-8")
    return folder / "trivial"


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def bakes(rounds: int) -> dict[str, list[float]]:
    """Wall seconds of each kind of run, one of each in every round, after a round that does not count."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bake = [*COOKIECUTTER, "--no-input", "--default-config", "--overwrite-if-exists", "-o", str(folder / "out")]
        commands = {
            "cookiecutter --version": [*COOKIECUTTER, "--version"],
            "trivial template": [*bake, str(trivial_template(folder))],
            "default bake": [*bake, str(ROOT)],
        }
        times: dict[str, list[float]] = {label: [] for label in commands}
        for number in range(rounds + 1):
            for label, command in commands.items():
                taken = seconds(command)
                if number:
                    times[label].append(taken)
    return times


def planning() -> dict[str, float]:
    """Median milliseconds of one plan, by request, in this process."""
    sys.path.insert(0, str(ROOT))
    from planner.answers import parse_budget
    from planner.models import find_model
    from planner.plan import Request
    from planner.tasks import plan_for

    found = {}
    for task, model, budget in REQUESTS:
        request = Request(task, "generation", find_model(model), parse_budget(budget), 8192, 16)
        times = []
        for _ in range(30):
            start = time.perf_counter()
            plan_for(request)
            times.append((time.perf_counter() - start) * 1000)
        found[f"{task} {model} at {budget}"] = statistics.median(times)
    return found


def estimates_per_s(count: int = 4000) -> float:
    """Answers a second of `python -m planner estimate`, its start included."""
    line = {"mode": "inference", "model": "Qwen/Qwen3-8B", "gpu": "L40S", "context_len": 8192, "concurrency": 16}
    lines = "".join(json.dumps({"id": str(number), **line}) + "\n" for number in range(count))
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "planner", "estimate"], input=lines, capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.count('"fits": true') == count
    return count / (time.perf_counter() - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    times = bakes(parser.parse_args().rounds)
    print(f"{'seconds':26} {'median':>7} {'min':>7} {'max':>7}")
    for label, taken in times.items():
        print(f"{label:26} {statistics.median(taken):7.3f} {min(taken):7.3f} {max(taken):7.3f}")
    pairs = zip(times["default bake"], times["trivial template"], strict=True)
    own = statistics.median(ours - theirs for ours, theirs in pairs)
    print(f"{'the template itself':26} {own:7.3f}   (default bake - trivial template, median of the pairs)")
    print()
    for label, milliseconds in planning().items():
        print(f"plan {label:50} {milliseconds:6.1f} ms")
    print(f"estimates as JSON lines: {estimates_per_s():,.0f} a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
