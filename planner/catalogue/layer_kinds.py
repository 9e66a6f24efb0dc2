"""Which layer of a model sees what: all tokens, a window of them, or a state of constant size.

The rules are those of the configuration classes of transformers 5.23, for a config.json that lists no `layer_types`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..schema import Refusal
from .hf_fields import Config

# What a kind of layer is called in config.json files.
KINDS = {
    "full_attention": "full",
    "attention": "full",
    "indexed_attention": "full",
    "deepseek_sparse_attention": "full",
    "sliding_attention": "window",
    "chunked_attention": "window",
    "linear_attention": "linear",
    "mamba": "linear",
    "mamba2": "linear",
    "conv": "linear",
    "moe": "none",
    "mlp": "none",
}
NEMOTRON = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}  # letters of hybrid_override_pattern


def layer_kinds(config: Config, rule: str, layers: int) -> list[str]:
    """Return "full", "window", "linear" or "none" (an MLP alone) for every layer. Refusal where they are odd."""
    listed = config.items("layer_types", "layers_block_type")
    if listed and rule not in ("full", "compressed", "inkling"):
        return _listed(listed, layers)
    word, _space, number = rule.partition(" ")
    return _RULES[word](config, layers, int(number or 0))


def window_of(config: Config) -> int:
    """Return the tokens that a layer with a window sees; 0 without one."""
    if config.get("use_sliding_window")[1] is False:
        config.get("sliding_window")
        return 0
    return config.count(
        "sliding_window", "attention_chunk_size", "window_size", "local_attention", "sliding_window_size", default=0
    )


def _listed(listed: list[object], layers: int) -> list[str]:
    unknown = [name for name in listed if not isinstance(name, str) or name not in KINDS]
    if unknown:
        raise Refusal(f"layer_types in the config.json names {str(unknown[0])[:30]!r}; known are {', '.join(KINDS)}")
    if len(listed) != layers:
        raise Refusal(f"layer_types in the config.json names {len(listed)} layers of {layers}; it must name each")
    return [KINDS[str(name)] for name in listed]


def _full(config: Config, layers: int, _every: int) -> list[str]:
    if config.items("layer_types"):
        kinds = _listed(config.items("layer_types"), layers)
        if set(kinds) - {"full", "window"}:
            raise Refusal(
                "layer_types in the config.json names layers without attention, which this kind does not have"
            )
        if set(kinds) != {"full"} and window_of(config):
            return kinds
    return ["full"] * layers


def _window(config: Config, layers: int, _every: int) -> list[str]:
    return ["window" if window_of(config) else "full"] * layers


def _every(config: Config, layers: int, every: int) -> list[str]:
    """One layer in so many sees everything, the last of each group."""
    pattern = config.get("sliding_window_pattern", "_sliding_window_pattern")[1]
    if pattern is not None:
        every = config.count("sliding_window_pattern", "_sliding_window_pattern")
    return ["window" if (layer + 1) % every else "full" for layer in range(layers)]


def _first(_config: Config, layers: int, every: int) -> list[str]:
    return ["window" if layer % every else "full" for layer in range(layers)]


def _late(config: Config, layers: int, _every: int) -> list[str]:
    start = config.count("max_window_layers", default=0)
    on = config.flag("use_sliding_window") and window_of(config)
    return ["window" if on and layer >= start else "full" for layer in range(layers)]


def _dots(config: Config, layers: int, _every: int) -> list[str]:
    start = config.count("max_window_layers", default=0)
    return ["window" if window_of(config) and layer >= start else "full" for layer in range(layers)]


def _qwen2_moe(config: Config, layers: int, _every: int) -> list[str]:
    end, on = config.count("max_window_layers", default=0), config.flag("use_sliding_window")
    return ["window" if on and layer % 2 == 0 and layer < end else "full" for layer in range(layers)]


def _smollm3(config: Config, layers: int, _every: int) -> list[str]:
    rope = config.items("no_rope_layers")
    every = config.count("no_rope_layer_interval", default=4) or 4
    rope = rope or [int((layer + 1) % every != 0) for layer in range(layers)]
    on = config.flag("use_sliding_window") and window_of(config)
    return ["window" if on and not has_rope else "full" for has_rope in rope[:layers]]


def _exaone(config: Config, layers: int, _every: int) -> list[str]:
    pattern = config.get("sliding_window_pattern")[1]
    if isinstance(pattern, str) and pattern:  # "LLLG": local, local, local, global
        every = len(pattern) if "G" in pattern else 0
    else:
        every = config.count("sliding_window_pattern", default=4)
    if not window_of(config) or not every:
        return ["full"] * layers
    return ["window" if (layer + 1) % every else "full" for layer in range(layers)]


def _afmoe(config: Config, layers: int, _every: int) -> list[str]:
    every = config.count("global_attn_every_n_layers", default=4) or 4
    return ["window" if (layer + 1) % every else "full" for layer in range(layers)]


def _modernbert(config: Config, layers: int, _every: int) -> list[str]:
    every = config.count("global_attn_every_n_layers", default=3) or 3
    return ["window" if layer % every else "full" for layer in range(layers)]


def _llama4(config: Config, layers: int, _every: int) -> list[str]:
    rope = config.items("no_rope_layers")
    every = config.count("no_rope_layer_interval", default=4) or 4
    rope = rope or [int((layer + 1) % every != 0) for layer in range(layers)]
    return ["window" if has_rope else "full" for has_rope in rope[:layers]]


def _gpt_neo(config: Config, layers: int, _every: int) -> list[str]:
    """`attention_types` is [[["global", "local"], 12]]: two kinds in turn, twelve times."""
    kinds: list[str] = []
    for group in config.items("attention_types") or [[["global", "local"], layers // 2]]:
        if not (isinstance(group, list) and len(group) == 2 and isinstance(group[0], list)):
            raise Refusal("attention_types in the config.json must be [[kinds, times], ...]")
        kinds += ["window" if kind == "local" else "full" for kind in group[0]] * min(int(group[1]), layers)
    return kinds[:layers]


def _linear(config: Config, layers: int, every: int) -> list[str]:
    if not every:
        return ["linear"] * layers
    every = config.count("full_attention_interval", default=every) or every
    return ["linear" if (layer + 1) % every else "full" for layer in range(layers)]


def _only_listed(_config: Config, layers: int, _every: int) -> list[str]:
    return ["full"] * layers


def _jamba(config: Config, layers: int, _every: int) -> list[str]:
    period, offset = config.count("attn_layer_period"), config.count("attn_layer_offset", default=0)
    return ["full" if layer % period == offset else "linear" for layer in range(layers)]


def _bamba(config: Config, layers: int, _every: int) -> list[str]:
    full = config.items("attn_layer_indices")
    return ["full" if layer in full else "linear" for layer in range(layers)]


def _granite_hybrid(_config: Config, layers: int, _every: int) -> list[str]:
    return ["linear"] * layers


def _lfm2(config: Config, layers: int, _every: int) -> list[str]:
    full = config.get("full_attn_idxs")[1]
    return ["full" if full is None or layer in full else "linear" for layer in range(layers)]


def _kimi_linear(config: Config, layers: int, _every: int) -> list[str]:
    section = config.section("linear_attn_config")
    full = section.get("full_attn_layers")
    if isinstance(full, list):  # counted from 1
        linear = section.get("kda_layers", [layer for layer in range(1, layers + 1) if layer not in full])
        if not isinstance(linear, list) or sorted(map(str, full + linear)) != sorted(map(str, range(1, layers + 1))):
            raise Refusal("linear_attn_config in the config.json must name each layer once, as full or as linear")
        return ["full" if layer + 1 in full else "linear" for layer in range(layers)]
    return ["full" if layer and layer % 4 == 0 else "linear" for layer in range(layers)]


_SAVED_INKLING = ("layer_types", "mlp_layer_types", "moe_intermediate_size", "conv_kernel_size")


def _inkling(config: Config, layers: int, _every: int) -> list[str]:
    """`local_layer_ids` names the layers with a window, counted from 0."""
    if saved := next((key for key in _SAVED_INKLING if key in config.values), ""):
        raise Refusal(
            f"the config.json has {saved}, as transformers saves an Inkling, which vLLM 0.32 builds otherwise; take "
            "the config.json that thinkingmachines publishes"
        )
    local = config.items("local_layer_ids")
    if not local or set(local) - set(range(layers)) or len(set(local)) in (0, layers):
        raise Refusal(f"local_layer_ids in the config.json must name some of {layers} layers, counted from 0")
    return ["window" if layer in local else "full" for layer in range(layers)]


def _minimax(config: Config, layers: int, _every: int) -> list[str]:
    """`attn_type_list` holds 1 for a layer with full attention, 0 for a linear one."""
    types = config.items("attn_type_list")
    if types:
        if len(types) != layers:
            raise Refusal(f"attn_type_list in the config.json names {len(types)} layers of {layers}; it must name each")
        return ["full" if kind else "linear" for kind in types]
    return ["full" if (layer + 1) % 2 else "linear" for layer in range(layers)]


def _minimax_m2(config: Config, layers: int, _every: int) -> list[str]:
    """`attn_type_list` gives every layer full attention, or the model is another one."""
    if not all(config.items("attn_type_list")):
        raise Refusal("attn_type_list in the config.json names linear layers, which a minimax_m2 does not have")
    return ["full"] * layers


def _nemotron_h(config: Config, layers: int, _every: int) -> list[str]:
    pattern = config.text("hybrid_override_pattern")
    if len(pattern) != layers or set(pattern) - set(NEMOTRON):
        raise Refusal(
            f"hybrid_override_pattern in the config.json is {pattern[:60]!r}; it must say M, *, - or E for every layer"
        )
    return [KINDS[NEMOTRON[letter]] for letter in pattern]


_RULES: dict[str, Callable[[Config, int, int], list[str]]] = {
    "full": _full,
    "compressed": lambda _config, layers, _every: ["full"] * layers,  # DeepSeek-V4, whose kinds are in hf_extras.py
    "window": _window,
    "every": _every,
    "first": _first,
    "late": _late,
    "dots": _dots,
    "qwen2_moe": _qwen2_moe,
    "smollm3": _smollm3,
    "exaone": _exaone,
    "afmoe": _afmoe,
    "modernbert": _modernbert,
    "llama4": _llama4,
    "gpt_neo": _gpt_neo,
    "linear": _linear,
    "listed": _only_listed,
    "jamba": _jamba,
    "bamba": _bamba,
    "granite_hybrid": _granite_hybrid,
    "lfm2": _lfm2,
    "kimi_linear": _kimi_linear,
    "inkling": _inkling,
    "minimax": _minimax,
    "minimax_m2": _minimax_m2,
    "nemotron_h": _nemotron_h,
}
