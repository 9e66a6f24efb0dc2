"""The measurements, one after the other: each in a worker that waits with its libraries imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import model_folder, projects
from .card_memory import CardMemory
from .configurations import TOY, Configuration
from .lines import Line
from .machine import Card
from .planned import ROOT, flops_per_token

LEAST_S = 90.0  # that any configuration may take
PATIENCE = 3.0  # times its estimate
LAST_WORDS = 300  # characters of a log that a line keeps where a worker died
TAIL = 3000
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True)
class Machine:
    """Where it runs. `gpu` is the planner's name of the card; of a toy, the card that its question names."""

    card: Card | None
    gpu: str
    flops: float  # dense, 16 bits, of the planner's card
    python: str  # that runs the generated code
    versions: dict[str, str]  # of what it holds

    @property
    def on_gpu(self) -> bool:
        return self.card is not None


@dataclass(frozen=True)
class Asked:
    """A configuration with what the planner was asked about it and said."""

    configuration: Configuration
    question: dict[str, Any]
    planned: dict[str, Any]

    @property
    def seconds(self) -> float:
        """An estimate."""
        return self.configuration.seconds(self.planned)


class OutOfTime(Exception):
    """A configuration was under way when the minutes were over."""


class Worker:
    """A process of worker.py that has its libraries imported, which can be ended with all that it started."""

    def __init__(self, python: str, mode: str, log: Path) -> None:
        self.log, self.ended = log, False
        command = [python, "-m", "benchmarks.gpu.worker", mode]
        env = os.environ | ENVIRONMENT | {"HF_DATASETS_CACHE": str(log.parent / "datasets")}
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=env, text=True, start_new_session=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip

    def ready(self) -> None:
        """Wait for the imports. RuntimeError with the end of its log where they fail."""
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"a worker ended before its job: {self.last_words()}")

    def last_words(self) -> str:
        """The last line of its log."""
        return next((line for line in reversed(self.tail().splitlines()) if line.strip()), "")[-LAST_WORDS:]

    def tail(self) -> str:
        """The end of its log, for the terminal."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-TAIL:]

    def work(self, job: dict[str, Any], limit_s: float, left_s: float = float("inf")) -> dict[str, Any]:
        """The outcome; where the process dies or takes longer, the last lines of its log.

        OutOfTime where it is ended after `left_s`, which is no result.
        """
        try:
            answer, _ = self.process.communicate(json.dumps(job) + "\n", timeout=min(limit_s, left_s))
        except subprocess.TimeoutExpired:
            if left_s < limit_s:
                raise OutOfTime from None
            return {"measured": {}, "oom": False, "error": f"it was ended after {limit_s:.0f} s: {self.last_words()}"}
        finally:
            self.end()
        if not answer.strip():
            status = self.process.returncode
            return {"measured": {}, "oom": False, "error": f"exit status {status}: {self.last_words()}"}
        return json.loads(answer.splitlines()[-1])

    def end(self) -> None:
        """End it and whatever it started, once: its number may soon be another's."""
        if self.ended:
            return
        self.ended = True
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True)
class Ready:
    """A configuration that only waits for the card: its worker, its project, its model's folder."""

    asked: Asked
    worker: Worker
    project: projects.Project
    model: Path


def prepared(group: list[Asked], machine: Machine, scratch: Path, source: Path) -> list[Ready | Line]:
    """Workers with their libraries imported and projects baked, all at once; a Line where the bake is refused."""
    numbers = [len(list(scratch.glob("*.log"))) + place for place in range(len(group))]
    workers = [
        Worker(machine.python, asked.configuration.mode, scratch / f"{number}.log")
        for asked, number in zip(group, numbers, strict=True)
    ]

    def one(place: int) -> Ready | Line:
        asked, worker, configuration = group[place], workers[place], group[place].configuration
        try:
            folder = model_folder.make(scratch / "models", configuration.model, configuration.real_weights)
            gpu = machine.gpu if machine.on_gpu else "auto"
            model = str(folder) if configuration.model == TOY else configuration.model
            answers = configuration.answers(gpu, model, f"measured-{numbers[place]}")
            project = projects.bake(source, scratch / "projects", answers)
            if configuration.mode == "inference" and configuration.attention not in ("sdpa", "auto"):
                projects.edit(project, ATTENTION=configuration.attention)
            worker.ready()
        except RuntimeError as error:
            worker.end()
            return line_of(asked, machine, {"measured": {}, "oom": False, "error": str(error)})
        return Ready(asked, worker, project, folder)

    for asked in group:  # one after the other: several would write the same folder
        configuration = asked.configuration
        model_folder.make(scratch / "models", configuration.model, configuration.real_weights)
    with ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1)) as pool:
        return list(pool.map(one, range(len(group))))


def measured(ready: Ready, machine: Machine, scratch: Path, left_s: float) -> Line:
    """Run it, with the card watched from here. Its log lies in `scratch` and is printed where it failed."""
    asked, begun = ready.asked, time.monotonic()
    job = {
        "configuration": asdict(asked.configuration),
        "project": str(ready.project.root),
        "package": ready.project.package,
        "model": str(ready.model),
        "scratch": str(scratch / ready.project.root.name),
        "on_gpu": machine.on_gpu,
    }
    with CardMemory(machine.on_gpu) as card:
        outcome = ready.worker.work(job, max(LEAST_S, PATIENCE * asked.seconds), left_s)
    if outcome["error"]:
        print(ready.worker.tail(), file=sys.stderr, flush=True)
    seen = {"card_before_gib": card.before_gib, "card_peak_gib": card.peak_gib, "took_s": time.monotonic() - begun}
    return line_of(asked, machine, outcome | {"measured": outcome["measured"] | seen})


def line_of(asked: Asked, machine: Machine, outcome: dict[str, Any]) -> Line:
    """The outcome with the configuration it belongs to."""
    found = dict(outcome["measured"])
    if machine.on_gpu and "tokens_per_s" in found:
        found["mfu"] = found["tokens_per_s"] * flops_per_token(asked.planned, machine.flops) / machine.flops
    return Line(
        id=asked.configuration.id,
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        configuration=asdict(asked.configuration),
        params=model_folder.params(asked.configuration.model),
        dtype="bfloat16" if machine.on_gpu else "float32",
        card=asdict(machine.card) if machine.card else None,
        versions=machine.versions | found.pop("versions", {}),
        question=asked.question,
        planned=asked.planned,
        measured=found,
        oom=outcome["oom"],
        error=outcome["error"],
    )


def run(wanted: list[Asked], machine: Machine, scratch: Path, ahead: int, minutes: float) -> Iterator[Line]:
    """A line for each, as they come, until the next one would not be done in time."""
    begun, source = time.monotonic(), projects.template(scratch / "template")
    for first in range(0, len(wanted), ahead):
        group = wanted[first : first + ahead]
        waiting = prepared(group, machine, scratch, source)
        try:
            while waiting:
                one = waiting[0]
                if isinstance(one, Ready):
                    left_s = minutes * 60 - (time.monotonic() - begun)
                    if one.asked.seconds > left_s:
                        return
                    yield measured(one, machine, scratch, left_s)
                else:
                    yield one
                waiting.pop(0)
        except OutOfTime:
            return
        finally:
            for one in waiting:
                if isinstance(one, Ready):
                    one.worker.end()
