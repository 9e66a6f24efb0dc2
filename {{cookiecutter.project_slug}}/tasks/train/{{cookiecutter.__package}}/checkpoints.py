"""Checkpoints that are whole or not there.

A checkpoint counts once its marker lies in it: the last file written, after all others have reached the disk. It lists
them with their sizes, so that a folder that was copied or removed half-way is seen for what it is.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

MARKER = "COMPLETE"
NAME = re.compile(r"checkpoint-(\d+)")


def step_of(folder: Path) -> int:
    """The optimizer step of a checkpoint; -1 for any other folder."""
    found = NAME.fullmatch(folder.name)
    return int(found[1]) if found and folder.is_dir() else -1


def all_in(root: Path) -> list[Path]:
    """Every checkpoint below `root`, complete or not, oldest first."""
    return sorted((path for path in root.glob("checkpoint-*") if step_of(path) >= 0), key=step_of)


def seal(folder: Path) -> None:
    """Make a checkpoint count: bring its files to the disk, then write the marker."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
    for path in files:
        sync(path)
    for part in {path.parent for path in files} | {folder}:
        sync(part)
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    draft = folder / f".{MARKER}"
    draft.write_text(json.dumps({"step": step_of(folder), "files": sizes}, indent=1), encoding="utf-8")
    sync(draft)
    draft.replace(folder / MARKER)
    sync(folder)
    sync(folder.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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


def remove(folder: Path) -> None:
    """Delete a checkpoint, its marker first: what a kill leaves of it does not count."""
    (folder / MARKER).unlink(missing_ok=True)
    shutil.rmtree(folder)


def remove_incomplete(root: Path) -> list[str]:
    """Delete what a kill left half-written; returns the names."""
    broken = [path for path in all_in(root) if not complete(path)]
    for path in broken:
        remove(path)
    return [path.name for path in broken]


def keep_last(root: Path, count: int) -> None:
    """Delete all but the newest `count` complete checkpoints."""
    for path in [path for path in all_in(root) if complete(path)][:-count]:
        remove(path)


class Keeper(TrainerCallback):
    """Saves every `every_s` seconds and after the last step, seals what the Trainer wrote, and keeps the last ones.

    `commit` is called when a checkpoint counts: a Volume's commit. `agree` makes one decision of those of all ranks.
    """

    def __init__(
        self, every_s: float, kept: int, commit: Callable[[], object], agree: Callable[[bool], bool] = bool
    ) -> None:
        self.every_s, self.kept, self.commit, self.agree = every_s, kept, commit, agree
        self.saved_at = time.monotonic()

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.saved_at = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        due = time.monotonic() - self.saved_at >= self.every_s
        if self.agree(due or state.global_step >= state.max_steps):
            control.should_save = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        control.should_save = False  # the Trainer would save the same step again at the end of an epoch
        PartialState().wait_for_everyone()  # every rank has written its part
        if state.is_world_process_zero:
            root = Path(str(args.output_dir))
            seal(root / f"checkpoint-{state.global_step}")
            keep_last(root, self.kept)
            self.commit()
        self.saved_at = time.monotonic()
