"""GiB per GPU that vLLM needs, by its own sum at start-up.

Cache = fraction x visible memory - weights - activations - outside torch - CUDA graphs.
"""

from __future__ import annotations

from collections.abc import Callable

from ..reasons import Reason, Rejection
from ..schema import GIB, Gpu, InferenceSetup
from .draft_memory import LAYERS, draft_gib, with_draft
from .kv_cache import is_causal, kv_bytes_per_token, kv_gib
from .memory_terms import InferenceMemory, nccl_gib, widest_bytes_per_token
from .vllm_cache import request_bytes
from .weights import weight_gib

LARGE_CARD_GIB = 70  # from here vLLM schedules larger batches, the A100 excepted (vLLM 0.32, arg_utils)
HUGE_CARD_GIB = 149  # 160 GB
STARTUP_SHARE = 0.99  # of the card is free before an engine starts: 78.57 of 79.18 GiB, 21.84 of 22.03 (logs)
SAMPLER_BYTES = 15.5  # per sequence and vocabulary entry since vLLM 0.17: 16-bit and float32 logits, softmax, noise
SORTING_SAMPLER_BYTES = 38.6  # before: sorted copies too (1.40 GiB at 256 x 151,936; 7.38 at 1024 x 201,088)
ANY_SAMPLER_BYTES = 24.0  # version unknown: between the two (prior)
GRAPH_GIB_PER_LAYER = 0.013  # CUDA graphs: 0.39 GiB at 24 layers, 0.54 at 36, 0.24 at 32 (logs)
NON_TORCH_GIB = 0.1  # outside the allocator on one GPU: 0.03 to 0.16 (logs)
BATCHES_IN_FLIGHT = 2  # asynchronous scheduling keeps the window of two steps (vLLM 0.32)
_CURRENT = (0, 32)  # the vLLM version that generated projects pin


def vllm_memory(setup: InferenceSetup, engine_version: str) -> Callable[[int], InferenceMemory]:
    """Return the memory that vLLM plans at start-up as a function of max_num_seqs; 0 is its default for the card.

    `engine_version`: as in inference_memory.py. The versions at which its sum changed are priors, but for 0.21 (its own
    log line) and 0.32 (its source).
    """
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    version = parse_version(engine_version)
    weights = weight_gib(model, setup.quantization, tp) + draft_gib(setup.draft, tp)
    cached_model, replicas = with_draft(setup), setup.gpu_count // tp
    tokens = batched_tokens(setup)
    per_logit = ANY_SAMPLER_BYTES
    if engine_version:
        per_logit = SAMPLER_BYTES if version >= (0, 17) else SORTING_SAMPLER_BYTES
    default = max_sequences(gpu) if version >= (0, 9) else 256
    generates = model.workload == "generation"  # an encoder has no logits to sample from
    widest = widest_bytes_per_token(model, tp) * tokens
    graphs = (
        GRAPH_GIB_PER_LAYER * (model.layers + (LAYERS if setup.draft else 0)) if version >= (0, 21) else 0.0
    )  # before, outside the budget
    overhead = NON_TORCH_GIB + nccl_gib(setup, tp) + graphs
    budget, caches = setup.memory_fraction * gpu.visible_gib, is_causal(model)
    chunk = tokens * BATCHES_IN_FLIGHT if version >= (0, 20) else tokens
    request = request_bytes(cached_model, setup.context_len, chunk, setup.kv_dtype, tp) / GIB
    steady = request_bytes(cached_model, held_tokens(setup), 1, setup.kv_dtype, tp) / GIB
    per_token = kv_gib(cached_model, setup.context_len, 1, setup.kv_dtype, tp) * GIB / setup.context_len

    def memory(max_num_seqs: int) -> InferenceMemory:
        sequences = max_num_seqs or default
        activation = max(widest, per_logit * sequences * model.vocab if generates else 0.0) / GIB
        if version < (0, 6):  # counted all that the allocator had ever reserved, not the peak (factor: one log)
            activation *= 4
        cache = budget - weights - activation - overhead
        if not caches and cache > 0:
            return InferenceMemory(
                gpu.visible_gib, weights, activation, overhead, 0.0, 0.0, 0, float(sequences * replicas)
            )
        left = max(cache, 0.0)
        concurrent = left / request if request else float(sequences)
        held = _held_at_once(left, request, steady, 0 if generates else sequences)
        cached = concurrent * setup.context_len
        if version < (0, 12):  # printed as if every layer saw everything
            cached = left * GIB / kv_bytes_per_token(cached_model, setup.kv_dtype, tp)
        rejection = None
        if cache <= 0:
            rejection = Rejection(Reason.NO_KV_CACHE, need_gib=budget - cache, have_gib=budget)
        elif setup.memory_fraction > STARTUP_SHARE:
            rejection = Rejection(Reason.STARTUP_MEMORY, need_gib=budget)
        elif concurrent < 1:
            rejection = Rejection(Reason.REQUEST_TOO_LONG, need_gib=request, have_gib=cache)
        return InferenceMemory(
            gpu.visible_gib, weights, activation, overhead, cache, per_token,
            int(cached), concurrent * replicas, rejection, held * replicas,
        )  # fmt: skip

    return memory


def _held_at_once(cache: float, admitted: float, steady: float, reads: int) -> float:
    """Return the requests that a cache of `cache` GiB holds at once, one of them of context_len.

    A request is admitted when `admitted` GiB are free: the window and the steps in flight in each windowed layer. Once
    it is read it holds `steady` GiB, the window alone, and no two requests hold all tokens of the same step (vLLM 0.32,
    SlidingWindowSpec.max_admission_blocks_per_request and remove_skipped_blocks). A model that only reads is done with
    its cache at the end of its prompt: all of its `reads` sequences take turns in what holds one.
    """
    if not admitted:
        return float(reads)
    if cache < admitted:
        return cache / admitted
    return float(reads) if reads else 1 + (cache - admitted) / steady


def held_tokens(setup: InferenceSetup) -> int:
    """Return the tokens for which each request has room beside the first, which always has its full context.

    `concurrency` requests in flight all the time may all have a full context. Under a rate they are as many as typical
    lengths bring about, so those count: vLLM gives blocks as a request grows, and where many long ones meet, preempts
    the newest, which waits and is computed again (vLLM 0.32, v1/core/sched/scheduler.py).
    """
    return min(setup.context_len, setup.input_len + setup.output_len) if setup.rate else setup.context_len


def batched_tokens(setup: InferenceSetup) -> int:
    """Return the tokens of one step of vLLM's server: as asked, else its default for the card.

    A text that is only read by an encoder is read in one step, so a step holds one at least.
    """
    return setup.max_batched_tokens or default_step(setup.gpu)


def default_step(gpu: Gpu) -> int:
    """Return the tokens of one step of vLLM's server by default."""
    return 16384 if gpu.visible_gib >= HUGE_CARD_GIB else 8192 if _is_large(gpu) else 2048


def max_sequences(gpu: Gpu) -> int:
    """Return the requests that vLLM runs at once by default."""
    return 1024 if _is_large(gpu) else 256


def _is_large(gpu: Gpu) -> bool:
    return gpu.visible_gib >= LARGE_CARD_GIB and not gpu.name.startswith("A100")


def parse_version(text: str) -> tuple[int, ...]:
    """Return (0, 19) for "v0.19.0". A bare "V0" is the engine of 0.7 and before; without a number, the current one."""
    if not text:
        return _CURRENT
    numbers = text.lower().lstrip("v").split(" ")[0].split(".")[:2]
    found = tuple(int(number) for number in numbers if number.isdigit())
    return (0, 7) if found == (0,) else found or _CURRENT
