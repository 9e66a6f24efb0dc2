"""Read a Hugging Face config.json as a Model. Field names: the configuration classes of transformers.

An architecture is understood by its `model_type` (architectures.py) or refused; no dimension is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schema import Model, Refusal, replace
from .architectures import ARCHITECTURES, NEVER_TIED, Architecture
from .config_defaults import class_defaults
from .context_length import context_of
from .hf_experts import Experts, experts_of
from .hf_extras import EXTRAS
from .hf_fields import Config, typed_at
from .hf_formats import int4_bits, published_format, quantization_section
from .hf_heads import head_of, head_params, workload_of
from .hf_mixers import LINEAR, Mixer, attention, bias_params, latent_attention, latents, state_bytes
from .hf_names import HEADS, HIDDEN, KV_HEADS, LAYERS, WIDTH, check_names, check_positions
from .hf_parts import Parts
from .kept_modules import PLAIN_MIXERS, cache_format, kept_params
from .layer_kinds import layer_kinds, window_of
from .refused_kinds import check_kind
from .vision import TEXT_KEYS, WRAPPERS, tower_params
from .vllm_builds import vllm_obstacle

MOST_LAYERS = 1000  # the deepest published model has under 200
MOST_PARAMS = 20 * 10**12
DTYPES = ("bfloat16", "float16", "float32", "auto", "")


def from_config(config: Mapping[str, Any], id: str, beside: Mapping[str, Any] | None = None) -> Model:
    """Return the model that a Hugging Face config.json describes. Refusal for what is not understood.

    `beside` is the content of an hf_quant_config.json in the same folder. Parameters are those that transformers
    builds, within 0.1%: a vision tower included, layers that only predict further tokens ahead (MTP) left out.
    """
    check_kind(config, id)
    kind, text = _text_part(config, id)
    architecture = ARCHITECTURES[kind]
    defaults = class_defaults(kind)
    for key in architecture.nested:
        text = {**typed_at(text, dict, key), **text}
    if not any(key in text for key in (*HIDDEN, *LAYERS)):
        defaults = {}  # a config.json without any dimension is a broken one, not one of defaults
    fields = Config(text, defaults)
    fields.asked.update(architecture.nested)
    check_names(text, kind)
    model = _dimensions(fields, architecture, kind, id)
    head = head_of(config) or ("none" if architecture.encoder and config.get("architectures") else "")
    headless = architecture.encoder or head not in ("text", "")
    key, tied = fields.get("tie_word_embeddings", "tie_embedding")
    if tied not in (None, True, False):
        raise Refusal(f"{key} in the config.json is {str(tied)[:20]!r}; it must be true or false")
    if tied is None:
        tied = config.get("tie_word_embeddings", architecture.encoder and kind != "eurobert")
    if headless or (tied and kind not in NEVER_TIED):
        model = replace(model, tied_embeddings=True)
    dtype = (fields.text("dtype", "torch_dtype") or typed_at(config, str, "dtype", "torch_dtype")).removeprefix(
        "torch."
    )
    if dtype not in DTYPES:
        raise Refusal(f"dtype in the config.json is {dtype[:40]!r}; it must be bfloat16, float16 or float32")
    model = replace(
        model,
        dtype=dtype if dtype not in ("", "auto") else "float32" if architecture.encoder else "bfloat16",
        quantization=published_format(config, text, beside),
        workload=workload_of(config, kind, id, architecture.encoder),
        head=head,
        engines=architecture.engines,
    )
    if kind == "deepseek_v4" and model.quantization != "none":
        groups = "config_groups" in quantization_section(config, text, beside)  # NVIDIA's: experts in nvfp4
        if groups or (model.quantization, fields.text("expert_dtype")) != ("fp8", "fp4"):
            raise Refusal(f"{id} is quantized otherwise than deepseek-ai's own checkpoints; take one of those")
        model = replace(model, quantization="mxfp4", rest_quantization="fp8")
    lacks = vllm_obstacle(config, fields, kind, head, bool(tied and kind not in NEVER_TIED))
    if lacks and "vllm" in model.engines:
        model = replace(model, vllm_lacks=lacks, engines=tuple(each for each in model.engines if each != "vllm"))
    check_positions(fields, architecture, kind)
    model, experts, parts = _counted(model, fields, architecture)
    tower = tower_params(config, model.hidden)
    on_top = head_params(config, kind, head, model, bool(tied))
    parts.other += on_top + tower
    if architecture.encoder and head == "classes":  # vLLM splits no classifier
        model = replace(model, replicated_params=on_top)
    if tower and kind in ("gemma4_text", "inkling_text"):
        model = replace(model, replicated_params=model.replicated_params + tower)
    if model.quantization != "none" or kind in PLAIN_MIXERS:
        section = quantization_section(config, text, beside)
        model = replace(
            model,
            kv_dtype=cache_format(section),
            int4_bits=int4_bits(section) if model.quantization == "int4" else 0.0,
            unquantized_params=kept_params(section, model, experts, parts, tower, architecture.sparse == "gemma4"),
        )
    if (key := fields.unread()) and architecture.engines:
        raise Refusal(
            f"{id} is a {kind} by its config.json, which has {key} besides; such layers are not understood here: "
            f"choose a model of an architecture in docs/models.md"
        )
    total = parts.total
    if total > MOST_PARAMS:
        raise Refusal(f"the dimensions in the config.json give {total:.0e} parameters; models up to 20T can be planned")
    active = total - sum(parts.unused) - (tower if model.experts else 0)
    return replace(model, params=total, params_active=active)


def _text_part(config: Mapping[str, Any], id: str) -> tuple[str, Mapping[str, Any]]:
    """Return the model_type and the keys of the language model, which may stand inside a model of several senses."""
    whole = typed_at(config, str, "model_type")
    if whole in ("inkling_text", "minimax_m3_vl_text"):
        raise Refusal(
            f"{id} is a part by its config.json, {whole}, which vLLM 0.32 does not build; take the whole model"
        )
    if whole not in WRAPPERS:
        return whole, config
    wrapper = WRAPPERS[whole]
    text = typed_at(config, dict, *TEXT_KEYS)
    kind = typed_at(text, str, "model_type") or wrapper.text_kind
    if not text:  # Qwen2.5-VL as published: the language model's keys at the top
        text, kind = {key: value for key, value in config.items() if not key.endswith("_config")}, wrapper.text_kind
    elif "tie_word_embeddings" in config and whole != "llama4":  # the whole decides, as in transformers
        text = {**text, "tie_word_embeddings": config["tie_word_embeddings"]}
    kind = {"qwen2_vl_text": "qwen2", "qwen2_5_vl_text": "qwen2", "qwen3_vl_text": "qwen3"}.get(kind, kind)
    kind = {"qwen3_vl_moe_text": "qwen3_moe"}.get(kind, kind)
    if kind not in ARCHITECTURES:
        raise Refusal(
            f"{id} holds a language model of type {kind!r}, which is not understood here; docs/models.md lists what is"
        )
    return kind, text


def _dimensions(config: Config, architecture: Architecture, kind: str, id: str) -> Model:
    hidden, listed = config.count(*HIDDEN), config.items("layers_block_type") if kind == "nemotron_h" else []
    layers = len(listed) or config.count(*LAYERS)
    if layers > MOST_LAYERS:
        raise Refusal(f"the config.json gives {layers:,} layers; it must have at most {MOST_LAYERS:,}")
    config.layers = layers
    heads = kv_heads = head_dim = 1
    if architecture.layers != "linear":
        heads = config.count(*HEADS)
        key, found = config.get(*KV_HEADS)
        kv_heads = config.count(*KV_HEADS, default=heads)
        if not kv_heads:
            raise Refusal(f"{key} in the config.json is {found}; it must be a whole number of at least 1")
        head_dim = config.count("head_dim", "kv_channels", "attention_head_dim", default=0)
        if not head_dim and not architecture.latent and hidden % heads:
            raise Refusal(f"the config.json gives a hidden size of {hidden}, which its {heads} heads do not divide")
        head_dim = head_dim or hidden // heads
    if architecture.one_kv_head and config.flag(architecture.one_kv_head):
        kv_heads = 1
    if kind == "falcon":
        kv_heads, head_dim = _falcon_heads(config, heads, kv_heads), hidden // heads
    if kv_heads > heads or heads % kv_heads:  # each key-value head serves as many heads
        raise Refusal(
            f"the config.json gives {kv_heads} key-value heads and {heads} heads, which do not divide by them; take "
            "the config.json that the model was published with"
        )
    intermediate = (
        config.count("intermediate_size_mlp", default=0)
        or config.count(*WIDTH, default=0)
        or architecture.wide_as * hidden
    )
    if kind == "gpt_neox_japanese":
        intermediate = config.count("intermediate_multiple_size", default=4) * hidden
    if kind == "mpt":
        intermediate = config.count("expansion_ratio", default=4) * hidden
    if kind == "qwen":
        intermediate //= 2  # it counts both halves of the gated MLP
    context, known = context_of(config, kind)
    model = Model(
        id=id,
        params=0,
        params_active=0,
        layers=layers,
        hidden=hidden,
        intermediate=intermediate,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        vocab=config.count("padded_vocab_size", default=0) or config.count("vocab_size"),
        tied_embeddings=False,
        context=context,
        mlp_matrices=3 if architecture.gated else 2,
        architecture=kind,
        assumed=() if known else ("context",),
    )
    if not architecture.latent:
        return model
    rope = config.count("qk_rope_head_dim", default=0 if kind == "glm5_next_text" else None)
    head_dim = config.count("qk_nope_head_dim") + rope
    rank = config.count("kv_lora_rank")
    return replace(model, attention="mla", kv_lora_rank=rank, qk_rope_head_dim=rope, head_dim=head_dim)


def _falcon_heads(config: Config, heads: int, kv_heads: int) -> int:
    if config.flag("new_decoder_architecture"):
        return kv_heads
    return 1 if config.flag("multi_query", True) else heads


def _counted(model: Model, config: Config, architecture: Architecture) -> tuple[Model, Experts, Parts]:
    """Return the model with its kinds of layers, its experts, and its parameters by part."""
    kinds = layer_kinds(config, architecture.layers, model.layers)
    experts = experts_of(config, architecture, model.layers)
    window = window_of(config)
    if "window" in kinds and (not window or window >= model.context):
        kinds = ["full" if each == "window" else each for each in kinds]
    if architecture.linear and kinds.count("linear"):
        linear = LINEAR[architecture.linear](model, config)
    else:
        linear = LINEAR[architecture.linear](model, config) if architecture.both else Mixer(0)
        if architecture.linear:
            LINEAR[architecture.linear](model, config)  # so that its keys count as read
    full = 0
    if architecture.layers != "linear":
        full = latent_attention(model, config) if architecture.latent else attention(model, config, architecture)
    each = {"linear": linear.params, "none": 0}
    mixers = [each.get(layer, full + (linear.params if architecture.both else 0)) for layer in kinds]
    stateful = model.layers if architecture.both else kinds.count("linear")
    without = 0 if architecture.both else kinds.count("linear") + kinds.count("none")
    model = replace(
        model,
        sliding_window=window if "window" in kinds else 0,
        sliding_layers=kinds.count("window"),
        linear_layers=without,
        state_layers=stateful if stateful != without else 0,
        state_bytes=stateful * state_bytes(linear, config) if stateful else 0,
        state_blocks=_state_blocks(architecture) if stateful else 2,
        replicated_params=kinds.count("full") * latents(model, config)
        if architecture.latent
        else stateful * linear.copied,
    )
    model = _with_experts(model, config, architecture, experts)
    mlps, unused = _mlps(model, config, architecture, experts)
    parts = Parts(kinds, mixers, mlps, unused, _outside(model, config, architecture))
    if architecture.extra:
        model = EXTRAS[architecture.extra](model, config, experts, parts)
    return model, experts, parts


def _state_blocks(architecture: Architecture) -> int:
    """Return the blocks of state that vLLM holds for a request: of models without any attention one."""
    if architecture.extra == "no_mlp":  # Mamba alone, for which vLLM has no prefix cache
        return 1
    return 3 if architecture.linear == "mamba2" else 2


def _with_experts(model: Model, config: Config, architecture: Architecture, experts: Experts) -> Model:
    if not experts.count:
        if architecture.sparse == "granite_hybrid":  # without experts it keeps its MLP under the shared one's name
            return replace(model, intermediate=config.count(architecture.shared))
        if not model.intermediate and architecture.extra != "no_mlp":
            raise Refusal(
                "the config.json has no intermediate_size; take the config.json that the model was published with"
            )
        return model
    return replace(
        model,
        experts=experts.count,
        experts_per_token=experts.per_token,
        moe_intermediate=experts.width,
        shared_experts=experts.shared,
        dense_layers=model.layers - sum(experts.layers),
    )


def _mlps(model: Model, config: Config, architecture: Architecture, experts: Experts) -> tuple[list[int], list[int]]:
    """Return the parameters of each layer's MLP or experts, and of the experts that a token does not pass."""
    width = model.intermediate
    if experts.count:
        width = config.count("prefix_dense_intermediate_size", default=0) or width
    dense = model.mlp_matrices * model.hidden * width
    dense += bias_params(config, architecture, {"m": (model.mlp_matrices - 1) * width + model.hidden})
    if not experts.count:
        return [dense] * model.layers, [0] * model.layers
    expert = model.mlp_matrices * model.hidden * experts.width
    sparse = experts.count * (expert + model.hidden) + model.mlp_matrices * model.hidden * experts.shared_width
    sparse += model.hidden if architecture.shared_gate and experts.shared_width else 0
    idle = (experts.count - experts.per_token) * expert
    return [sparse if each else dense for each in experts.layers], [idle if each else 0 for each in experts.layers]


def _outside(model: Model, config: Config, architecture: Architecture) -> int:
    """Return the parameters of embeddings, head, positions and all norms."""
    norm = model.hidden * (2 if architecture.norm_bias else 1)
    total = model.vocab * model.hidden * (1 if model.tied_embeddings else 2)
    total += (architecture.norms * model.layers + architecture.final_norms) * norm
    if not model.tied_embeddings:
        total += bias_params(config, architecture, {"h": model.vocab})
    learned = (config.text("position_embedding_type") or "absolute") == "absolute"
    if (architecture.positions >= 0 and learned) or (architecture.encoder and config.flag("position_biased_input")):
        rows = config.count("max_position_embeddings", "n_positions", default=0) or model.context
        total += (rows + max(architecture.positions, 0)) * model.hidden
    return total
