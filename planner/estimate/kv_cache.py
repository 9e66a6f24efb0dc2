"""Bytes of KV cache, and which models keep one."""

from __future__ import annotations

from math import ceil

from ..schema import GIB, Model

# Decoders whose attention was made to look both ways; others with grouped heads are causal and keep a cache.
BIDIRECTIONAL = ("embeddinggemma", "gte-qwen", "nv-embed", "llm2vec", "gritlm")


def is_causal(model: Model) -> bool:
    """Whether each token attends only to those before it, so that an engine keeps a KV cache.

    Encoders see both ways. The catalogue tells them by their heads: none of BERT's kind groups them, decoders do.
    """
    if model.workload == "generation":
        return True
    return model.kv_heads < model.heads and not any(name in model.id.lower() for name in BIDIRECTIONAL)


def kv_bytes_per_token(model: Model, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the bytes per token on each GPU, within every layer's window. An MLA cache is copied to every GPU."""
    return float((model.layers - model.linear_layers) * kv_layer_bytes(model, kv_dtype, tensor_parallel))


def kv_layer_bytes(model: Model, kv_dtype: str, tensor_parallel: int) -> int:
    size = 1 if kv_dtype == "fp8" else 2
    if model.attention == "mla":
        return (model.kv_lora_rank + model.qk_rope_head_dim) * size
    return 2 * ceil(model.kv_heads / tensor_parallel) * model.head_dim * size


def kv_gib(model: Model, tokens: int, sequences: float = 1, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the GiB that `sequences` of `tokens` each take on each GPU: full layers, windows, constant states."""
    full = model.layers - model.linear_layers - model.sliding_layers
    kept = min(tokens, model.sliding_window) if model.sliding_window else tokens
    held = (full * tokens + model.sliding_layers * kept) * kv_layer_bytes(model, kv_dtype, tensor_parallel)
    return sequences * (held + model.state_bytes / tensor_parallel) / GIB
