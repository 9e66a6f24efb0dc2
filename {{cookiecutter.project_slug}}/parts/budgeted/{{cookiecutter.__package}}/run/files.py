"""Files that are complete or absent, known by their SHA-256, and their upload to a Modal Volume."""

import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import modal

TEMPORARY = ".tmp"
READERS = 8  # files that are checked at once; hashing leaves Python's lock
ABANDONED_S = 6 * 60 * 60  # a temporary file of that age belongs to a writer that was killed


@contextmanager
def atomic_write(path: Path) -> Generator[Path]:
    """A temporary path to write to, which becomes `path` at the end of the block, or never exists.

    Whatever kills the writer, `path` holds the old content or the new one. Two writers at once: the last one wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{TEMPORARY}")
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)  # the name too is on disk
    finally:
        temporary.unlink(missing_ok=True)


def is_name(text: str) -> bool:
    """Whether a text can be the name of a folder, which is no path, no pattern and not hidden."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]*", text) is not None


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """Hex digest of a file's content, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256s(paths: Sequence[Path]) -> list[str]:
    """The digest of each file; "" for one that is missing. Several are read at once."""

    def one(path: Path) -> str:
        try:
            return sha256(path)
        except FileNotFoundError:
            return ""

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(one, paths))


def fingerprint(value: object) -> str:
    """Twelve hex digits of anything that JSON can carry; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def save(path: Path, value: dict[str, Any]) -> None:
    """Write JSON with its own checksum."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps({**value, "checksum": fingerprint(value)}), encoding="utf-8")


def load(path: Path) -> dict[str, Any] | None:
    """Return what `save` wrote; None where it is missing, cut off or damaged."""
    try:
        return parse(path.read_bytes())
    except OSError:
        return None


def parse(content: bytes) -> dict[str, Any] | None:
    """Return what `save` wrote, from the bytes of its file; None where they are cut off or damaged."""
    try:
        value = json.loads(content)
        checksum = value.pop("checksum")
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return value if checksum == fingerprint(value) else None


def remove_stale_temp(folder: Path) -> None:
    """Remove what killed writers left. A temporary file younger than some hours may still be written."""
    for path in folder.rglob(f".*{TEMPORARY}"):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()
        except FileNotFoundError:  # its writer, or another sweep, was quicker
            continue


def listed(volume: modal.Volume, folder: str) -> Iterator[str]:
    """Paths in a folder of a Volume; nothing where there is none."""
    try:
        yield from (entry.path for entry in volume.listdir(folder))
    except (modal.exception.NotFoundError, FileNotFoundError):
        return


def upload(volume: modal.Volume, local: Path, folder: str) -> str:
    """Bring a file or folder into `folder`, unless that holds something already, and return its path on the Volume."""
    if not any(listed(volume, folder)):
        with volume.batch_upload() as batch:
            send = batch.put_directory if local.is_dir() else batch.put_file
            send(str(local), f"{folder}/{local.name}")
    return f"{folder}/{local.name}"
