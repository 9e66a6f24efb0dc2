"""How far the planner is from published measurements, beside rules of thumb and other estimators.

    python benchmarks/accuracy.py [--data benchmarks/data] [--quick]

prints the tables; with the repository's own data it also writes docs/accuracy.md and its plots (needs matplotlib).
Every pair of source and model counts the same, however many rows it has. `--quick` leaves out the refits.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import ranks, rows_inference, rows_training  # noqa: E402
from benchmarks.aiconfigurator import KIND as AICONFIGURATOR  # noqa: E402
from benchmarks.aiconfigurator import aiconfigurator_runs  # noqa: E402
from benchmarks.baselines import baselines  # noqa: E402
from benchmarks.baselines_training import training_baselines  # noqa: E402
from benchmarks.cross_validate import cross_validated_memory, cross_validated_speeds  # noqa: E402
from benchmarks.gpu import lines as measured  # noqa: E402
from benchmarks.gpu import planned  # noqa: E402
from benchmarks.gpu_names import Models, family  # noqa: E402
from benchmarks.oracle import training_scores  # noqa: E402
from benchmarks.score import Score  # noqa: E402

DATA = ROOT / "benchmarks" / "data"
REPORT = ROOT / "docs" / "accuracy.md"


@dataclass(frozen=True, slots=True)
class Bound:
    """The bounds of a kind: relative errors (or factors) at the median and at another share of the experiments."""

    kind: str
    median: float
    share: float = 0.0  # 0: the median alone
    limit: float = 0.0
    factor: bool = False
    mean: float = 0.0  # regret only


BOUNDS = (
    Bound("weights 16-bit", 0.005),
    Bound("weights 8-bit", 0.03),
    Bound("weights 4-bit", 0.04),
    Bound("KV cache GiB, share of the card", 0.04),
    Bound("KV cache tokens", 0.05),
    Bound("peak 16-bit", 0.01, 0.9, 0.15),
    Bound("peak quantized", 0.05, 0.9, 0.20),
    Bound("usable memory per card", 0.005),
    Bound("training peak full", 0.08, 0.9, 0.20),
    Bound("training peak LoRA", 0.05, 0.9, 0.15),
    Bound("training peak QLoRA", 0.08, 0.9, 0.20),
    Bound("training tokens/s", 1.15, 0.8, 1.4, factor=True),
    Bound("output tokens/s under load", 1.25, 0.75, 1.5, factor=True),
    Bound(AICONFIGURATOR, 1.2, 0.75, 1.4, factor=True),
    Bound("decode tokens/s, one request", 1.2, 0.75, 1.3, factor=True),
    Bound("decode tokens/s, one request, eager", 1.2, 0.75, 1.4, factor=True),
    Bound("output tokens/s, one request", 1.2, 0.75, 1.3, factor=True),
    Bound("cheapest option per token, regret", 0.0, 0.9, 0.08, mean=0.02),
)
# What our own measurements are held to; those of a kind that none has yet have no row
MEASURED_BOUNDS = (
    *(Bound(f"card's peak, {kind}", 0.05) for kind in ("generate", "continuous batching", "vLLM")),
    *(Bound(f"{whose} peak, {kind}", 0.05) for whose in ("torch's", "card's") for kind in ("full", "LoRA", "QLoRA")),
    *(Bound(f"output tokens/s, {kind}", 1.3, factor=True) for kind in ("generate", "continuous batching", "vLLM")),
    Bound("decode tokens/s alone", 1.3, factor=True),
    Bound("training tokens/s", 1.3, factor=True),
    Bound("project's monitor", 0.02),  # against NVML: no prediction, but two ways to look at the same memory
)
REFUSED = 0.02  # share of the rows that ran which may be called too large
RAN = ("ran", "training ran")
FAILED = ("ran out of memory", "training ran out of memory")


def quantile(scores: list[Score], share: float, size: Callable[[Score], float]) -> float:
    """The size that this share of the experiments stays within; the rows of one experiment share its weight."""
    rows: dict[tuple[str, str], int] = defaultdict(int)
    for score in scores:
        rows[score.source, score.model] += 1
    ordered = sorted((size(score), 1 / rows[score.source, score.model]) for score in scores)
    total, reached = sum(weight for _, weight in ordered), 0.0
    for value, weight in ordered:
        reached += weight
        if reached >= share * total - 1e-9:
            return value
    return float("nan")


def mean(scores: list[Score], size: Callable[[Score], float]) -> float:
    """Over experiments."""
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for score in scores:
        groups[score.source, score.model].append(size(score))
    return sum(sum(values) / len(values) for values in groups.values()) / len(groups)


def by_kind(scores: list[Score], bounds: tuple[Bound, ...] = BOUNDS) -> dict[str, list[Score]]:
    """In the order of the bounds."""
    kinds: dict[str, list[Score]] = {bound.kind: [] for bound in bounds}
    for score in scores:
        if score.kind in kinds:
            kinds[score.kind].append(score)
    return {kind: rows for kind, rows in kinds.items() if rows}


def _size(bound: Bound) -> Callable[[Score], float]:
    return (lambda score: score.factor) if bound.factor else (lambda score: abs(score.error))


def _figure(value: float, bound: Bound) -> str:
    return f"{value:.2f}x" if bound.factor else f"{value:.1%}"


def table(scores: list[Score], bounds: tuple[Bound, ...] = BOUNDS) -> list[list[str]]:
    """One row per kind: rows, experiments, error at the median and further out, bounds, whether they hold."""
    lines = [["kind", "rows", "experiments", "median", "further out", "bound", "holds"]]
    kinds = by_kind(scores, bounds)
    for bound in bounds:
        rows = kinds.get(bound.kind)
        if not rows:
            continue
        size = _size(bound)
        median = quantile(rows, 0.5, size)
        holds, limits = median <= bound.median, _figure(bound.median, bound)
        share = bound.share or 0.9
        outer = quantile(rows, share, size)
        further = f"{_figure(outer, bound)} at {share:.0%}"
        if bound.share:
            holds &= outer <= bound.limit
            limits += f", {_figure(bound.limit, bound)} at {bound.share:.0%}"
        if bound.mean:
            average = mean(rows, size)
            holds &= average < bound.mean
            further += f", mean {average:.1%}"
            limits += f", mean {bound.mean:.0%}"
        experiments = len({(score.source, score.model) for score in rows})
        lines.append(
            [
                bound.kind,
                str(len(rows)),
                str(experiments),
                _figure(median, bound),
                further,
                limits,
                "yes" if holds else "no",
            ]
        )
    ran = [score for score in scores if score.kind in RAN]
    failed = [score for score in scores if score.kind in FAILED]
    wrong = sum(score.predicted > 0 for score in failed)
    refused = sum(score.predicted == 0 for score in ran)
    if failed:
        said = "said to fit, ran out of memory"
        lines.append([said, str(len(failed)), "", f"{wrong} rows", "", "none", "no" if wrong else "yes"])
    if ran:
        part, said = refused / len(ran), "said not to fit, ran"
        holds = "yes" if part < REFUSED else "no"
        lines.append([said, str(len(ran)), "", f"{refused} rows", f"{part:.1%}", f"under {REFUSED:.0%}", holds])
    return lines


def comparison(mine: list[Score], others: dict[str, list[Score]]) -> list[list[str]]:
    """Median error of the planner and of the others, each over the rows it answers."""
    lines = [["kind", "planner", *others]]
    kinds = {name: by_kind(scores) for name, scores in {"planner": mine, **others}.items()}
    for bound in BOUNDS:
        if not any(bound.kind in kinds[name] for name in others):
            continue
        cells = []
        for name in ("planner", *others):
            rows = kinds[name].get(bound.kind, [])
            shown = _figure(quantile(rows, 0.5, _size(bound)), bound) if rows else "-"
            cells.append(f"{shown} ({len(rows)})" if rows else shown)
        lines.append([bound.kind, *cells])
    for name, kinds_of, wrong in (("said to fit, ran out of memory", FAILED, 1.0), ("said not to fit, ran", RAN, 0.0)):
        cells = []
        for scores in (mine, *others.values()):
            rows = [score for score in scores if score.kind in kinds_of]
            cells.append(f"{sum(score.predicted == wrong for score in rows)} of {len(rows)}" if rows else "-")
        lines.append([name, *cells])
    return lines


def aligned(lines: list[list[str]]) -> str:
    """A table for a terminal."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def markdown(lines: list[list[str]]) -> str:
    """The same as a Markdown table."""
    head, *body = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([head, "|" + " --- |" * len(lines[0]), *body])


def plots(scores: list[Score], folder: Path) -> None:
    """docs/accuracy-predicted.svg and docs/accuracy-error.svg."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.hashsalt": "accuracy", "svg.fonttype": "none", "font.size": 9, "savefig.dpi": 150})
    kinds = {
        kind: rows for kind, rows in by_kind(scores).items() if "share of the card" not in kind and "usable" not in kind
    }
    panels = {
        "GiB: weights": [kind for kind in kinds if kind.startswith("weights")],
        "GiB: inference peak": [kind for kind in kinds if kind.startswith("peak")],
        "tokens: KV cache": ["KV cache tokens"],
        "GiB: training peak": [kind for kind in kinds if kind.startswith("training peak")],
        "tokens/s: serving": [kind for kind in kinds if "tokens/s" in kind and not kind.startswith("training")],
        "tokens/s: training": ["training tokens/s"],
    }
    figure, axes = pyplot.subplots(2, 3, figsize=(11, 7.2))
    for axis, (title, names) in zip(axes.flat, panels.items(), strict=True):
        shown = [(name, kinds[name]) for name in names if name in kinds]
        for name, rows in shown:
            label = name.removeprefix("training peak ").removeprefix("weights ").removeprefix("peak ")
            many = len(rows) > 1000
            xs, ys = [row.measured for row in rows], [row.predicted for row in rows]
            axis.plot(
                xs,
                ys,
                "o",
                ms=2 if many else 4,
                alpha=0.15 if many else 0.7,
                mew=0,
                label=label,
                zorder=1 if many else 2,
                rasterized=many,
            )
        values = [value for _, rows in shown for row in rows for value in (row.measured, row.predicted)]
        if values:
            span = [min(values) * 0.8, max(values) * 1.25]
            axis.plot(span, span, color="black", lw=0.8)
            axis.fill_between(span, [v / 1.25 for v in span], [v * 1.25 for v in span], color="black", alpha=0.07, lw=0)
            axis.set(xscale="log", yscale="log", xlim=span, ylim=span)
            ticks = [
                tick for power in range(-1, 8) for tick in (10**power, 3 * 10**power) if span[0] <= tick <= span[1]
            ]
            ticks = ticks if len(ticks) < 7 else ticks[::2]
            labels = [f"{tick:g}" if tick < 1000 else f"{tick // 1000:g}k" for tick in ticks]
            axis.set_xticks(ticks, labels)
            axis.set_yticks(ticks, labels)
            axis.minorticks_off()
            axis.legend(fontsize=7, frameon=False, loc="upper left")
        axis.set(title=title, xlabel="measured", ylabel="predicted")
    figure.tight_layout()
    figure.savefig(folder / "accuracy-predicted.svg", metadata={"Date": None})

    names = [kind for kind in by_kind(scores) if "regret" not in kind]
    figure, axis = pyplot.subplots(figsize=(9, 0.36 * len(names) + 1))
    groups = by_kind(scores)
    for row, name in enumerate(reversed(names)):
        errors = [100 * score.error for score in groups[name]]
        axis.plot(
            errors,
            [row] * len(errors),
            "|",
            ms=9,
            alpha=0.15 if len(errors) > 1000 else 0.5,
            color="tab:blue",
            rasterized=len(errors) > 1000,
        )
        axis.plot([quantile(groups[name], 0.5, lambda score: 100 * score.error)], [row], "D", ms=4, color="tab:red")
    axis.axvline(0, color="black", lw=0.8)
    axis.set_yticks(range(len(names)), list(reversed(names)))
    axis.set_xscale("symlog", linthresh=5)
    ticks = [-50, -20, -5, 0, 5, 20, 50, 200]
    axis.set_xticks(ticks, [f"{tick:+d}%" if tick else "0" for tick in ticks])
    axis.minorticks_off()
    axis.set(xlim=(-85, 250), xlabel="predicted against measured; a line per row, the red mark is the median")
    figure.tight_layout()
    figure.savefig(folder / "accuracy-error.svg", metadata={"Date": None})


def measured_scores(found: list[measured.Line]) -> list[Score]:
    """Our own measurements against what the planner answers today; a run that failed for want of memory counts too."""
    answers = planned.ask([line.question for line in found])
    wrong = next((answer["error"] for answer in answers if "error" in answer), None)
    if wrong:
        raise ValueError(f"the planner does not answer a question that was measured: {wrong}")
    pairs = list(zip(found, answers, strict=True))
    ran = [(line, answer) for line, answer in pairs if not line.error]
    scores = rows_inference.measured_scores(ran) + rows_training.measured_scores(ran)
    for line, answer in pairs:
        if line.oom or not line.error:
            kind = "ran out of memory" if line.oom else "ran"
            scores.append(line.score(kind, float(answer["fits"]), float(not line.oom)))
    return scores


def measured_section(found: list[measured.Line]) -> str:
    """For docs/accuracy.md: our own measurements, or that there are none."""
    if not found:
        return (
            "None yet: no card was measured by us, and no figure on this page is our own.\n"
            "[benchmarks/gpu](../benchmarks/gpu/README.md) is the script that measures one."
        )
    cards = sorted({line.card["name"] for line in found if line.card})
    failed = [line for line in found if line.error and not line.oom]
    said = f"{len(found)} runs of the generated code on {' and '.join(cards)}, {min(line.date for line in found)} to "
    said += f"{max(line.date for line in found)}; lines with all figures and versions in `benchmarks/gpu/results`."
    said += f" {len(failed)} ended with another error than a full card and are in no row." if failed else ""
    return f"{said}\n\n{markdown(table(measured_scores(found), MEASURED_BOUNDS))}"


def report(tables: dict[str, str]) -> str:
    """docs/accuracy.md."""
    text = (ROOT / "benchmarks" / "accuracy.template.md").read_text(encoding="utf-8")
    for name, content in tables.items():
        text = text.replace(f"<!-- {name} -->", content)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--quick", action="store_true", help="no refits, no report")
    arguments = parser.parse_args()
    models = Models(arguments.data)

    points = list(aiconfigurator_runs(models))
    mine = [
        *rows_inference.scores(arguments.data),
        *rows_inference.speed_scores(points, rows_inference.Planner()),
        *rows_training.scores(arguments.data),
    ]
    others: dict[str, list[Score]] = defaultdict(list)
    for name, baseline in baselines().items():
        others[name] += rows_inference.scores_of(arguments.data, baseline)
        others[name] += rows_inference.speed_scores(points, baseline)
    for name, estimator in training_baselines().items():
        others[name] += rows_training.scores(arguments.data, estimator)
    published = [*rows_inference.speed_runs(arguments.data, models), *points]
    ranked = ranks.lines(ranks.tokens_per_usd(published, rows_inference.Planner()))
    tables = {"accuracy": [*table(mine), *ranked], "comparison": comparison(mine, others)}
    print(aligned(tables["accuracy"]), aligned(tables["comparison"]), sep="\n\n")
    own = measured_section(list(measured.measurements()))
    print(f"\nmeasured by us:\n{own}")
    if arguments.quick:
        return
    unseen = cross_validated_speeds(published, lambda run: family(run.setup.model.id))
    unseen += cross_validated_memory(
        list(rows_inference.memory_runs(arguments.data, models)), lambda run: family(run.setup.model.id)
    )
    tables["left out"] = table(unseen)
    print("\nwith constants refitted without the row's model family:\n" + aligned(tables["left out"]))
    oracle = {
        "training oracle": training_scores.table(training_scores.errors(training_scores.rows()), lambda row: row.kind),
        "training oracle left out": training_scores.table(training_scores.left_out(), lambda row: row.family),
    }
    for lines in oracle.values():
        print("\ntraining memory against the libraries' own allocations:\n" + aligned(lines))
    tables |= oracle
    if arguments.data.resolve() == DATA:
        texts = {name: markdown(lines) for name, lines in tables.items()} | {"measured": own}
        REPORT.write_text(report(texts), encoding="utf-8", newline="\n")
        plots(mine, REPORT.parent)


if __name__ == "__main__":
    main()
