"""One shard in a container: its rows through the engine, its results to the Volume, its seconds to the ledger."""

import math
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import modal.experimental

from ..input import shards
from ..input.prompts import Prompt
from ..input.shards import Shard
from ..monitoring import gpu_memory, oom
from ..output import results
from ..output.results import Failed, Result, ShardManifest
from .budget import DONE, EVERY_S, FAILED, IDLE, OUT_OF_MEMORY, START, Ledger, end_process_after, process_s

# Prompts in, one result for each, in their order. ValueError and TypeError mean a prompt that cannot be taken.
Engine = Callable[[list[Prompt]], Sequence[Result | Failed]]


class LoadedEngine(Protocol):
    """An engine that holds something until it is closed."""

    def __call__(self, prompts: list[Prompt], /) -> Sequence[Result | Failed]: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """The outcome of an attempt at a shard: its manifest, or what went wrong."""

    state: str  # DONE, FAILED or OUT_OF_MEMORY
    manifest: ShardManifest | None = None
    error: str = ""


class Container:
    """A container of a job: its engine, and all its seconds in the ledger, those before and between shards too.

    The engine is loaded by the first shard and not when the container starts, so that a start is part of a call: what
    the budget pays for bounds it, and whoever cancels the call ends it.
    """

    def __init__(self, root: str, job: str, load: Callable[[], LoadedEngine]) -> None:
        self.root, self.job, self.load = root, job, load
        self.engine: LoadedEngine | None = None
        self.idle = self._ledger().start(IDLE, earlier_s=process_s())

    def _ledger(self) -> Ledger:
        return Ledger(Path(self.root, "ledger", self.job))

    def run(self, shard: Shard, most_s: float = math.inf, reload: Callable[[], object] = lambda: None) -> Outcome:
        """Run a shard; this process ends where that takes longer than `most_s`. `reload` shows what others wrote."""
        began = time.monotonic()
        with end_process_after(most_s), self.idle.paused():
            reload()
            if self.engine is None:
                try:
                    self.engine = self._start(shard, most_s)
                except Exception as error:
                    traceback.print_exc()
                    return Outcome(FAILED, error=classify_error(error).error)  # a smaller shard would not help
            return run_shard(self.root, shard, self.engine, most_s=most_s - (time.monotonic() - began))

    def _start(self, shard: Shard, most_s: float) -> LoadedEngine:
        """Load the engine, and print its memory beside the plan."""
        with self._ledger().meter(START, of=shard.label, most_s=most_s):
            monitor = gpu_memory.Monitor().start()
            engine = self.load()
            print(monitor.report(), flush=True)
        return engine

    def close(self) -> None:
        self.idle.stop()
        if self.engine is not None:
            self.engine.close()


def leave_if_failed(outcome: Outcome) -> Outcome:
    """The outcome. After any but a good one this container takes no further shard: an error may leave any state."""
    if outcome.state != DONE:
        print(f"this container is replaced: {outcome.error}", flush=True)
        modal.experimental.stop_fetching_inputs()
    return outcome


def run_shard(root: str, shard: Shard, engine: Engine, every_s: float = EVERY_S, most_s: float = math.inf) -> Outcome:
    """Process a shard, unless that was done before. An error becomes an outcome; its traceback goes to the log.

    Every attempt is in the ledger below `root`, with its seconds, whatever came of it, and with what it may take.
    """
    job = Path(root, "jobs", shard.job)
    if earlier := results.finished(job, shard.name):
        return Outcome(DONE, earlier)
    with Ledger(Path(root, "ledger", shard.job)).meter(shard.label, every_s, most_s=most_s) as meter:
        try:
            rows = shards.read_rows(root, shard)
            found = run_engine(engine, [row.prompt for row in rows if row.prompt is not None])
            return Outcome(DONE, results.publish(job, shard, rows, found, meter.seconds))
        except Exception as error:
            traceback.print_exc()
            outcome = classify_error(error)
            meter.state, meter.error = outcome.state, outcome.error
            return outcome


def classify_error(error: BaseException) -> Outcome:
    """The outcome of an error. Out of memory is told from all others, since a smaller shard may help."""
    if cause := oom.explain(error):
        return Outcome(OUT_OF_MEMORY, error=cause)
    return Outcome(FAILED, error=f"{type(error).__name__}: {error}")


def run_engine(engine: Engine, prompts: list[Prompt]) -> list[Result | Failed]:
    """The results in the order of `prompts`. The engine gets the longest first: what fills memory fails early.

    ValueError where it refuses every one of several: then the engine is at fault, and the rows are not dead.
    """
    order = sorted(range(len(prompts)), key=lambda number: -length(prompts[number]))
    refused: list[str] = []
    found = run_bisecting(engine, [prompts[number] for number in order], refused)
    if len(refused) == len(prompts) > 1:
        raise ValueError(f"the engine refuses all {len(prompts):,} prompts, the first with {refused[0]}")
    placed = dict(zip(order, found, strict=True))
    return [placed[number] for number in range(len(prompts))]


def run_bisecting(engine: Engine, prompts: list[Prompt], refused: list[str]) -> list[Result | Failed]:
    """The engine's results; where it refuses, those of each half. The errors of single prompts go to `refused`."""
    if not prompts:
        return []
    try:
        return list(engine(prompts))
    except (ValueError, TypeError) as error:
        if oom.explain(error):
            raise
        if len(prompts) == 1:
            refused.append(f"{type(error).__name__}: {error}")
            return [Failed(refused[-1])]
    middle = len(prompts) // 2
    return run_bisecting(engine, prompts[:middle], refused) + run_bisecting(engine, prompts[middle:], refused)


def length(prompt: Prompt) -> int:
    """Characters: close enough to tokens to sort by."""
    return len(prompt) if isinstance(prompt, str) else sum(len(turn["content"]) for turn in prompt)
