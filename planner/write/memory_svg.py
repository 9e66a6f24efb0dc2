"""The memory of a GPU as the generated memory.svg, drawn to scale."""

from __future__ import annotations

from math import ceil

from ..describe.by_task import descriptions
from ..describe.layout import Bar
from ..schema import AnyPlan

# Colours that stay apart for the colour-blind (Okabe and Ito) and on dark pages.
COLOURS = {
    "weights": "#0072b2",
    "KV cache": "#009e73",
    "KV cache, needed": "#009e73",
    "KV cache, spare": "#99d8c7",
    "gradients": "#d55e00",
    "optimizer": "#009e73",
    "activations": "#e69f00",
    "logits": "#56b4e9",
    "overhead": "#cc79a7",
    "free": "#d9d9d9",
}
BAR_WIDTH = 620  # pixels of the largest GPU
LABELS = 5  # names that one row below a bar has room for


def memory_svg(plan: AnyPlan) -> str:
    """Return stacked bars of one GPU's memory, the choice and a candidate beside it, to one scale."""
    bars = descriptions(plan).bars(plan)
    scale = BAR_WIDTH / max(bar.usable_gib for bar in bars)
    title = escape(f"{plan.chosen.setup.model.id[:64]}: memory of one GPU, GiB")
    pitch = 92 if max(len(bar.parts) for bar in bars) <= LABELS else 108  # pixels from one bar to the next
    height = 40 + pitch * len(bars)
    size = f'viewBox="0 0 680 {height}" width="680" height="{height}"'
    drawn = (memory_bar(bar, 40 + pitch * n, scale) for n, bar in enumerate(bars))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="13">
<title>{title}</title>
<rect width="680" height="{height}" fill="#ffffff"/>
<text x="30" y="24" font-size="15" font-weight="600">{title}</text>
{"".join(drawn)}</svg>
"""


def memory_bar(bar: Bar, y: int, scale: float) -> str:
    """Return one bar with its caption above and the name and GiB of each term below."""
    terms = bar.parts
    across = LABELS if len(terms) <= LABELS else ceil(len(terms) / 2)  # names in a row below the bar
    apart = (BAR_WIDTH - 10) // across
    out = f'<text x="30" y="{y + 14}">{escape(bar.caption)}</text>\n'
    x = 30.0
    for number, (name, gib) in enumerate(terms.items()):
        colour = COLOURS[name]
        label, below = 30 + number % across * apart, y + 18 * (number // across)
        out += f'<rect x="{x:.1f}" y="{y + 22}" width="{gib * scale:.1f}" height="26" fill="{colour}"/>\n'
        out += f'<rect x="{label}" y="{below + 56}" width="10" height="10" fill="{colour}"/>\n'
        out += f'<text x="{label + 14}" y="{below + 66}">{name} {gib:.1f}</text>\n'
        x += gib * scale
    return out


def escape(text: str) -> str:
    """Return text with XML's special characters escaped. Importing `html` for it would take a millisecond."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        text = text.replace(character, entity)
    return text
