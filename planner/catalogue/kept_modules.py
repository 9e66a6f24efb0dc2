"""Which modules a quantized checkpoint leaves in 16 bits, by the lists of its quantization_config."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ..schema import Model
from .hf_experts import Experts
from .hf_fields import typed_at
from .hf_parts import Parts

LISTS = ("ignore", "modules_to_not_convert", "exclude_modules", "ignored_layers")
_PREFIXES = ("model.", "model.language_model.", "language_model.model.", "backbone.", "model.llm.")
_MIXERS = {
    "full": ("self_attn.o_proj", "mixer.o_proj", "attn.wo_ud"),
    "window": ("self_attn.o_proj", "attn.wo_ud"),
    "linear": ("linear_attn.out_proj", "mamba.out_proj", "mixer.out_proj", "self_attn.o_proj", "conv.out_proj"),
    "none": (),
}
_MLPS = ("mlp.down_proj", "feed_forward.down_proj", "mixer.down_proj", "mlp.w2_md")
_SHARED = (
    "mlp.shared_experts.down_proj",
    "mlp.shared_expert.down_proj",
    "feed_forward.shared_expert.down_proj",
    "mlp.shared_experts.w2_weight",
)
_EXPERTS = (
    "mlp.experts.0.down_proj",
    "block_sparse_moe.experts.0.w2",
    "experts.0.down_proj",
    "mixer.experts.0.down_proj",
    "mlp.experts.w2_weight",
)
_LAYER = re.compile(r"(?:^|\.)layers\.(\d+)(?:\.|$)")
# Kinds whose attention and vision tower vLLM 0.32 holds in 16 bits in every format (vllm/models/glm5next).
PLAIN_MIXERS = frozenset(("glm5_next_text",))
_SENSES = re.compile(r"vis|embed_vision|mm_proj|multi_modal|tower|audio")


def kept_params(
    section: Mapping[str, Any], model: Model, experts: Experts, parts: Parts, tower: int, mlp_beside: bool
) -> int:
    """Return the parameters that the checkpoint leaves in 16 bits, beside embeddings, head and routers.

    `tower` are those of a vision tower; with `mlp_beside` an ordinary MLP stands beside the experts (Gemma 4).
    """
    patterns = list(_patterns(section))
    if not patterns and model.architecture not in PLAIN_MIXERS:
        return 0
    by_layer: dict[int, list[str]] = {-1: []}  # -1: those that name no layer
    for pattern in patterns:
        found = None if pattern.startswith("re:") else _LAYER.search(pattern)
        by_layer.setdefault(int(found[1]) if found else -1, []).append(pattern)
    plain = model.architecture in PLAIN_MIXERS
    kept = tower if plain or any(_SENSES.search(pattern) for pattern in patterns) else 0
    expert = experts.count * model.mlp_matrices * (model.expert_hidden or model.hidden) * experts.width
    shared = model.mlp_matrices * model.hidden * experts.shared_width
    for layer, kind in enumerate(parts.kinds):
        own = by_layer.get(layer, []) + by_layer[-1]
        if plain or _any(own, layer, _MIXERS[kind]):
            kept += parts.mixers[layer]
        if not (experts.count and experts.layers[layer]):
            kept += parts.mlps[layer] if _any(own, layer, _MLPS) else 0
            continue
        if _any(own, layer, ("experts.0.down_proj",) if mlp_beside else _EXPERTS):
            kept += expert
        if shared and _any(own, layer, _MLPS if mlp_beside else _SHARED):
            kept += shared
    return kept


def _patterns(section: Mapping[str, Any]) -> Iterator[str]:
    """Yield what names modules in 16 bits: lists, GPTQModel's `dynamic` with a minus, AutoRound's `extra_config`."""
    for key in LISTS:
        yield from (pattern for pattern in typed_at(section, list, key) if isinstance(pattern, str))
    for name in typed_at(section, dict, "dynamic"):
        if name.startswith("-:"):
            yield f"re:{name[2:]}"
    for name, entry in typed_at(section, dict, "extra_config").items():
        if isinstance(entry, Mapping) and entry.get("bits") in (16, 32):
            yield f"re:{name}" if ".*" in name else name


def _any(patterns: list[str], layer: int, modules: Iterable[str]) -> bool:
    names = [f"{prefix}layers.{layer}.{module}" for prefix in _PREFIXES for module in modules]
    return any(_matches(pattern, name) for pattern in patterns for name in names)


def _matches(pattern: str, name: str) -> bool:
    """Whether a module is meant: by a regular expression, by wildcards, or by its name or that of one around it."""
    if pattern.startswith("re:"):
        try:
            return bool(re.match(pattern[3:], name))
        except re.error:
            return False
    if pattern.find("*") == len(pattern) - 1:  # most are so, and need no regular expression
        return name.startswith(pattern[:-1])
    if "*" in pattern:
        return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")
    return f".{pattern}." in f".{name}."


def cache_format(section: Mapping[str, Any]) -> str:
    """Return "fp8" where the checkpoint brings scales for an fp8 cache, which vLLM's "auto" then takes."""
    scheme, algorithm = section.get("kv_cache_scheme"), section.get("kv_cache_quant_algo")
    by_scheme = isinstance(scheme, Mapping) and scheme.get("type") == "float" and scheme.get("num_bits") == 8
    return "fp8" if by_scheme or (isinstance(algorithm, str) and algorithm.upper() == "FP8") else "auto"
