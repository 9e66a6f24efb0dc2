"""The results of the load test: timings, the figures of each level of load, a table, the plan beside it, a chart."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .. import plan

GENERATES = plan.WORKLOAD == "generation"
UNIT = "written" if GENERATES else "read"  # what is done with the tokens that are counted


@dataclass(frozen=True)
class RequestTiming:
    """One request. Times are seconds of one clock; `error` is empty, or the reason why it failed."""

    sent: float
    first: float  # the first token arrived; where nothing streams, the whole reply
    end: float
    tokens: int = 0  # written for generation, else read
    prompt_tokens: int = 0
    error: str = ""

    def share(self, start: float, end: float) -> float:
        """The part of this request that fell between `start` and `end`."""
        return max(0.0, min(end, self.end) - max(start, self.sent)) / max(self.end - self.sent, 1e-9)

    def tokens_between(self, start: float, end: float) -> float:
        """The tokens that came then: evenly from the first to the last, or with the work where nothing streams."""
        begun = self.first if self.first < self.end else self.sent
        return self.tokens * max(0.0, min(end, self.end) - max(start, begun)) / max(self.end - begun, 1e-9)

    @property
    def per_token_s(self) -> float | None:
        """Seconds from one token to the next; None where the reply did not stream."""
        return (self.end - self.first) / (self.tokens - 1) if self.tokens > 1 and self.first < self.end else None


@dataclass(frozen=True)
class Level:
    """The figures of one level of load: so many requests at once, for some seconds."""

    at_once: int
    seconds: float
    answered: int
    requests_per_s: float
    tokens_per_s: float
    first_p50_s: float | None  # time to first token; the whole latency where nothing streams
    first_p95_s: float | None
    per_token_p50_s: float | None
    per_token_p95_s: float | None
    failed: int = 0
    failures: dict[str, int] = field(default_factory=dict)  # by status or exception
    example: str = ""  # the first failure in full

    @property
    def usd_per_million(self) -> float:
        """USD per million tokens at the price of the containers that this load takes."""
        return usd_per_million(plan.USD_PER_HOUR * containers(self.at_once), self.tokens_per_s)


def measured(at_once: int, requests: Sequence[RequestTiming], start: float, end: float) -> Level:
    """The figures of one load from all requests that touched the time from `start` to `end`."""
    during = [request for request in requests if request.end > start and request.sent < end]
    good = [request for request in during if not request.error]
    errors = [request.error for request in during if request.error]
    first = [request.first - request.sent for request in good]
    per_token = [request.per_token_s for request in good if request.per_token_s is not None]
    return Level(
        at_once=at_once,
        seconds=end - start,
        answered=len(good),
        requests_per_s=sum(request.share(start, end) for request in good) / (end - start),
        tokens_per_s=sum(request.tokens_between(start, end) for request in good) / (end - start),
        first_p50_s=percentile(first, 50),
        first_p95_s=percentile(first, 95),
        per_token_p50_s=percentile(per_token, 50),
        per_token_p95_s=percentile(per_token, 95),
        failed=len(errors),
        failures=dict(Counter(error.partition(":")[0] for error in errors)),
        example=errors[0] if errors else "",
    )


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that `percent` of them do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def containers(at_once: int) -> int:
    """As many as the autoscaler starts for that load."""
    return min(plan.MAX_CONTAINERS, math.ceil(at_once / plan.TARGET_CONCURRENCY))


def usd_per_million(usd_per_hour: float, tokens_per_s: float) -> float:
    return usd_per_hour / 3600 / tokens_per_s * 1e6 if tokens_per_s else math.inf


def table(levels: Sequence[Level], priced: bool) -> str:
    """The levels as an aligned table, with what a million tokens cost where `priced`."""

    def ms(*seconds: float | None) -> list[str]:
        return ["-" if one is None else f"{one * 1000:,.1f}" for one in seconds]

    heads = ["at once", "requests/s", "tokens/s", f"{'first token' if GENERATES else 'latency'} p50 ms", "p95 ms"]
    heads += ["per token p50 ms", "p95 ms"] if GENERATES else []
    rows = [[*heads, "failed", *(["$ per M tokens"] if priced else [])]]
    for level in levels:
        cells = [str(level.at_once), f"{level.requests_per_s:.2f}", f"{level.tokens_per_s:,.1f}"]
        cells += ms(level.first_p50_s, level.first_p95_s)
        cells += ms(level.per_token_p50_s, level.per_token_p95_s) if GENERATES else []
        rows.append([*cells, str(level.failed), *([f"{level.usd_per_million:.3g}"] if priced else [])])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def compare_with_plan(levels: Sequence[Level], device: str) -> str:
    """The planned load as predicted and as measured. A CPU's speed is not compared with a GPU's plan."""
    planned = usd_per_million(plan.USD_PER_HOUR, plan.PREDICTED_TOKENS_PER_S)
    load = f"{UNIT} at {plan.CONCURRENCY} at once on one {plan.GPU}"
    lines = [f"planned   {plan.PREDICTED_TOKENS_PER_S:,.0f} tokens/s {load}: ${planned:.3g} per million"]
    same = next((level for level in levels if level.at_once == plan.CONCURRENCY), None)
    if device == "cpu":
        lines.append("measured  on a CPU, which says nothing about that GPU")
    elif same is None:
        lines.append(f"measured  nothing at {plan.CONCURRENCY} at once: raise --concurrency")
    else:
        lines.append(f"measured  {same.tokens_per_s:,.0f} tokens/s: ${same.usd_per_million:.3g} per million")
    return "\n".join(lines)


def failures(levels: Sequence[Level]) -> str:
    """Why requests failed, a line for each load; empty where none did."""
    return "\n".join(
        f"failed at {level.at_once} at once: {', '.join(f'{n} x {reason}' for reason, n in level.failures.items())}; "
        f"the first: {level.example}"
        for level in levels
        if level.failed
    )


def to_json(levels: Sequence[Level], device: str) -> dict:
    """The content of load.json."""
    names = ("NAME", "MODEL", "ENGINE", "GPU", "USD_PER_HOUR", "CONCURRENCY", "PREDICTED_TOKENS_PER_S")
    planned = {name: getattr(plan, name) for name in names}
    return {"plan": planned, "device": device, "levels": list(map(asdict, levels))}


def draw(path: Path, levels: Sequence[Level], device: str) -> None:
    """Write an SVG of throughput and latency against load. The same levels give the same bytes."""
    import matplotlib

    matplotlib.use("Agg")  # draws without a screen
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullLocator, ScalarFormatter

    median, slow, grey = "#2563eb", "#dc2626", "#6b7280"
    loads = [level.at_once for level in levels]
    latencies = {("time to first token, s" if GENERATES else "latency, s"): ("first_p50_s", "first_p95_s")}
    if GENERATES:
        latencies["time per token, s"] = ("per_token_p50_s", "per_token_p95_s")
    style = {"svg.hashsalt": "load", "svg.fonttype": "none", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3}
    with plt.rc_context(style):  # ty: ignore[invalid-argument-type]
        panels = 1 + len(latencies)
        figure, axes = plt.subplots(1, panels, figsize=(3.6 * panels, 3.2), layout="constrained")
        axes[0].set_title(f"tokens/s {UNIT}")
        axes[0].plot(loads, [level.tokens_per_s for level in levels], "o-", color=median)
        if device == "gpu":
            label = f"planned for {plan.CONCURRENCY} at once"
            axes[0].plot([plan.CONCURRENCY], [plan.PREDICTED_TOKENS_PER_S], "D", color=grey, label=label)
            axes[0].legend(frameon=False)
        for panel, (title, names) in zip(axes[1:], latencies.items(), strict=True):
            panel.set_title(title)
            for name, label, colour in zip(names, ("p50", "p95"), (median, slow), strict=True):
                heights = [getattr(level, name) or math.nan for level in levels]  # a level that has none is a gap
                panel.plot(loads, heights, "o-", color=colour, label=label)
            panel.legend(frameon=False)
        for panel in axes:
            panel.set_xlabel("requests at once")
            panel.set_ylim(bottom=0)
            panel.set_xscale("log", base=2)
            panel.set_xticks(loads)
            panel.xaxis.set_major_formatter(ScalarFormatter())
            panel.xaxis.set_minor_locator(NullLocator())
        figure.suptitle(f"{plan.MODEL} on {plan.GPU if device == 'gpu' else 'a CPU'}, {plan.ENGINE}")
        figure.savefig(path, format="svg", metadata={"Date": None})
        plt.close(figure)
