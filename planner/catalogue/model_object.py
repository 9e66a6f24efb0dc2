"""Read the model object of a JSON request: the architecture of a model that is not in the catalogue."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from ..schema import QUANTIZATIONS, Model, Refusal, replace
from .models import DEFAULT_MODELS
from .shipped import load_catalogue
from .sizes import (
    DERIVED_FIELDS,
    LARGEST_MODEL,
    SMALLEST_MODEL,
    UNKNOWN_ORIGIN,
    assumed_fields,
    count_params,
    reference_model,
    scaled_to,
    size_text,
)

MODEL_KEYS = (
    "id params params_active layers hidden intermediate heads kv_heads head_dim vocab tied_embeddings context dtype "
    "attention kv_lora_rank qk_rope_head_dim sliding_window sliding_layers linear_layers state_bytes experts "
    "experts_per_token moe_intermediate shared_experts dense_layers mlp_matrices quantization workload"
).split()
TEXT_KEYS = ("id", "dtype", "attention", "quantization", "workload")


def from_object(object: Mapping[str, Any]) -> Model:
    """Return the model of a JSON object. `params` is needed; the nearest known architecture fills in the rest."""
    if not isinstance(object, Mapping):
        raise Refusal(f"model is {object!r}; it must be a model id or an object with at least params")
    values: dict[str, Any] = {}
    for key, value in object.items():
        if key not in MODEL_KEYS:
            near = difflib.get_close_matches(str(key), MODEL_KEYS, n=3, cutoff=0.0)
            raise Refusal(
                f"model has an unknown key {key!r}; the nearest of those in docs/planner.md: {', '.join(near)}"
            )
        if value is not None:
            values[key] = _checked_value(key, value)
    if "params" not in values:
        raise Refusal("model has no params; give the number of parameters, e.g. 8030261248")
    params = values["params"]
    if not SMALLEST_MODEL <= params <= LARGEST_MODEL:
        raise Refusal(
            f"model.params is {params}; models from {SMALLEST_MODEL} to {LARGEST_MODEL} parameters can be planned"
        )
    active = values.setdefault("params_active", params)
    if active > params:
        raise Refusal(f"model.params_active is {active}, more than params, {params}")
    return _completed_model(values, params, active)


def _completed_model(values: dict[str, Any], params: int, active: int) -> Model:
    """Return a model of the given values, the others taken from the nearest architecture and stretched to fit."""
    known = load_catalogue()
    mixture = active < params or values.get("experts", 0) > 1
    base = known[known.names[key]] if (key := values.get("id", "").lower()) in known.names else None
    if base is None or not 0.9 < params / base.params < 1.1 or bool(base.experts) != mixture:
        base = reference_model(params, active if active < params else params // 10 if mixture else params)
    blank = UNKNOWN_ORIGIN | {"id": f"custom-{size_text(params, 10)}", "quantization": "none"}
    if values.get("attention") == "mla" != base.attention:  # DeepSeek-V2's dimensions, and of most that follow it
        blank |= {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "head_dim": 192}
    if "experts" in values:
        blank["experts_per_token"] = max(1, min(base.experts_per_token, values["experts"] // 4))
    if "layers" in values:
        depth = values["layers"] / base.layers
        blank |= {name: round(getattr(base, name) * depth) for name in ("sliding_layers", "linear_layers")}
    fixed = frozenset(values)
    model = replace(base, **blank | values)
    if fixed.isdisjoint(DERIVED_FIELDS):
        model = replace(model, assumed=assumed_fields(model, fixed))
    else:
        model = scaled_to(replace(model, params=base.params), params, active, fixed)
    if mixture and active == params:  # experts without params_active: what the dimensions say
        active = min(params, count_params(model, active=True))
        model = replace(model, params_active=active, assumed=("params_active", *model.assumed))
    if model.kv_heads > model.heads:
        raise Refusal(f"model.kv_heads is {model.kv_heads}, more than heads, {model.heads}")
    if model.experts_per_token > model.experts:
        raise Refusal(f"model.experts_per_token is {model.experts_per_token}, more than experts, {model.experts}")
    if model.sliding_layers + model.linear_layers > model.layers:
        raise Refusal(f"model.sliding_layers and linear_layers are more than its {model.layers} layers")
    if model.sliding_window and "sliding_layers" not in values:
        model = replace(model, sliding_layers=model.layers, assumed=(*model.assumed, "sliding_layers"))
    return model


def _checked_value(key: str, value: Any) -> Any:
    kind = "bool" if key == "tied_embeddings" else "str" if key in TEXT_KEYS else "int"
    if kind == "bool":
        right = isinstance(value, bool)
    elif kind == "str":
        right = isinstance(value, str)
    else:
        right = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
        right = right and value >= (1 if key not in Model._field_defaults else 0)
    choices = {"attention": ("full", "mla"), "quantization": QUANTIZATIONS, "workload": tuple(DEFAULT_MODELS)}.get(key)
    if right and choices and value not in choices:
        raise Refusal(f"model.{key} is {value!r}; it must be one of {', '.join(choices)}")
    if not right:
        wanted = {"bool": "true or false", "str": "a string"}.get(kind, "a whole number, not negative")
        raise Refusal(f"model.{key} is {value!r}; it must be {wanted}")
    return int(value) if kind == "int" else value
