"""The names of the dimensions in a config.json, and checks that the model's class reads them under these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schema import Refusal
from .architectures import Architecture
from .hf_fields import Config

HIDDEN = ("hidden_size", "d_model", "n_embd", "dim", "emb_dim")
LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")
HEADS = ("num_attention_heads", "n_heads", "n_head", "num_heads", "attention_heads")
KV_HEADS = ("num_key_value_heads", "num_kv_heads", "n_head_kv", "kv_n_heads", "multi_query_group_num")
WIDTH = ("intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size", "hidden_dim")
# Kinds whose classes have names of their own for these; the others read the first name of each.
OWN_NAMES = frozenset(
    "bloom chatglm codegen dbrx distilbert exaone falcon gpt-sw3 gpt2 gpt_bigcode gpt_neo gptj mamba2 mpt nomic_bert "
    "openai-gpt opt xglm".split()
)


def check_names(text: Mapping[str, Any], kind: str) -> None:
    """Raise Refusal for a dimension under a name that the model's class does not read."""
    for first, *others in (HIDDEN, LAYERS, HEADS, KV_HEADS, WIDTH):
        odd = next((key for key in others if text.get(key) is not None), "")
        if odd and text.get(first) is None and kind not in OWN_NAMES:
            raise Refusal(
                f"the config.json gives {odd}, which a {kind} does not read, and no {first}; take the config.json that "
                f"the model was published with"
            )


def check_positions(config: Config, architecture: Architecture, kind: str) -> None:
    """Raise Refusal for an encoder with other positions than its class has: one of code of its own (Jina's)."""
    positions = config.text("position_embedding_type") or "absolute"
    if architecture.encoder and positions not in ("absolute", "rotary" if kind == "esm" else "absolute"):
        raise Refusal(
            f"position_embedding_type in the config.json is {positions[:30]!r}, which a {kind} does not have: it is "
            f"built by code of its own, which is not run here; choose a model of an architecture in docs/models.md"
        )
