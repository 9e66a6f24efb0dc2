"""Reasons for which a configuration does not run or is not taken."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class Reason(Enum):
    """A reason as a code. describe/rejections.py has the sentences."""

    # the card or the engine cannot run it
    KERNEL_UNSUPPORTED = auto()
    FORMAT_UNSUPPORTED = auto()
    FLOAT16_OVERFLOW = auto()
    BF16_UNSUPPORTED = auto()
    ONE_GPU_ENGINE = auto()
    KERNEL_NOT_INSTALLED = auto()
    ENCODER_UNSUPPORTED = auto()
    ARCHITECTURE_UNSUPPORTED = auto()
    CACHE_UNSUPPORTED = auto()
    NO_CONTINUOUS_BATCHING = auto()
    HEADS_INDIVISIBLE = auto()
    # memory
    NO_KV_CACHE = auto()
    STARTUP_MEMORY = auto()
    REQUEST_TOO_LONG = auto()
    TOO_MANY_AT_ONCE = auto()
    CLAIM_TOO_LARGE = auto()
    TRAINING_TOO_LARGE = auto()
    HOST_MEMORY = auto()
    # another configuration is better in everything
    FASTER_KERNEL = auto()
    FEWER_GPUS = auto()
    # latency
    TTFT_OVER_TARGET = auto()
    TPOT_OVER_TARGET = auto()
    # money
    PRICE_OVER_BUDGET = auto()
    RUN_OVER_BUDGET = auto()
    WARM_POOL_OVER_BUDGET = auto()
    STARTER_PLAN = auto()
    BUDGET_BELOW_START = auto()


class Rejection(NamedTuple):
    """A reason with the figures that its sentence needs."""

    reason: Reason
    need_gib: float = 0.0
    have_gib: float = 0.0
    seconds: float = 0.0  # TTFT_OVER_TARGET, TPOT_OVER_TARGET: what is predicted
    number: int = 0  # TOO_MANY_AT_ONCE, CLAIM_TOO_LARGE: requests; FEWER_GPUS: GPUs that suffice
