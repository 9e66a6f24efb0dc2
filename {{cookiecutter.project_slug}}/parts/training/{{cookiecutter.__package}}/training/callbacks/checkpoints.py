"""Atomic checkpoints.

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

from ...run import files
from .. import collectives

MARKER = "COMPLETE"
NAME = re.compile(r"checkpoint-(\d+)")


def step_of(folder: Path) -> int:
    """Return the optimizer step of a checkpoint; -1 for any other folder."""
    found = NAME.fullmatch(folder.name)
    return int(found[1]) if found and folder.is_dir() else -1


def list_checkpoints(root: Path) -> list[Path]:
    """Every checkpoint below `root`, complete or not, oldest first."""
    return sorted((path for path in root.glob("checkpoint-*") if step_of(path) >= 0), key=step_of)


def sync_files(folder: Path) -> dict[str, int]:
    """Sync this machine's files of a checkpoint to the disk, and return their sizes in bytes."""
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


def is_complete(folder: Path) -> bool:
    """Whether the marker is there and every file that it lists has its size."""
    try:
        sizes = json.loads((folder / MARKER).read_text(encoding="utf-8"))["files"]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def newest(root: Path) -> Path | None:
    """The complete checkpoint with the most steps."""
    return next((path for path in reversed(list_checkpoints(root)) if is_complete(path)), None)


def newest_common(root: Path) -> Path | None:
    """The newest that is complete for every rank: one machine may see less of a Volume than another."""
    steps = collectives.all_gather({step_of(path) for path in list_checkpoints(root) if is_complete(path)})
    step = max(set.intersection(*steps), default=None)
    return None if step is None else root / f"checkpoint-{step}"


def remove(folder: Path) -> None:
    """Delete a checkpoint, its marker first: what a kill leaves of it does not count, and goes with the next attempt.

    Several containers may delete at once, on a disk that they share.
    """
    (folder / MARKER).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def remove_incomplete(root: Path) -> list[str]:
    """Delete what a kill left half-written; returns the names."""
    broken = [path for path in list_checkpoints(root) if not is_complete(path)]
    for path in broken:
        remove(path)
    return [path.name for path in broken]


def expired(root: Path, kept: int) -> list[Path]:
    """All but the newest `kept` that were sealed. What other containers wrote of them need not be seen here yet."""
    return [path for path in list_checkpoints(root) if (path / MARKER).is_file()][:-kept]


class CheckpointCallback(TrainerCallback):
    """Saves every `every_s` seconds and after the last step, seals what the Trainer wrote, and keeps the last `kept`.

    `commit` makes what this container wrote lasting: a Volume's commit. A checkpoint is sealed once every rank has
    written its part and every container has committed it, so that the marker is never there before the files it lists.
    `on_saved` is called with the seconds of each save.
    """

    def __init__(
        self, every_s: float, kept: int, commit: Callable[[], object], on_saved: Callable[[float], object]
    ) -> None:
        self.every_s, self.kept, self.commit, self.on_saved = every_s, kept, commit, on_saved
        self.saved_at = self.stepped_at = time.monotonic()

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.saved_at = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        due = time.monotonic() - self.saved_at >= self.every_s
        if collectives.all_max(due or state.global_step >= state.max_steps):
            control.should_save = True
        self.stepped_at = time.monotonic()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        control.should_save = False  # the Trainer would save the same step again at the end of an epoch
        root = Path(str(args.output_dir))
        folder = root / f"checkpoint-{state.global_step}"
        collectives.all_gather(None)  # every rank has written its part
        sizes: dict[str, int] = {}
        if collectives.is_node_main():
            sizes = sync_files(folder)
            if collectives.node_count() > 1:
                self.commit()
        parts = collectives.all_gather(sizes)
        old: list[str] = []
        if collectives.is_main():
            seal(folder, {name: size for part in parts for name, size in part.items()})
            old = [path.name for path in expired(root, self.kept)]
        old = collectives.all_gather(old)[0]
        if collectives.is_node_main():
            for name in old:
                remove(root / name)
            if collectives.is_main():
                self.commit()
        self.saved_at = time.monotonic()
        self.on_saved(self.saved_at - self.stepped_at)
