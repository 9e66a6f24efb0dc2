"""How well tokens per dollar are ranked: Spearman's correlation between what is predicted and what was measured."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean

from benchmarks.rows_inference import Estimator, Run

LEAST = 0.85  # of Spearman's correlation
OPTIONS = 3  # at least, of one load, for their order to mean something

Pairs = list[tuple[float, float]]


def tokens_per_usd(runs: list[tuple[Run, str, float]], estimator: Estimator) -> dict[tuple[object, ...], Pairs]:
    """Return (predicted, measured) output tokens per USD of GPUs that Modal rents, by source, model and load.

    One pair for each option: GPUs and format. An option that was measured several times counts with its mean.
    """
    groups: dict[tuple[object, ...], dict[tuple[object, ...], Pairs]] = defaultdict(lambda: defaultdict(list))
    for run, kind, measured in runs:
        setup = run.setup
        usd_per_s = setup.gpu.usd_per_hour * setup.gpu_count / 3600
        if "eager" in kind or not usd_per_s:
            continue
        predicted = estimator.output_tokens_per_s(run, alone=kind.startswith("decode"))
        if predicted is not None:
            load = (setup.input_len, setup.output_len, setup.concurrency)
            option = (setup.gpu.name, setup.gpu_count, setup.quantization)
            found = groups[run.row["source"], setup.model.id, kind, *load][option]
            found.append((predicted / usd_per_s, measured / usd_per_s))
    return {
        load: [(fmean(a for a, _ in pairs), fmean(b for _, b in pairs)) for pairs in options.values()]
        for load, options in groups.items()
    }


def spearman(pairs: Pairs) -> float:
    """Return Spearman's rank correlation, the mean rank for ties; 0 where one side is all alike."""
    first, second = (ranks([pair[side] for pair in pairs]) for side in (0, 1))
    middle = (len(pairs) - 1) / 2
    shared = sum((a - middle) * (b - middle) for a, b in zip(first, second, strict=True))
    spread = sum((a - middle) ** 2 for a in first) * sum((b - middle) ** 2 for b in second)
    return shared / spread**0.5 if spread else 0.0


def ranks(values: list[float]) -> list[float]:
    """Return the rank of each value, from 0; equal values share their mean rank."""
    ordered = sorted(values)
    places: dict[float, list[int]] = defaultdict(list)
    for place, value in enumerate(ordered):
        places[value].append(place)
    return [fmean(places[value]) for value in values]


def lines(groups: dict[tuple[object, ...], Pairs]) -> list[list[str]]:
    """Return the rows of the accuracy table: over all runs, and over the options of each load that has several."""
    every = [pair for pairs in groups.values() for pair in pairs]
    several = [pairs for pairs in groups.values() if len(pairs) >= OPTIONS]
    found = [
        ("tokens per dollar, all loads and options ranked (Spearman)", len(every), len(groups), spearman(every)),
        (
            "tokens per dollar, the options of one load ranked (Spearman, mean)",
            sum(map(len, several)),
            len(several),
            fmean(map(spearman, several)) if several else 0.0,
        ),
    ]
    return [
        [kind, str(rows), str(loads), f"{value:.2f}", "", f"at least {LEAST}", "yes" if value >= LEAST else "no"]
        for kind, rows, loads, value in found
        if loads
    ]
