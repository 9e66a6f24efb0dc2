"""Memory, speed and price of one inference setup."""

from __future__ import annotations

from ..catalogue.gpus import UNMEASURED, host_price
from ..schema import InferenceEstimate, InferenceSetup
from . import inference_memory
from .encoder import encoder_speed
from .generation_speed import generation_speed
from .inference_speed import Steps, cold_start_s, steps_of
from .memory_terms import InferenceMemory
from .queueing import Latency, latency

# CPU and memory of a serving container: an API process, and for each GPU a process that polls (prior).
HOST_CORES, HOST_CORES_PER_GPU = 0.5, 1.0
HOST_GIB, HOST_GIB_PER_GPU = 4.0, 4.0
ALWAYS_PRIOR = ("cold_start_s", "host_usd_per_hour")
SPEEDS = (
    *ALWAYS_PRIOR,
    "decode_tokens_per_s_single",
    "output_tokens_per_s",
    "prefill_tokens_per_s",
    "time_to_first_token_s",
    "time_per_output_token_s",
    "usd_per_million_output_tokens",
)


def estimate(setup: InferenceSetup, engine_version: str = "") -> InferenceEstimate:
    """Return the estimate of the setup; rates are None where it does not fit.

    `engine_version`: as in inference_memory.py.
    """
    return estimate_with(setup, inference_memory.memory(setup, engine_version))


def estimate_with(
    setup: InferenceSetup, memory: InferenceMemory, steps: Steps | None = None, at_rate: Latency | None = None
) -> InferenceEstimate:
    """Return the estimate of a setup whose memory is known, its steps and its latency too where these are."""
    usd = setup.gpu.usd_per_hour * setup.gpu_count
    generates = setup.model.workload == "generation"
    if memory.fits and generates:
        steps = steps or steps_of(setup, memory)
    speed = generation_speed(setup, steps) if memory.fits and steps else None
    prefill_per_s = first_s = None
    if speed:
        prefill_per_s, first_s = speed.prefill_tokens_per_s, speed.time_to_first_token_s
    elif memory.fits:
        prefill_per_s, first_s = encoder_speed(setup)
    token_s = speed.time_per_output_token_s if speed else None
    queue = (at_rate or latency(setup, steps)) if setup.rate and memory.fits else None
    if queue:
        first_s, token_s = queue.ttft_s, queue.tpot_s
    return InferenceEstimate(
        usable_gib=memory.usable_gib,
        weights_gib=memory.weights_gib,
        activation_gib=memory.activation_gib,
        overhead_gib=memory.overhead_gib,
        kv_cache_gib=memory.kv_cache_gib,
        kv_bytes_per_token=memory.kv_bytes_per_token,
        kv_tokens=memory.kv_tokens,
        max_concurrency=memory.max_concurrency,
        requests_at_once=memory.requests,
        fits=memory.fits,
        rejection=memory.rejection,
        decode_tokens_per_s_single=speed.decode_tokens_per_s_single if speed else None,
        output_tokens_per_s=speed.output_tokens_per_s if speed else None,
        output_tokens_per_s_low=speed.output_tokens_per_s_low if speed else None,
        output_tokens_per_s_high=speed.output_tokens_per_s_high if speed else None,
        prefill_tokens_per_s=prefill_per_s,
        time_to_first_token_s=first_s,
        cold_start_s=cold_start_s(setup) if memory.fits else None,
        time_per_output_token_s=token_s,
        requests_in_flight=queue.in_flight if queue else None,
        utilization=queue.utilization if queue else None,
        usd_per_hour=usd,
        host_usd_per_hour=host_price(
            HOST_CORES + HOST_CORES_PER_GPU * setup.gpu_count, HOST_GIB + HOST_GIB_PER_GPU * setup.gpu_count
        ),
        usd_per_million_output_tokens=usd / 3600 / speed.output_tokens_per_s * 1e6 if speed else None,
        assumed=setup.model.assumed,
        prior=SPEEDS if setup.gpu.name in UNMEASURED and memory.fits else ALWAYS_PRIOR,
    )


def speed_of(setup: InferenceSetup) -> tuple[float, float]:
    """Return the seconds to the first token on an idle server, and the output tokens/s of one that is full; 0 if none.

    Both at prompts of `input_len`, for a setup that fits.
    """
    setup = setup._replace(rate=0.0)
    alone, full = estimate(setup._replace(concurrency=1)), estimate(setup)
    return alone.time_to_first_token_s or 0.0, full.output_tokens_per_s or 0.0
