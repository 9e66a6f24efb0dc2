"""The Volumes of the weights and of compiled kernels, the Secrets, and the download of the weights."""

import os
from pathlib import Path

import modal

from . import plan

WEIGHTS = "/weights"  # mount path
CACHE = "/root/.cache"  # mount path; torch.compile, Triton and vLLM keep what they compiled below it

weights = modal.Volume.from_name(f"{plan.NAME}-weights", create_if_missing=True)
cache = modal.Volume.from_name(f"{plan.NAME}-cache", create_if_missing=True)
secrets = [modal.Secret.from_name(name) for name in plan.SECRETS]

# Serving containers never download: a missing weight is an error, not an hour of GPU time
OFFLINE: dict[str, str | None] = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

FILES = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken")  # no pickles, no code
DONE = ".commit"  # written last, holds the commit that was fetched


def is_folder(model: str) -> bool:
    """Whether MODEL names a local folder, which is put on the Volume by hand, and not a model on the hub."""
    return model.startswith(("/", ".", "~"))


def folder(model: str, revision: str, root: str = WEIGHTS) -> Path:
    """The path of a model on the Volume: `root/org/name/revision`, or `root/name` for a local folder."""
    return Path(root, Path(model).name) if is_folder(model) else Path(root, model, revision)


def located(model: str, revision: str, root: str = WEIGHTS) -> str:
    """Return the folder of a model that is on the Volume. FileNotFoundError says how to put it there."""
    path = folder(model, revision, root)
    if (path / ("config.json" if is_folder(model) else DONE)).is_file():
        return str(path)
    volume = f"{plan.NAME}-weights"
    how = f"`modal volume put {volume} LOCAL_FOLDER /{path.name}`" if is_folder(model) else "`make weights`"
    raise FileNotFoundError(f"{model} is not on the Volume {volume}: put it there with {how}")


def fetch(model: str, revision: str, root: str = WEIGHTS, endpoint: str | None = None) -> str:
    """Download the safetensors of `model` at `revision` below `root`, once, and return the commit.

    A later call returns at once; an interrupted one goes on where it stopped. For a local folder, return its path on
    the Volume. ValueError where the repository holds no safetensors. `endpoint` is another hub.
    """
    path = folder(model, revision, root)
    if is_folder(model):
        return located(model, revision, root)
    if (path / DONE).is_file():
        return (path / DONE).read_text().strip()

    from huggingface_hub import HfApi

    hub = HfApi(endpoint=endpoint, token=os.environ.get("HF_TOKEN"))
    info = hub.model_info(model, revision=revision)
    if not info.sha or not any(file.rfilename.endswith(".safetensors") for file in info.siblings or []):
        raise ValueError(f"{model} at {revision} holds no safetensors, and nothing else is loaded; take another MODEL")
    hub.snapshot_download(model, revision=info.sha, local_dir=path, allow_patterns=list(FILES))
    (path / DONE).write_text(info.sha + "\n")
    return info.sha


def pin(revision: str, commit: str) -> str:
    """The message after a fetch: the commit, and the line for plan.py where it is not pinned there."""
    if revision == commit or commit.startswith("/"):
        return f"weights at {commit}"
    return f'weights at {commit}; pin them in plan.py: REVISION = "{commit}"'
