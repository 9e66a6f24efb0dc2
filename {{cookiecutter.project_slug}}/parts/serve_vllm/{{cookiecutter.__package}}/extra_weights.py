"""Weights on the Volume beside the model: the LoRA adapters of ADAPTERS, and the draft model of SPECULATIVE."""

import os
import re

from . import plan, storage
from .engine import adapters

HUB_ID = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w.-]+(?:/[\w.-]+)*))?")  # with or without @revision

ADAPTERS: dict[str, str] = getattr(plan, "ADAPTERS", {})  # plan.py has both for text generation
SPECULATIVE: dict[str, object] = getattr(plan, "SPECULATIVE", {})


def split(source: str) -> tuple[str, str]:
    """Return the repository and revision of `org/name@revision`, or a folder and "". ValueError for anything else."""
    text = source if isinstance(source, str) else ""  # plan.py is written by hand
    if storage.is_folder(text) and text.strip("./~"):
        return text, ""
    if not (match := HUB_ID.fullmatch(text)) or ".." in text:
        raise ValueError(
            f"ADAPTERS names {source!r}: write a folder on the Volume, ./my-adapter, or a hub id, org/name@commit"
        )
    return match[1], match[2] or "main"


def fetch(root: str = storage.WEIGHTS, endpoint: str | None = None) -> list[str]:
    """Bring all of it to the Volume and check it against the model there. Return lines to print.

    ValueError for an adapter that cannot be served; FileNotFoundError where one is not there.
    """
    lines = [_fetch_adapter(name, source, root, endpoint) for name, source in ADAPTERS.items()]
    if draft := SPECULATIVE.get("model"):
        lines.append(f"draft model: weights at {storage.fetch(str(draft), _draft_revision(), root, endpoint)}")
    model = storage.located(plan.MODEL, plan.REVISION, root)
    return [*lines, *adapters.summary(adapters.read_all(adapter_folders(root), model), model)]


def _fetch_adapter(name: str, source: str, root: str, endpoint: str | None) -> str:
    repository, revision = split(source)
    if not revision:
        return f"adapter {name} at {storage.folder(repository, revision, root)}"
    path = storage.folder(repository, revision, root)
    done = path / storage.DONE
    if not done.is_file():
        from huggingface_hub import HfApi

        hub = HfApi(endpoint=endpoint, token=os.environ.get("HF_TOKEN"))
        info = hub.model_info(repository, revision=revision)
        files = [file.rfilename for file in info.siblings or []]
        wanted = [adapters.CONFIG, adapters.WEIGHTS]
        if missing := [file for file in wanted if file not in files]:
            raise ValueError(f"{repository} at {revision} is no LoRA adapter, for it holds no {missing[0]}")
        hub.snapshot_download(repository, revision=info.sha, local_dir=path, allow_patterns=wanted)
        done.write_text(f"{info.sha}\n")
    commit = done.read_text().strip()
    pin = "" if revision == commit else f'; pin it in plan.py: "{repository}@{commit}"'
    return f"adapter {name} at {commit}{pin}"


def adapter_folders(root: str = storage.WEIGHTS) -> dict[str, str]:
    """Return name -> folder of the adapters on the Volume. FileNotFoundError names the command that puts one there."""
    return {name: _located(source, root) for name, source in ADAPTERS.items()}


def _located(source: str, root: str) -> str:
    repository, revision = split(source)
    path = storage.folder(repository, revision, root)
    if (path / (storage.DONE if revision else adapters.CONFIG)).is_file():
        return str(path)
    volume = f"{plan.NAME}-weights"
    how = "`make weights`" if revision else f"`modal volume put {volume} LOCAL_FOLDER /{path.name}`"
    raise FileNotFoundError(f"the adapter {source} is not on the Volume {volume}: put it there with {how}")


def speculative(root: str = storage.WEIGHTS) -> dict[str, object]:
    """Return vLLM's speculative configuration, with the draft model as the folder where it lies."""
    draft = SPECULATIVE.get("model")
    if not draft:
        return SPECULATIVE
    rest = {key: value for key, value in SPECULATIVE.items() if key != "revision"}
    return rest | {"model": storage.located(str(draft), _draft_revision(), root)}


def _draft_revision() -> str:
    return str(SPECULATIVE.get("revision", "main"))
