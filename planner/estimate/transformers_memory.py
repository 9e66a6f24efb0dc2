"""GiB per GPU that transformers needs: plain `generate`, continuous batching, one pass of an encoder."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, lcm
from typing import NamedTuple

from ..reasons import Reason, Rejection
from ..schema import GIB, InferenceSetup
from .kv_cache import kv_gib, kv_layer_bytes
from .memory_terms import CONTEXT_GIB, InferenceMemory, nccl_gib, widest_bytes_per_token
from .vllm_memory import max_sequences
from .weights import weight_format, weight_gib

WORKSPACE_GIB = 0.04  # cuBLAS: 37 to 47 MiB above weights and cache in Qwen3's tables
PAGE_TOKENS = 256  # of transformers' paged cache, of which a request takes whole pages
STEP_TOKENS = 2048  # of prefill in one step of transformers' continuous batching, as the generated engine sets it
LOGIT_BYTES = 28  # per sequence and vocabulary entry there: 16-bit, float32, softmax, and a sort with its indices


def generate_memory(setup: InferenceSetup) -> InferenceMemory:
    """Return the memory of plain `generate`: the allocator's peak with a full cache; a prefill's is in the overhead."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    sequences = ceil(setup.concurrency * tp / setup.gpu_count)
    activation = WORKSPACE_GIB + 8 * model.vocab * sequences / GIB  # 16-bit and float32 logits of the last token
    activation += _unpacked_gib(setup)
    prompt = min(setup.input_len, setup.context_len)
    prefill = widest_bytes_per_token(model, tp) * prompt * sequences / GIB
    one = kv_gib(model, setup.context_len, 1, setup.kv_dtype, tp)
    cache = one * sequences
    overhead = CONTEXT_GIB + nccl_gib(setup, tp) + prefill
    need = weights + activation + overhead + cache
    each = one + (activation - WORKSPACE_GIB + prefill) / sequences
    concurrent = max(gpu.visible_gib - (need - each * sequences), 0.0) / each
    rejection = _too_large(setup, sequences, need)
    return InferenceMemory(
        gpu.visible_gib, weights, activation, overhead, cache, one * GIB / setup.context_len,
        int(concurrent * setup.context_len), concurrent * (setup.gpu_count // tp), rejection,
    )  # fmt: skip


def batching_memory(setup: InferenceSetup) -> Callable[[int], InferenceMemory]:
    """Return the memory of continuous batching as a function of `concurrency`.

    The peak of a step over a full cache, within the engine's own limit.
    """
    model, gpu, tp, replicas = setup.model, setup.gpu, setup.tensor_parallel, setup.gpu_count // setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    fixed = WORKSPACE_GIB + _unpacked_gib(setup)
    overhead = CONTEXT_GIB + nccl_gib(setup, tp)
    allowed = setup.memory_fraction * (gpu.visible_gib - weights)  # as `get_available_memory` has it

    def runs(terms: _Batching) -> bool:
        return weights + fixed + overhead + terms.need_gib <= gpu.visible_gib and terms.claimed_gib <= allowed

    token_bytes = float(model.layers * kv_layer_bytes(model, "auto", tp))
    one = token_bytes * setup.context_len / GIB  # of the cache, at the least
    fitting, above = 0, min(4 * max_sequences(gpu), int(gpu.visible_gib / one) + 1 if one else 4 * max_sequences(gpu))
    while above - fitting > 1:
        middle = (fitting + above) // 2
        fitting, above = (middle, above) if runs(_batching(setup, middle)) else (fitting, middle)

    def memory(concurrency: int) -> InferenceMemory:
        sequences = ceil(concurrency * tp / setup.gpu_count)
        terms = _batching(setup, sequences)
        rejection = _too_large(setup, sequences, weights + fixed + overhead + terms.need_gib)
        if not rejection and not runs(terms):
            rejection = Rejection(Reason.CLAIM_TOO_LARGE, terms.claimed_gib, allowed, sequences)
        return InferenceMemory(
            gpu.visible_gib, weights, fixed + terms.mask_gib + terms.moment_gib, overhead, terms.cache_gib,
            token_bytes, fitting * setup.context_len, float(fitting * replicas), rejection,
        )  # fmt: skip

    return memory


class _Batching(NamedTuple):
    """GiB of transformers' continuous batching (5.23, SDPA) beside the weights."""

    cache_gib: float
    mask_gib: float
    moment_gib: float  # the widest moment of a step
    claimed_gib: float  # what it allocates at its start, by its own sum

    @property
    def need_gib(self) -> float:
        return self.cache_gib + self.mask_gib + self.moment_gib


def _batching(setup: InferenceSetup, requests: int) -> _Batching:
    """Return the terms of transformers' PagedAttentionMemoryHandler for a cache of `requests` x context_len tokens.

    SDPA with a mask cannot group heads (`use_gqa_in_sdpa`), so each step gathers one layer's keys and values of all
    that is cached and repeats them for every head. The mask is allocated once, for a step of `max_batched_tokens`
    over the whole cache. Windows do not shrink the cache: it is sized for whole-model blocks.
    """
    model, tp, step = setup.model, setup.tensor_parallel, setup.max_batched_tokens
    heads, kv_heads = ceil(model.heads / tp), ceil(model.kv_heads / tp)
    vector = 2 * model.head_dim  # bytes of one head of one token
    layer = kv_layer_bytes(model, "auto", tp)
    kinds = [count for count in (model.layers - model.sliding_layers, model.sliding_layers) if count]
    sector_layers = lcm(*kinds)  # a sector divides into blocks of either kind of layer
    blocks = requests * ceil(setup.context_len / PAGE_TOKENS)
    sectors = ceil(blocks * model.layers / sector_layers)
    cache = (sectors + 2) * sector_layers * PAGE_TOKENS * layer  # two sectors take what padding writes
    readable = sectors * sector_layers // min(kinds) * PAGE_TOKENS
    mask = len(kinds) * 2 * step * (readable + step)
    repeated = 2 * heads + (kv_heads if heads > kv_heads else 0)
    gathered = repeated * vector * (requests * setup.context_len + step)
    logits = LOGIT_BYTES * model.vocab * requests
    moment = max(gathered, widest_bytes_per_token(model, tp) * step, logits)
    width = 2 * model.hidden + vector * (heads + 2 * kv_heads)
    claimed = cache + mask + (2 * heads + kv_heads) * vector * (readable + step) + width * step
    claimed += requests * (2 * model.hidden + 4 * model.vocab) + len(kinds) * 8 * (readable + 2 * step) + 32 * step
    return _Batching(cache / GIB, mask / GIB, moment / GIB, claimed / GIB)


def one_pass_memory(setup: InferenceSetup) -> InferenceMemory:
    """Return the memory of a pass over `concurrency` texts padded to context_len: no cache, no logits of a vocabulary.

    SDPA takes its padding mask as a matrix: one byte per pair of tokens, and two more where it is made additive.
    """
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    texts = ceil(setup.concurrency * tp / setup.gpu_count)
    queries, keys = (ceil(heads / tp) * model.head_dim for heads in (model.heads, model.kv_heads))
    repeated = 2 * queries if queries > keys else 0
    attention = 2 * (2 * model.hidden + 2 * queries + 2 * keys + repeated)
    token = max(widest_bytes_per_token(model, tp), attention)
    one = (token * setup.context_len + 3 * setup.context_len**2) / GIB
    fixed = WORKSPACE_GIB + _unpacked_gib(setup)
    overhead = CONTEXT_GIB + nccl_gib(setup, tp)
    need = weights + fixed + overhead + one * texts
    fitting = max(gpu.visible_gib - weights - fixed - overhead, 0.0) / one
    rejection = _too_large(setup, texts, need)
    return InferenceMemory(
        gpu.visible_gib, weights, fixed + one * texts, overhead, 0.0, 0.0, 0,
        fitting * (setup.gpu_count // tp), rejection,
    )  # fmt: skip


def _unpacked_gib(setup: InferenceSetup) -> float:
    """Return the GiB of the largest matrix that bitsandbytes unpacks, twice (prior)."""
    model = setup.model
    if weight_format(model, setup.quantization) not in ("nf4", "int8"):
        return 0.0
    return 4 * model.hidden * max(model.intermediate, model.moe_intermediate) / setup.tensor_parallel / GIB


def _too_large(setup: InferenceSetup, requests: int, need_gib: float) -> Rejection | None:
    """Return a rejection where the requests need more than the card has."""
    have_gib = setup.gpu.visible_gib
    return Rejection(Reason.TOO_MANY_AT_ONCE, need_gib, have_gib, number=requests) if need_gib > have_gib else None
