"""Inference: what a larger GPU would hold, and why no cheaper single GPU was chosen."""

from __future__ import annotations

from ..catalogue.gpus import gpu_string
from ..choose.cost import container_usd_per_hour
from ..choose.margins import paged
from ..schema import InferenceCandidate, InferencePlan
from .format import hourly
from .inference import estimate_of, spare_gib, units
from .load import about_rate, rate_words
from .neighbours import gets, one_per_gpu, verdict

LOWER_FRACTION = 0.04  # of the card, that a lower MEMORY_FRACTION leaves free for what runs beside


def cheaper_single_gpus(plan: InferencePlan) -> list[str]:
    """Return why each single GPU that costs less per hour was not chosen, the dearest first."""
    alone = [c for c in plan.candidates if c.setup.gpu_count == 1]
    best = one_per_gpu(plan._replace(candidates=tuple(alone)))
    below = [c for c in best if container_usd_per_hour(c.setup) < plan.chosen.usd_per_hour and c is not plan.chosen]
    below.sort(key=lambda c: -container_usd_per_hour(c.setup))
    return [f"1x {c.setup.gpu.name}, {hourly(container_usd_per_hour(c.setup))}: {why_not(plan, c)}." for c in below]


def why_not(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return what one such GPU lacks."""
    if candidate.containers < 2:
        return verdict(plan, candidate)
    load = f"{plan.request.concurrency} {units(plan)}"
    if plan.request.rate:
        load = rate_words(plan.request.rate)
    one = about_rate(candidate.most_per_s, plan.request.rate) if plan.request.rate else str(candidate.setup.concurrency)
    holds = f"{'carries' if plan.request.rate else 'holds'} {one} of {load}"
    return f"{holds}; {candidate.containers} of them are {hourly(candidate.usd_per_hour)}: {verdict(plan, candidate)}"


def out_of_memory(plan: InferencePlan) -> list[str]:
    """Return what to do when memory runs out, the cheapest step first."""
    setup, estimate = plan.chosen.setup, estimate_of(plan.chosen)
    steps = []
    if setup.engine == "vllm":
        freed, spare = LOWER_FRACTION * estimate.usable_gib, spare_gib(plan.chosen)
        steps.append(
            f"While it runs (`CUDA out of memory`): lower `MEMORY_FRACTION` from {setup.memory_fraction:g} to "
            f"{setup.memory_fraction - LOWER_FRACTION:g}. That leaves {freed:.1f} GiB more outside of vLLM and takes "
            f"them from the KV cache, {f'which has {spare:.1f} to spare' if spare else 'so fewer run at once'}."
        )
    if setup.engine == "vllm" and plan.request.workload == "generation":
        steps.append(
            f"Halve `MAX_NUM_BATCHED_TOKENS` ({setup.max_batched_tokens:,}): activations ({estimate.activation_gib:.1f}"
            " GiB) grow with it. Long prompts are then read in more steps."
        )
    if estimate.kv_cache_gib:
        each = estimate.kv_cache_gib / (estimate.max_concurrency if paged(setup) else estimate.requests_at_once)
        steps.append(
            f"At start (no room for the KV cache): lower `CONCURRENCY` ({setup.concurrency}) or `CONTEXT_LEN` "
            f"({setup.context_len:,}). One request of full context takes {each:.2f} GiB of cache."
        )
    else:
        steps.append(
            f"Lower `CONCURRENCY` ({setup.concurrency}): a pass takes {estimate.activation_gib:.1f} GiB, which grow "
            "with its texts."
        )
    if larger := next_larger(plan):
        gpus = gpu_string(larger.setup.gpu, larger.setup.gpu_count)
        steps.append(f"Plan again with `gpu={gpus}`: {gets(plan, larger)}.")
    return steps


def next_larger(plan: InferencePlan) -> InferenceCandidate | None:
    """Return the best ranked candidate on one container whose GPUs, as many or more, have more memory."""
    chosen, best = plan.chosen.setup, {}
    for candidate in plan.candidates:  # the ranked ones first, best first
        if candidate.rank:
            best.setdefault((candidate.setup.gpu.name, candidate.setup.gpu_count), candidate)
    alone = [c for c in best.values() if c.containers == 1 and c.setup.gpu_count >= chosen.gpu_count]
    return next((c for c in alone if c.setup.gpu.visible_gib > chosen.gpu.visible_gib), None)
