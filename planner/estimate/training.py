"""Memory, speed and price of one training setup."""

from __future__ import annotations

from ..catalogue.gpus import host_price
from ..reasons import Reason, Rejection
from ..schema import GIB, TrainingEstimate, TrainingSetup
from . import training_memory, training_speed
from .memory_terms import CONTEXT_GIB

DRIVER_GIB = 0.3  # gone from the visible memory before anything starts: 0.2 to 0.6 in start-up logs
TRAINING_NCCL_GIB = 0.5  # communicators of one group, outside torch's allocator: 0.5 to 1.5 in logs, the least of it
TRAIN_CORES, TRAIN_GIB = 2.0, 8.0  # for each GPU: the training process and its data loader (prior)
SPEED_RANGE = 1.35  # holds 94% of what was measured of dense models on NVLink cards
SPEED_RANGE_PRIOR = 2.0  # for the rest, of which too little was measured (prior); Llama-4-Scout ran 2.4 to 4.4 slower


def estimate(setup: TrainingSetup) -> TrainingEstimate:
    """Return the GiB per GPU, the USD and the tokens/s over all GPUs. No error for a setup that does not fit.

    `peak_gib` is the sum of weights, gradients, optimizer, activations and logits at the moment of the peak: what torch
    has reserved. `weights_gib` counts parameters gathered from shards, `optimizer_gib` the copy that AdamW's step makes
    where that is the peak, `activations_gib` the allocator's unused rest.
    """
    memory, gpu = training_memory.memory(setup), setup.gpu
    usable = gpu.visible_gib
    distributed = setup.gpu_count * setup.nodes > 1 or setup.sharding != "none"
    overhead = DRIVER_GIB + CONTEXT_GIB + (TRAINING_NCCL_GIB if distributed else 0.0)
    peak = sum(memory[:-1]) / GIB
    rejection = refused = _unsupported(setup)
    if not rejection and peak + overhead > usable:
        rejection = Rejection(Reason.TRAINING_TOO_LARGE, need_gib=peak + overhead, have_gib=usable)
    usd_per_hour = gpu.usd_per_hour * setup.gpu_count * setup.nodes
    speed = None if refused else training_speed.speed(setup)  # one that is only too large has a speed
    rate = speed.tokens_per_s if speed else None
    measured = gpu.nvlink and not setup.model.experts
    spread = SPEED_RANGE if measured else SPEED_RANGE_PRIOR
    host = memory.host / GIB
    return TrainingEstimate(
        usable_gib=usable,
        weights_gib=memory.weights / GIB,
        gradients_gib=memory.gradients / GIB,
        optimizer_gib=memory.optimizer / GIB,
        activations_gib=(memory.activations + memory.unused) / GIB,
        logits_gib=memory.logits / GIB,
        overhead_gib=overhead,
        peak_gib=peak,
        host_gib=host,
        fits=not rejection,
        rejection=rejection,
        tokens_per_s=rate,
        tokens_per_s_low=rate and rate / spread,
        tokens_per_s_high=rate and rate * spread,
        mfu=speed.mfu if speed else None,
        usd_per_hour=usd_per_hour,
        host_usd_per_hour=host_price(setup.gpu_count * TRAIN_CORES, setup.gpu_count * TRAIN_GIB + host) * setup.nodes,
        usd_per_million_tokens=rate and usd_per_hour / (rate * 3600) * 1e6,
        assumed=setup.model.assumed,
        prior=("host_usd_per_hour",) if measured else ("host_usd_per_hour", "tokens_per_s", "mfu"),
    )


def _unsupported(setup: TrainingSetup) -> Rejection | None:
    """Return a rejection where the card cannot run the setup whatever the memory."""
    gpu = setup.gpu
    if not gpu.bf16 and setup.precision.startswith("bf16"):
        return Rejection(Reason.BF16_UNSUPPORTED)
    if setup.attention.startswith("flash") and gpu.compute_capability < (9 if setup.attention.endswith("3") else 8):
        return Rejection(Reason.KERNEL_UNSUPPORTED)
    return None
