"""The layout, packing and micro-batch with which a training setup goes fastest."""

from __future__ import annotations

from ..estimate import training
from ..estimate.training_run import sequence_tokens
from ..estimate.training_states import tokens_of
from ..schema import Request, TrainingEstimate, TrainingSetup, replace

GLOBAL_BATCH = 32  # sequences that one optimizer step sees; accumulation makes up what the GPUs do not hold (prior)
MAX_STEP_TOKENS = 32_768  # of one micro-batch: beyond that a larger one is no faster
MICRO_BATCHES = (1, 2, 4, 8, 16, 32)
HEADROOM = 0.92  # of the memory, beyond which a smaller micro-batch is taken: the estimate's median error is 7 to 12%
MAX_HOST_GIB = 336  # main memory of one Modal container
PACKED_STEPS = 50  # optimizer steps of an epoch: with fewer, packing would leave too few to learn from (prior)


def first_layout_that_fits(request: Request, setups: list[TrainingSetup]) -> tuple[TrainingSetup, TrainingEstimate]:
    """Return the first setup that fits with headroom, else the first that fits at all, else the last."""
    fitting = None
    for setup in setups:
        estimate = estimate_run(request, setup)
        if not estimate.fits or estimate.host_gib > MAX_HOST_GIB:
            continue
        if not tight(estimate):
            return setup, estimate
        fitting = fitting or (setup, estimate)
    return fitting or (setups[-1], estimate_run(request, setups[-1]))


def packed_or_padded(
    request: Request, setup: TrainingSetup, first: TrainingEstimate
) -> tuple[TrainingSetup, TrainingEstimate]:
    """Return the setup at its best micro-batch, packed where examples may be and padding would cost more."""
    best, found = best_micro_batch(request, setup, first)
    packed = replace(setup, packed=True)
    if packs(request):
        packed, estimate = best_micro_batch(request, packed, estimate_run(request, packed))
        if not tight(estimate) and useful_rate(request, packed, estimate) > useful_rate(request, best, found):
            return packed, estimate
    return best, found


def best_micro_batch(
    request: Request, setup: TrainingSetup, first: TrainingEstimate
) -> tuple[TrainingSetup, TrainingEstimate]:
    """Return the setup with the micro-batch and checkpointing that train fastest with headroom."""
    best, found = setup, first
    most = max(1, GLOBAL_BATCH // (setup.gpu_count * setup.nodes))  # larger ones would make the global batch larger
    for checkpointing in (True, False):
        so_far = useful_rate(request, best, found) if checkpointing else 0.0
        for micro_batch in MICRO_BATCHES[checkpointing:]:  # the first one with checkpointing is given
            tried = replace(setup, micro_batch=micro_batch, gradient_checkpointing=checkpointing)
            if micro_batch > most or (micro_batch > 1 and tokens_of(tried) > MAX_STEP_TOKENS):
                break
            estimate = estimate_run(request, tried)
            useful = useful_rate(request, tried, estimate)
            if tight(estimate) or useful <= so_far * 1.02:  # a larger one must earn its memory
                break
            so_far = useful
            if useful > useful_rate(request, best, found):
                best, found = tried, estimate
    return best, found


def estimate_run(request: Request, setup: TrainingSetup) -> TrainingEstimate:
    """Return the estimate with the memory of full sequences and the speed at typical ones."""
    full, typical = training.estimate(setup), sequence_tokens(request, setup)
    if typical == setup.seq_len or not full.fits:
        return full
    speed = training.estimate(replace(setup, seq_len=typical))
    return replace(
        full,
        tokens_per_s=speed.tokens_per_s,
        tokens_per_s_low=speed.tokens_per_s_low,
        tokens_per_s_high=speed.tokens_per_s_high,
        mfu=speed.mfu,
        usd_per_million_tokens=speed.usd_per_million_tokens,
    )


def useful_rate(request: Request, setup: TrainingSetup, estimate: TrainingEstimate) -> float:
    """Return the tokens/s without padding."""
    rate = estimate.tokens_per_s or 0.0
    if setup.packed or not request.row_tokens:
        return rate
    return rate * min(setup.seq_len, request.row_tokens) / sequence_tokens(request, setup)


def packs(request: Request) -> bool:
    """Whether several examples may share a sequence: short and many, and no state runs from one to the next."""
    if request.workload != "generation" or request.model.keeps_state or not request.row_tokens:
        return False
    if request.objective == "dpo":
        return False
    steps = request.dataset_rows * request.row_tokens / request.context_len / GLOBAL_BATCH
    return request.row_tokens < request.context_len and steps >= PACKED_STEPS


def need_gib(estimate: TrainingEstimate) -> float:
    """Return the GiB of each GPU at the peak, the CUDA context and NCCL included."""
    return estimate.peak_gib + estimate.overhead_gib


def tight(estimate: TrainingEstimate) -> bool:
    """Whether it fits with less to spare than an estimate errs."""
    return need_gib(estimate) > HEADROOM * estimate.usable_gib
