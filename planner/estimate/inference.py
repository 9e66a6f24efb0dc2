"""One inference setup, estimated: memory, speed and money."""

from __future__ import annotations

from .gpus import UNMEASURED, host_price
from .memory import inference_memory
from .plan import InferenceEstimate, InferenceSetup
from .speed import cold_start_s, inference_speed, reading_speed

# What a serving container keeps busy: an API process, and for each GPU a process that polls (prior).
HOST_CORES, HOST_CORES_PER_GPU = 0.5, 1.0
HOST_GIB, HOST_GIB_PER_GPU = 4.0, 4.0
ALWAYS_PRIOR = ("cold_start_s", "host_usd_per_hour")
SPEEDS = (
    *ALWAYS_PRIOR,
    "decode_tokens_per_s_single",
    "output_tokens_per_s",
    "prefill_tokens_per_s",
    "time_to_first_token_s",
    "usd_per_million_output_tokens",
)


def estimate_inference(setup: InferenceSetup, engine_version: str = "") -> InferenceEstimate:
    """What happens if exactly this runs; rates are None where it does not fit. `engine_version`: as in memory.py."""
    memory = inference_memory(setup, engine_version)
    usd = setup.gpu.usd_per_hour * setup.gpu_count
    writes = setup.model.workload == "generation"
    answers = inference_speed(setup, memory) if memory.fits and writes else None
    read_per_s = first_s = None
    if answers:
        read_per_s, first_s = answers.prefill_tokens_per_s, answers.time_to_first_token_s
    elif memory.fits:
        read_per_s, first_s = reading_speed(setup)
    return InferenceEstimate(
        usable_gib=memory.usable_gib,
        weights_gib=memory.weights_gib,
        activation_gib=memory.activation_gib,
        overhead_gib=memory.overhead_gib,
        kv_cache_gib=memory.kv_cache_gib,
        kv_bytes_per_token=memory.kv_bytes_per_token,
        kv_tokens=memory.kv_tokens,
        max_concurrency=memory.max_concurrency,
        fits=memory.fits,
        why=memory.why,
        decode_tokens_per_s_single=answers.decode_tokens_per_s_single if answers else None,
        output_tokens_per_s=answers.output_tokens_per_s if answers else None,
        output_tokens_per_s_low=answers.output_tokens_per_s_low if answers else None,
        output_tokens_per_s_high=answers.output_tokens_per_s_high if answers else None,
        prefill_tokens_per_s=read_per_s,
        time_to_first_token_s=first_s,
        cold_start_s=cold_start_s(setup) if memory.fits else None,
        usd_per_hour=usd,
        host_usd_per_hour=host_price(
            HOST_CORES + HOST_CORES_PER_GPU * setup.gpu_count, HOST_GIB + HOST_GIB_PER_GPU * setup.gpu_count
        ),
        usd_per_million_output_tokens=usd / 3600 / answers.output_tokens_per_s * 1e6 if answers else None,
        assumed=setup.model.assumed,
        prior=SPEEDS if setup.gpu.name in UNMEASURED and memory.fits else ALWAYS_PRIOR,
    )
