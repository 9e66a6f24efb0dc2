"""Models of several senses: where their config.json keeps the language model, and the size of their vision tower."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .hf_fields import count_at, typed_at


class Wrapper(NamedTuple):
    """A model_type that holds a language model."""

    text_kind: str = ""  # where the language model does not name its own
    keys: tuple[str, ...] = ("text_config", "llm_config", "language_config")


WRAPPERS: dict[str, Wrapper] = {
    "gemma3": Wrapper("gemma3_text"),
    "gemma4": Wrapper("gemma4_text"),
    "llama4": Wrapper("llama4_text"),
    "mistral3": Wrapper("mistral"),
    "qwen2_vl": Wrapper("qwen2"),
    "qwen2_5_vl": Wrapper("qwen2"),
    "qwen3_vl": Wrapper("qwen3"),
    "qwen3_vl_moe": Wrapper("qwen3_moe"),
    "qwen3_5": Wrapper("qwen3_5_text"),
    "qwen3_5_moe": Wrapper("qwen3_5_moe_text"),
    "kimi_k25": Wrapper("deepseek_v3"),
}


def tower_params(config: Mapping[str, Any], hidden: int) -> int:
    """Return the parameters of the vision tower of a model of several senses; 0 for a model of text."""
    if typed_at(config, str, "model_type") not in WRAPPERS:
        return 0
    vision = typed_at(config, dict, "vision_config")
    depth = count_at(vision, "num_hidden_layers", "depth", "vt_num_hidden_layers", default=0)
    width = count_at(vision, "hidden_size", "vt_hidden_size", default=0)
    gated = typed_at(vision, str, "model_type") in ("pixtral", "gemma4_vision")
    inner = count_at(vision, "intermediate_size", "vt_intermediate_size", default=4 * width)
    tower = depth * width * (4 * width + (3 if gated else 2) * inner)
    if out := count_at(vision, "out_hidden_size", default=0):  # Qwen's mergers of patches into tokens
        merged = width * count_at(vision, "spatial_merge_size", default=2) ** 2
        tower += (1 + len(typed_at(vision, list, "deepstack_visual_indexes"))) * merged * (merged + out)
    return tower
