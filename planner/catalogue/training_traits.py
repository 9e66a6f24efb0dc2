"""Traits of a decoder layer that decide which tensors training keeps, and that config.json does not give in numbers.

Read in transformers 5.23, models/*/modeling_*.py, one row per class of layers.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from ..schema import Model


class Traits(NamedTuple):
    """How transformers computes a decoder layer. The defaults are Llama's."""

    norms: int = 2  # of the hidden state; 4 with norms before and after attention and MLP
    qk_norm: bool = False  # of queries and keys
    wide_norm: bool = False  # a norm multiplies with its weight in float32, and keeps that factor in float32
    fused_projections: bool = False  # q, k and v are one matrix, gate and up another
    attention_cap: bool = False  # a soft cap on attention's scores, which no kernel has: attention is eager
    logit_cap: bool = False  # a soft cap on the logits
    scaled_logits: bool = False  # the logits are divided by a constant


_LAYERS = {
    "gemma": Traits(wide_norm=True),
    "gemma2": Traits(norms=4, wide_norm=True, attention_cap=True, logit_cap=True),
    "gemma3": Traits(norms=4, qk_norm=True, wide_norm=True),
    "gemma4": Traits(norms=4, qk_norm=True, wide_norm=True, logit_cap=True),
    "olmo2": Traits(qk_norm=True, wide_norm=True),
    "olmoe": Traits(qk_norm=True),
    "phi3": Traits(fused_projections=True),
    "qwen3": Traits(qk_norm=True),
    "granite": Traits(scaled_logits=True),
    "glm4": Traits(norms=4),
}
# model_type -> the row above
_TYPES = {
    "gemma3_text": "gemma3", "gemma4_text": "gemma4", "olmo3": "olmo2", "qwen3_moe": "qwen3", "qwen3_vl": "qwen3",
    "qwen3_vl_text": "qwen3", "qwen3_next": "qwen3", "qwen3_5": "qwen3", "granitemoe": "granite",
}  # fmt: skip
# Where the model_type is not known: the first pattern that a model's id holds
_NAMES = (
    (r"gemma-?4", "gemma4"),
    (r"gemma-?3|embeddinggemma", "gemma3"),
    (r"gemma-?2-(2b|9b|27b)", "gemma2"),
    (r"gemma", "gemma"),
    (r"olmoe", "olmoe"),
    (r"olmo-?(2|3)", "olmo2"),
    (r"phi-?(3|3\.5|4)(?!.*moe)", "phi3"),
    (r"qwen3|qwen-?3|hermes-4", "qwen3"),
    (r"granite", "granite"),
    (r"glm-4-(9b|32b)|glm-z1", "glm4"),
)


def traits(model: Model) -> Traits:
    """Return how the layers of a model are computed, by its model_type, or by its id where that is not known."""
    return _traits(model.architecture, model.id)


@cache
def _traits(architecture: str, id: str) -> Traits:
    if architecture:
        return _LAYERS.get(_TYPES.get(architecture, architecture), Traits())
    name = id.lower()
    row = next((row for pattern, row in _NAMES if re.search(pattern, name)), "")
    return _LAYERS.get(row, Traits())
