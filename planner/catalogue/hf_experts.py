"""Experts as a config.json describes them: how many, how wide, in which layers, and those every token passes."""

from __future__ import annotations

from typing import NamedTuple

from ..schema import Refusal
from .architectures import Architecture
from .hf_fields import Config

EXPERT_KEYS = ("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts")
ALWAYS = ("all", "decoder_sparse_step", "llama4", "ernie")  # rules of architectures that have experts in any case
PER_TOKEN_KEYS = (
    "num_experts_per_tok", "top_k_experts", "num_experts_per_token", "moe_top_k", "moe_k", "moe_topk"
)  # fmt: skip


class Experts(NamedTuple):
    """The experts of a model; `count` 0: it has none."""

    count: int = 0
    per_token: int = 0
    width: int = 0
    shared_width: int = 0  # of all experts that every token passes
    layers: tuple[bool, ...] = ()  # those that hold experts

    @property
    def shared(self) -> int:
        """How many routed experts the shared ones amount to."""
        return max(1, round(self.shared_width / self.width)) if self.shared_width else 0


NO_EXPERTS = Experts()


def experts_of(config: Config, architecture: Architecture, layers: int) -> Experts:
    """Return the experts that the config.json describes. Refusal where a key is missing or odd."""
    if not architecture.sparse:
        return NO_EXPERTS
    key, found = config.get(*EXPERT_KEYS)
    count = config.count(*EXPERT_KEYS, default=0)
    if not key and found is None and architecture.sparse in ALWAYS and architecture.extra != "nemotron_h":
        raise Refusal(
            "the config.json gives no number of experts; take the config.json that the model was published with"
        )
    if architecture.sparse == "gemma4" and not config.flag("enable_moe_block"):
        return NO_EXPERTS
    if count < 2:
        return NO_EXPERTS
    if config.values.get("moe_intermediate_size", 0) is None and "moe_intermediate_size" in config.defaults:
        raise Refusal("moe_intermediate_size in the config.json is null; it must be a whole number of at least 1")
    width = config.count("moe_intermediate_size", "expert_ffn_hidden_size", default=0)
    width = width or config.count("intermediate_size", "ffn_hidden_size")
    per_token = config.count(*PER_TOKEN_KEYS, default=2)
    if per_token > count:
        raise Refusal(f"the config.json sends a token to {per_token} experts of {count}")
    placed = tuple(_sparse(config, architecture.sparse, layer) for layer in range(layers))
    listed = config.items("mlp_layer_types")
    if listed:
        if len(listed) != layers:
            raise Refusal(
                f"mlp_layer_types in the config.json names {len(listed)} layers of {layers}; it must name each"
            )
        placed = tuple(kind == "sparse" for kind in listed)
    return Experts(
        count=count,
        per_token=max(1, per_token),
        width=width,
        shared_width=_shared_width(config, architecture, width),
        layers=placed,
    )


def _shared_width(config: Config, architecture: Architecture, width: int) -> int:
    key = architecture.shared
    if architecture.sparse == "gemma4":  # an ordinary MLP beside the experts of every layer
        return config.count("intermediate_size")
    if key == "one":
        return width
    if not key:
        return 0
    value = config.count(key, "n_shared_experts", "num_shared_experts", default=1 if key == "num_shared_expert" else 0)
    return value if key.endswith("_size") else value * width


def _sparse(config: Config, rule: str, layer: int) -> bool:
    if rule == "first_dense":
        return layer >= config.count("first_k_dense_replace", default=1)
    if rule == "dense_mlp_idx":
        return layer >= config.count("dense_mlp_idx", default=0)
    if rule in ("first_k_dense_replace", "num_dense_layers"):
        every = config.get("moe_layer_freq")[1]
        if isinstance(every, list):  # one number a layer
            return layer < len(every) and bool(every[layer])
        step = config.count("moe_layer_freq", default=1) or 1
        return layer >= config.count(rule, "first_k_dense_replace", default=0) and layer % step == 0
    if rule == "decoder_sparse_step":
        step = config.count("decoder_sparse_step")
        return layer not in config.items("mlp_only_layers") and (layer + 1) % step == 0
    if rule == "expert_layer_period":
        period, offset = config.count("expert_layer_period"), config.count("expert_layer_offset", default=0)
        return layer % period == offset
    if rule == "ernie":
        last = config.get("moe_layer_end_index")[1]
        start, step = config.count("moe_layer_start_index", default=0), config.count("moe_layer_interval", default=1)
        return layer >= start and (last in (None, -1) or layer <= last) and (layer + 1) % max(step, 1) == 0
    if rule == "llama4":
        placed = config.get("moe_layers")[1]
        step = config.count("interleave_moe_layer_step", default=1)
        return layer in placed if isinstance(placed, list) else bool(step) and (layer + 1) % step == 0
    return True
