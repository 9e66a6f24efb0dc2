"""The container images. Every version is pinned: see requirements/, moved by `make lock`."""

from pathlib import Path

import modal

PYTHON = "3.12"
LOCKS = Path(__file__).parent.parent / "requirements"

_slim = modal.Image.debian_slim(python_version=PYTHON)

TRAIN = _slim.uv_pip_install(requirements=[str(LOCKS / "image.txt")]).env(
    {
        "HF_DATASETS_CACHE": "/root/datasets",  # tokenized rows are of no use to the next container
        "HF_HUB_DISABLE_TELEMETRY": "1",  # TRL reports each trainer that is made
        "TORCHINDUCTOR_CACHE_DIR": "/root/.cache/torchinductor",  # what is compiled stays on the cache Volume
        "TRITON_CACHE_DIR": "/root/.cache/triton",
    }
)

FETCH = _slim.uv_pip_install(requirements=[str(LOCKS / "fetch.txt")], extra_options="--require-hashes").env(
    {"HF_XET_HIGH_PERFORMANCE": "1"}
)
