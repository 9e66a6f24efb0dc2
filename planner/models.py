"""Models: the catalogue in models.json, and readers of a config.json, of a size, and of the contract's model object.

Parameter counts follow from the dimensions (`count_params`); what a config.json says beyond `Model`'s fields (biases
apart) goes into the count as well. Field names: the configuration classes of transformers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from .plan import QUANTIZATIONS, Model, Refusal

MODEL_FIELDS = {field.name: field for field in fields(Model)}
SMALLEST_MODEL, LARGEST_MODEL = 10**6, 20 * 10**12  # parameters
SIZE_HINT = 'say it as "8B", "350M", "30B-A3B" (total, active) or "8x7B"'

# What `default_model` answers with, per workload: current, ungated, apache-2.0 or mit, instruction-tuned.
DEFAULT_MODELS = {
    "generation": (
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "HuggingFaceTB/SmolLM2-360M-Instruct",
        "Qwen/Qwen2.5-0.5B-Instruct",
        "Qwen/Qwen2.5-1.5B-Instruct",
        "Qwen/Qwen3-4B-Instruct-2507",
        "Qwen/Qwen3-8B",
        "Qwen/Qwen3-14B",
        "Qwen/Qwen3-30B-A3B-Instruct-2507",
        "Qwen/Qwen3-32B",
        "openai/gpt-oss-120b",
        "Qwen/Qwen3-235B-A22B-Instruct-2507",
    ),
    "embedding": ("Qwen/Qwen3-Embedding-0.6B",),
}

# Model types without a gate in their MLP, and those whose embeddings are tied unless the config says otherwise.
UNGATED_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert phi gpt2 gpt_neox gpt_bigcode "
    "starcoder2 nemotron nemotron_h falcon mpt opt bloom esm".split()
)
ENCODER_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert modernbert nomic_bert new "
    "neobert eurobert esm gemma3_text_encoder".split()
)
TIED_TYPES = ENCODER_TYPES | frozenset(
    "gemma gemma2 gemma3 gemma3_text gemma4 gemma4_text cohere cohere2 falcon gpt2 gpt_bigcode mpt bloom opt".split()
)


# ---- the catalogue ----


def _catalogue_text() -> str:
    return Path(__file__).with_name("models.json").read_text(encoding="utf-8")


class Catalogue(Mapping[str, Model]):
    """Models by id, in the order of models.json. A model is built when it is asked for: loading costs microseconds."""

    _ENTRY = re.compile(r'^\{"id":"([^"]+)","params":(\d+),"params_active":(\d+),.*\}', re.MULTILINE)

    def __init__(self, text: str) -> None:
        self.lines: dict[str, str] = {}
        self.sizes: dict[str, tuple[int, int]] = {}  # (params, params_active)
        for entry in self._ENTRY.finditer(text):
            name = entry[1]
            self.lines[name] = entry[0]
            self.sizes[name] = int(entry[2]), int(entry[3])
        self.names = {name.lower(): name for name in self.lines}
        self._built: dict[str, Model] = {}

    def __getitem__(self, name: str) -> Model:
        if name not in self._built:
            values = json.loads(self.lines[name])
            values["variants"] = tuple(tuple(variant) for variant in values.get("variants", ()))
            self._built[name] = Model(**values)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)


@cache
def load_catalogue() -> Catalogue:
    """The shipped models by id, read once."""
    return Catalogue(_catalogue_text())


def model_line(model: Model) -> str:
    """One model as its line of models.json: keys in the order of `Model`, those equal to their default left out."""
    values = {
        name: getattr(model, name)
        for name, field in MODEL_FIELDS.items()
        if field.default is MISSING or getattr(model, name) != field.default
    }
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)


# ---- parameters from dimensions ----


def count_params(
    model: Model, *, active: bool = False, attention: int = 0, linear: int = 0, experts_fused: int = 0, other: int = 0
) -> int:
    """Parameters that the dimensions give; with `active`, those one token touches (routed experts only).

    `attention` and `linear` are parameters per layer of either kind, where a config.json says more than `Model` holds;
    `other` is added as it is (positions, a vision tower). Biases and the norms of heads are left out.
    """
    attention = attention or _attention_params(model)
    linear = linear or attention
    expert_layers = model.layers - model.dense_layers if model.experts else 0
    routed = model.experts_per_token if active else model.experts
    expert = model.mlp_matrices * model.hidden * model.moe_intermediate
    mlp = (model.layers - expert_layers) * model.mlp_matrices * model.hidden * model.intermediate
    moe = expert_layers * ((routed + model.shared_experts) * expert + model.experts * model.hidden)
    mixers = (model.layers - model.linear_layers) * attention + model.linear_layers * linear
    norms = (2 * model.layers + 1) * model.hidden
    embeddings = model.vocab * model.hidden * (1 if model.tied_embeddings else 2)
    return embeddings + mixers + mlp + moe + norms + other


def _attention_params(model: Model, q_lora_rank: int | None = None, value_dim: int = 0) -> int:
    hidden, heads, head_dim = model.hidden, model.heads, model.head_dim
    if model.attention != "mla":
        return 2 * hidden * head_dim * (heads + model.kv_heads)
    rank, rope = model.kv_lora_rank, model.qk_rope_head_dim
    value_dim = value_dim or head_dim - rope
    if q_lora_rank is None:  # DeepSeek-V3 and its descendants compress queries to three ranks, the Lite models do not
        q_lora_rank = 3 * rank if hidden > 4096 else 0
    query = q_lora_rank * (hidden + heads * head_dim) if q_lora_rank else hidden * heads * head_dim
    return query + hidden * (rank + rope) + rank * heads * (head_dim - rope + value_dim) + heads * value_dim * hidden


# ---- finding a model ----


def find_model(name: str, size: str = "") -> Model:
    """The model a person named: a catalogue id, a folder with a config.json, or a size in the name or beside it.

    Refusal where none of these says how large it is.
    """
    name = name.strip()
    found = _known_model(name) or (_local_model(name) if name else None)
    if found:
        return found
    in_name = _size_in_name(name)
    if in_name or size.strip():
        params, active = parse_size(in_name or size)
        return _sized_model(params, active, name or f"custom-{_size_text(params)}", _relative(name))
    if not name:
        raise Refusal(f"Neither a model nor a size is given; name a model, or {SIZE_HINT}.")
    raise Refusal(
        f"{name!r} is not in the catalogue, is no folder with a config.json and has no size in its name; "
        f"give its size ({SIZE_HINT}) or a folder that holds its config.json."
    )


def _known_model(name: str) -> Model | None:
    catalogue = load_catalogue()
    key = name.lower()
    if key in catalogue.names:
        return catalogue[catalogue.names[key]]
    if not key:
        return None
    tails = [known for known in catalogue.names if known.partition("/")[2] == key]
    if len(tails) == 1:
        return catalogue[catalogue.names[tails[0]]]
    quoted = f'"{key}"'
    for known, line in catalogue.lines.items():
        if quoted in line.lower():  # a published quantization of a known model
            for quantization, variant, revision in catalogue[known].variants:
                if variant.lower() == key:
                    base = catalogue[known]
                    return replace(base, id=variant, quantization=quantization, revision=revision, variants=())
    return None


def _local_model(name: str) -> Model | None:
    path = Path(name).expanduser()
    try:
        path = path / "config.json" if path.is_dir() else path
        if path.suffix != ".json" or not path.is_file():
            return None
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) or "\0" in name:
            return None
        raise Refusal(f"{path} is not valid JSON; point at a model folder with a readable config.json.") from None
    if not isinstance(config, dict):
        raise Refusal(f"{path} holds no JSON object; point at a Hugging Face config.json.")
    return from_config(config, name)


def _relative(name: str) -> Model | None:
    """The catalogue model whose name the given one contains: unsloth/Qwen3-8B-bnb-4bit is built like Qwen/Qwen3-8B."""
    catalogue = load_catalogue()
    tail = name.lower().rpartition("/")[2]
    known = [key for key in catalogue.names if key.partition("/")[2] in tail]
    return catalogue[catalogue.names[max(known, key=len)]] if known else None


# ---- sizes ----

_SIZE = r"(\d+(?:\.\d+)?)\s*([kmbt])"
_SIZE_IN_NAME = re.compile(
    r"(?<![a-z0-9.])(\d+x\d+(?:\.\d+)?b|\d+(?:\.\d+)?[mbt](?:-a\d+(?:\.\d+)?[mb])?)(?![a-z0-9])", re.ASCII
)
_SIZE_GIVEN = re.compile(rf"(?:custom[\s:_-]*)?(\d+(?:\.\d+)?)\s*([kmbt]?)(?:\s*-?\s*a\s*{_SIZE})?", re.ASCII)
_SIZE_MIXED = re.compile(rf"(\d+)\s*x\s*{_SIZE}", re.ASCII)
_SIZE_UNITS = {"k": 10**3, "m": 10**6, "b": 10**9, "": 10**9, "t": 10**12}


def parse_size(text: str) -> tuple[int, int]:
    """(params, params active) of "8B", "8", "350M", "custom 13", "30B-A3B" or "8x7B"; Refusal for anything else."""
    asked = text.strip().lower()
    if mixed := _SIZE_MIXED.fullmatch(asked):
        whole = float(mixed[1]) * float(mixed[2]) * _SIZE_UNITS[mixed[3]]
        # Mixtral 8x7B holds 46.7B of the 56B its name promises (attention is shared) and uses 12.9B.
        params, active = 0.834 * whole, 0.834 * whole * 12.9 / 46.7 * 8 / max(float(mixed[1]), 2.3)
    elif given := _SIZE_GIVEN.fullmatch(asked):
        params = float(given[1]) * _SIZE_UNITS[given[2]]
        active = float(given[3]) * _SIZE_UNITS[given[4]] if given[3] else params
    else:
        raise Refusal(f"{text!r} is not a model size; {SIZE_HINT}.")
    if not SMALLEST_MODEL <= params <= LARGEST_MODEL:
        raise Refusal(f"A model of size {text!r} is out of range; sizes from 1M to 20T work.")
    if not 0 < active <= params:
        raise Refusal(f"{text!r} says that more parameters are active than exist; write the total first: 30B-A3B.")
    return round(params), round(active)


def _size_in_name(name: str) -> str:
    found = _SIZE_IN_NAME.findall(name.lower().rpartition("/")[2])
    return found[0] if found else ""


def _size_text(params: int) -> str:
    return f"{params / 10**9:g}B" if params >= 10**9 else f"{params / 10**6:g}M"


def _nearest_model(params: int, active: int, workload: str = "generation") -> Model:
    """The catalogue architecture closest in size, of the same kind (dense or mixture of experts)."""
    catalogue = load_catalogue()
    mixture = active < params

    def distance(name: str) -> tuple[float, str]:
        total, used = catalogue.sizes[name]
        return abs(total / params - 1) + abs(params / total - 1) + abs(used / active - 1) + abs(active / used - 1), name

    for name in sorted(catalogue, key=distance):
        model = catalogue[name]
        plain = not model.linear_layers and not model.sliding_layers and model.attention == "full"
        plain = plain and model.kv_heads < model.heads  # what is made today shares its KV heads
        if model.workload == workload and bool(model.experts) == mixture and plain:
            return model
    raise Refusal(f"The catalogue holds no {workload} model to derive an architecture from.")


_SCALED = (
    "layers hidden intermediate heads kv_heads head_dim vocab tied_embeddings context experts experts_per_token "
    "moe_intermediate shared_experts dense_layers"
).split()


def _sized_model(params: int, active: int, name: str, relative: Model | None = None) -> Model:
    """A model of which only the size is known: the nearest known architecture, scaled to that size."""
    if relative and 0.9 < params / relative.params < 1.1:
        unknown = {"revision": "", "variants": (), "source": "", "licence": "", "gated": False}
        return replace(relative, id=name, **unknown, assumed=_assumed(relative, frozenset()))
    base = _nearest_model(params, active)
    model = replace(base, id=name, revision="", variants=(), source="", licence="", gated=False, quantization="none")
    return _scaled_to(model, params, active)


def _scaled_to(model: Model, params: int, active: int, fixed: frozenset[str] = frozenset()) -> Model:
    """`model` stretched to `params`: depth and width by the cube root, then the MLP to meet the count.

    Fields in `fixed` stay as they are; the others that were derived are named in `assumed`.
    """
    stretch, base_hidden = (params / model.params) ** (1 / 3), model.hidden
    values: dict[str, int] = {}
    if not 0.98 < stretch < 1.02:
        values["layers"] = max(1, round(model.layers * stretch))
        values["hidden"] = max(64, round(model.hidden * stretch / 64) * 64)
    hidden = model.hidden if "hidden" in fixed else values.get("hidden", model.hidden)
    values["vocab"] = min(model.vocab, max(256, params // (4 * hidden)))
    if "heads" in fixed and "head_dim" not in fixed and model.attention == "full":
        values["head_dim"] = max(1, hidden // model.heads)
    kv_heads, heads = model.kv_heads, model.heads
    if "heads" not in fixed:
        wanted = hidden / model.head_dim if "hidden" in fixed else hidden * heads / base_hidden
        heads = max(1, round(wanted / kv_heads)) * kv_heads
    elif "kv_heads" not in fixed:
        kv_heads = max(n for n in range(1, min(kv_heads, heads) + 1) if heads % n == 0)
    values |= {"heads": heads, "kv_heads": kv_heads}
    model = replace(model, params=params, params_active=active, **{k: v for k, v in values.items() if k not in fixed})
    if model.experts:
        if "dense_layers" not in fixed:
            model = replace(model, dense_layers=min(model.dense_layers, model.layers - 1))
        if "moe_intermediate" not in fixed:
            model = _fit_field(model, "moe_intermediate", active, active=True)
        if "experts" not in fixed:
            model = _fit_field(model, "experts", params)
    elif "intermediate" not in fixed:
        model = _fit_field(model, "intermediate", params)
    return replace(model, assumed=_assumed(model, fixed))


def _assumed(model: Model, fixed: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in _SCALED if name not in fixed and (getattr(model, name) or name == "tied_embeddings"))


def _fit_field(model: Model, name: str, target: int, active: bool = False) -> Model:
    """`model` with the field set so that its count meets `target`: the count is linear in it."""
    first, second = (count_params(replace(model, **{name: value}), active=active) for value in (1, 2))
    step = 1 if name == "experts" else 32
    least = model.experts_per_token if name == "experts" else 32
    fitted = round((target - first) / max(second - first, 1) / step) * step
    return replace(model, **{name: max(least, fitted)})


def default_model(params: int, workload: str) -> Model:
    """The catalogue's current, ungated, apache-2.0 or mit model nearest in size, for a person who names none."""
    if workload not in DEFAULT_MODELS:
        raise Refusal(
            f"There is no default model for the workload {workload!r}; take one of {', '.join(DEFAULT_MODELS)}."
        )
    catalogue = load_catalogue()
    name = min(DEFAULT_MODELS[workload], key=lambda name: abs(_log_ratio(catalogue.sizes[name][0], params)))
    return catalogue[name]


def _log_ratio(a: int, b: int) -> float:
    return max(a, b) / min(a, b) - 1


# ---- config.json ----


def _config_count(config: Mapping[str, Any], *keys: str, default: int | None = None, least: int = 1) -> int:
    """The first of `keys` that is present, as a count of at least `least`; Refusal names the key."""
    for key in keys:
        value = config.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1 or value < least:
            raise Refusal(f"{key} in the config.json is {value!r}; it must be a whole number of at least {least}.")
        return int(value)
    if default is None:
        raise Refusal(f"The config.json has no {keys[0]}; add it, or give the model's size instead.")
    return default


def _config_text(config: Mapping[str, Any], *keys: str, default: str = "") -> str:
    for key in keys:
        value = config.get(key)
        if value is None:
            continue
        if not isinstance(value, str):
            raise Refusal(f"{key} in the config.json is {value!r}; it must be a string.")
        return value
    return default


def _config_part(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = config.get(key) or {}
    if not isinstance(part, Mapping):
        raise Refusal(f"{key} in the config.json is {part!r}; it must be an object.")
    return part


def _config_list(config: Mapping[str, Any], key: str) -> list[Any]:
    value = config.get(key) or []
    if not isinstance(value, list):
        raise Refusal(f"{key} in the config.json is {value!r}; it must be a list.")
    return value


def from_config(config: Mapping[str, Any], id: str) -> Model:
    """A model as its Hugging Face config.json describes it. Refusal names the key that is missing or odd.

    Parameters are counted from the dimensions, the vision tower included; biases are left out (under 0.2%).
    """
    whole, vision = config, _config_part(config, "vision_config")
    text = _config_part(config, "text_config") or _config_part(config, "llm_config")
    config = {**{k: v for k, v in whole.items() if k != "text_config"}, **text} if text else whole
    kind = _config_text(config, "model_type")
    hidden = _config_count(config, "hidden_size", "d_model", "n_embd", "dim")
    layers = _config_count(config, "num_hidden_layers", "n_layers", "n_layer", "num_layers")
    heads = _config_count(config, "num_attention_heads", "n_heads", "n_head")
    intermediate = _config_count(
        config, "intermediate_size_mlp", "intermediate_size", "ffn_hidden_size", "hidden_dim", "n_inner",
        default=4 * hidden, least=0,
    )  # fmt: skip
    kv_heads = _config_count(config, "num_key_value_heads", "num_kv_heads", "n_head_kv", default=0)
    if kind == "falcon" and not config.get("new_decoder_architecture") and config.get("multi_query", True):
        kv_heads = 1
    head_dim = _config_count(config, "head_dim", default=0) or hidden // heads
    context = _config_count(config, "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", default=2048)
    if kind in ("roberta", "xlm-roberta", "camembert", "mpnet") and context % 64 == 2:
        context -= 2  # their positions start at 2
    encoder = kind in ENCODER_TYPES
    model = Model(
        id=id,
        params=0,
        params_active=0,
        layers=layers,
        hidden=hidden,
        intermediate=intermediate,
        heads=heads,
        kv_heads=kv_heads or heads,
        head_dim=head_dim,
        vocab=_config_count(config, "vocab_size"),
        tied_embeddings=encoder
        or bool(whole.get("tie_word_embeddings", config.get("tie_word_embeddings", kind in TIED_TYPES))),
        context=context,
        dtype=_config_text(config, "dtype", "torch_dtype", default="float32" if encoder else "bfloat16").removeprefix(
            "torch."
        ),
        mlp_matrices=2 if kind in UNGATED_TYPES and "glu" not in str(config.get("activation_function", "")) else 3,
        quantization=_config_quantization(whole) or _config_quantization(config) or "none",
        workload=_config_workload(whole, kind, id),
    )
    model = _with_experts(model, config, kind)
    model = _with_windows(model, config, kind)
    attention, linear, model = _with_mixers(model, config, kind)
    positions = (
        context * hidden if encoder and kind not in ("modernbert", "nomic_bert", "new", "neobert", "deberta-v2") else 0
    )
    other = positions + _vision_params(vision)
    params = count_params(model, attention=attention, linear=linear, other=other)
    active = count_params(model, attention=attention, linear=linear, other=other, active=True)
    return replace(model, params=params, params_active=active)


def _with_experts(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    experts = _config_count(
        config, "n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts", default=0, least=0
    )
    if experts < 2:
        return model
    per_token = _config_count(
        config, "num_experts_per_tok", "top_k_experts", "num_experts_per_token", "moe_k", "moe_top_k", default=2
    )
    shared = _config_count(config, "n_shared_experts", "num_shared_experts", default=0, least=0)
    inner = _config_count(config, "moe_intermediate_size", "expert_ffn_hidden_size", default=0, least=0)
    inner = inner or _config_count(config, "intermediate_size")
    if width := _config_count(
        config,
        "shared_expert_intermediate_size",
        "shared_intermediate_size",
        "moe_shared_expert_intermediate_size",
        default=0,
        least=0,
    ):
        shared = max(1, round(width / inner)) if shared < 2 else shared
    dense = _config_count(config, "first_k_dense_replace", default=0, least=0)
    step = _config_count(config, "decoder_sparse_step", "interleave_moe_layer_step", default=1)
    dense = dense or model.layers - model.layers // step or len(_config_list(config, "mlp_only_layers"))
    if kind.startswith("llama4"):
        shared = 1
    return replace(
        model,
        experts=experts,
        experts_per_token=min(per_token, experts),
        moe_intermediate=inner,
        shared_experts=shared,
        dense_layers=min(dense, model.layers),
    )


def _with_windows(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    window = _config_count(config, "sliding_window", "attention_chunk_size", "local_attention", default=0, least=0)
    if not window or window >= model.context or config.get("use_sliding_window") is False:
        return model
    layers, types = model.layers, _config_list(config, "layer_types")
    every = _config_count(
        config, "sliding_window_pattern", "_sliding_window_pattern", "global_attn_every_n_layers", default=0, least=0
    )
    every = every or {"gemma2": 2, "gpt_oss": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4, "llama4_text": 4}.get(
        kind, 0
    )
    if types:
        sliding = sum(t in ("sliding_attention", "chunked_attention") for t in types)
    elif kind == "modernbert":
        sliding = layers - -(-layers // (every or 3))  # the first of every three is global
    else:
        sliding = layers - layers // every if every else layers
    return replace(model, sliding_window=window, sliding_layers=sliding) if sliding else model


def _with_mixers(model: Model, config: Mapping[str, Any], kind: str) -> tuple[int, int, Model]:
    """Parameters of an attention and of a linear layer, and the model with its latent or linear attention noted."""
    if rank := _config_count(config, "kv_lora_rank", default=0, least=0):
        rope = _config_count(config, "qk_rope_head_dim")
        nope = _config_count(config, "qk_nope_head_dim")
        model = replace(model, attention="mla", kv_lora_rank=rank, qk_rope_head_dim=rope, head_dim=nope + rope)
        q_rank = _config_count(config, "q_lora_rank", default=0, least=0)
        return _attention_params(model, q_rank, _config_count(config, "v_head_dim")), 0, model
    types = _config_list(config, "layer_types") or _config_list(config, "layers_block_type")
    linear = sum(t in ("linear_attention", "mamba") for t in types)
    attention = _attention_params(model)
    if not types and (interval := _config_count(config, "full_attention_interval", default=0, least=0)):
        linear = model.layers - model.layers // interval
    if kind.startswith(("qwen3_next", "qwen3_5")):
        attention += model.hidden * model.heads * model.head_dim  # the gate on attention's output
        keys = _config_count(config, "linear_num_key_heads") * _config_count(config, "linear_key_head_dim")
        value_heads, value_dim = (
            _config_count(config, "linear_num_value_heads"),
            _config_count(config, "linear_value_head_dim"),
        )
        channels, kernel = (
            2 * keys + value_heads * value_dim,
            _config_count(config, "linear_conv_kernel_dim", default=4),
        )
        mixer = model.hidden * (channels + 2 * value_heads * value_dim + 2 * value_heads) + channels * kernel
        state = value_heads * value_dim * _config_count(config, "linear_key_head_dim")
    elif linear and config.get("mamba_n_heads"):
        inner = _config_count(config, "mamba_n_heads") * _config_count(config, "mamba_d_head")
        groups = 2 * _config_count(config, "mamba_n_groups", default=1) * _config_count(config, "mamba_d_state")
        channels, kernel = inner + groups, _config_count(config, "mamba_d_conv", default=4)
        mixer = model.hidden * (2 * inner + groups + _config_count(config, "mamba_n_heads") + inner) + channels * kernel
        state = inner * _config_count(config, "mamba_d_state")
    else:
        return attention, 0, model
    state_bytes = 4 if config.get("mamba_ssm_dtype") == "float32" else 2
    per_layer = state * state_bytes + channels * (kernel - 1) * 2
    return attention, mixer, replace(model, linear_layers=linear, state_bytes=linear * per_layer)


def _vision_params(vision: Mapping[str, Any]) -> int:
    if not vision:
        return 0
    depth = _config_count(vision, "num_hidden_layers", "depth", default=0, least=0)
    hidden = _config_count(vision, "hidden_size", default=0, least=0)
    gated = _config_text(vision, "model_type") in ("pixtral", "gemma4_vision")
    inner = _config_count(vision, "intermediate_size", default=4 * hidden, least=0)
    return depth * hidden * (4 * hidden + (3 if gated else 2) * inner)


def _config_workload(config: Mapping[str, Any], kind: str, id: str) -> str:
    architecture = " ".join(str(name) for name in _config_list(config, "architectures"))
    if "Classification" in architecture:
        return "classification"
    if re.search(r"embed|bge-|gte-|e5-|minilm", id.lower()):
        return "embedding"
    return "classification" if kind in ENCODER_TYPES else "generation"


def _config_quantization(config: Mapping[str, Any]) -> str:
    """What the published weights are quantized to, "" where the config says nothing."""
    section = _config_part(config, "quantization_config")
    if not section:
        return ""
    method = _config_text(section, "quant_method", "quant_algo").lower()
    if method == "compressed-tensors":
        group = next(iter(_config_part(section, "config_groups").values()), {})
        weights = _config_part(group, "weights") if isinstance(group, Mapping) else {}
        method = f"{_config_text(weights, 'type', default='int')}{_config_count(weights, 'num_bits', default=8)}"
    elif method == "modelopt":
        method = _config_text(section, "quant_algo", default="fp8").lower()
    elif method in ("awq", "gptq", "auto-round", "awq_marlin", "gptq_marlin"):
        method = f"int{_config_count(section, 'bits', 'w_bit', default=4)}"
    elif method == "bitsandbytes":
        method = "nf4" if section.get("load_in_4bit") else "int8"
    known = {"float8": "fp8", "fbgemm_fp8": "fp8", "float4": "nvfp4", "w4a16_awq": "int4", "mixed_precision": "nvfp4"}
    method = known.get(method, method)
    if method not in QUANTIZATIONS:
        raise Refusal(f"quant_method in the config.json is {method!r}; {', '.join(QUANTIZATIONS[1:])} can be planned.")
    return method


# ---- the model object of the estimate interface ----

_CONTRACT_KEYS = (
    "id params params_active layers hidden intermediate heads kv_heads head_dim vocab tied_embeddings context dtype "
    "attention kv_lora_rank qk_rope_head_dim sliding_window sliding_layers linear_layers state_bytes experts "
    "experts_per_token moe_intermediate shared_experts dense_layers mlp_matrices quantization workload"
).split()


def from_contract(object: Mapping[str, Any]) -> Model:
    """The model of an estimate request: `params` is needed, the rest is derived from the nearest known architecture."""
    if not isinstance(object, Mapping):
        raise Refusal(f"model is {object!r}; it must be a model id or an object with at least params.")
    values: dict[str, Any] = {}
    for key, value in object.items():
        if key not in _CONTRACT_KEYS:
            raise Refusal(f"model has an unknown key {key!r}; known are {', '.join(_CONTRACT_KEYS)}.")
        if value is not None:
            values[key] = _contract_value(key, value)
    if "params" not in values:
        raise Refusal("model has no params; give the number of parameters, e.g. 8030261248.")
    params = values["params"]
    if not SMALLEST_MODEL <= params <= LARGEST_MODEL:
        raise Refusal(
            f"model.params is {params}; models from {SMALLEST_MODEL} to {LARGEST_MODEL} parameters can be planned."
        )
    active = values.setdefault("params_active", params)
    if active > params:
        raise Refusal(f"model.params_active is {active}, more than params, {params}.")
    return _completed(values, params, active)


def _completed(values: dict[str, Any], params: int, active: int) -> Model:
    """The contract's values, and what they leave open from the nearest architecture, stretched to fit."""
    known = load_catalogue()
    base = known[known.names[key]] if (key := values.get("id", "").lower()) in known.names else None
    mixture = active < params or values.get("experts", 0) > 1
    if base is None or not 0.9 < params / base.params < 1.1:
        base = _nearest_model(params, active if active < params else params // 10 if mixture else params)
    blank = {"revision": "", "variants": (), "source": "", "licence": "", "gated": False}
    if values.get("attention") == "mla":
        blank |= {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "head_dim": 192}  # DeepSeek-V2's, and every follower's
    model = replace(base, **{"id": f"custom-{_size_text(params)}", "quantization": "none", **blank, **values})
    if mixture and active == params:  # experts without params_active: what the dimensions say
        fixed = frozenset(values) | {"moe_intermediate"}
        model = replace(model, params=base.params)
        model = _scaled_to(model, params, params, fixed if "experts" in values else fixed | {"experts"})
        active = min(params, count_params(model, active=True))
        model = replace(model, params_active=active, assumed=("params_active", *_assumed(model, frozenset(values))))
    elif not (values.keys() >= {"layers", "hidden", "heads"} and (mixture or "intermediate" in values)):
        model = _scaled_to(replace(model, params=base.params), params, active, frozenset(values))
    else:
        model = _scaled_to(model, params, active, frozenset(values) | {"layers"})
    if model.heads % model.kv_heads and model.kv_heads > model.heads:
        raise Refusal(f"model.kv_heads is {model.kv_heads}, more than heads, {model.heads}.")
    if model.sliding_window and "sliding_layers" not in values and not model.sliding_layers:
        model = replace(model, sliding_layers=model.layers, assumed=(*model.assumed, "sliding_layers"))
    return model


def _contract_value(key: str, value: Any) -> Any:
    kind = MODEL_FIELDS[key].type
    if kind == "bool":
        right = isinstance(value, bool)
    elif kind == "str":
        right = isinstance(value, str)
    else:
        right = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
        right = right and value >= (1 if MODEL_FIELDS[key].default is MISSING else 0)
    if not right:
        wanted = {"bool": "true or false", "str": "a string"}.get(kind, "a whole number, not negative")
        raise Refusal(f"model.{key} is {value!r}; it must be {wanted}.")
    return int(value) if kind == "int" else value
