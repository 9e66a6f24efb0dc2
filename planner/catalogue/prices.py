"""Compare the prices that `modal billing rates --json` prints with those in gpus.py."""

from __future__ import annotations

from typing import Any

from ..schema import Refusal
from .gpus import CPU_USD_PER_CORE_HOUR, GPUS, MEMORY_USD_PER_GIB_HOUR, PRICES_DATE

GPU_KEY = "gpu_hour_cost_"  # and the GPU in Modal's billing spelling, a decimal as text: "3.95000"
BILLING_NAMES = {"A10": "a10g", "RTX-PRO-6000": "rtx6000"}
HOST_PRICES = {"cpu_hour_cost": CPU_USD_PER_CORE_HOUR, "mem_gib_hour_cost": MEMORY_USD_PER_GIB_HOUR}
SMALL = 0.005  # relative: rates are printed rounded


def price_changes(rates: Any) -> list[str]:
    """Return the differences from the planner's prices, a sentence each. Refusal where `rates` is no billing report."""
    if not isinstance(rates, dict) or not any(str(key).startswith(GPU_KEY) for key in rates):
        raise Refusal("no GPU rates in there; give the output of: modal billing rates --json")
    known = {GPU_KEY + billing_name(gpu.name): (gpu.name, gpu.usd_per_hour) for gpu in GPUS.values()}
    known |= {key: (key, usd) for key, usd in HOST_PRICES.items()}
    lines = []
    for key, (name, usd) in known.items():
        if key not in rates:
            lines.append(f"{name}: Modal names no rate; the planner has ${usd:.4g} of {PRICES_DATE}")
        elif abs(rate(key, rates[key]) / usd - 1) > SMALL:
            lines.append(f"{name}: ${usd:.4g} of {PRICES_DATE} is now ${rate(key, rates[key]):.4g} per hour")
    for key in sorted(set(rates) - set(known)):
        if key.startswith(GPU_KEY):
            lines.append(f"{key.removeprefix(GPU_KEY)}: ${rates[key]} per hour, a GPU that is not listed here")
    return lines


def billing_name(gpu: str) -> str:
    return BILLING_NAMES.get(gpu, gpu.lower().replace("-", "_"))


def rate(key: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Refusal(
            f"the rate {key} is {value!r}, not a number; give the output of: modal billing rates --json"
        ) from None
