"""Training: what to do when memory runs out, and why no cheaper single GPU was chosen."""

from __future__ import annotations

from ..catalogue.gpus import gpu_string
from ..choose.micro_batch import need_gib
from ..schema import TrainingCandidate, TrainingPlan
from .format import hourly
from .training import gets, one_per_gpu, verdict


def cheaper_single_gpus(plan: TrainingPlan) -> list[str]:
    """Return why each single GPU at a lower price per hour was not chosen, the dearest first."""
    alone = [c for c in plan.candidates if c.setup.gpu_count * c.setup.nodes == 1]
    best = one_per_gpu(plan._replace(candidates=tuple(alone)))
    below = [c for c in best if c.usd_per_hour < plan.chosen.usd_per_hour and c is not plan.chosen]
    below.sort(key=lambda c: -c.usd_per_hour)
    return [f"1x {c.setup.gpu.name}, {hourly(c.usd_per_hour)}: {verdict(plan, c)}." for c in below]


def out_of_memory(plan: TrainingPlan) -> list[str]:
    """Return what to do when memory runs out, the cheapest step first."""
    setup, estimate, steps = plan.chosen.setup, plan.chosen.estimate, []
    passing = estimate.activations_gib + estimate.logits_gib
    if setup.micro_batch > 1:
        steps.append(
            f"Halve `MICRO_BATCH` ({setup.micro_batch}) and double `ACCUMULATION` ({setup.accumulation}): activations "
            f"and logits ({passing:.1f} GiB) about halve, and the optimizer step takes as many sequences."
        )
    if not setup.gradient_checkpointing:
        steps.append(
            "`ACTIVATION_CHECKPOINTING = True`: activations are recomputed, which costs about a third of the speed."
        )
    steps.append(f"Lower `SEQ_LEN` ({setup.seq_len:,}): activations ({estimate.activations_gib:.1f} GiB) grow with it.")
    if larger := next_larger(plan):
        gpus = gpu_string(larger.setup.gpu, larger.setup.gpu_count * larger.setup.nodes)
        steps.append(f"Plan again with `gpu={gpus}`: {gets(larger)}.")
    return steps


def next_larger(plan: TrainingPlan) -> TrainingCandidate | None:
    """Return the best ranked candidate of the same method that leaves more of its GPUs free."""
    chosen = plan.chosen

    def free(candidate: TrainingCandidate) -> float:
        return candidate.estimate.usable_gib - need_gib(candidate.estimate)

    roomier = [
        c for c in plan.candidates if c.rank and c.setup.method == chosen.setup.method and free(c) > free(chosen)
    ]
    return min(roomier, key=lambda c: c.rank, default=None)
