"""A Hugging Face config.json as a Model. Field names: the configuration classes of transformers.

What a config.json says beyond `Model`'s fields (biases apart) goes into the parameter count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .plan import QUANTIZATIONS, Model, Refusal
from .sizes import attention_params, count_params

# Model types without a gate in their MLP, and those whose embeddings are tied unless the config says otherwise.
UNGATED_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert phi gpt2 gpt_neox gpt_bigcode "
    "starcoder2 nemotron nemotron_h falcon mpt opt bloom esm arcee apertus".split()
)
ENCODER_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert modernbert nomic_bert new "
    "neobert eurobert esm gemma3_text_encoder".split()
)
TIED_TYPES = ENCODER_TYPES | frozenset(
    "gemma gemma2 gemma3 gemma3_text gemma4 gemma4_text cohere cohere2 falcon gpt2 gpt_bigcode mpt bloom opt".split()
)


def _count_at(config: Mapping[str, Any], *keys: str, default: int | None = None) -> int:
    """The first of `keys` that is present, as a count (0 only where there is a default); Refusal names the key."""
    for key in keys:
        value = config.get(key)
        if value is None:
            continue
        least = 1 if default is None else 0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1 != 0 or value < least:
            raise Refusal(f"{key} in the config.json is {value!r}; it must be a whole number of at least {least}")
        return int(value)
    if default is None:
        raise Refusal(f"the config.json has no {keys[0]}; add it, or give the model's size instead")
    return default


def _typed_at(config: Mapping[str, Any], kind: type, *keys: str) -> Any:
    """The first of `keys` that is present, of that kind, empty where none is; Refusal names the key."""
    for key in keys:
        value = config.get(key)
        if value is not None and not isinstance(value, kind):
            wanted = {"dict": "an object", "list": "a list", "str": "a string"}[kind.__name__]
            raise Refusal(f"{key} in the config.json is {value!r}; it must be {wanted}")
        if value is not None:
            return value
    return kind()


def from_config(config: Mapping[str, Any], id: str) -> Model:
    """A model as its Hugging Face config.json describes it. Refusal names the key that is missing or odd.

    Parameters are counted from the dimensions, a vision tower included; biases and layers that only predict further
    tokens ahead (MTP, which engines leave out) are not: under 0.5% on every model it was compared with.
    """
    whole, text = config, _typed_at(config, dict, "text_config", "llm_config")
    kind = _typed_at(text, str, "model_type") or _typed_at(whole, str, "model_type")
    config = {**CONFIG_DEFAULTS.get(kind, {}), **whole, **text}
    if config.get("block_configs"):
        raise Refusal(
            "block_configs in the config.json gives every layer a shape of its own; give the model's size instead"
        )
    if kind == "nemotron_h" and (blocks := _typed_at(config, list, "layers_block_type")):
        pattern = "".join(NEMOTRON_BLOCKS.get(str(block), "?") for block in blocks)
        config |= {"hybrid_override_pattern": pattern, "num_hidden_layers": len(pattern)}
    encoder = kind in ENCODER_TYPES
    hidden = _count_at(config, "hidden_size", "d_model", "n_embd", "dim")
    heads = _count_at(config, "num_attention_heads", "n_heads", "n_head")
    context = _count_at(config, "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", default=2048)
    if kind in ("roberta", "xlm-roberta", "camembert", "mpnet") and context % 64 == 2:
        context -= 2  # their positions start at 2
    kv_heads = _count_at(config, "num_key_value_heads", "num_kv_heads", "n_head_kv", default=0) or heads
    if kind == "falcon" and not config.get("new_decoder_architecture") and config.get("multi_query", True):
        kv_heads = 1
    dtype = _typed_at(config, str, "dtype", "torch_dtype").removeprefix("torch")
    gated = kind not in UNGATED_TYPES or "glu" in _typed_at(config, str, "activation_function")
    model = Model(
        id=id,
        params=0,
        params_active=0,
        layers=_count_at(config, "num_hidden_layers", "n_layers", "n_layer", "num_layers"),
        hidden=hidden,
        intermediate=_count_at(
            config, "intermediate_size_mlp", "intermediate_size", "ffn_hidden_size", "hidden_dim", "n_inner", default=0
        ),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=_count_at(config, "head_dim", default=0) or max(1, hidden // heads),
        vocab=_count_at(config, "vocab_size"),
        tied_embeddings=encoder or bool(config.get("tie_word_embeddings", kind in TIED_TYPES)),
        context=context,
        dtype=dtype or ("float32" if encoder else "bfloat16"),
        mlp_matrices=3 if gated else 2,
        quantization=_config_quantization(config),
        workload=_config_workload(whole, kind, id),
    )
    model = _with_windows(_with_experts(model, config, kind), config, kind)
    if not model.intermediate and not model.experts:
        model = replace(model, intermediate=4 * hidden)
    detail: dict[str, Any] = {"other": _vision_params(_typed_at(whole, dict, "vision_config"))}
    if config.get("kv_lora_rank"):
        model, detail["attention"] = _with_latents(model, config)
    elif kind == "nemotron_h":
        model, params, active = _nemotron_h(model, config)
        return replace(model, params=params, params_active=active)
    else:
        model, mixers = _with_mixers(model, config, kind)
        detail |= mixers
    if kind in ("bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "camembert", "electra"):
        detail["other"] += context * hidden  # learned positions
    params = count_params(model, **detail)
    if not model.experts:
        return replace(model, params=params, params_active=params)
    detail["other"] = 0  # a token of text does not pass the vision tower
    return replace(model, params=params, params_active=count_params(model, active=True, **detail))


def _with_experts(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    experts = _count_at(config, "n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts", default=0)
    shared_width = _count_at(
        config, "shared_expert_intermediate_size", "shared_intermediate_size", "moe_shared_expert_intermediate_size",
        default=0,
    )  # fmt: skip
    if experts < 2:  # Granite 4 without experts keeps its MLP under the shared one's name
        return replace(model, intermediate=shared_width) if kind == "granitemoehybrid" and shared_width else model
    width = _count_at(config, "moe_intermediate_size", "expert_ffn_hidden_size", default=0)
    width = width or _count_at(config, "intermediate_size")
    shared = _count_at(config, "n_shared_experts", "num_shared_experts", "moe_num_shared_experts", default=0)
    if shared_width:
        shared = max(1, round(shared_width / width))
    if kind.startswith("llama4"):
        shared = 1
    if kind.startswith("gemma4"):  # an ordinary MLP beside the experts of every layer
        shared = round(model.intermediate / width)
    step = _count_at(config, "decoder_sparse_step", "interleave_moe_layer_step", default=1)
    dense = _count_at(config, "first_k_dense_replace", "moe_layer_start_index", default=0)
    dense = dense or model.layers - model.layers // max(step, 1) or len(_typed_at(config, list, "mlp_only_layers"))
    per_token = _count_at(
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


# One layer in so many sees everything, where the config does not list its layers.
GLOBAL_EVERY = {"gemma2": 2, "gpt_oss": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4, "llama4_text": 4, "olmo3": 4}
# What a config.json leaves out because it is its class's default.
CONFIG_DEFAULTS = {
    "gemma3_text": {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262208}
    | {"max_position_embeddings": 131072}
}


def _with_windows(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    window = _count_at(config, "sliding_window", "attention_chunk_size", "local_attention", default=0)
    if not window or window >= model.context or config.get("use_sliding_window") is False:
        return model
    layers, types = model.layers, _typed_at(config, list, "layer_types")
    if types:
        sliding = sum(kind in ("sliding_attention", "chunked_attention") for kind in types)
    elif kind == "modernbert":  # the first of every three is global
        sliding = layers - -(-layers // (_count_at(config, "global_attn_every_n_layers", default=3) or 3))
    else:
        every, pattern = GLOBAL_EVERY.get(kind, 0), config.get("sliding_window_pattern")
        if isinstance(pattern, str) and pattern:  # "LLLG": local, local, local, global
            every = len(pattern) if "G" in pattern else 0
        elif pattern is not None:
            every = _count_at(config, "sliding_window_pattern")
        sliding = layers - layers // every if every else layers
    return replace(model, sliding_window=window, sliding_layers=min(sliding, layers)) if sliding else model


def _with_latents(model: Model, config: Mapping[str, Any]) -> tuple[Model, int]:
    rank, rope = _count_at(config, "kv_lora_rank"), _count_at(config, "qk_rope_head_dim")
    head_dim = _count_at(config, "qk_nope_head_dim") + rope
    model = replace(model, attention="mla", kv_lora_rank=rank, qk_rope_head_dim=rope, head_dim=head_dim)
    attention = attention_params(model, _count_at(config, "q_lora_rank", default=0), _count_at(config, "v_head_dim"))
    if indexer := _count_at(config, "index_n_heads", default=0):  # DeepSeek-V3.2's choice of tokens
        width = _count_at(config, "index_head_dim")
        attention += _count_at(config, "q_lora_rank") * indexer * width + model.hidden * (width + indexer)
    return model, attention


def _with_mixers(model: Model, config: Mapping[str, Any], kind: str) -> tuple[Model, dict[str, int]]:
    """The model with its linear layers noted, and the parameters of an attention and of a linear layer."""
    attention, hidden, layers = attention_params(model), model.hidden, model.layers
    types = _typed_at(config, list, "layer_types", "layers_block_type")
    linear = sum(t in ("linear_attention", "mamba") for t in types)
    if not types and (interval := _count_at(config, "full_attention_interval", default=0)):
        linear = layers - layers // interval
    if wide := _count_at(config, "global_head_dim", default=0):  # Gemma 4: other heads in layers without a window
        kv_heads = _count_at(config, "num_global_key_value_heads", default=0) or model.kv_heads
        matrices = 1 if config.get("attention_k_eq_v") else 2
        full = hidden * wide * (2 * model.heads + matrices * kv_heads)
        return model, {
            "attention": round((model.sliding_layers * attention + (layers - model.sliding_layers) * full) / layers)
        }
    if not linear:
        return model, {"attention": attention}
    if "linear_num_value_heads" in config:  # gated delta net: Qwen3-Next, Qwen3.5
        attention += hidden * model.heads * model.head_dim  # the gate on attention's output
        keys = _count_at(config, "linear_num_key_heads") * _count_at(config, "linear_key_head_dim")
        value_heads, key_dim = _count_at(config, "linear_num_value_heads"), _count_at(config, "linear_key_head_dim")
        inner = value_heads * _count_at(config, "linear_value_head_dim")
        channels, kernel = 2 * keys + inner, _count_at(config, "linear_conv_kernel_dim", default=4)
        mixer = hidden * (channels + 2 * inner + 2 * value_heads) + channels * kernel
        state = inner * key_dim
    else:
        mixer, state, channels, kernel = _mamba_layer(
            config, hidden, "mamba_n_heads", "mamba_d_head", "mamba_n_groups", "mamba_d_state"
        )
    per_sequence = linear * (_state_bytes_each(config) * state + 2 * channels * (kernel - 1))
    return replace(model, linear_layers=linear, state_bytes=per_sequence), {"attention": attention, "linear": mixer}


def _state_bytes_each(config: Mapping[str, Any]) -> int:
    return 4 if "float32" in _typed_at(config, str, "mamba_ssm_dtype", "mamba_ssm_cache_dtype") else 2


def _mamba_layer(config: Mapping[str, Any], hidden: int, *keys: str) -> tuple[int, int, int, int]:
    """Parameters, state elements, convolved channels and kernel of a Mamba-2 layer; `keys` name its dimensions."""
    heads, width, groups, state = (_count_at(config, key) for key in keys)
    inner, kernel = heads * width, _count_at(config, "mamba_d_conv", "conv_kernel", default=4)
    channels = inner + 2 * groups * state
    return hidden * (2 * inner + channels + heads) + channels * kernel, inner * state, channels, kernel


NEMOTRON_BLOCKS = dict(zip("mamba linear_attention attention full_attention mlp moe".split(), "MM**-E", strict=True))


def _nemotron_h(model: Model, config: Mapping[str, Any]) -> tuple[Model, int, int]:
    """Nemotron-H: a layer is *either* Mamba (M), attention (*), an MLP (-) or experts (E), as its pattern says."""
    pattern = _typed_at(config, str, "hybrid_override_pattern")
    if len(pattern) != model.layers or set(pattern) - set("M*-E"):
        raise Refusal(
            f"hybrid_override_pattern in the config.json is {pattern!r}; it must say M, *, - or E for every layer"
        )
    hidden = model.hidden
    mixer, state, channels, kernel = _mamba_layer(
        config, hidden, "mamba_num_heads", "mamba_head_dim", "n_groups", "ssm_state_size"
    )
    mambas, attentions = pattern.count("M"), pattern.count("*")
    shared = _count_at(config, "moe_shared_expert_intermediate_size", default=0)
    latent = _count_at(config, "moe_latent_size", default=0)  # experts that work on a projection of the hidden state
    expert = 2 * (latent or hidden) * model.moe_intermediate
    around = hidden * (2 * shared + model.experts + 2 * latent)
    fixed = 2 * model.vocab * hidden + mambas * mixer + attentions * attention_params(model)
    fixed += pattern.count("-") * 2 * hidden * model.intermediate + pattern.count("E") * around
    total, active = (fixed + pattern.count("E") * n * expert for n in (model.experts, model.experts_per_token))
    state_bytes = mambas * (_state_bytes_each(config) * state + 2 * channels * (kernel - 1))
    model = replace(model, linear_layers=model.layers - attentions, state_bytes=state_bytes)
    return replace(model, dense_layers=model.layers - pattern.count("E") if model.experts else 0), total, active


def _vision_params(vision: Mapping[str, Any]) -> int:
    depth = _count_at(vision, "num_hidden_layers", "depth", "vt_num_hidden_layers", default=0)
    hidden = _count_at(vision, "hidden_size", "vt_hidden_size", default=0)
    gated = _typed_at(vision, str, "model_type") in ("pixtral", "gemma4_vision")
    inner = _count_at(vision, "intermediate_size", "vt_intermediate_size", default=4 * hidden)
    tower = depth * hidden * (4 * hidden + (3 if gated else 2) * inner)
    if out := _count_at(vision, "out_hidden_size", default=0):  # Qwen's mergers of patches into tokens
        merged = hidden * _count_at(vision, "spatial_merge_size", default=2) ** 2
        tower += (1 + len(_typed_at(vision, list, "deepstack_visual_indexes"))) * merged * (merged + out)
    return tower


def _config_workload(config: Mapping[str, Any], kind: str, id: str) -> str:
    architecture = " ".join(str(name) for name in _typed_at(config, list, "architectures"))
    if "Classification" in architecture:
        return "classification"
    if re.search(r"embed|bge-|gte-|e5-|minilm|mpnet", id.lower()):
        return "embedding"
    return "classification" if kind in ENCODER_TYPES else "generation"


def _config_quantization(config: Mapping[str, Any]) -> str:
    """What the published weights are quantized to, "none" where the config says nothing."""
    section = _typed_at(config, dict, "quantization_config", "compression_config")
    if not section:
        return "none"
    method: str = _typed_at(section, str, "quant_method", "quant_algo").lower()
    if method == "compressed-tensors":
        group: Any = next(iter(_typed_at(section, dict, "config_groups").values()), {})
        weights = _typed_at(group, dict, "weights") if isinstance(group, Mapping) else {}
        method = f"{_typed_at(weights, str, 'type')}{_count_at(weights, 'num_bits', default=8)}"
    elif method == "modelopt":
        method = _typed_at(section, str, "quant_algo").lower() or "fp8"
    elif method in ("awq", "gptq", "auto-round", "awq_marlin", "gptq_marlin"):
        method = f"int{_count_at(section, 'bits', 'w_bit', default=4)}"
    elif method == "bitsandbytes":
        method = "nf4" if section.get("load_in_4bit") else "int8"
    known = {"float8": "fp8", "fbgemm_fp8": "fp8", "float4": "nvfp4", "w4a16_awq": "int4"}
    method = known.get(method, method)
    if method not in QUANTIZATIONS:
        raise Refusal(f"quant_method in the config.json is {method!r}; {', '.join(QUANTIZATIONS[1:])} can be planned")
    return method
