"""`compare`: what was weighed as a table for people."""

from __future__ import annotations

from .choose import KERNEL_NAMES, tokens_per_s, usd_per_million
from .explain import one_per_gpu, peak_gib, price, verdict
from .gpus import PRICES_DATE
from .plan import AnyPlan, Candidate, Plan, Request, TrainingPlan
from .training_explain import rows_words, training_cells, training_one_per_gpu
from .words import about, cents, size_words

COLUMNS = (
    "GPU",
    "count",
    "quantization",
    "attention",
    "GiB used of usable",
    "tokens/s",
    "$/h",
    "$/M tokens",
    "verdict",
)
TRAINING_COLUMNS = ("GPUs", "how", "step", "GiB used of usable", "tokens/s", "$/h", "run", "$/run", "verdict")
RIGHT = {"count", "tokens/s", "$/h", "$/M tokens", "run", "$/run"}


def table(plan: AnyPlan, everything: bool = False) -> str:
    """The weighed configurations, best first: the best of each GPU, or all of them."""
    if isinstance(plan, TrainingPlan):
        weighed = plan.candidates if everything else training_one_per_gpu(plan)
        lines = [TRAINING_COLUMNS, *(training_cells(plan, candidate) for candidate in weighed)]
        load = f"sequences of {plan.request.context_len:,}, {rows_words(plan)} (prior)"
    else:
        lines = [
            COLUMNS,
            *(row(plan, candidate) for candidate in (plan.candidates if everything else one_per_gpu(plan))),
        ]
        load = f"context {plan.request.context_len:,}, {plan.request.concurrency} requests at once"
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join([title(plan.request, load), "", *(align(line, lines[0], widths) for line in lines)])


def title(request: Request, load: str) -> str:
    """What was asked, on one line."""
    budget = "no budget" if request.budget.per == "none" else f"{request.budget.usd:g}/{request.budget.per}"
    what = f"{request.model.id} ({size_words(request.model)}): {load}"
    return f"{what}, {budget}, for {request.optimize}; prices of {PRICES_DATE}"


def row(plan: Plan, candidate: Candidate) -> tuple[str, ...]:
    setup, estimate = candidate.setup, candidate.estimate
    fits = estimate is not None and estimate.fits
    times = f" x{candidate.containers}" if candidate.containers > 1 else ""
    return (
        setup.gpu.name,
        f"{setup.gpu_count}{times}",
        "16-bit" if setup.quantization == "none" else setup.quantization,
        "engine's" if setup.attention == "auto" else KERNEL_NAMES[setup.attention],
        f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f}" if estimate and fits else "-",
        about(tokens_per_s(candidate)) if candidate.containers else "-",
        f"{price(candidate):.2f}",
        cents(usd_per_million(candidate)) if candidate.containers else "-",
        verdict(plan, candidate),
    )


def align(line: tuple[str, ...], names: tuple[str, ...], widths: list[int]) -> str:
    pairs = zip(names, line, widths, strict=True)
    return "  ".join(text.rjust(width) if name in RIGHT else text.ljust(width) for name, text, width in pairs).rstrip()
