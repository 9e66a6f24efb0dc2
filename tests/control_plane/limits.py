"""Limits that Modal checks and its client does not: GPUs, timeouts and sizes of clusters.

Source: https://modal.com/docs/guide, read in September 2026.
"""

from __future__ import annotations

from modal_proto import api_pb2

# GPUs per container at most; the guide names no maximum for RTX-PRO-6000
MAX_GPUS = {
    "T4": 8, "L4": 8, "A10": 4, "A10G": 4, "L40S": 8, "A100": 8, "A100-40GB": 8, "A100-80GB": 8, "RTX-PRO-6000": 8,
    "H100": 8, "H100!": 8, "H200": 8, "B200": 8, "B200+": 8, "B300": 8,
}  # fmt: skip
MAX_TIMEOUT_S = 24 * 3600
MAX_CLUSTER_GPUS = 64


def gpu_problem(gpu: api_pb2.GPUConfig) -> str:
    """A sentence, or "" where the GPU is one that Modal has."""
    if not gpu.count and not gpu.gpu_type:
        return ""
    if gpu.gpu_type not in MAX_GPUS:
        return f"GPU type {gpu.gpu_type!r} is not one that Modal lists"
    if not 1 <= gpu.count <= MAX_GPUS[gpu.gpu_type]:
        return f"{gpu.count} x {gpu.gpu_type} is outside 1..{MAX_GPUS[gpu.gpu_type]} GPUs per container"
    return ""


def function_problems(function: api_pb2.Function) -> list[str]:
    """A sentence for each setting of a function that Modal refuses."""
    gpu = function.resources.gpu_config
    found = [gpu_problem(gpu)]
    if not function.is_server and not 1 <= function.timeout_secs <= MAX_TIMEOUT_S:
        found.append(f"timeout {function.timeout_secs} s is outside 1 second .. 24 hours")
    if (cluster_gpus := function._experimental_group_size * gpu.count) > MAX_CLUSTER_GPUS:
        found.append(f"a cluster of {cluster_gpus} GPUs; {MAX_CLUSTER_GPUS} are allowed")
    if function.resources.rdma and not function._experimental_group_size:
        found.append("rdma without a cluster")
    return [problem for problem in found if problem]
