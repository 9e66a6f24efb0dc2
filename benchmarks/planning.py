"""How fast the planner is, and how its time and the hook's grow with the models and GPUs in its catalogue: CPU seconds.

python benchmarks/planning.py [--rounds 9]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bake import CACHES, bake_command, copied_template, cost, table  # noqa: E402
from planner.catalogue.models import find_model  # noqa: E402
from planner.describe import refusal  # noqa: E402
from planner.request.parse import parse_budget  # noqa: E402
from planner.request.traffic import parse_aim, parse_load  # noqa: E402
from planner.schema import Request  # noqa: E402

REQUESTS = (  # task, model, budget, load, aim
    ("serve", "Qwen/Qwen3-8B", "4/hour", "16", "cost"),
    ("serve", "Qwen/Qwen3-32B", "4/hour", "16", "cost"),
    ("serve", "Qwen/Qwen3-235B-A22B", "20/hour", "16", "cost"),
    ("serve", "Qwen/Qwen3-8B", "none", "16", "latency ttft<1s tpot<40ms"),
    ("serve", "Qwen/Qwen3-8B", "none", "5/s", "cost"),
    ("serve", "Qwen/Qwen3-8B", "none", "5/s 4000+500", "cost ttft<1s tpot<40ms"),
    ("serve", "Qwen/Qwen3-8B", "none", "5/s 4000+500", "latency ttft<1s tpot<40ms"),
    ("serve", "meta-llama/Llama-3.3-70B-Instruct", "none", "5/s 4000+500", "cost ttft<1s tpot<40ms"),
    ("serve", "openai/gpt-oss-20b", "none", "20/s 1000+200", "cost ttft<1s tpot<20ms"),
    ("serve", "BAAI/bge-m3", "none", "50/s", "cost ttft<1s"),
    ("batch", "Qwen/Qwen3-8B", "20/run", "16", "cost"),
    ("finetune", "Qwen/Qwen3-8B", "20/run", "1", "cost"),
    ("distributed", "Qwen/Qwen3-8B", "50/run", "1", "cost"),
)
FIGURES = ("plan", "hook", "bake")
FACTORS = ((1, 1), (2, 1), (4, 1), (8, 1), (1, 2), (1, 4))  # times the models, times the GPUs


@dataclass(frozen=True)
class Grown:
    """A template with so many models and GPUs, its hook alone with answers in it, and CPU seconds."""

    template: Path
    hook: Path
    planner: str  # name of its package, imported
    times: dict[str, list[float]]


def defaults() -> dict[str, str]:
    """Return the default answers."""
    asked = prompt_for_config(generate_context(str(ROOT / "cookiecutter.json")), no_input=True)
    return {name: answer for name, answer in asked.items() if not name.startswith("_")}


def plan_seconds(planner: Any, request: Any, count: int) -> list[float]:
    """CPU seconds of each of `count` plans in this process, which has made one before."""
    planner.plan_for(request)
    times = []
    for _ in range(count):
        start = time.process_time()
        planner.plan_for(request)
        times.append(time.process_time() - start)
    return times


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


def more_models(text: str, factor: int) -> str:
    """models.json with every model `factor` times, the copies under names of their own."""
    lines = [line.rstrip(",") for line in text.splitlines()[1:-1]]
    copies = [re.sub(r'^(\{"id":"[^"]+)', rf"\1-copy{number}", line) for number in range(1, factor) for line in lines]
    return "[\n" + ",\n".join(lines + copies) + "\n]\n"


def more_gpus(source: str, factor: int) -> str:
    """gpus.py with every card `factor` times, the copies under names of their own."""
    rows = re.findall(r'^    \("[\w-]+",.*\),$', source.partition("_TABLE = (")[2].partition("\n)\n")[0], re.M)
    copies = [re.sub(r'"([\w-]+)"', rf'"\1-COPY{number}"', row, count=1) for number in range(1, factor) for row in rows]
    return source.replace(rows[-1], "\n".join([rows[-1], *copies]))


def grow(folder: Path, models: int, gpus: int) -> Grown:
    """A copy of the template with so many times the models and GPUs, its hook built anew."""
    copied_template(folder)
    for part in ("planner", "scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=CACHES)
    catalogue, cards = folder / "planner" / "catalogue" / "models.json", folder / "planner" / "catalogue" / "gpus.py"
    catalogue.write_text(more_models(catalogue.read_text(encoding="utf-8"), models), encoding="utf-8")
    cards.write_text(more_gpus(cards.read_text(encoding="utf-8"), gpus), encoding="utf-8")
    subprocess.run([sys.executable, "scripts/build_hook.py"], cwd=folder, check=True)
    source = (folder / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8")
    alone = folder.with_suffix(".py")
    alone.write_text(source.replace("{{ cookiecutter | tojson }}", json.dumps(defaults())), encoding="utf-8")
    return Grown(folder, alone, imported(folder), {figure: [] for figure in FIGURES})


def imported(folder: Path) -> str:
    """Import the planner in a folder beside this one, whose imports are all relative, and return its package's name."""
    name = f"planner_{folder.name}"
    spec = importlib.util.spec_from_file_location(name, folder / "planner" / "__init__.py")
    assert spec and spec.loader
    sys.modules[name] = importlib.util.module_from_spec(spec)
    return name


def planner_of(size: Grown, module: str) -> Any:
    """The module of a grown planner, such as `catalogue.gpus`."""
    return importlib.import_module(f"{size.planner}.{module}")


def growth(rounds: int, factors: Sequence[tuple[int, int]]) -> list[list[str]]:
    """A row for each size: models, GPUs, the hook's KiB, CPU ms of a plan and of the hook alone, CPU seconds of a bake.

    Every size is measured in turn in each round, after a round that does not count.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = [grow(folder / f"models{models}_gpus{gpus}", models, gpus) for models, gpus in factors]
        for _ in range(rounds + 1):
            for size in sizes:
                measure(size, folder / "out")
        return [row(size) for size in sizes]


def measure(size: Grown, out: Path) -> None:
    """One round of a size: each figure once, a plan several times."""
    out.mkdir(exist_ok=True)
    request = planner_of(size, "request.prompts").check_answers(defaults()).request
    size.times["plan"].append(median(plan_seconds(planner_of(size, "describe.refusal"), request, 9)))
    with tempfile.TemporaryDirectory() as empty:  # the hook refuses to write over what it did not write
        size.times["hook"].append(cost([sys.executable, str(size.hook)], cwd=Path(empty)).cpu_s)
    size.times["bake"].append(cost(bake_command(size.template, out, {})).cpu_s)


def row(size: Grown) -> list[str]:
    plan, hook, bake = (median(size.times[figure][1:]) for figure in FIGURES)
    catalogue, gpus = planner_of(size, "catalogue.shipped").load_catalogue(), planner_of(size, "catalogue.gpus").GPUS
    known = (str(len(catalogue)), str(len(gpus)))
    return [*known, f"{size.hook.stat().st_size / 1024:.0f}", f"{plan * 1000:.1f}", f"{hook * 1000:.0f}", f"{bake:.2f}"]


def rates(count: int = 30) -> list[list[str]]:
    """A row for each request: the least and the median CPU ms of a plan, and how many a second one core makes."""
    found = []
    for task, name, budget, load, aim in REQUESTS:
        model = find_model(name)
        goal, targets = parse_aim(aim, task, model.workload)
        asked = parse_load(load, task, model.workload)
        request = Request(
            task, model.workload, model, parse_budget(budget), 8192, optimize=goal, targets=targets, **asked._asdict()
        )
        times = plan_seconds(refusal, request, count)
        words = " ".join(word for word in (task, name, load, aim, f"at {budget}" if budget != "none" else "") if word)
        found.append([words, f"{min(times) * 1000:.1f}", f"{median(times) * 1000:.1f}", f"{1 / median(times):.0f}"])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print(table(("plan", "least CPU ms", "CPU ms", "plans/s of a core"), rates()))
    print(
        f"\n{median(estimates_per_s() for _ in range(3)):,.0f} estimates a second as JSON lines, the start included.\n"
    )
    print(table(("models", "GPUs", "hook KiB", "plan CPU ms", "hook CPU ms", "bake CPU s"), growth(rounds, FACTORS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
