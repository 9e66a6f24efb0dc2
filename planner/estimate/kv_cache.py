"""Bytes of KV cache, and which models keep one."""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import NamedTuple

from ..schema import GIB, Model

# Decoders whose attention was made to look both ways; others with grouped heads are causal and keep a cache.
BIDIRECTIONAL = ("embeddinggemma", "gte-qwen", "nv-embed", "llm2vec", "gritlm")


def is_causal(model: Model) -> bool:
    """Whether each token attends only to those before it, so that an engine keeps a KV cache.

    Encoders attend both ways. In the catalogue their heads mark them: none of BERT's kind groups them, decoders do.
    """
    if model.workload == "generation":
        return True
    return model.kv_heads < model.heads and not any(name in model.id.lower() for name in BIDIRECTIONAL)


class CacheKind(NamedTuple):
    """Layers that cache the same: all tokens or, with a window, the last of them."""

    layers: int
    window: int  # tokens; 0: all
    heads: int  # of keys and values, before tensor parallelism
    width: int  # elements of one head's key and value
    block: int = 0  # tokens of a block; 0: as many as the backend has
    element_bytes: int = 2

    def token_bytes(self, tensor_parallel: int) -> int:
        """Return the bytes of a token in one layer on each GPU; a head is never split, so it may be copied."""
        return ceil(self.heads / tensor_parallel) * self.width * self.element_bytes


@lru_cache(maxsize=64)  # a plan reads them some hundred times
def cache_kinds(model: Model, kv_dtype: str = "auto") -> tuple[CacheKind, ...]:
    """Return the kinds of layers with a growing cache. An MLA latent is one head, which every GPU holds."""
    size = 1 if "fp8" in (kv_dtype, model.kv_dtype) else 2
    if model.pages and not model.caches:
        return ()
    if model.caches:
        return tuple(CacheKind(*kind, element_bytes=size) for kind in model.caches)
    heads, width = model.kv_heads, 2 * model.head_dim
    if model.attention == "mla":
        heads, width = 1, model.kv_lora_rank + model.qk_rope_head_dim
    full = model.layers - model.linear_layers - model.sliding_layers
    counts = ((full, 0), (model.sliding_layers, model.sliding_window))
    return tuple(CacheKind(layers, window, heads, width, element_bytes=size) for layers, window in counts if layers > 0)


def state_layers(model: Model) -> int:
    """Return how many layers keep a state of constant size for each sequence."""
    return (model.state_layers or model.linear_layers) if model.state_bytes else 0


def kv_bytes_per_token(model: Model, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the bytes per token on each GPU, within every layer's window. An MLA cache is copied to every GPU."""
    paged = sum(layers * size / block for layers, _window, block, size in model.pages)  # every GPU holds them whole
    return float(paged + sum(kind.layers * kind.token_bytes(tensor_parallel) for kind in cache_kinds(model, kv_dtype)))


def kv_layer_bytes(model: Model, kv_dtype: str, tensor_parallel: int) -> int:
    """Return the bytes of a token in a layer of the first kind, for engines that cache all layers alike."""
    kinds = cache_kinds(model, kv_dtype)
    return kinds[0].token_bytes(tensor_parallel) if kinds else 0


def kv_gib(model: Model, tokens: int, sequences: float = 1, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the GiB that `sequences` of `tokens` each take on each GPU: full layers, windows, constant states."""
    return (
        sequences
        * (_growing_bytes(model, tokens, kv_dtype, tensor_parallel) + model.state_bytes / tensor_parallel)
        / GIB
    )


@lru_cache(maxsize=256)  # a plan has few lengths and numbers of GPUs
def _growing_bytes(model: Model, tokens: int, kv_dtype: str, tensor_parallel: int) -> float:
    """Return the bytes on each GPU that grow with a request's tokens, within windows."""
    held = sum(
        layers * (min(tokens, window) if window else tokens) * size / block
        for layers, window, block, size in model.pages
    )
    for kind in cache_kinds(model, kv_dtype):
        kept = min(tokens, kind.window) if kind.window else tokens
        held += kind.layers * kept * kind.token_bytes(tensor_parallel)
    return held


def seen_tokens(model: Model, tokens: int) -> float:
    """Return the tokens that all layers together have cached of a request, windows considered.

    In transformers' continuous batching every token of a step is scored against those of all requests, and a mask
    hides those of the others.
    """
    full = model.layers - model.linear_layers - model.sliding_layers
    return full * tokens + model.sliding_layers * min(tokens, model.sliding_window or tokens)
