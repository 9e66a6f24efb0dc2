"""GLM-5.3-Flash: delta attention beside latent attention with an index of pooled keys, in hyper-connections.

Read from vLLM 0.32 (vllm/models/glm5next), transformers 5.24 and the headers of zai-org/GLM-5.3-Flash on the hub.
"""

from __future__ import annotations

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config, count_at
from .hf_kimi import STATE_BYTES
from .hf_mixers import LINEAR
from .hf_parts import Parts

# Switches of its classes; no other values have been published.
_SWITCHES = {
    "mhc": True, "mla_use_nope": True, "index_kpool_compress": True, "index_kpool_always_select_tail": True,
    "attention_bias": False, "hidden_act": "silu", "qk_rope_head_dim": 0, "index_head_dim": 128, "kv_lora_rank": 512,
    "qk_nope_head_dim": 256, "qk_head_dim": 256, "n_group": 1,
}  # fmt: skip
_SECTION = frozenset(
    "num_heads head_dim short_conv_kernel_size gate_lower_bound safe_gate kda_layers full_attn_layers".split()
)
_PATTERNS = ("index_topk_pattern", "index_topk_freq", "index_skip_topk_offset")  # of layers that share an index
ENTRY_BYTES = 128 + 4  # of a pooled key in 8 bits, and its scale
PAGE_ENTRIES = 32  # of a page of the index, of which vLLM's blocks hold a whole number
FLASH_KDA_WIDTH = 128  # of a head, for which vLLM has the prefill kernel that leaves a checkpoint of the state


def glm5_next(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Count the index, the hyper-connections and the states; every GPU holds the index and the hyper-connections."""
    _check(model, config, experts, parts)
    hidden, states = model.hidden, parts.kinds.count("linear")
    indexed = model.layers - states
    linear = LINEAR["kimi_delta"](model, config)
    pool, width = config.count("index_kpool"), config.count("index_head_dim")
    if pool < 2 or config.count("index_topk") % pool:
        raise Refusal(f"index_kpool in the config.json is {pool}; it must be at least 2 and divide index_topk")
    heads = config.count("index_n_heads")
    index = config.count("q_lora_rank") * heads * width + hidden * (2 * width + heads) + 2 * width + pool * width
    streams = config.count("hc_mult")
    mixes = 2 * streams + streams**2
    mixing = 2 * (mixes * (streams * hidden + 1) + 3)  # before attention and before the MLP
    parts.mixers = [
        mixer + (index if kind == "full" else 0) for mixer, kind in zip(parts.mixers, parts.kinds, strict=True)
    ]
    parts.other += model.layers * mixing
    checkpoint = count_at(config.section("linear_attn_config"), "head_dim", default=0) or config.count(
        "linear_head_dim"
    )
    return replace(
        model,
        state_bytes=states * (STATE_BYTES * linear.state + 2 * linear.window),
        state_blocks=3 if checkpoint == FLASH_KDA_WIDTH else 2,
        caches=((indexed, 0, 1, model.kv_lora_rank),),
        pages=((indexed, 0, PAGE_ENTRIES * pool, PAGE_ENTRIES * ENTRY_BYTES),),
        replicated_params=model.replicated_params + states * linear.copied + indexed * index + model.layers * mixing,
    )


def _check(model: Model, config: Config, experts: Experts, parts: Parts) -> None:
    """Raise Refusal for what is not as zai-org publishes it, or what vLLM and transformers build otherwise."""
    for key, value in _SWITCHES.items():
        found = config.get(key)[1]
        if found is not None and found != value:
            raise Refusal(f"{key} in the config.json is {str(found)[:20]}; only {value} is understood here")
    config.asked.update(("hc_eps", "hc_sinkhorn_iters", "linear_lower_bound", *_PATTERNS))
    states = parts.kinds.count("linear")
    if not 0 < states < model.layers or not experts.count:
        raise Refusal("a GLM-5.3-Flash has linear layers, sparse attention and experts; its config.json names not all")
    if model.kv_heads != model.heads:
        raise Refusal(f"the config.json gives {model.kv_heads} key-value heads; it must give {model.heads}, as heads")
    if not config.items("mlp_layer_types"):
        raise Refusal("the config.json has no mlp_layer_types; take the config.json that zai-org publishes")
    dense = config.count("first_k_dense_replace", default=0)
    if dense and list(experts.layers) != [layer >= dense for layer in range(model.layers)]:
        raise Refusal(f"first_k_dense_replace in the config.json is {dense}, and mlp_layer_types says otherwise")
    if config.get("moe_layer_freq")[1] not in (None, 1):
        raise Refusal("moe_layer_freq in the config.json must be 1; mlp_layer_types names the layers with experts")
    full = [layer for layer, kind in enumerate(parts.kinds) if kind == "full"]
    types = config.items("indexer_types")
    if (types and (len(types) != model.layers or any(types[layer] != "full" for layer in full))) or any(
        config.get(key)[1] not in (None, 1, 2) for key in _PATTERNS
    ):
        raise Refusal("the config.json has layers that share an index, which vLLM 0.32 builds for each layer")
    section = config.section("linear_attn_config")
    if odd := sorted(set(section) - _SECTION):
        raise Refusal(f"linear_attn_config in the config.json has {str(odd[0])[:40]}, which is not understood here")
    named = section.get("full_attn_layers"), section.get("kda_layers")
    linear = [layer for layer in range(model.layers) if layer not in full]
    for given, own in zip(named, (full, linear), strict=True):
        if given is not None and given not in (own, [layer + 1 for layer in own]):  # counted from 0 or from 1
            raise Refusal("linear_attn_config in the config.json names other layers than layer_types")
