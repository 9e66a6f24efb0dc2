"""The load test in words: a table of the loads, and the planned one beside what was measured."""

import math
from collections.abc import Sequence
from dataclasses import asdict

from . import plan, probe
from .sample import Level


def containers(at_once: int) -> int:
    """As many as the autoscaler starts for that load."""
    return min(plan.MAX_CONTAINERS, math.ceil(at_once / plan.TARGET_CONCURRENCY))


def usd_per_million(usd_per_hour: float, tokens_per_s: float) -> float:
    return usd_per_hour / 3600 / tokens_per_s * 1e6 if tokens_per_s else math.inf


def table(levels: Sequence[Level], priced: bool) -> str:
    """The levels as an aligned table; USD per million tokens at the price of the containers that such a load takes."""
    first = "first token" if probe.STREAMS else "latency"
    heads = ["at once", "requests/s", "tokens/s", f"{first} p50 ms", "p95 ms"]
    heads += ["per token p50 ms", "p95 ms"] if probe.STREAMS else []
    heads += ["failed"] + (["USD per M tokens"] if priced else [])
    rows = [heads]
    for one in levels:
        cells = [str(one.at_once), f"{one.requests_per_s:.2f}", f"{one.tokens_per_s:,.1f}"]
        cells += [ms(one.first_p50_s), ms(one.first_p95_s)]
        cells += [ms(one.per_token_p50_s), ms(one.per_token_p95_s)] if probe.STREAMS else []
        cells += [str(one.failed)]
        if priced:
            cells += [f"{usd_per_million(plan.USD_PER_HOUR * containers(one.at_once), one.tokens_per_s):.3g}"]
        rows.append(cells)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:,.1f}"


def beside_the_plan(levels: Sequence[Level], device: str) -> str:
    """The load that was planned, as measured and as predicted. A CPU's speed is not compared with a GPU's plan."""
    planned = usd_per_million(plan.USD_PER_HOUR, plan.PREDICTED_TOKENS_PER_S)
    asked = f"{probe.UNIT} at {plan.CONCURRENCY} at once on one {plan.GPU}"
    lines = [f"planned   {plan.PREDICTED_TOKENS_PER_S:,.0f} tokens/s {asked}: {planned:.3g} USD per million"]
    same = next((one for one in levels if one.at_once == plan.CONCURRENCY), None)
    if device == "cpu":
        lines.append("measured  on a CPU, which says nothing about that GPU")
    elif same is None:
        lines.append(f"measured  nothing at {plan.CONCURRENCY} at once: raise --concurrency")
    else:
        usd = usd_per_million(plan.USD_PER_HOUR * containers(same.at_once), same.tokens_per_s)
        lines.append(f"measured  {same.tokens_per_s:,.0f} tokens/s: {usd:.3g} USD per million")
    return "\n".join(lines)


def failures(levels: Sequence[Level]) -> str:
    """Why requests failed, a line for each load; empty where none did."""
    lines = []
    for one in levels:
        if one.failed:
            counted = ", ".join(f"{n} x {why}" for why, n in one.failures.items())
            lines.append(f"failed at {one.at_once} at once: {counted}; the first: {one.example}")
    return "\n".join(lines)


def record(levels: Sequence[Level], device: str) -> dict:
    """What load.json holds."""
    names = ("NAME", "MODEL", "ENGINE", "GPU", "USD_PER_HOUR", "CONCURRENCY", "PREDICTED_TOKENS_PER_S")
    return {
        "plan": {name: getattr(plan, name) for name in names},
        "device": device,
        "levels": list(map(asdict, levels)),
    }
