"""The GPUs that Modal offers: price, memory, speed, number formats and attention kernels.

Prices: Modal's pricing page, read on the date below; `modal billing rates` of 2026-09-29 agrees where both list a
card. GiB: what CUDA reports as total, read from engine start-up logs. B300's memory and RTX-PRO-6000's FLOP/s are
vendors' figures nobody has logged (prior). Bandwidth and FLOP/s: NVIDIA's datasheets, dense. Attention kernels: the
compute capability each kernel's README asks for.
"""

from __future__ import annotations

from ..schema import Gpu, Refusal

PRICES_DATE = "2026-09-25"
CPU_USD_PER_CORE_HOUR = 0.0000131 * 3600  # physical core, max(requested, used)
MEMORY_USD_PER_GIB_HOUR = 0.00000222 * 3600

# GPUs that no source of estimate/inference_speed.py has measured: their datasheets are all there is (prior).
UNMEASURED = frozenset({"T4", "L4", "L40S"})

MAX_NODES = 32  # of one cluster (Modal's guide)
FA2 = ("sdpa", "flash_attention_2")
FA3 = ("sdpa", "flash_attention_2", "flash_attention_3")
FA4 = ("sdpa", "flash_attention_2", "flash_attention_4")

# fmt: off
#   name            USD/h   GiB    max  cc    TB/s    TFLOPS  link GB/s, NVLink  bf16   fp8    fp4    attention
_TABLE = (
    ("T4",           0.59,  14.56, 8,   7.5,  0.32,   65,     16,  False,        False, False, False, ("sdpa",)),
    ("L4",           0.80,  22.03, 8,   8.9,  0.30,   121,    32,  False,        True,  True,  False, FA2),
    ("A10",          1.10,  22.06, 4,   8.6,  0.60,   125,    32,  False,        True,  False, False, FA2),
    ("L40S",         1.95,  44.40, 8,   8.9,  0.864,  362,    32,  False,        True,  True,  False, FA2),
    ("A100-40GB",    2.10,  39.50, 8,   8.0,  1.56,   312,    600, True,         True,  False, False, FA2),
    ("A100-80GB",    2.50,  79.20, 8,   8.0,  2.04,   312,    600, True,         True,  False, False, FA2),
    ("RTX-PRO-6000", 3.03,  94.97, 1,   12.0, 1.60,   500,    64,  False,        True,  True,  True,  FA2),
    ("H100",         3.95,  79.20, 8,   9.0,  3.35,   989,    900, True,         True,  True,  False, FA3),
    ("H200",         4.54, 139.80, 8,   9.0,  4.80,   989,    900, True,         True,  True,  False, FA3),
    ("B200",         6.25, 178.40, 8,   10.0, 8.00,   2250,   1800, True,        True,  True,  True,  FA4),
    ("B300",         7.10, 268.00, 8,   10.3, 8.00,   2250,   1800, True,        True,  True,  True,  FA4),
)
# fmt: on

GPUS: dict[str, Gpu] = {
    name: Gpu(name, usd, gib, most, cc, tb * 1e12, tflops * 1e12, link * 1e9, nvlink, bf16, fp8, fp4, attention)
    for name, usd, gib, most, cc, tb, tflops, link, nvlink, bf16, fp8, fp4, attention in _TABLE
}

# Other names, and the GPU that a program must be planned for: Modal may hand out a larger one, never a smaller.
ALIASES = {"A10G": "A10", "A100": "A100-40GB", "A100-40": "A100-40GB", "A100-80": "A100-80GB"}
ALIASES |= {"H100!": "H100", "B200+": "B200", "RTX6000": "RTX-PRO-6000"}


def find_gpu(name: str) -> Gpu:
    """Return the GPU of that name, in any case, by Modal's spelling or an old one. Refusal names the ones there are."""
    upper = name.strip().upper()
    gpu = GPUS.get(ALIASES.get(upper, upper))
    if gpu is None:
        raise Refusal(f"Modal has no GPU {name[:40]!r}; take one of {', '.join(GPUS)}, or auto")
    return gpu


def check_count(gpu: Gpu, count: int) -> None:
    """Raise Refusal where a container cannot hold so many."""
    most = gpu.max_count
    if not 1 <= count <= most:
        raise Refusal(f"one container holds at most {most} {gpu.name}, not {count}; take {gpu_string(gpu, most)}")


def clusters(gpu: Gpu) -> bool:
    """Whether nodes of 8 such cards reach each other over RDMA: Hopper and newer (Modal's guide)."""
    return gpu.compute_capability >= 9 and gpu.nvlink and gpu.max_count == 8


def check_cluster(gpu: Gpu | None, count: int) -> None:
    """Raise Refusal where so many GPUs, more than a container holds, are not whole nodes with RDMA between them."""
    if count % 8 or count > 8 * MAX_NODES:
        raise Refusal(f"nodes have 8 GPUs each, so take 2 to 8, 16, 24 and so on to {8 * MAX_NODES}, not {count}")
    if gpu and not clusters(gpu):
        able = ", ".join(card.name for card in GPUS.values() if clusters(card))
        raise Refusal(f"nodes of {gpu.name} have no RDMA between them; take one of {able}, or at most {gpu.max_count}")


def gpu_string(gpu: Gpu, count: int) -> str:
    """Return the value of Modal's `gpu=`: "L40S", "H100:2"."""
    return gpu.name if count == 1 else f"{gpu.name}:{count}"


def host_price(cores: float, gib: float) -> float:
    """Return the USD per hour of CPU cores and main memory beside the GPUs."""
    return cores * CPU_USD_PER_CORE_HOUR + gib * MEMORY_USD_PER_GIB_HOUR
