"""The Volume of inputs and results, and the bucket of inputs: their mounts, and the way of files there and back."""

from pathlib import Path, PurePosixPath

import modal

from .. import plan
from ..input import readers
from ..input.prompts import DataError
from ..input.readers import Source
from . import files

MOUNT = "/results"  # in every container
BUCKET = "/bucket"  # in those that read an input
UPLOADS = "uploads"

results = modal.Volume.from_name(f"{plan.NAME}-results", create_if_missing=True, version=2)


def bucket(address: str, secret: str) -> modal.CloudBucketMount:
    """A bucket, to be read only: `name` of S3, or `https://endpoint/name` of another store with S3's interface."""
    endpoint, _, name = address.rpartition("/")
    keys = modal.Secret.from_name(secret) if secret else None
    return modal.CloudBucketMount(name, bucket_endpoint_url=endpoint or None, secret=keys, read_only=True)


# What a function that reads an input mounts
inputs: dict[str | PurePosixPath, modal.Volume | modal.CloudBucketMount] = {MOUNT: results}
if plan.BUCKET:
    inputs[BUCKET] = bucket(plan.BUCKET, plan.BUCKET_SECRET)


def in_container(path: str) -> bool:
    """Whether an input is named by its place in a container: on this Volume, or in the bucket. DataError for none."""
    if path.startswith((f"{BUCKET}/", f"{MOUNT}/")) and ".." in PurePosixPath(path).parts:
        raise DataError(f"{path} leads out of its folder: write the path without ..")
    if path.startswith(f"{BUCKET}/") and not plan.BUCKET:
        raise DataError(f"{path} is in no bucket: set BUCKET in plan.py")
    return path.startswith((f"{BUCKET}/", f"{MOUNT}/"))


def upload(source: Source) -> Source:
    """Upload a local file or folder, once for the same bytes. Returns its place there; any other source as it is."""
    if in_container(source.path) or not readers.is_local(source):
        return source
    readers.paths(source)  # raises what is wrong with it before anything is sent
    folder = f"/{UPLOADS}/{readers.content(source)}"
    return Source(f"{MOUNT}{files.upload(results, Path(source.path).expanduser(), folder)}", source.split)


def download(path: str, to: Path) -> None:
    """Bring a file from the Volume; `to` is complete or absent. DataError where it is not there."""
    try:
        with files.atomic_write(to) as temporary, open(temporary, "wb") as file:
            for chunk in results.read_file(path):
                file.write(chunk)
    except modal.exception.NotFoundError as error:
        raise DataError(f"{path} is not on the Volume {results.name}") from error
