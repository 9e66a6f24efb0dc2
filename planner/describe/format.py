"""Numbers, prices and paragraphs as text."""

from __future__ import annotations

import math
import textwrap

from ..asked import Budget
from ..schema import Model

PAGE = 120  # characters of a line of PLAN.md


def size_words(model: Model) -> str:
    """Return "8.2B parameters", "30.5B parameters, 3.3B active"."""
    total = f"{short_count(model.params)} parameters"
    return total if model.params_active >= model.params else f"{total}, {short_count(model.params_active)} active"


def short_count(number: float) -> str:
    return f"{number / 1e9:.1f}B" if number >= 1e9 else f"{number / 1e6:.0f}M"


def about(rate: float) -> str:
    """Return a rate to two figures: 1,400; 93; 4.2."""
    digits = 0 if rate >= 10 else 1
    rounded = float(f"{rate:.2g}")
    return f"{rounded:,.{digits}f}"


def dollars(usd: float) -> str:
    """Return "$1,424", "$1.20", and below ten cents two figures: "$0.0087"."""
    if usd >= 100:
        return f"${usd:,.0f}"
    if usd >= 0.1 or not usd:
        return f"${usd:.2f}"
    return f"${usd:.{1 - math.floor(math.log10(usd))}f}"


def hourly(usd: float) -> str:
    """Return "$1.95/h"."""
    return f"${usd:,.2f}/h"


def duration(hours: float) -> str:
    return f"{about(hours)} hours" if hours >= 2 else f"{about(max(hours * 60, 1))} minutes"


def time_words(longer: float) -> str:
    """Return a time that is `longer` times another: "takes 1.6x as long", "takes 8% longer", "40% less time"."""
    if longer >= 1.1:
        return f"takes {longer:.1f}x as long"
    return f"takes {longer - 1:.0%} longer" if longer > 1 else f"{1 - longer:.0%} less time"


def paragraph(*sentences: str) -> str:
    return textwrap.fill(" ".join(filter(None, sentences)), PAGE, break_long_words=False, break_on_hyphens=False)


def code(text: str) -> str:
    """Return text as inline Markdown code, backticks replaced."""
    return "`" + text.replace("`", "'") + "`"


def in_unit(budget: Budget, usd: float) -> str:
    """Return a price that the budget must reach, in its own unit and rounded up: "7.90/hour", "431/month"."""
    if budget.per == "month":
        return f"{math.ceil(usd - 1e-6)}/month"
    unit = "run" if budget.per == "run" else "hour"
    return f"{math.ceil(usd * 100 - 1e-6) / 100:.2f}/{unit}"


def amount(budget: Budget) -> str:
    """Return the budget as a figure in its own unit: "4.00" of an hour, "900" of a month."""
    return f"{budget.usd:.2f}" if budget.per == "hour" else f"{budget.usd:g}"


def budget_words(budget: Budget) -> str:
    """Return "no budget", "$4/hour", "$900/month"."""
    return "no budget" if budget.per == "none" else f"${budget.usd:,.12g}/{budget.per}"
