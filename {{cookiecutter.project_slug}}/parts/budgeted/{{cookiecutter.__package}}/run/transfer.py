"""Files from this machine to a Modal Volume and back."""

from collections.abc import Iterator
from pathlib import Path

import modal

from . import files


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


def download(volume: modal.Volume, path: str, to: Path) -> None:
    """Bring a file; `to` is whole or absent. FileNotFoundError where it is not on the Volume."""
    try:
        with files.atomic_write(to) as temporary, open(temporary, "wb") as file:
            for chunk in volume.read_file(path):
                file.write(chunk)
    except modal.exception.NotFoundError as error:
        raise FileNotFoundError(f"{path} is not on the Volume {volume.name}") from error
