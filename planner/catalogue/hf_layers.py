"""The layers that a Hugging Face config.json describes: experts, windows, latent and linear attention, vision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schema import Model, Refusal, replace
from .hf_fields import count_at, typed_at
from .sizes import attention_params

# One layer in so many sees everything, where the config does not list its layers.
GLOBAL_EVERY = {"gemma2": 2, "gpt_oss": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4, "llama4_text": 4, "olmo3": 4}
NEMOTRON_BLOCKS = dict(zip("mamba linear_attention attention full_attention mlp moe".split(), "MM**-E", strict=True))


def with_experts(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    experts = count_at(config, "n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts", default=0)
    shared_width = count_at(
        config, "shared_expert_intermediate_size", "shared_intermediate_size", "moe_shared_expert_intermediate_size",
        default=0,
    )  # fmt: skip
    if experts < 2:  # Granite 4 without experts keeps its MLP under the shared one's name
        return replace(model, intermediate=shared_width) if kind == "granitemoehybrid" and shared_width else model
    width = count_at(config, "moe_intermediate_size", "expert_ffn_hidden_size", default=0)
    width = width or count_at(config, "intermediate_size")
    shared = count_at(config, "n_shared_experts", "num_shared_experts", "moe_num_shared_experts", default=0)
    if shared_width:
        shared = max(1, round(shared_width / width))
    if kind.startswith("llama4"):
        shared = 1
    if kind.startswith("gemma4"):  # an ordinary MLP beside the experts of every layer
        shared = round(model.intermediate / width)
    step = count_at(config, "decoder_sparse_step", "interleave_moe_layer_step", default=1)
    dense = count_at(config, "first_k_dense_replace", "moe_layer_start_index", default=0)
    dense = dense or model.layers - model.layers // max(step, 1) or len(typed_at(config, list, "mlp_only_layers"))
    per_token = count_at(
        config, "num_experts_per_tok", "top_k_experts", "num_experts_per_token", "moe_k", "moe_topk", default=2
    )
    return replace(
        model,
        experts=experts,
        experts_per_token=max(1, min(per_token, experts)),
        moe_intermediate=width,
        shared_experts=shared,
        dense_layers=min(dense, model.layers),
    )


def with_windows(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    window = count_at(config, "sliding_window", "attention_chunk_size", "local_attention", default=0)
    if not window or window >= model.context or config.get("use_sliding_window") is False:
        return model
    layers, types = model.layers, typed_at(config, list, "layer_types")
    if types:
        sliding = sum(kind in ("sliding_attention", "chunked_attention") for kind in types)
    elif kind == "modernbert":  # the first of every three is global
        sliding = layers - -(-layers // (count_at(config, "global_attn_every_n_layers", default=3) or 3))
    else:
        every, pattern = GLOBAL_EVERY.get(kind, 0), config.get("sliding_window_pattern")
        if isinstance(pattern, str) and pattern:  # "LLLG": local, local, local, global
            every = len(pattern) if "G" in pattern else 0
        elif pattern is not None:
            every = count_at(config, "sliding_window_pattern")
        sliding = layers - layers // every if every else layers
    return replace(model, sliding_window=window, sliding_layers=min(sliding, layers)) if sliding else model


def with_latents(model: Model, config: Mapping[str, Any]) -> tuple[Model, int]:
    rank, rope = count_at(config, "kv_lora_rank"), count_at(config, "qk_rope_head_dim")
    head_dim = count_at(config, "qk_nope_head_dim") + rope
    model = replace(model, attention="mla", kv_lora_rank=rank, qk_rope_head_dim=rope, head_dim=head_dim)
    attention = attention_params(model, count_at(config, "q_lora_rank", default=0), count_at(config, "v_head_dim"))
    if indexer := count_at(config, "index_n_heads", default=0):  # DeepSeek-V3.2's choice of tokens
        width = count_at(config, "index_head_dim")
        attention += count_at(config, "q_lora_rank") * indexer * width + model.hidden * (width + indexer)
    return model, attention


def with_mixers(model: Model, config: Mapping[str, Any], kind: str) -> tuple[Model, dict[str, int]]:
    """Return the model with its linear layers, and the parameters of an attention and of a linear layer."""
    attention, hidden, layers = attention_params(model), model.hidden, model.layers
    types = typed_at(config, list, "layer_types", "layers_block_type")
    linear = sum(t in ("linear_attention", "mamba") for t in types)
    if not types and (interval := count_at(config, "full_attention_interval", default=0)):
        linear = layers - layers // interval
    if wide := count_at(config, "global_head_dim", default=0):  # Gemma 4: other heads in layers without a window
        kv_heads = count_at(config, "num_global_key_value_heads", default=0) or model.kv_heads
        matrices = 1 if config.get("attention_k_eq_v") else 2
        full = hidden * wide * (2 * model.heads + matrices * kv_heads)
        return model, {
            "attention": round((model.sliding_layers * attention + (layers - model.sliding_layers) * full) / layers)
        }
    if not linear:
        return model, {"attention": attention}
    if "linear_num_value_heads" in config:  # gated delta net: Qwen3-Next, Qwen3.5
        attention += hidden * model.heads * model.head_dim  # the gate on attention's output
        keys = count_at(config, "linear_num_key_heads") * count_at(config, "linear_key_head_dim")
        value_heads, key_dim = count_at(config, "linear_num_value_heads"), count_at(config, "linear_key_head_dim")
        inner = value_heads * count_at(config, "linear_value_head_dim")
        channels, kernel = 2 * keys + inner, count_at(config, "linear_conv_kernel_dim", default=4)
        mixer = hidden * (channels + 2 * inner + 2 * value_heads) + channels * kernel
        state = inner * key_dim
    else:
        mixer, state, channels, kernel = _mamba_layer(
            config, hidden, "mamba_n_heads", "mamba_d_head", "mamba_n_groups", "mamba_d_state"
        )
    per_sequence = linear * (_state_bytes_each(config) * state + 2 * channels * (kernel - 1))
    return replace(model, linear_layers=linear, state_bytes=per_sequence), {"attention": attention, "linear": mixer}


def _state_bytes_each(config: Mapping[str, Any]) -> int:
    return 4 if "float32" in typed_at(config, str, "mamba_ssm_dtype", "mamba_ssm_cache_dtype") else 2


def _mamba_layer(config: Mapping[str, Any], hidden: int, *keys: str) -> tuple[int, int, int, int]:
    """Return parameters, state elements, channels and kernel of a Mamba-2 layer; `keys` name its dimensions."""
    heads, width, groups, state = (count_at(config, key) for key in keys)
    inner, kernel = heads * width, count_at(config, "mamba_d_conv", "conv_kernel", default=4)
    channels = inner + 2 * groups * state
    return hidden * (2 * inner + channels + heads) + channels * kernel, inner * state, channels, kernel


def nemotron_h(model: Model, config: Mapping[str, Any]) -> tuple[Model, int, int]:
    """Return the model, its parameters and active ones. Layers: Mamba (M), attention (*), an MLP (-), experts (E)."""
    pattern = typed_at(config, str, "hybrid_override_pattern")
    if len(pattern) != model.layers or set(pattern) - set("M*-E"):
        raise Refusal(
            f"hybrid_override_pattern in the config.json is {pattern!r}; it must say M, *, - or E for every layer"
        )
    hidden = model.hidden
    mixer, state, channels, kernel = _mamba_layer(
        config, hidden, "mamba_num_heads", "mamba_head_dim", "n_groups", "ssm_state_size"
    )
    mambas, attentions = pattern.count("M"), pattern.count("*")
    shared = count_at(config, "moe_shared_expert_intermediate_size", default=0)
    latent = count_at(config, "moe_latent_size", default=0)  # experts that work on a projection of the hidden state
    expert = 2 * (latent or hidden) * model.moe_intermediate
    around = hidden * (2 * shared + model.experts + 2 * latent)
    fixed = 2 * model.vocab * hidden + mambas * mixer + attentions * attention_params(model)
    fixed += pattern.count("-") * 2 * hidden * model.intermediate + pattern.count("E") * around
    total, active = (fixed + pattern.count("E") * n * expert for n in (model.experts, model.experts_per_token))
    state_bytes = mambas * (_state_bytes_each(config) * state + 2 * channels * (kernel - 1))
    model = replace(model, linear_layers=model.layers - attentions, state_bytes=state_bytes)
    return replace(model, dense_layers=model.layers - pattern.count("E") if model.experts else 0), total, active


def vision_params(vision: Mapping[str, Any]) -> int:
    depth = count_at(vision, "num_hidden_layers", "depth", "vt_num_hidden_layers", default=0)
    hidden = count_at(vision, "hidden_size", "vt_hidden_size", default=0)
    gated = typed_at(vision, str, "model_type") in ("pixtral", "gemma4_vision")
    inner = count_at(vision, "intermediate_size", "vt_intermediate_size", default=4 * hidden)
    tower = depth * hidden * (4 * hidden + (3 if gated else 2) * inner)
    if out := count_at(vision, "out_hidden_size", default=0):  # Qwen's mergers of patches into tokens
        merged = hidden * count_at(vision, "spatial_merge_size", default=2) ** 2
        tower += (1 + len(typed_at(vision, list, "deepstack_visual_indexes"))) * merged * (merged + out)
    return tower
