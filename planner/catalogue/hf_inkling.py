"""Inkling: attention with relative positions beside four short convolutions in each layer.

Read from vLLM 0.32 (vllm/models/inkling) and transformers 5.24.
"""

from __future__ import annotations

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config
from .hf_parts import Parts

# Switches of its class; no other values have been published.
_SWITCHES = {
    "use_sconv": True, "use_embed_norm": True, "shared_expert_sink": True, "use_gate_bias": True,
    "use_global_scale": True, "norm_after_topk": True, "q_bias": False, "o_bias": False, "gate_activation": "sigmoid",
}  # fmt: skip


def inkling(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Count layers with a window and layers without, whose heads differ, and what vLLM keeps of the convolutions.

    That is a cache of the kernel's length in blocks of as many tokens: of each key-value head its key, its value and
    its share of two hidden states, padded to a power of two. The input embedding is on every GPU.
    """
    _check(model, config, experts)
    hidden, kernel, narrow = model.hidden, config.count("sconv_kernel_size"), config.count("d_rel")
    full = (model.heads, model.kv_heads, model.head_dim, config.count("rel_extent"))
    local = tuple(config.count(f"swa_{key}") for key in ("num_attention_heads", "num_key_value_heads", "head_dim"))
    caches: dict[tuple[int, ...], int] = {}  # layers of each kind
    mixers: dict[str, int] = {}
    copied = 2 * hidden * model.layers
    for kind, (queries, keys, width, extent) in {"full": full, "window": (*local, model.sliding_window)}.items():
        if queries % keys or hidden % keys:
            raise Refusal(
                f"the config.json gives {queries} heads and a hidden size of {hidden}, which its {keys} key-value "
                "heads do not divide"
            )
        layers = parts.kinds.count(kind)
        relative = narrow * extent + 2 * width  # and the norms of queries and keys
        mixers[kind] = hidden * (2 * (queries + keys) * width + narrow * queries)
        mixers[kind] += relative + 2 * kernel * (keys * width + hidden)
        copied += layers * relative
        packed = 1 << (2 * width + 2 * hidden // keys - 1).bit_length()
        for cache in (
            (model.sliding_window if kind == "window" else 0, keys, 2 * width),
            (kernel, keys, packed, kernel),
        ):
            caches[cache] = caches.get(cache, 0) + layers
    parts.mixers = [mixers[kind] for kind in parts.kinds]
    dense = config.count("dense_intermediate_size")
    routed = (experts.count + experts.shared_width // experts.width) * hidden + experts.count + 1  # rows, biases, scale
    parts.mlps = [
        mlp + routed - experts.count * hidden if sparse else 3 * hidden * dense + 1
        for mlp, sparse in zip(parts.mlps, experts.layers, strict=True)
    ]
    parts.other += hidden  # the embedding's norm
    return replace(
        model,
        intermediate=dense,
        caches=tuple((layers, *cache) for cache, layers in caches.items() if layers),
        replicated_params=copied + model.vocab * hidden,
    )


def _check(model: Model, config: Config, experts: Experts) -> None:
    """Raise Refusal for what is not as thinkingmachines publishes it."""
    for key, value in _SWITCHES.items():
        if config.get(key)[1] != value:
            shown = str(config.get(key)[1])[:20]
            raise Refusal(f"{key} in the config.json is {shown}; only {value} is understood here")
    if not model.sliding_window:
        raise Refusal("sliding_window_size in the config.json must be less than its context")
    if not experts.count or not experts.shared_width:
        raise Refusal("an Inkling has routed and shared experts, and the config.json of this one has not both")
    if model.dtype != "bfloat16":
        raise Refusal(f"torch_dtype in the config.json is {model.dtype}; vLLM runs an Inkling in bfloat16 alone")
