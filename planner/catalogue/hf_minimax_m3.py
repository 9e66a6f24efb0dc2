"""MiniMax-M3: attention to blocks of tokens that an index chooses, beside a few layers that see all.

Read from vLLM 0.32 (vllm/models/minimax_m3) and transformers 5.24.
"""

from __future__ import annotations

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config, count_at, typed_at
from .hf_parts import Parts

BLOCK_TOKENS = 128  # of vLLM's cache, for the index's sake
# Switches of its class; no other values have been published.
_SWITCHES = {
    "use_qk_norm": True, "qk_norm_type": "per_head", "attention_output_gate": False, "use_routing_bias": True,
    "use_gemma_norm": True, "hidden_act": "swigluoai",
}  # fmt: skip
_SPARSE = frozenset(
    "use_sparse_attention sparse_index_dim sparse_num_index_heads sparse_topk_blocks sparse_block_size "
    "sparse_disable_index_value sparse_score_type sparse_init_block sparse_local_block sparse_attention_freq".split()
)


def minimax_m3(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Count the index of sparse layers, one key of which is cached for a token, and the wider MLPs of dense layers."""
    if saved := next((key for key in ("layer_types", "mlp_layer_types", "index_n_heads") if key in config.values), ""):
        raise Refusal(
            f"the config.json has {saved}, as transformers saves a MiniMax-M3, which vLLM 0.32 builds otherwise; take "
            "the config.json that MiniMaxAI publishes"
        )
    for key, value in _SWITCHES.items():
        if config.get(key)[1] != value:
            shown = str(config.get(key)[1])[:20]
            raise Refusal(f"{key} in the config.json is {shown}; only {value} is understood here")
    shared = config.count("shared_intermediate_size", default=experts.shared_width)
    if not isinstance(config.get("moe_layer_freq")[1], list) or not experts.count or shared != experts.shared_width:
        raise Refusal(
            "the config.json of a MiniMax-M3 must give moe_layer_freq of each layer, experts, and shared experts as "
            "wide as those"
        )
    section = config.section("sparse_attention_config")
    if odd := sorted(set(section) - _SPARSE):
        raise Refusal(
            f"sparse_attention_config in the config.json has {str(odd[0])[:40]}, which is not understood here"
        )
    sparse = [bool(each) for each in typed_at(section, list, "sparse_attention_freq")]
    valueless = [bool(each) for each in typed_at(section, list, "sparse_disable_index_value")]
    if len(sparse) != model.layers or valueless != sparse or section.get("use_sparse_attention") is not True:
        raise Refusal(
            "sparse_attention_config in the config.json must name each layer, with or without an index of keys"
        )
    heads, width = count_at(section, "sparse_num_index_heads"), count_at(section, "sparse_index_dim")
    if heads != model.kv_heads or count_at(section, "sparse_block_size") != BLOCK_TOKENS:
        raise Refusal(
            f"sparse_attention_config in the config.json must have blocks of {BLOCK_TOKENS} tokens and as many heads "
            f"as keys, {model.kv_heads}"
        )
    index = model.hidden * (heads + 1) * width + 2 * width
    parts.mixers = [mixer + (index if each else 0) for mixer, each in zip(parts.mixers, sparse, strict=True)]
    dense = config.count("dense_intermediate_size")
    parts.mlps = [
        mlp if holds else 3 * model.hidden * dense for mlp, holds in zip(parts.mlps, experts.layers, strict=True)
    ]
    caches = (
        (model.layers, 0, model.kv_heads, 2 * model.head_dim, BLOCK_TOKENS),
        (sum(sparse), 0, 1, width, BLOCK_TOKENS),
    )
    return replace(model, intermediate=dense, caches=tuple(each for each in caches if each[0]))
