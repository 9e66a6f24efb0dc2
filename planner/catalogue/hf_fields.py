"""Typed access to the keys of a Hugging Face config.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..schema import Refusal

# Keys that shape layers. One of them that a reader did not read means that the model is built otherwise.
_SHAPING = re.compile(
    r"layer_period|layer_offset|^attn_(?!pdrop|drop|impl|logit|soft|scal|temper|output_m|out_m|in_m|factor)|attn_type_list|"
    r"attn_layer|^linear_(?!attn_[a-z]+_factor|a_log|dt|allow)|mamba(?!_chunk|_conv_b|_proj_b|_act|_rms|_norm|_dt_(?!rank)|_hidden_act)|"
    r"^conv_(?!b)|block_types?$|layer_types$|layers_block_type|block_configs|hybrid|^ssm_(?!cfg|dtype|mult|in_m|out_m)|"
    r"lru_width|kda_layers|^(n_routed|num|num_local|moe_num|n)_experts$|lora_rank$|cla_share|use_cla|^index_(n_heads|head_dim|kpool)|^mhc$|"
    r"kv_shared|^(text|vision|audio|llm)_config$|per_layer_input|^hc_|compress|cross_attention_layers|laurel|altup_num|moe_layer_freq|zero_expert_num|"
    r"_output_gate$|^routed_expert_hidden|^latent_moe|sconv|^d_rel$|rel_extent|^sparse_attention_config$|^local_layer_ids$|^dense_mlp_idx$"
)
_IDLE: tuple[Any, ...] = (None, False, 0, 1, "", "none", "multihead_attention")  # values that turn nothing on


class Config:
    """The keys of a config.json over the defaults of its class, with a record of those that were asked for.

    A key that stands there as null is as good as absent, and its default does not count: so does transformers.
    """

    def __init__(self, values: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> None:
        self.values, self.defaults = values, defaults or {}
        self.asked: set[str] = set()
        self.layers = 0  # how many numbers a list with one a layer has; 0: not known yet

    def get(self, *keys: str) -> tuple[str, Any]:
        """Return the first of `keys` that has a value, and the value; ("", None) where none has."""
        self.asked.update(keys)
        given = [key for key in keys if key in self.values]
        for key in given:
            if self.values[key] is not None:
                return key, self.values[key]
        if not given:
            for key in keys:
                if self.defaults.get(key) is not None:
                    return key, self.defaults[key]
        return "", None

    def count(self, *keys: str, default: int | None = None) -> int:
        """Return the first of `keys` that has a value, as a count (0 only with a default); Refusal names the key."""
        key, value = self.get(*keys)
        if isinstance(value, list) and value:  # one number a layer
            if self.layers and len(value) != self.layers:
                raise Refusal(f"{key} in the config.json has {len(value)} numbers for {self.layers} layers")
            if any(other != value[0] for other in value):
                raise Refusal(f"{key} in the config.json differs between layers; such layers are not understood here")
            value = value[0]
        return _count(key, value, keys, default)

    def flag(self, key: str, default: bool = False) -> bool:
        """Return whether the key is true (1, in the defaults of a class)."""
        value = self.get(key)[1]
        if value is not None and value not in (True, False):
            raise Refusal(f"{key} in the config.json is {_shown(value)}; it must be true or false")
        return default if value is None else bool(value)

    def text(self, *keys: str) -> str:
        return self._typed(str, keys)

    def items(self, *keys: str) -> list[Any]:
        return self._typed(list, keys)

    def section(self, *keys: str) -> Mapping[str, Any]:
        return self._typed(dict, keys)

    def _typed(self, kind: type, keys: tuple[str, ...]) -> Any:
        key, value = self.get(*keys)
        return kind() if value is None else _typed(key, value, kind)

    def unread(self) -> str:
        """Return a key that shapes layers and was not asked for, "" where there is none."""
        without_latents = self.values.get("use_mla") is False
        for key, value in self.values.items():
            if (
                key in self.asked
                or key.startswith("mtp_")
                or (without_latents and key.endswith("lora_rank"))
                or not _SHAPING.search(key)
                or value == self.defaults.get(key)
            ):
                continue
            if (isinstance(value, (list, dict, tuple)) and value) or (
                not isinstance(value, (list, dict)) and value not in _IDLE
            ):
                return key
        return ""


def count_at(config: Mapping[str, Any], *keys: str, default: int | None = None) -> int:
    """Return the first of `keys` that has a value, as a count (0 only with a default); Refusal names the key."""
    for key in keys:
        if config.get(key) is not None:
            return _count(key, config[key], keys, default)
    return _count("", None, keys, default)


def typed_at(config: Mapping[str, Any], kind: type, *keys: str) -> Any:
    """Return the first of `keys` that has a value, of that kind, empty where none has; Refusal names the key."""
    for key in keys:
        if config.get(key) is not None:
            return _typed(key, config[key], kind)
    return kind()


def _count(key: str, value: Any, keys: tuple[str, ...], default: int | None) -> int:
    if value is None:
        if default is None:
            raise Refusal(f"the config.json has no {keys[0]}; take the config.json that the model was published with")
        return default
    least = 1 if default is None else 0
    if isinstance(value, bool) or not isinstance(value, int) or value < least:  # 2048.0 transformers refuses, too
        raise Refusal(f"{key} in the config.json is {_shown(value)}; it must be a whole number of at least {least}")
    return int(value)


def _typed(key: str, value: Any, kind: type) -> Any:
    if isinstance(value, kind):
        return value
    wanted = {"dict": "an object", "list": "a list", "str": "a string"}[kind.__name__]
    raise Refusal(f"{key} in the config.json is {_shown(value)}; it must be {wanted}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
