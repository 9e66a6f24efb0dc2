"""How long a caller with one text waits: alone, and beside a caller whose every request holds 2,048.

    python benchmarks/serve_beside.py PROJECT MODEL [--seconds 15] [--python .venv/bin/python]

PROJECT is a baked serve project for embedding or classification and MODEL its folder of weights. Both callers send
their next request when they have their answer. Prints milliseconds: the median, the 95th percentile and the longest.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from serve import Side
from serve_load import Load, answer, prepared, sentence

LARGE = 2048  # texts, as many as a plan's MAX_TEXTS


async def closed_loop(load: Load, url: str, model: str, until: float) -> list[float]:
    """Seconds that each request took, of one caller that asks until `until`."""
    (request,) = prepared(load, url, model)
    address, took = urlsplit(url), []
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**27)
    try:
        while time.perf_counter() < until:
            begun = time.perf_counter()
            writer.write(request)
            await answer(reader)
            took.append(time.perf_counter() - begun)
    finally:
        writer.close()
    return took


async def measure(loads: list[Load], url: str, model: str, seconds: float) -> list[list[float]]:
    until = time.perf_counter() + seconds
    return await asyncio.gather(*(closed_loop(load, url, model, until) for load in loads))


def told(name: str, took: list[float]) -> str:
    ms = sorted(1000 * one for one in took)
    p95 = ms[min(len(ms) - 1, int(0.95 * len(ms)))]
    return f"{name}: {len(ms)} requests, median {statistics.median(ms):.1f}, p95 {p95:.1f}, longest {ms[-1]:.1f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--words", type=int, nargs=2, default=(8, 16), help="of a text of the large request")
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    options = parser.parse_args()
    plan = next(options.project.glob("*/plan.py")).read_text(encoding="utf-8")
    workload, engine = (plan.partition(f'\n{name} = "')[2].partition('"')[0] for name in ("WORKLOAD", "ENGINE"))
    chance, name = random.Random(4), f"/weights/{options.model.name}"
    many = tuple(sentence(chance.randint(*options.words), chance) for _ in range(LARGE))
    small, large = Load("one", workload, ((sentence(12, chance),),), 1), Load("many", workload, (many,), 1)
    with tempfile.TemporaryDirectory() as scratch:
        kind = "served" if engine == "transformers" else "vllm-generated"
        side = Side(kind, options.python, options.project, options.model, Path(scratch) / "log")
        try:
            asyncio.run(measure([small], side.url, name, 3))  # warms up
            for said, loads in (("alone", [small]), ("beside", [small, large]), ("alone again", [small])):
                took = asyncio.run(measure(loads, side.url, name, options.seconds))
                for load, one in zip(loads, took, strict=True):
                    print(told(f"{said}, {load.name}", one), flush=True)
        finally:
            side.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
