"""Parameter counts: from dimensions, from text such as "8B", and the architecture that a size suggests."""

from __future__ import annotations

import re
from functools import lru_cache
from math import log
from typing import Any

from ..schema import Model, Refusal, replace
from .names import format_in_name
from .shipped import load_catalogue

SMALLEST_MODEL, LARGEST_MODEL = 10**6, 20 * 10**12  # parameters
SIZE_HINT = 'write it as "8B", "350M", "30B-A3B" (total, active) or "8x7B"'


def count_params(model: Model, *, active: bool = False, attention: int = 0, linear: int = 0, other: int = 0) -> int:
    """Return the parameters that the dimensions give; with `active`, those one token touches (routed experts only).

    `attention` and `linear` are parameters per layer of either kind, where a config.json has more fields than `Model`;
    `other` is added as it is (positions, a vision tower). Biases and the norms of heads are left out.
    """
    attention = attention or attention_params(model)
    linear = linear or attention
    expert_layers = model.layers - model.dense_layers if model.experts else 0
    routed = model.experts_per_token if active else model.experts
    shared = model.shared_experts * model.mlp_matrices * model.hidden * model.moe_intermediate
    expert = model.mlp_matrices * (model.expert_hidden or model.hidden) * model.moe_intermediate
    around = model.hidden * (model.experts + 2 * model.expert_hidden)  # routers, projections to the experts' width
    mlp = (model.layers - expert_layers) * model.mlp_matrices * model.hidden * model.intermediate
    moe = expert_layers * (routed * expert + shared + around)
    mixers = (model.layers - model.linear_layers) * attention + model.linear_layers * linear
    norms = (2 * model.layers + 1) * model.hidden
    embeddings = model.vocab * model.hidden * (1 if model.tied_embeddings else 2)
    return embeddings + mixers + mlp + moe + norms + other


def attention_params(model: Model, q_lora_rank: int | None = None, value_dim: int = 0) -> int:
    hidden, heads, head_dim = model.hidden, model.heads, model.head_dim
    if model.attention != "mla":
        return 2 * hidden * head_dim * (heads + model.kv_heads)
    rank, rope = model.kv_lora_rank, model.qk_rope_head_dim
    value_dim = value_dim or head_dim - rope
    if q_lora_rank is None:  # DeepSeek-V3 and its descendants compress queries to three ranks, the Lite models do not
        q_lora_rank = 3 * rank if hidden > 4096 else 0
    query = q_lora_rank * (hidden + heads * head_dim) if q_lora_rank else hidden * heads * head_dim
    return query + hidden * (rank + rope) + rank * heads * (head_dim - rope + value_dim) + heads * value_dim * hidden


_SIZE = r"(\d+(?:\.\d+)?)\s*([kmbt])"
_SIZE_GIVEN = re.compile(rf"(?:custom[\s:_-]*)?(\d+(?:\.\d+)?)\s*([kmbt]?)(?:\s*-?\s*a\s*{_SIZE})?", re.ASCII)
_SIZE_MIXED = re.compile(rf"(\d+)\s*x\s*{_SIZE}", re.ASCII)
_SIZE_UNITS = {"k": 10**3, "m": 10**6, "b": 10**9, "": 10**9, "t": 10**12}


def parse_size(text: str) -> tuple[int, int]:
    """Return (params, params active) of "8B", "8", "350M", "custom 13", "30B-A3B" or "8x7B"; Refusal otherwise."""
    asked, text = text.strip().lower(), text[:40]
    if mixed := _SIZE_MIXED.fullmatch(asked):
        whole = float(mixed[1]) * float(mixed[2]) * _SIZE_UNITS[mixed[3]]
        # Mixtral 8x7B holds 46.7B of the 56B its name promises (attention is shared) and uses 12.9B.
        params, active = 0.834 * whole, 0.834 * whole * 12.9 / 46.7 * 8 / max(float(mixed[1]), 2.3)
    elif given := _SIZE_GIVEN.fullmatch(asked):
        params = float(given[1]) * _SIZE_UNITS[given[2]]
        active = float(given[3]) * _SIZE_UNITS[given[4]] if given[3] else params
    else:
        raise Refusal(f"{text!r} is not a model size; {SIZE_HINT}")
    if not SMALLEST_MODEL <= params <= LARGEST_MODEL:
        raise Refusal(f"a model of size {text!r} is out of range; sizes from 1M to 20T work")
    if not 0 < active <= params:
        raise Refusal(f"{text!r} has more active parameters than parameters in all; write the total first: 30B-A3B")
    return round(params), round(active)


def is_size(text: str) -> bool:
    """Return whether `parse_size` understands the text."""
    try:
        parse_size(text)
    except Refusal:
        return False
    return True


def agree(params: int, asked: int) -> bool:
    """Return whether a model of `params` parameters may be called one of `asked`: within 20%."""
    return abs(params / asked - 1) <= 0.2


def size_text(params: int, figures: int = 3) -> str:
    """Return "8.19B", "350M": a size to so many figures, as `parse_size` reads it."""
    count, unit = (params / 10**9, "B") if params >= 10**9 else (params / 10**6, "M")
    return f"{float(f'{count:.{figures}g}'):.12g}{unit}"


# Dense models whose every dimension grows with the size: what lies between two of them is interpolated, so that more
# parameters never mean less of anything. Mixtures of experts scale from one.
_LADDER = (
    "Qwen/Qwen3-0.6B",
    "Qwen/Qwen3-1.7B",
    "Qwen/Qwen3-4B",
    "Qwen/Qwen3-8B",
    "Qwen/Qwen3-14B",
    "Qwen/Qwen3-32B",
    "meta-llama/Llama-3.1-70B-Instruct",
    "meta-llama/Llama-3.1-405B-Instruct",
)
_MIXTURE = "Qwen/Qwen3-30B-A3B"


@lru_cache(maxsize=1024)
def reference_model(params: int, active: int) -> Model:
    """Return a model of that size, dense or a mixture of experts, between its neighbours in the catalogue."""
    catalogue = load_catalogue()
    if active < params:
        base = catalogue[_MIXTURE]
        stretch = min(params / base.params, active / base.params_active) ** (1 / 3)
        below, above, share = base, base, 0.0
    else:
        rungs = [catalogue[name] for name in _LADDER]
        above = next((rung for rung in rungs if rung.params >= params), rungs[-1])
        below = rungs[max(0, rungs.index(above) - 1)] if params <= rungs[-1].params else above
        base = below if below.params * above.params > params**2 else above  # the nearer one
        share = log(params / below.params) / log(above.params / below.params) if below is not above else 0.0
        stretch = (params / below.params) ** (1 / 3) if below is above else 1.0

    def between(name: str, multiple: int = 8) -> int:
        low, high = getattr(below, name), getattr(above, name)
        return max(1, round(float(stretch * low * (high / low) ** share) / multiple)) * multiple

    small = min(1.0, params / catalogue[_LADDER[0]].params) ** (1 / 3)  # below the first rung heads narrow, too
    model = replace(
        base,
        params=params,
        params_active=active,
        layers=between("layers", 1),
        hidden=between("hidden"),
        intermediate=between("intermediate"),
        heads=max(2 * base.kv_heads, between("heads", base.kv_heads)),
        head_dim=max(8, round(small * base.head_dim / 8) * 8),
        vocab=round(small**2 * catalogue[_LADDER[0]].vocab),
        **UNKNOWN_ORIGIN,
    )
    if model.experts:
        model = _fit_field(model, "moe_intermediate", active, active=True)
        model = _fit_field(model, "experts", params)
    return replace(model, assumed=assumed_fields(model, frozenset()))


UNKNOWN_ORIGIN: dict[str, Any] = {"revision": "", "variants": (), "source": "", "licence": "", "gated": False}
DERIVED_FIELDS = (
    "layers hidden intermediate heads kv_heads head_dim vocab tied_embeddings context attention kv_lora_rank "
    "qk_rope_head_dim sliding_window sliding_layers linear_layers state_bytes experts experts_per_token "
    "moe_intermediate shared_experts dense_layers"
).split()


def sized_model(params: int, active: int, name: str, basis: str) -> Model:
    """Return a model of which only the size is known, and a name: the nearest in the catalogue, scaled."""
    model = replace(reference_model(params, active), id=name, **UNKNOWN_ORIGIN)
    return guessed(model, basis)


def guessed(model: Model, basis: str) -> Model:
    """Return the model with all of its architecture marked as assumed, its format taken from its name.

    `basis` is what its size was taken from: see `Model`.
    """
    quantization = format_in_name(model.id)
    named = ("quantization",) if quantization else ()
    assumed = ("params", "params_active", *assumed_fields(model, frozenset()), *named)
    return replace(model, quantization=quantization or model.quantization, assumed=assumed, basis=basis)


def scaled_to(model: Model, params: int, active: int, fixed: frozenset[str] = frozenset()) -> Model:
    """Return `model` stretched to `params` in depth and width, then its MLP fitted to meet the count.

    Fields in `fixed` stay as they are; the others that were derived are named in `assumed`.
    """
    ratio, base_hidden = params / (model.params if model.experts else count_params(model)), model.hidden
    values: dict[str, Any] = {}
    power = {(True, True): 0, (True, False): 1 / 2, (False, True): 1, (False, False): 1 / 3}  # width counts twice
    stretch = ratio ** power["layers" in fixed, "hidden" in fixed]
    if not 0.98 < stretch < 1.02:
        values["layers"] = max(1, round(model.layers * stretch))
        values["hidden"] = max(64, round(model.hidden * stretch / 64) * 64)
    hidden = model.hidden if "hidden" in fixed else values.get("hidden", model.hidden)
    values["vocab"] = min(model.vocab, max(256, params // (3 * hidden)))
    if "heads" in fixed and "head_dim" not in fixed and model.attention == "full":
        values["head_dim"] = max(1, hidden // model.heads)
    kv_heads, heads = model.kv_heads, model.heads
    if "heads" not in fixed:
        wanted = hidden / model.head_dim if "hidden" in fixed else hidden * heads / base_hidden
        heads = max(1, round(wanted / kv_heads)) * kv_heads
    elif "kv_heads" not in fixed:
        kv_heads = max(n for n in range(1, min(kv_heads, heads) + 1) if heads % n == 0)
    values |= {"heads": heads, "kv_heads": kv_heads}
    depth = 1 if "layers" in fixed else values.get("layers", model.layers) / model.layers
    values |= {name: round(getattr(model, name) * depth) for name in ("sliding_layers", "linear_layers")}
    model = replace(model, params=params, params_active=active, **{k: v for k, v in values.items() if k not in fixed})
    if model.experts:
        if "dense_layers" not in fixed:
            model = replace(model, dense_layers=min(model.dense_layers, model.layers - 1))
        if "moe_intermediate" not in fixed:  # by what a token touches, if that and the number of experts may vary
            by_active = active < params and "experts" not in fixed
            model = _fit_field(model, "moe_intermediate", active if by_active else params, active=by_active)
        if "experts" not in fixed:
            model = _fit_field(model, "experts", params)
    elif "intermediate" not in fixed:
        model = _fit_field(model, "intermediate", params)
    return replace(model, assumed=assumed_fields(model, fixed))


def assumed_fields(model: Model, fixed: frozenset[str]) -> tuple[str, ...]:
    idle = {"attention"} if model.attention == "full" else set()
    known = fixed | idle
    return tuple(
        name for name in DERIVED_FIELDS if name not in known and (getattr(model, name) or name == "tied_embeddings")
    )


def _fit_field(model: Model, name: str, target: int, active: bool = False) -> Model:
    """Return `model` with the field set so that its count meets `target`: the count is linear in it."""

    def valued(value: int) -> Model:
        field: dict[str, Any] = {name: value}
        return replace(model, **field)

    one, two = (count_params(valued(value), active=active) for value in (1, 2))  # no experts at all are another kind
    step, least = (1, model.experts_per_token) if name == "experts" else (32, 32)
    return valued(max(least, round((1 + (target - one) / max(two - one, 1)) / step) * step))
