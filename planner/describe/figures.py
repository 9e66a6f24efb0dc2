"""How far the figures of a plan can be trusted."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..schema import AnyPlan, Model
from .layout import Figure

MEASURED, CALCULATED, ESTIMATE = "measured elsewhere", "calculated", "unmeasured estimate"
PUBLISHED, ASSUMED, ASKED = "published", "assumed", "as given"
FITTED = "a roofline model, its constants from published measurements of such cards, none of them ours"


def memory_figures(model: Model, terms: str) -> list[Figure]:
    """Return the confidence in weights and in the other `terms` of the memory."""
    if model.basis in ("size", "name"):
        return [Figure("memory", ESTIMATE, "the architecture is guessed from the model's size")]
    return [
        Figure("weights", CALCULATED, "from the model's configuration"),
        Figure(terms, CALCULATED, "term by term; compared with published measurements, none of them ours"),
    ]


def speed_figures(plan: AnyPlan, name: str, prior: bool) -> list[Figure]:
    """Return the confidence in the speeds of a plan; `prior`: nothing was measured of such a card or model."""
    if prior:
        gpu = plan.chosen.setup.gpu.name
        return [Figure(name, ESTIMATE, f"a roofline model and the datasheet: no published speed of {gpu} entered it")]
    return [Figure(name, MEASURED, FITTED)]


def price_figures(start: str = "start") -> list[Figure]:
    """Return the confidence in prices and in the time of a start."""
    return [
        Figure("$ per hour of a GPU", PUBLISHED, f"Modal's price list of {PRICES_DATE}"),
        Figure("CPU and memory billed on top", ESTIMATE, "cores and GiB per container are assumed"),
        Figure(start, ESTIMATE, "weights read from a Volume, and imports"),
    ]
