"""The container images. Every version is pinned: see requirements/, moved by `make lock`."""

from pathlib import Path

import modal

PYTHON = "3.12"
LOCKS = Path(__file__).parent.parent / "requirements"

BATCH = (
    modal.Image.debian_slim(python_version=PYTHON)  # torch's wheels bring CUDA along, and run without it on a CPU
    .uv_pip_install(requirements=[str(LOCKS / "image.txt")])
    .env({"TORCHINDUCTOR_CACHE_DIR": "/root/.cache/torchinductor"})
)

DATA = (
    modal.Image.debian_slim(python_version=PYTHON)
    .uv_pip_install(requirements=[str(LOCKS / "data.txt")], extra_options="--require-hashes")
    .env({"HF_XET_HIGH_PERFORMANCE": "1"})
)
