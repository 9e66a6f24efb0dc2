"""The cost of a bake: ten kinds of answers, each beside a trivial template and cookiecutter's own start.

python benchmarks/bake.py [--rounds 5] [--against CHECKOUT]    ten bakes a round, so 50

With --against, each bake is followed by one of another checkout of this repository, such as an earlier commit's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
COOKIECUTTER = (sys.executable, "-m", "cookiecutter")
TEMPLATE = ("cookiecutter.json", "hooks", "{{cookiecutter.project_slug}}")  # all that cookiecutter reads
CACHES = shutil.ignore_patterns("__pycache__", ".*_cache")
TRIVIAL = {"project_slug": "trivial"}

KINDS: dict[str, dict[str, str]] = {
    "serve, vLLM": {},
    "serve, transformers": {"engine": "transformers"},
    "serve, embedding": {"workload": "embedding"},
    "serve, classification": {"workload": "classification"},
    "batch, vLLM": {"task": "batch"},
    "batch, transformers": {"task": "batch", "engine": "transformers"},
    "batch, classification": {"task": "batch", "workload": "classification"},
    "finetune": {"task": "finetune"},
    "finetune, classification": {"task": "finetune", "workload": "classification"},
    "distributed": {"task": "distributed"},
}
PROCESSES = {
    "cookiecutter --version": "start",
    "a trivial template": "trivial",
    "this one without its hooks": "bare",
    "this template": "bake",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process and all that it waited for: seconds by the clock and of CPU, and the largest process's MiB.

    Linux begins a child's peak with that of its parent, so this file imports little.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Measured in turn: cookiecutter's start, a trivial bake, this template's without its hooks, and with them."""

    start: Cost
    trivial: Cost
    bare: Cost
    bake: Cost
    other: Cost | None = None  # the other checkout's bake


def cost(command: Sequence[str], cwd: Path | None = None) -> Cost:
    """Run a command. CalledProcessError where it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=cwd)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    unit = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def copied_template(to: Path, source: Path = ROOT) -> Path:
    """Copy the files that a bake reads, without caches of tools."""
    for part in TEMPLATE:
        if (source / part).is_dir():
            shutil.copytree(source / part, to / part, ignore=CACHES)
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / part, to / part)
    return to


def trivial_template(folder: Path) -> Path:
    """A template of one file and no hook: what any bake costs."""
    inside = folder / "{{cookiecutter.project_slug}}"
    inside.mkdir(parents=True)
    (inside / "README.md").write_text("{{ cookiecutter.project_slug }}\n", encoding="utf-8")
    (folder / "cookiecutter.json").write_text(json.dumps(TRIVIAL), encoding="utf-8")
    return folder


def bake_command(template: Path, out: Path, answers: Mapping[str, str]) -> list[str]:
    typed = [f"{key}={value}" for key, value in answers.items()]
    return [
        *COOKIECUTTER,
        str(template),
        "--no-input",
        "--default-config",
        "--overwrite-if-exists",
        "-o",
        str(out),
        *typed,
    ]


def bakes(rounds: int, kinds: Mapping[str, Mapping[str, str]], against: Path | None = None) -> dict[str, list[Turn]]:
    """Kind -> its turns, one a round, after a round of the first kind that does not count."""
    found: dict[str, list[Turn]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template, trivial = copied_template(folder / "template"), trivial_template(folder / "trivial")
        other = copied_template(folder / "other", against) if against else None

        def turn(answers: Mapping[str, str]) -> Turn:
            start = cost([*COOKIECUTTER, "--version"])
            plain = cost(bake_command(trivial, folder / "plain", {}))
            bare = cost([*bake_command(template, folder / "ours", answers), "--accept-hooks=no"])
            shutil.rmtree(folder / "ours")  # every bake is a first one
            ours = cost(bake_command(template, folder / "ours", answers))
            shutil.rmtree(folder / "ours")
            theirs = cost(bake_command(other, folder / "theirs", answers)) if other else None
            shutil.rmtree(folder / "theirs", ignore_errors=True)
            return Turn(start, plain, bare, ours, theirs)

        turn(next(iter(kinds.values())))
        for _ in range(rounds):
            for kind, answers in kinds.items():
                found[kind].append(turn(answers))
    return found


def own(turns: Iterable[Turn], figure: str) -> float:
    """Return what the template adds to a trivial bake in a field of Cost: the median of the pairs' differences."""
    return median(getattr(turn.bake, figure) - getattr(turn.trivial, figure) for turn in turns)


def own_beside_other(turns: Iterable[Turn]) -> float | None:
    """Own wall seconds as a share of the other checkout's: the median over the turns. None without another checkout."""
    shares = [
        (turn.bake.wall_s - turn.trivial.wall_s) / (turn.other.wall_s - turn.trivial.wall_s)
        for turn in turns
        if turn.other
    ]
    return median(shares) if shares else None


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns are aligned; the first to the left, figures to the right."""
    cells = [list(heads), *map(list, rows)]
    first, *others = (max(map(len, column)) for column in zip(*cells, strict=True))
    cells.insert(1, ["-" * first, *("-" * (width - 1) + ":" for width in others)])
    lines = ([row[0].ljust(first), *map(str.rjust, row[1:], others)] for row in cells)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def row(label: str, turns: Sequence[Turn]) -> list[str]:
    """Wall seconds of the bakes, and what of them is the template's own."""
    walls = [turn.bake.wall_s for turn in turns]
    ratio = median(turn.bake.wall_s / turn.trivial.wall_s for turn in turns)
    seconds = (median(walls), min(walls), max(walls), own(turns, "wall_s"), own(turns, "cpu_s"), ratio)
    return [label, *(f"{each:.2f}" for each in seconds), f"{own(turns, 'peak_mib'):.1f}", *share(turns)]


def share(turns: Sequence[Turn]) -> list[str]:
    beside = own_beside_other(turns)
    return [] if beside is None else [f"{beside:.2f}"]


def report(found: Mapping[str, Sequence[Turn]]) -> str:
    """A row for each kind and one for all, and then the four processes beside each other."""
    every = [turn for turns in found.values() for turn in turns]
    rows = [row(kind, turns) for kind, turns in found.items()] + [row(f"all {len(every)} bakes", every)]
    heads = (
        "bake",
        "wall s",
        "least",
        "most",
        "own s",
        "own CPU s",
        "x trivial",
        "own MiB",
        *(["own / other's"] * bool(every[0].other)),
    )
    beside = [process_row(label, [getattr(turn, name) for turn in every]) for label, name in PROCESSES.items()]
    return table(heads, rows) + "\n\n" + table(("median", "wall s", "CPU s", "peak MiB"), beside)


def process_row(label: str, costs: Sequence[Cost]) -> list[str]:
    wall, cpu, peak = (median(getattr(cost, figure) for cost in costs) for figure in ("wall_s", "cpu_s", "peak_mib"))
    return [label, f"{wall:.2f}", f"{cpu:.2f}", f"{peak:.0f}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, help="another checkout, to bake beside this one")
    options = parser.parse_args()
    print(report(bakes(options.rounds, KINDS, options.against)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
