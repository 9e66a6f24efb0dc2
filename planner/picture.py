"""A plan as the generated `memory.svg`: what fills the GPU, drawn to scale."""

from __future__ import annotations

from html import escape

from .choose import hourly
from .explain import cards, estimate_of, format_name, memory_terms, next_cheaper, next_faster, peak_gib
from .plan import Candidate, Plan

# Colours that stay apart for the colour-blind (Okabe and Ito) and on dark pages.
COLOURS = {"weights": "#0072b2", "KV cache": "#009e73", "activations": "#e69f00", "overhead": "#cc79a7"}
FREE_COLOUR = "#d9d9d9"


def memory_svg(plan: Plan) -> str:
    """Stacked bars of one GPU's memory, the chosen card and its neighbour, drawn to one scale."""
    other = next((c for c in (next_faster(plan), next_cheaper(plan)) if c and c.estimate and c.estimate.fits), None)
    bars = [plan.chosen, *([other] if other else [])]
    scale = 620 / max(estimate_of(candidate).usable_gib for candidate in bars)
    title = escape(f"{plan.chosen.setup.model.id[:64]}: memory of one GPU, GiB")
    height = 40 + 92 * len(bars)
    size = f'viewBox="0 0 680 {height}" width="680" height="{height}"'
    drawn = (
        memory_bar(candidate, 40 + 92 * n, scale, "beside it" if n else "chosen") for n, candidate in enumerate(bars)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="13">
<title>{title}</title>
<rect width="680" height="{height}" fill="#ffffff"/>
<text x="30" y="24" font-size="15" font-weight="600">{title}</text>
{"".join(drawn)}</svg>
"""


def memory_bar(candidate: Candidate, y: int, scale: float, role: str) -> str:
    """One bar with its caption above and the name and GiB of each term below."""
    setup, estimate = candidate.setup, estimate_of(candidate)
    terms = memory_terms(estimate) | {"free": max(estimate.usable_gib - peak_gib(estimate), 0.0)}
    caption = (
        f"{role}: {cards(candidate)}, {format_name(setup)}, {hourly(candidate):.2f}/hour, {estimate.usable_gib:.1f} GiB"
    )
    out = f'<text x="30" y="{y + 14}">{escape(caption)}</text>\n'
    x, label = 30.0, 30.0
    for name, gib in terms.items():
        colour = COLOURS.get(name, FREE_COLOUR)
        out += f'<rect x="{x:.1f}" y="{y + 22}" width="{gib * scale:.1f}" height="26" fill="{colour}"/>\n'
        out += f'<rect x="{label:.0f}" y="{y + 56}" width="10" height="10" fill="{colour}"/>\n'
        out += f'<text x="{label + 14:.0f}" y="{y + 66}">{name} {gib:.1f}</text>\n'
        x += gib * scale
        label += 122
    return out
