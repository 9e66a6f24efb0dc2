"""The container images. Every version is pinned: see requirements/, moved by `make lock`."""

from pathlib import Path

import modal

from . import hardware

PYTHON = "3.12"
# DeepSpeed compiles its optimizer for offloading with nvcc's files
CUDA = "nvidia/cuda:13.0.2-devel-ubuntu24.04@sha256:5dc1bca23d05bd37b011be68ec470c03b403a5da07ec3a86e41af9470e9d0cc6"
# g++ compiles it; the others let NCCL use RDMA (Modal's guide to clusters and its multi-node examples)
APT = ("g++", "libibverbs1", "libhwloc15", "libnl-route-3-200")
DEEPSPEED = "deepspeed==0.19.8"  # no wheel; its setup imports torch
LOCKS = Path(__file__).parent.parent / "requirements"

_slim = modal.Image.debian_slim(python_version=PYTHON)
_cuda = modal.Image.from_registry(CUDA, add_python=PYTHON).entrypoint([])

TRAIN = (
    (_cuda if hardware.GPUS else _slim)
    .apt_install(*APT)
    .uv_pip_install(requirements=[str(LOCKS / "image.txt")])
    .uv_pip_install(DEEPSPEED, extra_options="--no-build-isolation --no-deps")  # what it needs is in the lock
    .env(
        {
            "HF_DATASETS_CACHE": "/root/datasets",  # tokenized rows are of no use to the next container
            "HF_HUB_DISABLE_TELEMETRY": "1",  # TRL reports each trainer that is made
            "TORCHINDUCTOR_CACHE_DIR": "/root/.cache/torchinductor",  # what is compiled stays on the cache Volume
            "TRITON_CACHE_DIR": "/root/.cache/triton",
        }
    )
)

FETCH = _slim.uv_pip_install(requirements=[str(LOCKS / "fetch.txt")], extra_options="--require-hashes").env(
    {"HF_XET_HIGH_PERFORMANCE": "1"}
)
