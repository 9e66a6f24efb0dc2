"""Bytes that vLLM reserves in its cache for one request, in whole blocks of whole groups of layers.

Source: vLLM 0.32, v1/core/kv_cache_utils.py (groups) and platforms/interface.py (blocks of hybrid models). Its own
answers for every architecture are in benchmarks/data/oracle, and tests/planner/test_oracle.py compares.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd
from typing import NamedTuple

from ..schema import Model
from .kv_cache import CacheKind, cache_kinds, state_layers

BLOCK_TOKENS = 16
LATENT_BLOCK_TOKENS = 64  # FlashMLA's on Hopper
HYBRID_LATENT_BLOCK_TOKENS = 128  # least beside states: FlashInfer's decoding kernels want multiples
UNEVEN = 1.5  # kinds whose counts differ by less are padded to the larger one, others split by the smaller


class _Kind(NamedTuple):
    """Layers that share a block table: how many, the bytes of a block in one of them, the blocks of a request."""

    layers: int
    page: int
    blocks: int


@lru_cache(maxsize=256)  # a plan has few steps and numbers of GPUs
def request_bytes(model: Model, tokens: int, in_flight: int, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the bytes per GPU of a request of `tokens`; `in_flight` tokens are scheduled and not yet settled.

    Layers that keep all tokens need no groups and take what they hold. Layers of several kinds draw blocks of one size
    from one pool: the attention's block grows until a state fits in it, a kind with smaller pages gets longer
    blocks or padding, and each kind is padded to whole groups.
    """
    kinds, states = cache_kinds(model, kv_dtype), state_layers(model)
    if model.pages and states:
        return _packed_bytes(model, kinds[0], tokens, tensor_parallel)
    if model.pages:
        return _paged_bytes(model, tokens, in_flight)
    if not kinds and not states:
        return 0.0
    sizes = [kind.token_bytes(tensor_parallel) for kind in kinds]
    block = BLOCK_TOKENS
    if model.attention == "mla":
        block = HYBRID_LATENT_BLOCK_TOKENS if states else LATENT_BLOCK_TOKENS
    if not states and len({kind.window for kind in kinds}) == 1:
        block = kinds[0].block or block
        blocks = _blocks(kinds[0], block, tokens, in_flight)
        return float(sum(kind.layers * size for kind, size in zip(kinds, sizes, strict=True)) * block * blocks)
    state = ceil(model.state_bytes / tensor_parallel / states) if states else 0
    if kinds:
        block *= max(1, ceil(state / (block * max(sizes))))
    pages = [(kind.block or block) * size for kind, size in zip(kinds, sizes, strict=True)]
    page = max(*pages, state) if kinds else state
    table = []
    for kind, size, own in zip(kinds, sizes, pages, strict=True):
        longer = (page if page % own == 0 else own) // size  # where it divides; else it is padded
        table.append(_Kind(kind.layers, page, _blocks(kind, longer, tokens, in_flight)))
    if states:
        table.append(_Kind(states, page, model.state_blocks))
    fewest, most = (pick(kind.layers for kind in table) for pick in (min, max))
    group = most if most < UNEVEN * fewest else fewest
    return float(sum(ceil(kind.layers / group) * group * kind.page * kind.blocks for kind in table))


def _paged_bytes(model: Model, tokens: int, in_flight: int) -> float:
    """Return the bytes of a request where each kind of layers has blocks of its own (DeepSeek-V4).

    Kinds of the same window and block are a group. A block of any group takes what one of the group without a window
    does, and a group that is larger is split.
    """
    groups: dict[tuple[int, int], int] = {}
    for layers, window, block, size in model.pages:
        groups[window, block] = groups.get((window, block), 0) + layers * size
    page = max(size for (window, _block), size in groups.items() if not window)
    blocks = 0
    for (window, block), size in groups.items():
        held = ceil(min(tokens, window - 1 + in_flight) / block) + 1 if window else ceil(tokens / block)
        blocks += ceil(size / page) * held
    return float(page * blocks)


def _packed_bytes(model: Model, latent: CacheKind, tokens: int, tensor_parallel: int) -> float:
    """Return the bytes of a request where an index lies beside the latent and states fill what is left (GLM-5.3-Flash).

    A block holds latent and index of all their layers, as many states as fit, or the pools of keys that are not full.
    """
    states, entry = state_layers(model), latent.token_bytes(tensor_parallel)
    state = ceil(model.state_bytes / tensor_parallel / states)
    layers, _window, own, size = model.pages[0]
    step = max(own, HYBRID_LATENT_BLOCK_TOKENS)
    block = step * ceil(state / (step * entry))
    page = latent.layers * entry * block + layers * size * block // own
    aligned = entry * size // gcd(entry, size)
    page = ceil(page / aligned) * aligned
    groups = ceil(states / (page // (entry * block)))  # a state is padded to a layer's latent
    return float(page * (ceil(tokens / block) + groups * model.state_blocks + 1))


def _blocks(kind: CacheKind, block: int, tokens: int, in_flight: int) -> int:
    """Return the blocks of a request; a window may begin in the middle of one."""
    if not kind.window:
        return ceil(tokens / block)
    return ceil(min(tokens, kind.window - 1 + in_flight) / block) + 1
