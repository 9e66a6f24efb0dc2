"""Parameters of single architectures that no field of a table row holds; each function changes the parts of a model.

Read from the modelling code of transformers 5.23.
"""

from __future__ import annotations

from collections.abc import Callable

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config
from .hf_glm5_next import glm5_next
from .hf_inkling import inkling
from .hf_kimi import kimi_linear
from .hf_minimax_m3 import minimax_m3
from .hf_parts import Parts


def _no_mlp(model: Model, _config: Config, _experts: Experts, parts: Parts) -> Model:
    parts.mlps = [0] * model.layers
    return model


def _falcon(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """One norm a layer where attention and MLP stand side by side, but two in the new architecture."""
    norms = 2
    if config.flag("new_decoder_architecture"):
        norms = config.count("num_ln_in_parallel_attn", default=2) or 2
    elif config.flag("parallel_attn", True):
        norms = 1
    parts.other -= model.layers * 2 * (2 - norms) * model.hidden
    return model


def _opt(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """OPT-350m embeds in 512 and projects; with norms after the layers it has none at the end."""
    if not config.flag("do_layer_norm_before", True):
        parts.other -= 2 * model.hidden
    narrow = config.count("word_embed_proj_dim", default=model.hidden)
    if narrow != model.hidden:
        parts.other += model.vocab * (narrow - model.hidden) + 2 * narrow * model.hidden
    return model


def _gpt_oss(model: Model, _config: Config, experts: Experts, parts: Parts) -> Model:
    """Experts and router have biases, and each head a sink."""
    each = 2 * experts.width + model.hidden
    parts.mlps = [mlp + experts.count * (each + 1) for mlp in parts.mlps]
    parts.unused = [(experts.count - experts.per_token) * each + unused for unused in parts.unused]
    parts.other += model.layers * model.heads
    return model


def _indexer(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """The choice of tokens before latent attention (DeepSeek-V3.2). GLM-5.x shares it between layers."""
    heads, width = config.count("index_n_heads"), config.count("index_head_dim")
    types = config.items("indexer_types")
    each = config.count("q_lora_rank") * heads * width + model.hidden * (width + heads) + 2 * width
    parts.mixers = [
        mixer + (0 if types and types[layer] == "shared" else each) for layer, mixer in enumerate(parts.mixers)
    ]
    indexed = model.layers - types.count("shared")
    return replace(
        model,
        caches=(
            (model.layers, 0, 1, model.kv_lora_rank + model.qk_rope_head_dim),
            (indexed, 0, 1, (width + 4) // 2),  # 8 bits an element and a scale, in two-byte elements
        ),
        replicated_params=model.replicated_params + indexed * each,
    )


def _nemotron_h(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Each layer is one thing: Mamba (M), attention (*), an MLP (-) or experts (E)."""
    types = config.items("layers_block_type", "layer_types") or list(config.text("hybrid_override_pattern"))
    hidden = model.hidden
    latent = config.count("moe_latent_size", default=0)  # experts that work on a projection of the hidden state
    expert = 2 * (latent or hidden) * experts.width
    around = hidden * (2 * experts.shared_width + experts.count + 2 * latent)
    parts.mlps, parts.unused = [], []
    for layer, kind in enumerate(types):
        if kind in ("E", "moe"):
            parts.mlps.append(around + experts.count * expert)
            parts.unused.append((experts.count - experts.per_token) * expert)
        else:
            parts.mlps.append(2 * hidden * model.intermediate if kind in ("-", "mlp") else 0)
            parts.unused.append(0)
        if kind in ("E", "moe", "-", "mlp"):
            parts.mixers[layer] = 0
    sparse = sum(kind in ("E", "moe") for kind in types)
    attentions = sum(kind == "full" for kind in parts.kinds)
    model = replace(model, linear_layers=model.layers - attentions)
    if not sparse:
        return replace(model, experts=0, experts_per_token=0, moe_intermediate=0, shared_experts=0, dense_layers=0)
    copied = model.replicated_params + sparse * 2 * hidden * latent
    return replace(model, dense_layers=model.layers - sparse, replicated_params=copied, expert_hidden=latent)


def _lfm2(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """The MLP's width is two thirds of what is given, rounded up, unless the config.json gives another."""
    width = config.count("block_ff_dim", default=0) or model.intermediate
    if config.flag("block_auto_adjust_ff_dim", True):
        factor = config.get("block_ffn_dim_multiplier")[1]
        width = int(2 * width / 3)
        width = int(width * float(factor)) if isinstance(factor, (int, float)) else width
        step = config.count("block_multiple_of", default=256)
        width = -(-width // step) * step
    parts.mlps = [3 * model.hidden * width] * model.layers
    return replace(model, intermediate=width)


def _gemma3n(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """Embeddings for each layer, alternating updates, LAuReL, and later layers that share keys and values."""
    hidden, narrow = model.hidden, config.count("hidden_size_per_layer_input")
    rows, streams = config.count("vocab_size_per_layer_input"), config.count("altup_num_inputs")
    rank, width = config.count("laurel_rank"), model.layers * narrow
    parts.other += rows * width + hidden * width + narrow + 2 * (streams - 1) * hidden**2
    each = 2 * hidden * rank + 2 * hidden * narrow + (streams + 4) * hidden + (streams + 1) * streams**2
    parts.other += model.layers * each
    return _shared_keys(model, parts, _shared_layers(model, config))


def _shared_layers(model: Model, config: Config) -> int:
    """Return how many of the last layers use keys and values of earlier ones. Refusal where there is no earlier one."""
    shared = config.count("num_kv_shared_layers", default=0)
    if shared >= model.layers:
        raise Refusal(
            f"num_kv_shared_layers in the config.json is {shared}; it must be less than {model.layers} layers"
        )
    return shared


def _shared_keys(model: Model, parts: Parts, shared: int) -> Model:
    """Take keys and values from the last `shared` layers, which keep no cache."""
    for layer in range(model.layers - shared, model.layers):
        parts.mixers[layer] -= 2 * model.hidden * model.kv_heads * model.head_dim + model.head_dim
        parts.kinds[layer] = "none"
    return replace(model, linear_layers=parts.kinds.count("none"), sliding_layers=parts.kinds.count("window"))


def _gemma4(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Other heads in layers without a window; embeddings for each layer in the small ones."""
    hidden, layers = model.hidden, model.layers
    if parts.kinds[-1] == "window":  # transformers makes the last layer see everything
        parts.kinds[-1] = "full"
        model = replace(model, sliding_layers=parts.kinds.count("window"))
    wide = config.count("global_head_dim", default=512)
    same = config.flag("attention_k_eq_v")
    wide_kv = config.count("num_global_key_value_heads", default=0) if same else 0
    wide_kv = wide_kv or model.kv_heads
    shared = _shared_layers(model, config)
    for layer, kind in enumerate(parts.kinds):
        of_others = layer >= layers - shared
        if kind == "full":
            matrices = 0 if of_others else 1 if same else 2
            parts.mixers[layer] = (
                hidden * wide * (2 * model.heads + matrices * wide_kv) + (1 if of_others else 2) * wide
            )
        elif of_others:
            parts.mixers[layer] -= 2 * hidden * model.kv_heads * model.head_dim + model.head_dim
        if of_others and config.flag("use_double_wide_mlp"):
            parts.mlps[layer] *= 2
    if narrow := config.count("hidden_size_per_layer_input", default=0):
        width = layers * narrow
        parts.other += config.count("vocab_size_per_layer_input") * width + hidden * width + narrow
        parts.other += layers * (2 * hidden * narrow + hidden)
        model = replace(model, replicated_params=layers * 2 * hidden * narrow)  # vLLM splits neither projection
    if experts.count:
        parts.other += layers * (4 * hidden + experts.count)
    kinds = ["none" if layer >= layers - shared else kind for layer, kind in enumerate(parts.kinds)]
    windows, full = kinds.count("window"), kinds.count("full")
    return replace(
        model,
        linear_layers=kinds.count("none"),
        sliding_layers=windows,
        caches=tuple(
            each
            for each in (
                (windows, model.sliding_window, model.kv_heads, 2 * model.head_dim),
                (full, 0, wide_kv, 2 * wide),
            )
            if each[0]
        ),
    )


def _unpacked_latent(model: Model, config: Config, _experts: Experts, _parts: Parts) -> Model:
    """MiniCPM3, whose keys and values vLLM caches for every head, values padded to the keys' width."""
    return replace(model, caches=((model.layers, 0, model.heads, 2 * model.head_dim),))


def _bert_embeddings(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """Token types, the norm after the embeddings, and narrower embeddings with a projection (ELECTRA)."""
    narrow = config.count("embedding_size", default=model.hidden)
    parts.other += config.count("type_vocab_size", default=0) * narrow
    if narrow != model.hidden:
        parts.other += (model.vocab + model.context) * (narrow - model.hidden) + narrow * model.hidden + model.hidden
    if config.flag("relative_attention"):  # DeBERTa: positions as distances, shared by all layers
        limit = config.get("max_relative_positions")[1]
        span = limit if isinstance(limit, int) and limit > 0 else model.context
        span = config.count("position_buckets", default=0) or span
        parts.other += 2 * span * model.hidden + 2 * model.hidden
    return model


def _deberta(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """DeBERTa: queries and values alone have biases; positions are distances, projected in every layer."""
    model = _bert_embeddings(model, config, experts, parts)
    ways = config.items("pos_att_type") if config.flag("relative_attention") else []
    each = 2 * model.hidden + sum(model.hidden**2 + (model.hidden if way == "p2c" else 0) for way in ways)
    parts.mixers = [mixer + each for mixer in parts.mixers]
    return model


# What the bytes of a block in vLLM's caches follow from; no other values have been published.
_V4_WIDTHS = (("head_dim", 512), ("qk_rope_head_dim", 64), ("index_head_dim", 128), ("sliding_window", 128))


def _deepseek_v4(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Attention to 128 tokens and to older ones in blocks of 4 or 128; four residual streams in hyper-connections.

    Bytes of a layer's block in vLLM 0.32: 37,440 of 64 entries, 8,640 of the index's, and the states of compressors.
    """
    if config.items("mlp_layer_types"):
        raise Refusal(
            "the config.json has mlp_layer_types, as transformers saves a DeepSeek-V4, which vLLM 0.32 refuses; take "
            "the config.json that deepseek-ai publishes"
        )
    for key, value in _V4_WIDTHS:
        if config.count(key) != value:
            raise Refusal(f"{key} in the config.json is {config.count(key)}; only {value} is understood here")
    config.asked.update(("hc_eps", "hc_sinkhorn_iters", "compress_rates", "compress_rope_theta", "layer_types"))
    ratios = config.items("compress_ratios")[: model.layers]
    if len(ratios) != model.layers or set(ratios) - {0, 4, 128}:
        raise Refusal("compress_ratios in the config.json must name 0, 4 or 128 for each layer")
    hidden, rank, wide, index = model.hidden, config.count("q_lora_rank"), model.head_dim, 128
    queries, out = model.heads * wide, config.count("o_lora_rank")
    split = model.heads + rank * queries + out * queries + hidden * config.count("o_groups") * out
    indexer = 4 * index * hidden + 9 * index + config.count("index_n_heads") * (index * rank + hidden)
    compressors = {0: 0, 4: 4 * wide * hidden + 9 * wide + indexer, 128: 2 * wide * hidden + 129 * wide}
    streams = config.count("hc_mult")
    mixes = 2 * streams + streams**2
    copied = hidden * rank + rank + hidden * wide + wide + 2 * (mixes * (streams * hidden + 1) + 3)
    parts.mixers = [split + copied + compressors[ratio] for ratio in ratios]
    parts.other += streams * (streams * hidden + 1) + 1
    fine, coarse = ratios.count(4), ratios.count(128)
    pages = (
        (fine, 0, 256, 37440), (fine, 0, 256, 8640), (coarse, 0, 256, 1728), (model.layers, 128, 64, 37440),
        (fine, 8, 4, 8640), (fine, 8, 4, 32832), (coarse, 128, 8, 32832),
    )  # fmt: skip
    return replace(
        model,
        attention="mla",
        qk_rope_head_dim=64,
        intermediate=model.intermediate or experts.width,
        pages=tuple(each for each in pages if each[0]),
        replicated_params=model.layers * copied + sum(compressors[ratio] for ratio in ratios),
    )


EXTRAS: dict[str, Callable[[Model, Config, Experts, Parts], Model]] = {
    "no_mlp": _no_mlp,
    "falcon": _falcon,
    "opt": _opt,
    "gpt_oss": _gpt_oss,
    "indexer": _indexer,
    "nemotron_h": _nemotron_h,
    "lfm2": _lfm2,
    "gemma3n": _gemma3n,
    "gemma4": _gemma4,
    "unpacked_latent": _unpacked_latent,
    "bert_embeddings": _bert_embeddings,
    "deberta": _deberta,
    "deepseek_v4": _deepseek_v4,
    "glm5_next": glm5_next,
    "inkling": inkling,
    "kimi_linear": kimi_linear,
    "minimax_m3": minimax_m3,
}
