"""The Volumes of the weights and of compiled kernels, the Secrets, and the download of the weights."""

import json
import os
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import modal

from . import plan

WEIGHTS = "/weights"  # mount path
CACHE = "/root/.cache"  # mount path; torch.compile, Triton and vLLM keep what they compiled below it

weights = modal.Volume.from_name(f"{plan.NAME}-weights", create_if_missing=True)
cache = modal.Volume.from_name(f"{plan.NAME}-cache", create_if_missing=True)
secrets = [modal.Secret.from_name(name) for name in plan.SECRETS]

# Serving containers never download: a missing weight is an error, not an hour of GPU time
OFFLINE: dict[str, str | None] = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

SMALL = ("*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken")  # all but the weights; no pickles, no code
TWICE = ("consolidated*.safetensors", "original/*", "metal/*")  # the same weights in other programs' layouts
# What huggingface_hub.snapshot_download takes of a model
MODEL_FILES: dict[str, Any] = {"allow_patterns": ["*.safetensors", *SMALL], "ignore_patterns": list(TWICE)}
INDEX = "model.safetensors.index.json"  # tensor -> file, of weights in several files
TOKENIZERS = {"tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model"}  # that transformers reads
DONE = ".commit"  # written last, holds the commit that was fetched


def is_folder(model: str) -> bool:
    """Whether MODEL names a local folder, which is put on the Volume by hand, and not a model on the hub."""
    return model.startswith(("/", ".", "~"))


def folder(model: str, revision: str, root: str = WEIGHTS) -> Path:
    """The path of a model on the Volume: `root/org/name/revision`, or `root/name` for a local folder."""
    return Path(root, Path(model).name) if is_folder(model) else Path(root, model, revision)


def located(model: str, revision: str, root: str = WEIGHTS) -> str:
    """Return the folder of a model that is on the Volume. FileNotFoundError names the command that puts it there."""
    path = folder(model, revision, root)
    if (path / ("config.json" if is_folder(model) else DONE)).is_file():
        return str(path)
    volume = f"{plan.NAME}-weights"
    how = f"`modal volume put {volume} LOCAL_FOLDER /{path.name}`" if is_folder(model) else "`make weights`"
    raise FileNotFoundError(f"{model} is not on the Volume {volume}: put it there with {how}")


def fetch(model: str, revision: str, root: str = WEIGHTS, endpoint: str | None = None) -> str:
    """Download the safetensors of `model` at `revision` below `root`, once, and return the commit.

    A later call returns at once; an interrupted one goes on where it stopped. For a local folder, return its path on
    the Volume. ValueError where the repository holds no whole model in safetensors. `endpoint` is another hub.
    """
    path = folder(model, revision, root)
    if is_folder(model):
        return located(model, revision, root)
    if (path / DONE).is_file():
        return (path / DONE).read_text().strip()

    from huggingface_hub import HfApi

    hub = HfApi(endpoint=endpoint, token=os.environ.get("HF_TOKEN"))
    info = hub.model_info(model, revision=revision)
    files = [file.rfilename for file in info.siblings or []]
    if not info.sha or "config.json" not in files:
        what = "is an adapter: merge it into its base" if "adapter_config.json" in files else "has no config.json"
        raise ValueError(f"{model} at {revision} {what}, and only whole models are loaded; take another MODEL")
    download = partial(hub.snapshot_download, model, revision=info.sha, local_dir=path)
    download(allow_patterns=list(SMALL), ignore_patterns=list(TWICE))
    check_tokenizer(model, files, path)
    download(allow_patterns=weight_files(model, files, path))
    (path / DONE).write_text(info.sha + "\n")
    return info.sha


def check_tokenizer(model: str, files: list[str], path: Path) -> None:
    """Raise ValueError where a repository's tokenizer is Python code of its own, which is not run here."""
    config = path / "tokenizer_config.json"
    if TOKENIZERS.isdisjoint(files) and config.is_file() and json.loads(config.read_text()).get("auto_map"):
        raise ValueError(
            f"{model} has a tokenizer that is code of its own, and no tokenizer.json; take a folder of its files with "
            "a tokenizer.json, and without auto_map in tokenizer_config.json"
        )


def weight_files(model: str, files: list[str], path: Path) -> list[str]:
    """Return which of a repository's files hold its weights, each weight once; the small ones are in `path` already.

    They are those that the index lists, or model.safetensors, or all in the top folder; and those of the folders that
    modules.json lists (sentence-transformers). ValueError where there are none, or one is missing.
    """
    top = [name for name in files if name.endswith(".safetensors") and "/" not in name]
    whole = [name for name in top if not fnmatch(name, TWICE[0])]
    if INDEX in files:
        found = sorted(set(json.loads((path / INDEX).read_text())["weight_map"].values()))
    else:
        found = ["model.safetensors"] if "model.safetensors" in top else whole
    missing = [name for name in found if name not in files]
    if missing:
        raise ValueError(f"{model} lacks {missing[0]}, which its {INDEX} lists; take another REVISION")
    if not found:
        kind = "safetensors of Mistral's own layout only" if top else "no safetensors"
        raise ValueError(f"{model} holds {kind}, and nothing else is loaded; take another MODEL")
    parts = json.loads((path / "modules.json").read_text()) if "modules.json" in files else []
    folders = tuple(f"{part['path']}/" for part in parts if part.get("path"))
    return [*found, *(name for name in files if name.endswith(".safetensors") and name.startswith(folders or "/"))]


def pin(revision: str, commit: str) -> str:
    """The message after a fetch: the commit, and the line for plan.py where it is not pinned there."""
    if revision == commit or commit.startswith("/"):
        return f"weights at {commit}"
    return f'weights at {commit}; pin them in plan.py: REVISION = "{commit}"'
