"""Checkpoints that are whole or not there.

A checkpoint counts once its marker lies in it: the last file written, after all others have reached the disk. It lists
them with their sizes, so that a folder that was copied or removed half-way is seen for what it is.
"""

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .. import collectives
from ...run import files

MARKER = "COMPLETE"
NAME = re.compile(r"checkpoint-(\d+)")


def step_of(folder: Path) -> int:
    """The optimizer step of a checkpoint; -1 for any other folder."""
    found = NAME.fullmatch(folder.name)
    return int(found[1]) if found and folder.is_dir() else -1


def all_in(root: Path) -> list[Path]:
    """Every checkpoint below `root`, complete or not, oldest first."""
    return sorted((path for path in root.glob("checkpoint-*") if step_of(path) >= 0), key=step_of)


def written(folder: Path) -> dict[str, int]:
    """Bring what this machine sees of a checkpoint to the disk; returns the files with their sizes in bytes."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
    for path in found:
        files.sync(path)
    for part in {path.parent for path in found} | {folder}:
        files.sync(part)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in found}


def seal(folder: Path, sizes: dict[str, int]) -> None:
    """Make a checkpoint count: write the marker with what belongs to it, all of which is on the disk."""
    draft = folder / f".{MARKER}"
    draft.write_text(json.dumps({"step": step_of(folder), "files": sizes}, indent=1), encoding="utf-8")
    files.sync(draft)
    draft.replace(folder / MARKER)
    files.sync(folder)
    files.sync(folder.parent)


def complete(folder: Path) -> bool:
    """Whether the marker is there and every file that it lists has its size."""
    try:
        sizes = json.loads((folder / MARKER).read_text(encoding="utf-8"))["files"]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def newest(root: Path) -> Path | None:
    """The complete checkpoint with the most steps."""
    return next((path for path in reversed(all_in(root)) if complete(path)), None)


def common(root: Path) -> Path | None:
    """The newest that is complete for every rank: a machine may see less of a Volume than another."""
    steps = collectives.gathered({step_of(path) for path in all_in(root) if complete(path)})
    step = max(set.intersection(*steps), default=None)
    return None if step is None else root / f"checkpoint-{step}"


def remove(folder: Path) -> None:
    """Delete a checkpoint, its marker first: what is left of it does not count, and goes with the next attempt.

    Several containers may delete at once, on a disk that they share.
    """
    (folder / MARKER).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def remove_incomplete(root: Path) -> list[str]:
    """Delete what a kill left half-written; returns the names."""
    broken = [path for path in all_in(root) if not complete(path)]
    for path in broken:
        remove(path)
    return [path.name for path in broken]


def beyond(root: Path, count: int) -> list[Path]:
    """All but the newest `count` that were sealed. What other containers wrote of them need not be seen here yet."""
    return [path for path in all_in(root) if (path / MARKER).is_file()][:-count]


class Keeper(TrainerCallback):
    """Saves every `every_s` seconds and after the last step, seals what the Trainer wrote, and keeps the last ones.

    `commit` makes what this container wrote lasting: a Volume's commit. A checkpoint is sealed once every rank has
    written its part and every container has committed it, so that the marker never precedes what it speaks for. `took`
    hears the seconds of each save.
    """

    def __init__(
        self, every_s: float, kept: int, commit: Callable[[], object], took: Callable[[float], object] = lambda _: None
    ) -> None:
        self.every_s, self.kept, self.commit, self.took = every_s, kept, commit, took
        self.saved_at = self.stepped_at = time.monotonic()

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.saved_at = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        due = time.monotonic() - self.saved_at >= self.every_s
        if collectives.agreed(due or state.global_step >= state.max_steps):
            control.should_save = True
        self.stepped_at = time.monotonic()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        control.should_save = False  # the Trainer would save the same step again at the end of an epoch
        root = Path(str(args.output_dir))
        folder = root / f"checkpoint-{state.global_step}"
        collectives.gathered(None)  # every rank has written its part
        sizes: dict[str, int] = {}
        if collectives.leads_node():
            sizes = written(folder)
            if collectives.nodes() > 1:
                self.commit()
        parts = collectives.gathered(sizes)
        old: list[str] = []
        if collectives.leads():
            seal(folder, {name: size for part in parts for name, size in part.items()})
            old = [path.name for path in beyond(root, self.kept)]
        old = collectives.gathered(old)[0]
        if collectives.leads_node():
            for name in old:
                remove(root / name)
            if collectives.leads():
                self.commit()
        self.saved_at = time.monotonic()
        self.took(self.saved_at - self.stepped_at)
