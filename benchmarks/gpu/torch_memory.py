"""The figures of torch's allocator."""

from __future__ import annotations

from typing import Any

GIB = 2**30
STATS = (
    "allocated_bytes.all.peak",
    "active_bytes.all.peak",
    "reserved_bytes.all.peak",
    "inactive_split_bytes.all.peak",
)


def peaks(on_gpu: bool) -> dict[str, Any]:
    """`max_memory_allocated` and `max_memory_reserved` in GiB, and `memory_stats` of the same moment."""
    if not on_gpu:
        return {"allocated_gib": None, "reserved_gib": None, "memory_stats": {}}
    import torch

    stats = torch.cuda.memory_stats()
    return {
        "allocated_gib": torch.cuda.max_memory_allocated() / GIB,
        "reserved_gib": torch.cuda.max_memory_reserved() / GIB,
        "memory_stats": {name: stats[name] / GIB for name in STATS} | {"num_alloc_retries": stats["num_alloc_retries"]},
    }


def reset(on_gpu: bool) -> None:
    """Forget the peak of loading. What the allocator keeps for later stays reserved, as it does in a container."""
    if on_gpu:
        import torch

        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
