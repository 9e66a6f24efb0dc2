"""One shard in a container: its rows through the engine, its results to the Volume, its seconds to the ledger."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..output import results
from ..input import shards
from ..input.readers import Prompt
from ..monitoring import oom
from ..output.results import Failed, Receipt, Result
from . import budget
from .budget import DONE, FAILED, OUT_OF_MEMORY
from ..input.shards import Shard

# Prompts in, one result for each, in their order. ValueError and TypeError mean a prompt that cannot be taken.
Engine = Callable[[list[Prompt]], Sequence[Result | Failed]]


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt at a shard: a receipt, or what went wrong."""

    state: str  # DONE, FAILED or OUT_OF_MEMORY
    receipt: Receipt | None = None
    error: str = ""


def run(root: str, shard: Shard, engine: Engine, every_s: float = budget.EVERY_S) -> Outcome:
    """Process a shard, unless that was done before. An error becomes an outcome; its traceback goes to the log.

    Every attempt is in the ledger below `root`, with its seconds, whatever came of it.
    """
    job = Path(root, "jobs", shard.job)
    if earlier := results.finished(job, shard.name):
        return Outcome(DONE, earlier)
    with budget.Ledger(Path(root, "ledger", shard.job)).meter(shard.label, every_s) as meter:
        try:
            rows = shards.read_rows(root, shard)
            answered = answers(engine, [row.prompt for row in rows if row.prompt is not None])
            return Outcome(DONE, results.publish(job, shard, rows, answered, meter.seconds))
        except Exception as error:
            traceback.print_exc()
            meter.state, meter.error = judged(error)
            return Outcome(meter.state, error=meter.error)


def judged(error: BaseException) -> tuple[str, str]:
    """(state, sentence) of an error: out of memory is told from all others, since a smaller shard may help."""
    if cause := oom.explain(error):
        return OUT_OF_MEMORY, cause
    return FAILED, f"{type(error).__name__}: {error}"


def answers(engine: Engine, prompts: list[Prompt]) -> list[Result | Failed]:
    """The results in the order of `prompts`. The engine gets the longest first: what fills memory fails early.

    ValueError where it refuses every one of several: then the engine is at fault, and the rows are not dead.
    """
    order = sorted(range(len(prompts)), key=lambda number: -length(prompts[number]))
    refused: list[str] = []
    found = carefully(engine, [prompts[number] for number in order], refused)
    if len(refused) == len(prompts) > 1:
        raise ValueError(f"the engine refuses all {len(prompts):,} prompts, the first with {refused[0]}")
    placed = dict(zip(order, found, strict=True))
    return [placed[number] for number in range(len(prompts))]


def carefully(engine: Engine, prompts: list[Prompt], refused: list[str]) -> list[Result | Failed]:
    """The engine's results; where it refuses the prompts, those of each half, down to the one that it cannot take.

    The errors of single prompts are added to `refused`.
    """
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
    return carefully(engine, prompts[:middle], refused) + carefully(engine, prompts[middle:], refused)


def length(prompt: Prompt) -> int:
    """Characters: close enough to tokens to sort by."""
    return len(prompt) if isinstance(prompt, str) else sum(len(turn["content"]) for turn in prompt)
