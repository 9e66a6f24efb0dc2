"""Where a dataset comes from: this machine, the Volume, or the hub. Loads no library before it must."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..run import files
from ..run.reply import UserError
from ..run.run_dir import MOUNT, volume

if TYPE_CHECKING:
    import datasets

DATASETS = "datasets"  # folder on the Volume
HOME = Path(__file__).parents[2]  # of the project
FORMATS = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv"}


def local_path(name: str) -> Path | None:
    """Return the file or folder of this machine that `name` means, seen from here or from the project's folder.

    None for a dataset on the hub, and for a path on the Volume. FileNotFoundError for a file that is not there.
    """
    for path in (Path(name).expanduser(), HOME / name):
        if path.exists():
            return path
    if name.startswith(f"{MOUNT}/") or not (name.startswith(("/", ".", "~")) or name.endswith(tuple(FORMATS))):
        return None
    raise FileNotFoundError(
        f"there is no file {name}: DATASET is a Hugging Face id, a folder, or a {', '.join(FORMATS)}"
    )


def content_hash(path: Path) -> str:
    """Return twelve hex digits of the bytes of a file, or of all files of a folder with their names."""
    inside = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    names = [str(file.relative_to(path)) for file in inside]
    return files.fingerprint(list(zip(names, files.sha256s(inside), strict=True)))


def upload(name: str) -> str:
    """Return the name of a dataset in containers. One of this machine is brought to the Volume, once."""
    local = local_path(name)
    if local is None:
        return name
    return f"{MOUNT}{files.upload(volume, local, f'/{DATASETS}/{content_hash(local)}')}"


def copy_to_volume(root: Path, name: str, subset: str) -> str:
    """Return the path of a dataset below `root`. One of the hub is copied there, at the commit that it has now."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if name.startswith(str(root)):
        return name
    try:
        commit = HfApi().dataset_info(name).sha
    except (HfHubHTTPError, HFValidationError, OSError):
        load_dataset(name, subset)  # raises what is wrong with it
        raise
    path = root / DATASETS / f"{name.replace('/', '--')}{subset and '--'}{subset}-{str(commit)[:12]}.parquet"
    if not path.is_file():
        rows = load_dataset(name, subset, revision=commit)
        with files.atomic_write(path) as temporary:
            rows.to_parquet(str(temporary))
    return str(path)


def load_dataset(name: str, subset: str = "", revision: str | None = None) -> "datasets.Dataset":
    """Load a file, a folder of files, or a dataset on the hub; its split "train". UserError in one sentence."""
    import datasets
    from datasets.exceptions import DatasetNotFoundError

    path = Path(name).expanduser()
    if path.suffix in FORMATS or path.is_file():
        return load_file(path)
    try:
        return datasets.load_dataset(name, subset or None, split="train", revision=revision)
    except DatasetNotFoundError as error:
        known = ", ".join(FORMATS)
        raise UserError(f"there is no dataset {name!r}: a Hugging Face id, a folder, or a file ({known})") from error
    except ValueError as error:  # no such split or configuration; the text lists those that exist
        raise UserError(f"dataset {name!r}: {' '.join(str(error).split())}") from error
    except ConnectionError as error:
        raise UserError(f"dataset {name!r} is no file here, and the hub cannot be reached") from error


def load_file(path: Path) -> "datasets.Dataset":
    """Load the rows of one JSONL, JSON, Parquet or CSV file."""
    import datasets
    from datasets.exceptions import DatasetGenerationError

    if path.suffix not in FORMATS:
        raise UserError(f"{path.name} is none of {', '.join(FORMATS)}")
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise UserError(f"{path.name} is empty")
    try:
        return datasets.load_dataset(FORMATS[path.suffix], data_files=str(path), split="train")
    except (DatasetGenerationError, ValueError, StopIteration) as error:
        raise UserError(f"{path.name} cannot be read: {broken_line(path) or root_cause(error)}") from error


def broken_line(path: Path) -> str:
    """Return what is wrong with the first line of a JSONL file that is not a JSON object; empty where none is."""
    if path.suffix != ".jsonl":
        return ""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                if line.strip() and not isinstance(json.loads(line), dict):
                    return f"line {number} is no object with columns"
            except json.JSONDecodeError as error:
                return f"line {number} is not JSON ({error.msg})"
    return ""


def root_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split()) or type(error).__name__
