"""An inference plan in words: GPUs, memory, containers, prices."""

from __future__ import annotations

from ..asked import WarmPool
from ..choose.cost import (
    STARTER_GPUS,
    container_usd_per_hour,
    month_hours,
    most_containers,
    tokens_per_s,
    warm_usd_per_month,
)
from ..choose.margins import paged
from ..estimate.inference_speed import RANGE
from ..request.warm_pool import warm_hours_per_month
from ..schema import HOURS_PER_MONTH, InferenceCandidate, InferenceEstimate, InferencePlan
from .format import budget_words, hourly
from .warm_pool import hours_text

WORKING_HOURS = WarmPool(1, (1, 2, 3, 4, 5), 8 * 60, 18 * 60)  # mon-fri 8-18, as an example of a schedule
MEMORY_TERMS = ("weights", "KV cache", "activations", "overhead")


def memory_terms(estimate: InferenceEstimate) -> dict[str, float]:
    """Return GiB per GPU by term, in the order of MEMORY_TERMS; their sum is the predicted peak."""
    figures = (estimate.weights_gib, estimate.kv_cache_gib, estimate.activation_gib, estimate.overhead_gib)
    return dict(zip(MEMORY_TERMS, figures, strict=True))


def peak_gib(estimate: InferenceEstimate) -> float:
    return sum(memory_terms(estimate).values())


def estimate_of(candidate: InferenceCandidate) -> InferenceEstimate:
    """Return the estimate of a candidate that has one."""
    assert candidate.estimate is not None
    return candidate.estimate


def where(candidate: InferenceCandidate) -> str:
    """Return "2x L40S", or "2 containers of 4x H100" where replicas carry the load."""
    setup = candidate.setup
    one = f"{setup.gpu_count}x {setup.gpu.name}"
    return f"{candidate.containers} containers of {one}" if candidate.containers > 1 else one


def units(plan: InferencePlan) -> str:
    """Return what concurrency counts: "requests" of a generating model, "texts" of an encoder."""
    return "requests" if plan.request.workload == "generation" else "texts"


def token_kind(plan: InferencePlan) -> str:
    """Return the tokens that a rate counts: "output" of a generating model, "input" of an encoder."""
    return "output" if plan.request.workload == "generation" else "input"


def rate_range(candidate: InferenceCandidate) -> tuple[float, float]:
    """Return the likely range of tokens/s of all containers that carry the load."""
    rate = tokens_per_s(candidate)
    return rate / RANGE, rate * RANGE


def max_containers(plan: InferencePlan) -> int:
    """Return the most containers that may run at once."""
    return most_containers(plan.request, plan.chosen)


def at_once(plan: InferencePlan) -> int:
    """Return the requests that a speed holds for: of one container of a batch, of all containers of a service."""
    if plan.request.rate:
        return plan.chosen.containers * plan.chosen.setup.concurrency
    return plan.chosen.setup.concurrency if plan.request.task == "batch" else plan.request.concurrency


def gpu_words(plan: InferencePlan) -> str:
    """Return "1x L40S, $1.95/h per container; at most 2 containers ($4/hour budget)"."""
    chosen, setup = plan.chosen, plan.chosen.setup
    one = f"{setup.gpu_count}x {setup.gpu.name}, {hourly(container_usd_per_hour(setup))} per container"
    if chosen.containers > 1:
        one += f"; {chosen.containers} containers carry the load, {hourly(chosen.usd_per_hour)}"
    return f"{one}; {limit_words(plan)}"


def limit_words(plan: InferencePlan) -> str:
    """Return what the budget bounds: "at most 2 containers ($4/hour budget)", "$300/month pays for 154 hours"."""
    budget, most = plan.request.budget, max_containers(plan)
    if budget.per == "month" and plan.request.task == "serve":
        beyond = " beyond the warm pool" if plan.request.warm.containers else ""
        hours = month_hours(plan.request, plan.chosen)
        return f"{budget_words(budget)} pays for {hours:,.0f} hours of one{beyond}"
    starter = "beyond Modal's Starter plan" if beyond_starter(plan) else "no budget: Modal's Starter plan"
    why = starter if budget.per == "none" else f"{budget_words(budget)} budget"
    return f"at most {most} container{'s' * (most > 1)} ({why})"


def beyond_starter(plan: InferencePlan) -> bool:
    """Whether the containers that may run at once take more GPUs than Modal's Starter plan runs."""
    return max_containers(plan) * plan.chosen.setup.gpu_count > STARTER_GPUS


def pool_words(plan: InferencePlan) -> str:
    """Return the price of the idle warm pool: "1 container mon-fri 8-18 UTC: $424/month"."""
    pool = plan.request.warm
    many = "container" if pool.containers == 1 else "containers"
    usd = warm_usd_per_month(plan.request, plan.chosen)
    return f"{pool.containers} {many} {hours_text(pool)}: ${usd:,.0f}/month"


def spare_gib(candidate: InferenceCandidate) -> float:
    """Return the GiB of KV cache that vLLM claims beyond what the requests of one container need.

    A full context for each; under a rate for one of them, and typical lengths for the others.
    """
    setup, estimate = candidate.setup, estimate_of(candidate)
    if setup.engine != "vllm" or setup.concurrency > estimate.requests_at_once:
        return 0.0
    if paged(setup) and estimate.requests_at_once > 1:
        first = estimate.kv_cache_gib / estimate.max_concurrency
        each = (estimate.kv_cache_gib - first) / (estimate.requests_at_once - 1)
        return (estimate.requests_at_once - setup.concurrency) * each
    return estimate.kv_cache_gib * (1 - setup.concurrency / estimate.requests_at_once)


def idle_prices(plan: InferencePlan) -> tuple[float, float]:
    """Return the USD a month of one warm container's GPUs: always, and in working hours (mon-fri 8-18)."""
    one = container_usd_per_hour(plan.chosen.setup)
    return one * HOURS_PER_MONTH, one * warm_hours_per_month(WORKING_HOURS)
