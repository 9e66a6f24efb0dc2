"""The machine: its card, and which libraries are there in which version."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .configurations import Configuration

ROOT = Path(__file__).resolve().parents[2]
GIB = 2**30
PACKAGES = {  # module -> its name on the package index
    "torch": "torch",
    "transformers": "transformers",
    "tokenizers": "tokenizers",
    "accelerate": "accelerate",
    "safetensors": "safetensors",
    "peft": "peft",
    "trl": "trl",
    "datasets": "datasets",
    "bitsandbytes": "bitsandbytes",
    "flash_attn": "flash-attn",
    "kernels": "kernels",
    "triton": "triton",
    "vllm": "vllm",
    "modal": "modal",
    "prometheus_client": "prometheus-client",
    "pyarrow": "pyarrow",
    "psutil": "psutil",
    "pynvml": "nvidia-ml-py",
}


@dataclass(frozen=True)
class Card:
    """An NVIDIA card as the driver names it."""

    name: str
    driver: str
    total_gib: float
    compute_capability: str


def card() -> Card | None:
    """The first card; None where there is no driver. Starts no CUDA."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
        return Card(
            pynvml.nvmlDeviceGetName(handle),
            pynvml.nvmlSystemGetDriverVersion(),
            pynvml.nvmlDeviceGetMemoryInfo(handle).total / GIB,
            f"{major}.{minor}",
        )
    finally:
        pynvml.nvmlShutdown()


def installed(python: str) -> dict[str, str]:
    """Version by name on the package index, of what that Python holds of PACKAGES; and Python's own."""
    done = subprocess.run([python, "-m", __name__], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def missing(configurations: Iterable[Configuration], versions: dict[str, str]) -> dict[str, str]:
    """id -> why it is left out where only `versions` are there: "needs trl, which is not installed"."""
    absent = {module for module, package in PACKAGES.items() if package not in versions}
    found = {}
    for one in configurations:
        names = [PACKAGES[module] for module in ("torch", "transformers", *one.needs) if module in absent]
        if names:
            found[one.id] = f"needs {' and '.join(names)}, which {'is' if len(names) == 1 else 'are'} not installed"
    return found


def versions() -> dict[str, str]:
    """Those of this process."""
    found, distributions = {"python": platform.python_version()}, metadata.packages_distributions()
    for module, package in PACKAGES.items():
        names = [package, *distributions.get(module, [])]  # vLLM for CPUs has another name
        for name in names:
            with suppress(metadata.PackageNotFoundError):
                found.setdefault(package, metadata.version(name))
    return found


if __name__ == "__main__":
    print(json.dumps(versions()))
