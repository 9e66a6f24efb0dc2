"""Dimensions of published models, from their config.json, as transformers' configuration classes take them."""

from __future__ import annotations

from typing import Any


def dense(
    kind: str, vocab: int, hidden: int, mlp: int, layers: int, heads: int, kv: int, tied: bool, **more: Any
) -> tuple[str, dict[str, Any]]:
    return kind, {
        "vocab_size": vocab,
        "hidden_size": hidden,
        "intermediate_size": mlp,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "tie_word_embeddings": tied,
        "max_position_embeddings": 32768,
        **more,
    }


# fmt: off
ARCHITECTURES = {
    "smollm2-135m": dense("llama", 49152, 576, 1536, 30, 9, 3, True),
    "llama-3.2-1b": dense("llama", 128256, 2048, 8192, 16, 32, 8, True, head_dim=64),
    "llama-3.1-8b": dense("llama", 128256, 4096, 14336, 32, 32, 8, False, head_dim=128),
    "llama-2-7b": dense("llama", 32000, 4096, 11008, 32, 32, 32, False),
    "smollm3-3b": dense("smollm3", 128256, 2048, 11008, 36, 16, 4, True),
    "mistral-7b-v0.3": dense("mistral", 32768, 4096, 14336, 32, 32, 8, False, head_dim=128, sliding_window=None),
    "qwen2.5-0.5b": dense("qwen2", 151936, 896, 4864, 24, 14, 2, True),
    "qwen2.5-7b": dense("qwen2", 152064, 3584, 18944, 28, 28, 4, False),
    "qwen2.5-32b": dense("qwen2", 152064, 5120, 27648, 64, 40, 8, False),
    "qwen3-0.6b": dense("qwen3", 151936, 1024, 3072, 28, 16, 8, True, head_dim=128),
    "qwen3-4b": dense("qwen3", 151936, 2560, 9728, 36, 32, 8, True, head_dim=128),
    "qwen3-8b": dense("qwen3", 151936, 4096, 12288, 36, 32, 8, False, head_dim=128),
    "qwen3-14b": dense("qwen3", 151936, 5120, 17408, 40, 40, 8, False, head_dim=128),
    "gemma-2b": dense("gemma", 256000, 2048, 16384, 18, 8, 1, True, head_dim=256),
    "gemma-2-2b": dense("gemma2", 256000, 2304, 9216, 26, 8, 4, True, head_dim=256, sliding_window=4096),
    "gemma-3-1b": dense("gemma3_text", 262144, 1152, 6912, 26, 4, 1, True, head_dim=256, sliding_window=512),
    "olmo-2-1b": dense("olmo2", 100352, 2048, 8192, 16, 16, 16, False),
    "olmo-2-7b": dense("olmo2", 100352, 4096, 11008, 32, 32, 32, False),
    "phi-3-mini": dense("phi3", 32064, 3072, 8192, 32, 32, 32, False, sliding_window=None),
    "phi-4": dense("phi3", 100352, 5120, 17920, 40, 40, 10, False, sliding_window=None),
    "granite-3.3-2b": dense("granite", 49159, 2048, 8192, 40, 32, 8, True),
    "qwen3-30b-a3b": dense("qwen3_moe", 151936, 2048, 6144, 48, 32, 4, False, head_dim=128,
                           num_experts=128, num_experts_per_tok=8, moe_intermediate_size=768),
    "olmoe-1b-7b": dense("olmoe", 50304, 2048, 1024, 16, 16, 16, False, num_experts=64, num_experts_per_tok=8),
}
# fmt: on


def shortened(shape: dict[str, Any], layers: int) -> dict[str, Any]:
    """Return the same architecture with so many layers; 0: all that it has."""
    return {**shape, "num_hidden_layers": layers} if layers else shape
