"""The local cache of Hugging Face, where `hf download ORG/NAME config.json` puts a file.

Layout (huggingface_hub 1.x): models--ORG--NAME/refs/BRANCH holds a commit, snapshots/COMMIT/ the files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from .names import Reference

_COMMIT = re.compile(r"[0-9a-f]{40}")


class Snapshot(NamedTuple):
    """The files of a repository at a commit, those that were downloaded."""

    folder: str
    commit: str


def cache_folder() -> str:
    """Return the folder of the cache, from the variables that huggingface_hub reads."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return _expanded(os.environ[name])
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache"), "huggingface"
    )
    return os.path.join(_expanded(home), "hub")


def _expanded(path: str) -> str:
    return os.path.expandvars(os.path.expanduser(path))


def repository_folder(id: str) -> str:
    """Return the folder of a repository in the cache."""
    return os.path.join(cache_folder(), "models--" + id.replace("/", "--"))


def find_snapshot(reference: Reference) -> Snapshot | None:
    """Return the cached files of a repository at a branch, tag or commit; None where there are none."""
    repository = repository_folder(reference.id)
    for commit in _commits(repository, reference.revision or "main"):
        folder = os.path.join(repository, "snapshots", commit)
        if os.path.isdir(folder):
            return Snapshot(folder, commit)
    return None


def _commits(repository: str, revision: str) -> Iterator[str]:
    """Yield the commits that a revision may stand for: itself, what a ref holds, the one that it begins."""
    if _COMMIT.fullmatch(revision):
        yield revision
        return
    try:
        with open(os.path.join(repository, "refs", *revision.split("/")), encoding="utf-8") as file:
            commit = file.read(64).strip()
    except (OSError, ValueError):
        commit = ""
    if _COMMIT.fullmatch(commit):
        yield commit
    elif re.fullmatch(r"[0-9a-f]{7,39}", revision):
        try:
            names = os.listdir(os.path.join(repository, "snapshots"))
        except OSError:
            return
        begun = [name for name in names if name.startswith(revision) and _COMMIT.fullmatch(name)]
        if len(begun) == 1:
            yield begun[0]


def holds_config(path: str) -> bool:
    """Return whether a folder holds the config.json of a model or of an adapter."""
    return any(os.path.isfile(os.path.join(path, name)) for name in ("config.json", "adapter_config.json"))
