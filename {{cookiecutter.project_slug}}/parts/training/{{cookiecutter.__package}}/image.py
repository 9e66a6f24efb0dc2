"""The container images. Every version is pinned: see requirements/, moved by `make lock`."""

from pathlib import Path

import modal

from . import hardware
from .run import launcher

PYTHON = "3.12"
LOCKS = Path(__file__).parent.parent / "requirements"

_slim = modal.Image.debian_slim(python_version=PYTHON)
_cuda = modal.Image.from_registry(launcher.CUDA_IMAGE, add_python=PYTHON).entrypoint([]) if launcher.CUDA_IMAGE else _slim

TRAIN = (
    (_cuda if hardware.GPUS else _slim)
    .apt_install(*launcher.PACKAGES)
    .uv_pip_install(requirements=[str(LOCKS / "image.txt")])
    .uv_pip_install(*launcher.BUILT, extra_options="--no-build-isolation --no-deps")  # what they need is in the lock
    .env(
        {
            "HF_DATASETS_CACHE": "/root/datasets",  # tokenized rows are of no use to the next container
            "HF_HUB_DISABLE_TELEMETRY": "1",  # TRL reports each trainer that is made
            "TORCHINDUCTOR_CACHE_DIR": "/root/.cache/torchinductor",  # what is compiled stays on the cache Volume
            "TRITON_CACHE_DIR": "/root/.cache/triton",
        }
    )
)

FETCH = _slim.uv_pip_install(requirements=[str(LOCKS / "fetch.txt")]).env({"HF_XET_HIGH_PERFORMANCE": "1"})
