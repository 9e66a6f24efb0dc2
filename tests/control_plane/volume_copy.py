"""A container's private copy of a Volume: what it writes is seen by others after a commit, theirs after a reload."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

Mark = tuple[int, int]  # size and time of the last change, which a copy keeps


def file_marks(root: Path) -> dict[str, Mark]:
    """Every file below a folder, by its relative path. One that goes away meanwhile is left out."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            found[str(path.relative_to(root))] = (status.st_size, status.st_mtime_ns)
    return found


def copy_file(source: Path, target: Path) -> None:
    """Replace `target` at once, so that no reader sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.copy2(source, partial, follow_symlinks=False)
    except FileNotFoundError:  # removed meanwhile
        return
    partial.replace(target)


class VolumeCopy:
    """`committed` is the Volume's own folder, which all copies of it share under `lock`."""

    def __init__(self, committed: Path, folder: Path, lock: threading.Lock) -> None:
        self.committed, self.folder, self.lock = committed, folder, lock
        self.seen: dict[str, Mark] = {}  # files as of the last commit or reload
        folder.mkdir(parents=True)
        self.reload()

    def commit(self) -> None:
        """Publish what this container changed since it last looked; the last writer of a file wins."""
        with self.lock:
            now = file_marks(self.folder)
            for name, mark in now.items():
                if self.seen.get(name) != mark:
                    copy_file(self.folder / name, self.committed / name)
            for name in self.seen.keys() - now.keys():
                (self.committed / name).unlink(missing_ok=True)
            self.seen = now

    def reload(self) -> None:
        """Bring in what others have committed; what this container has not committed stays."""
        with self.lock:
            committed = file_marks(self.committed)
            for name, mark in committed.items():
                if self.seen.get(name) != mark:
                    copy_file(self.committed / name, self.folder / name)
            for name in self.seen.keys() - committed.keys():
                (self.folder / name).unlink(missing_ok=True)
            self.seen = committed
