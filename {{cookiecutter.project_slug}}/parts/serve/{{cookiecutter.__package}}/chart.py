"""The load test as a picture: throughput and latency against load."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # draws without a screen
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator, ScalarFormatter

from . import plan, probe
from .sample import Level

STYLE: Any = {"svg.hashsalt": "load", "svg.fonttype": "none", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3}
MEDIAN, SLOW, PLANNED = "#2563eb", "#dc2626", "#6b7280"


def write(path: Path, levels: Sequence[Level], device: str) -> None:
    """An SVG of the levels; the same levels give the same bytes."""
    panels = 3 if probe.STREAMS else 2
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, panels, figsize=(3.6 * panels, 3.2), layout="constrained")
        throughput(axes[0], levels, planned=device == "gpu")
        first = "time to first token, s" if probe.STREAMS else "latency, s"
        latency(axes[1], levels, first, [(level.first_p50_s, level.first_p95_s) for level in levels])
        if probe.STREAMS:
            pairs = [(level.per_token_p50_s, level.per_token_p95_s) for level in levels]
            latency(axes[2], levels, "time per token, s", pairs)
        figure.suptitle(f"{plan.MODEL} on {plan.GPU if device == 'gpu' else 'a CPU'}, {plan.ENGINE}")
        figure.savefig(path, format="svg", metadata={"Date": None})
        plt.close(figure)


def throughput(axes: Axes, levels: Sequence[Level], planned: bool) -> None:
    axes.plot([level.at_once for level in levels], [level.tokens_per_s for level in levels], "o-", color=MEDIAN)
    if planned:
        label = f"planned for {plan.CONCURRENCY} at once"
        axes.plot([plan.CONCURRENCY], [plan.PREDICTED_TOKENS_PER_S], "D", color=PLANNED, label=label)
        axes.legend(frameon=False)
    finish(axes, levels, f"tokens/s {probe.UNIT}")


def latency(
    axes: Axes, levels: Sequence[Level], title: str, pairs: Sequence[tuple[float | None, float | None]]
) -> None:
    """p50 and p95 of each level; one that has none is a gap."""
    loads = [level.at_once for level in levels]
    for index, (name, colour) in enumerate((("p50", MEDIAN), ("p95", SLOW))):
        heights = [pair[index] or float("nan") for pair in pairs]
        axes.plot(loads, heights, "o-", color=colour, label=name)
    axes.legend(frameon=False)
    finish(axes, levels, title)


def finish(axes: Axes, levels: Sequence[Level], title: str) -> None:
    axes.set(title=title, xlabel="requests at once")
    axes.set_ylim(bottom=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks([level.at_once for level in levels])
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
