"""What came of a run, used in a container: asked, or merged into plain weights."""

import functools
import time
from pathlib import Path

from . import mistakes, runs, sample
from .job import JobError
from .said import Said


@functools.lru_cache(maxsize=1)
def tuned(result: Path, folder: str) -> sample.Tuned:
    """The tuned model, loaded once in a container."""
    return sample.load(result, folder)


@mistakes.sentences
def answered(where: runs.Run, prompt: str, max_tokens: int) -> Said:
    """What the tuned model says."""
    need_result(where)
    return Said(sample.say(tuned(where.result, mistakes.weights()), prompt, max_tokens))


@mistakes.sentences
def merged(where: runs.Run, target: Path) -> Said:
    """Write the tuned model below `target` as a folder of its own, whole or not at all."""
    need_result(where)
    begun, folder = time.monotonic(), target / runs.merged_name(where.name)
    sample.merge(where.result, folder, mistakes.weights())
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e9
    return Said(f"{folder.name}: {size:.2f} GB in {time.monotonic() - begun:.0f} s")


def need_result(where: runs.Run) -> None:
    """JobError where no attempt has come to an end."""
    if not (where.result / sample.ABOUT).is_file():
        raise JobError(f"the run {where.name} has no result yet: `train` first")
