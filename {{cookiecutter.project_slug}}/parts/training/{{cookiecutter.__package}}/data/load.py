"""The Volume of datasets and runs: where it is mounted, and how a dataset of this machine gets there."""

from pathlib import Path

import modal

from .. import plan
from ..run import files, transfer
from ..run.run_dir import Run

MOUNT = "/training"  # in every container
TARGET = "/target"  # where `merge --into` mounts the weights of another project
DATASETS = "datasets"
HOME = Path(__file__).parent.parent
SUFFIXES = (".jsonl", ".json", ".parquet", ".csv")

NAME = f"{plan.NAME}-runs"

runs = modal.Volume.from_name(NAME, create_if_missing=True, version=2)


def run(name: str) -> Run:
    """A run as a container sees it."""
    return Run(Path(MOUNT), name, volume=NAME)


def here(name: str) -> Path | None:
    """The file or folder of this machine that a dataset's name means, as seen from here or from the project's folder.

    None for a dataset on the hub, and for one that is named by its place on the Volume. FileNotFoundError for a file
    that is not there.
    """
    for path in (Path(name).expanduser(), HOME / name):
        if path.exists():
            return path
    if name.startswith(f"{MOUNT}/") or not (name.startswith(("/", ".", "~")) or name.endswith(SUFFIXES)):
        return None
    raise FileNotFoundError(
        f"there is no file {name}: DATASET is a Hugging Face id, a folder, or a {', '.join(SUFFIXES)}"
    )


def content(path: Path) -> str:
    """Twelve hex digits of the bytes of a file, or of all files of a folder with their names."""
    inside = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    names = [str(file.relative_to(path)) for file in inside]
    return files.fingerprint(list(zip(names, files.sha256s(inside), strict=True)))


def upload(name: str) -> str:
    """How containers name a dataset: one of this machine is brought to the Volume, once; any other keeps its name."""
    local = here(name)
    if local is None:
        return name
    return f"{MOUNT}{transfer.upload(runs, local, f'/{DATASETS}/{content(local)}')}"


def weights_of(project: str) -> modal.Volume:
    """The Volume from which another project of this template serves."""
    return modal.Volume.from_name(f"{project}-weights", create_if_missing=True)
