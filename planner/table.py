"""`compare`: what was weighed as a table for people."""

from __future__ import annotations

from .choose import KERNEL_NAMES, tokens_per_s, usd_per_million
from .explain import one_per_gpu, peak_gib, price, verdict
from .gpus import PRICES_DATE
from .plan import Candidate, Plan
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
RIGHT = {"count", "tokens/s", "$/h", "$/M tokens"}


def table(plan: Plan, everything: bool = False) -> str:
    """The weighed configurations, best first: the best of each GPU, or all of them."""
    rows = [row(plan, candidate) for candidate in (plan.candidates if everything else one_per_gpu(plan))]
    widths = [max(len(line[column]) for line in (COLUMNS, *rows)) for column in range(len(COLUMNS))]
    request = plan.request
    budget = "no budget" if request.budget.per == "none" else f"{request.budget.usd:g}/{request.budget.per}"
    title = (
        f"{request.model.id} ({size_words(request.model)}): context {request.context_len:,}, "
        f"{request.concurrency} requests at once, {budget}, for {request.optimize}; prices of {PRICES_DATE}"
    )
    return "\n".join([title, "", *(align(line, widths) for line in (COLUMNS, *rows))])


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


def align(line: tuple[str, ...], widths: list[int]) -> str:
    pairs = zip(COLUMNS, line, widths, strict=True)
    return "  ".join(text.rjust(width) if name in RIGHT else text.ljust(width) for name, text, width in pairs).rstrip()
