"""What came of a run, used in a container: asked, or merged into plain weights."""

import functools
import time
from pathlib import Path

from .. import mistakes
from ..run import run_dir
from . import generate
from ..training.config import JobError
from ..run.reply import Said


@functools.lru_cache(maxsize=1)
def tuned(result: Path, folder: str) -> generate.Tuned:
    """The tuned model, loaded once in a container."""
    return generate.load(result, folder)


@mistakes.sentences
def answered(where: run_dir.Run, prompt: str, max_tokens: int) -> Said:
    """What the tuned model says."""
    need_result(where)
    return Said(generate.say(tuned(where.result, mistakes.weights()), prompt, max_tokens))


@mistakes.sentences
def merged(where: run_dir.Run, target: Path) -> Said:
    """Write the tuned model below `target` as a folder of its own, whole or not at all."""
    need_result(where)
    begun, folder = time.monotonic(), target / run_dir.merged_name(where.name)
    generate.merge(where.result, folder, mistakes.weights())
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e9
    return Said(f"{folder.name}: {size:.2f} GB in {time.monotonic() - begun:.0f} s")


def need_result(where: run_dir.Run) -> None:
    """JobError where no attempt has come to an end."""
    if not (where.result / generate.ABOUT).is_file():
        raise JobError(f"the run {where.name} has no result yet: `train` first")
