"""Sentences on self-hosting beside paying an API by the token."""

from __future__ import annotations

from ..choose.cost import start_usd_of
from ..choose.traffic import billed_tokens_per_s, billed_usd_per_million
from ..schema import HOURS_PER_MONTH, InferencePlan, TrainingPlan
from .format import about, dollars

MONTH_S = HOURS_PER_MONTH * 3600


def api_words(plan: InferencePlan, api_usd: float | None) -> list[str]:
    """Return from how many tokens on the plan is cheaper than an API at `api_usd` per million; None: for any price."""
    if plan.request.task == "batch":
        return batch_words(plan, api_usd)
    chosen, month_usd = plan.chosen, plan.chosen.usd_per_hour * HOURS_PER_MONTH
    most = billed_tokens_per_s(chosen) * MONTH_S / 1e6
    cheapest = billed_usd_per_million(chosen)
    can = f"at full load it serves about {many(most)} a month, at {dollars(cheapest)} per million"
    if api_usd is None:
        return [
            "No API price of this model is known here, so none is compared. Kept on all month, this service costs",
            f"{dollars(month_usd)} for GPUs: it is cheaper than an API at X dollars per million tokens (prompts and",
            f"answers alike) from {month_usd:,.0f} / X million tokens a month on; {can}.",
            "`gpu-plan compare` takes a price: `--api-price 0.60`.",
        ]
    at = f"Beside an API at {dollars(api_usd)} per million tokens (prompts and answers alike):"
    if cheapest >= api_usd:
        return [f"{at} this service is never cheaper; {can}."]
    return [
        f"{at} kept on all month for {dollars(month_usd)}, this service is cheaper from about "
        f"{many(month_usd / api_usd)} tokens a month on, {cheapest / api_usd:.0%} of full load; {can}.",
        f"Scaled to zero, it is cheaper where its containers are at least {cheapest / api_usd:.0%} loaded while up.",
    ]


def many(millions: float) -> str:
    """Return "240 million", "1.9 billion"."""
    return f"{about(millions / 1000)} billion" if millions >= 1000 else f"{about(millions)} million"


def batch_words(plan: InferencePlan, api_usd: float | None) -> list[str]:
    """Return the same for a batch, whose containers are full while they run."""
    ours, start_usd = billed_usd_per_million(plan.chosen), start_usd_of(plan.chosen)
    here = f"A million tokens (prompts and answers alike) cost {dollars(ours)} here, and a start {dollars(start_usd)}"
    if api_usd is None:
        return [
            "No API price of this model is known here, so none is compared.",
            f"{here}. `gpu-plan compare` takes a price: `--api-price 0.60`.",
        ]
    if ours >= api_usd:
        return [f"{here}: never cheaper than an API at {dollars(api_usd)} per million."]
    least = start_usd / (api_usd - ours)
    return [f"{here}: cheaper than an API at {dollars(api_usd)} from about {many(least)} tokens a run on."]


def no_api(plan: TrainingPlan, api_usd: float | None) -> list[str]:
    """Return no sentence: an API bills no training by the tokens that it answers."""
    return []
