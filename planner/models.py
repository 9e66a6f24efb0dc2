"""Models: the catalogue in models.json, and readers of a config.json, of a size, and of the contract's model object.

Parameter counts follow from the dimensions (`count_params`); what a config.json says beyond `Model`'s fields (biases
apart) goes into the count as well. Field names: the configuration classes of transformers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from functools import cache, lru_cache
from math import log
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
        "HuggingFaceTB/SmolLM3-3B",
        "Qwen/Qwen3-4B-Instruct-2507",
        "Qwen/Qwen3-8B",
        "Qwen/Qwen3-14B",
        "mistralai/Mistral-Small-3.1-24B-Instruct-2503",
        "Qwen/Qwen3-32B",
        "Qwen/Qwen3-Next-80B-A3B-Instruct",
        "openai/gpt-oss-120b",
        "Qwen/Qwen3-235B-A22B-Instruct-2507",
        "zai-org/GLM-4.6",
        "Qwen/Qwen3-Coder-480B-A35B-Instruct",
        "deepseek-ai/DeepSeek-V3.1",
    ),
    "classification": (
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        "answerdotai/ModernBERT-base",
        "answerdotai/ModernBERT-large",
    ),
    "embedding": (
        "sentence-transformers/all-MiniLM-L6-v2",
        "BAAI/bge-small-en-v1.5",
        "BAAI/bge-base-en-v1.5",
        "BAAI/bge-large-en-v1.5",
        "Qwen/Qwen3-Embedding-0.6B",
        "Qwen/Qwen3-Embedding-4B",
        "Qwen/Qwen3-Embedding-8B",
    ),
}

# Model types without a gate in their MLP, and those whose embeddings are tied unless the config says otherwise.
UNGATED_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert phi gpt2 gpt_neox gpt_bigcode "
    "starcoder2 nemotron nemotron_h falcon mpt opt bloom esm arcee apertus".split()
)
ENCODER_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert modernbert nomic_bert new "
    "neobert eurobert esm gemma3_text_encoder".split()
)
TIED_TYPES = ENCODER_TYPES | frozenset(
    "gemma gemma2 gemma3 gemma3_text gemma4 gemma4_text cohere cohere2 falcon gpt2 gpt_bigcode mpt bloom opt".split()
)


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


def count_params(model: Model, *, active: bool = False, attention: int = 0, linear: int = 0, other: int = 0) -> int:
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
        return _sized_model(params, active, name or f"custom-{_size_text(params)}", _relative_model(name))
    if not name:
        raise Refusal(f"Neither a model nor a size is given; name a model, or {SIZE_HINT}.")
    raise Refusal(
        f"{name!r} is not in the catalogue, is no folder with a config.json and has no size in its name; "
        f"give its size ({SIZE_HINT}) or a folder that holds its config.json."
    )


def _known_model(name: str) -> Model | None:
    catalogue = load_catalogue()
    key = name.lower().replace("meta-llama/meta-llama-3.1-", "meta-llama/llama-3.1-")  # renamed on the hub
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
    try:
        path = Path(name).expanduser()
        path = path / "config.json" if path.is_dir() else path
        text = path.read_text(encoding="utf-8") if path.suffix == ".json" and path.is_file() else ""
    except (OSError, RuntimeError, ValueError):  # no such user, a name no file can have, not UTF-8
        return None
    if not text:
        return None
    try:
        config = json.loads(text)
    except ValueError:
        raise Refusal(f"{path} is not valid JSON; point at a model folder with a readable config.json.") from None
    if not isinstance(config, dict):
        raise Refusal(f"{path} holds no JSON object; point at a Hugging Face config.json.")
    return from_config(config, name)


def _relative_model(name: str) -> Model | None:
    """The catalogue model whose name the given one contains: unsloth/Qwen3-8B-bnb-4bit is built like Qwen/Qwen3-8B."""
    catalogue = load_catalogue()
    tail = name.lower().rpartition("/")[2]
    known = [key for key in catalogue.names if key.partition("/")[2] in tail]
    return catalogue[catalogue.names[max(known, key=len)]] if known else None


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
def _reference_model(params: int, active: int) -> Model:
    """What a model of that size, dense or a mixture of experts, looks like: between its neighbours in the catalogue."""
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
        **_UNKNOWN_ORIGIN,
    )
    if model.experts:
        model = _fit_field(model, "moe_intermediate", active, active=True)
        model = _fit_field(model, "experts", params)
    return replace(model, assumed=_assumed_fields(model, frozenset()))


_UNKNOWN_ORIGIN: dict[str, Any] = {"revision": "", "variants": (), "source": "", "licence": "", "gated": False}
_DERIVED = (
    "layers hidden intermediate heads kv_heads head_dim vocab tied_embeddings context attention kv_lora_rank "
    "qk_rope_head_dim sliding_window sliding_layers linear_layers state_bytes experts experts_per_token "
    "moe_intermediate shared_experts dense_layers"
).split()


_QUANTIZED_NAMES = (
    ("nvfp4", "nvfp4"),
    ("mxfp4", "mxfp4"),
    ("fp8", "fp8"),
    ("nf4|bnb-4bit", "nf4"),
    ("int8|8bit|w8a8|w8a16", "int8"),
    ("awq|gptq|int4|4bit|w4a16", "int4"),
)


def _sized_model(params: int, active: int, name: str, relative: Model | None = None) -> Model:
    """A model of which only the size is known: its relative in the catalogue, or the nearest architecture, scaled."""
    given = [quantization for word, quantization in _QUANTIZED_NAMES if re.search(word, name.lower())]
    known = relative if relative and 0.9 < params / relative.params < 1.1 else None
    model = replace(known or _reference_model(params, active), id=name, **_UNKNOWN_ORIGIN)
    quantization = given[0] if given else model.quantization
    assumed = _assumed_fields(model, frozenset()) + (("quantization",) if given else ())
    return replace(model, quantization=quantization, assumed=assumed)


def _scaled_to(model: Model, params: int, active: int, fixed: frozenset[str] = frozenset()) -> Model:
    """`model` stretched to `params` in depth and width, then its MLP fitted to meet the count.

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
    return replace(model, assumed=_assumed_fields(model, fixed))


def _assumed_fields(model: Model, fixed: frozenset[str]) -> tuple[str, ...]:
    idle = {"attention"} if model.attention == "full" else set()
    told = fixed | idle
    return tuple(name for name in _DERIVED if name not in told and (getattr(model, name) or name == "tied_embeddings"))


def _fit_field(model: Model, name: str, target: int, active: bool = False) -> Model:
    """`model` with the field set so that its count meets `target`: the count is linear in it."""

    def valued(value: int) -> Model:
        field: dict[str, Any] = {name: value}
        return replace(model, **field)

    one, two = (count_params(valued(value), active=active) for value in (1, 2))  # no experts at all are another kind
    step, least = (1, model.experts_per_token) if name == "experts" else (32, 32)
    return valued(max(least, round((1 + (target - one) / max(two - one, 1)) / step) * step))


def default_model(params: int, workload: str) -> Model:
    """The catalogue's current, ungated, apache-2.0 or mit model nearest in size, for a person who names none."""
    if workload not in DEFAULT_MODELS:
        raise Refusal(
            f"There is no default model for the workload {workload!r}; take one of {', '.join(DEFAULT_MODELS)}."
        )
    catalogue = load_catalogue()
    name = min(DEFAULT_MODELS[workload], key=lambda name: abs(log(catalogue.sizes[name][0] / max(params, 1))))
    return catalogue[name]


def _count_at(config: Mapping[str, Any], *keys: str, default: int | None = None) -> int:
    """The first of `keys` that is present, as a count (0 only where there is a default); Refusal names the key."""
    for key in keys:
        value = config.get(key)
        if value is None:
            continue
        least = 1 if default is None else 0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1 != 0 or value < least:
            raise Refusal(f"{key} in the config.json is {value!r}; it must be a whole number of at least {least}.")
        return int(value)
    if default is None:
        raise Refusal(f"The config.json has no {keys[0]}; add it, or give the model's size instead.")
    return default


def _typed_at(config: Mapping[str, Any], kind: type, *keys: str) -> Any:
    """The first of `keys` that is present, of that kind, empty where none is; Refusal names the key."""
    for key in keys:
        value = config.get(key)
        if value is not None and not isinstance(value, kind):
            wanted = {"dict": "an object", "list": "a list", "str": "a string"}[kind.__name__]
            raise Refusal(f"{key} in the config.json is {value!r}; it must be {wanted}.")
        if value is not None:
            return value
    return kind()


def from_config(config: Mapping[str, Any], id: str) -> Model:
    """A model as its Hugging Face config.json describes it. Refusal names the key that is missing or odd.

    Parameters are counted from the dimensions, a vision tower included; biases and layers that only predict further
    tokens ahead (MTP, which engines leave out) are not: under 0.5% on every model it was compared with.
    """
    whole, text = config, _typed_at(config, dict, "text_config", "llm_config")
    kind = _typed_at(text, str, "model_type") or _typed_at(whole, str, "model_type")
    config = {**CONFIG_DEFAULTS.get(kind, {}), **whole, **text}
    if config.get("block_configs"):
        raise Refusal(
            "block_configs in the config.json gives every layer a shape of its own; give the model's size instead."
        )
    if kind == "nemotron_h" and (blocks := _typed_at(config, list, "layers_block_type")):
        pattern = "".join(NEMOTRON_BLOCKS.get(str(block), "?") for block in blocks)
        config |= {"hybrid_override_pattern": pattern, "num_hidden_layers": len(pattern)}
    encoder = kind in ENCODER_TYPES
    hidden = _count_at(config, "hidden_size", "d_model", "n_embd", "dim")
    heads = _count_at(config, "num_attention_heads", "n_heads", "n_head")
    context = _count_at(config, "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", default=2048)
    if kind in ("roberta", "xlm-roberta", "camembert", "mpnet") and context % 64 == 2:
        context -= 2  # their positions start at 2
    kv_heads = _count_at(config, "num_key_value_heads", "num_kv_heads", "n_head_kv", default=0) or heads
    if kind == "falcon" and not config.get("new_decoder_architecture") and config.get("multi_query", True):
        kv_heads = 1
    dtype = _typed_at(config, str, "dtype", "torch_dtype").removeprefix("torch.")
    gated = kind not in UNGATED_TYPES or "glu" in _typed_at(config, str, "activation_function")
    model = Model(
        id=id,
        params=0,
        params_active=0,
        layers=_count_at(config, "num_hidden_layers", "n_layers", "n_layer", "num_layers"),
        hidden=hidden,
        intermediate=_count_at(
            config, "intermediate_size_mlp", "intermediate_size", "ffn_hidden_size", "hidden_dim", "n_inner", default=0
        ),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=_count_at(config, "head_dim", default=0) or max(1, hidden // heads),
        vocab=_count_at(config, "vocab_size"),
        tied_embeddings=encoder or bool(config.get("tie_word_embeddings", kind in TIED_TYPES)),
        context=context,
        dtype=dtype or ("float32" if encoder else "bfloat16"),
        mlp_matrices=3 if gated else 2,
        quantization=_config_quantization(config),
        workload=_config_workload(whole, kind, id),
    )
    model = _with_windows(_with_experts(model, config, kind), config, kind)
    if not model.intermediate and not model.experts:
        model = replace(model, intermediate=4 * hidden)
    detail: dict[str, Any] = {"other": _vision_params(_typed_at(whole, dict, "vision_config"))}
    if config.get("kv_lora_rank"):
        model, detail["attention"] = _with_latents(model, config)
    elif kind == "nemotron_h":
        model, params, active = _nemotron_h(model, config)
        return replace(model, params=params, params_active=active)
    else:
        model, mixers = _with_mixers(model, config, kind)
        detail |= mixers
    if kind in ("bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "camembert", "electra"):
        detail["other"] += context * hidden  # learned positions
    params = count_params(model, **detail)
    if not model.experts:
        return replace(model, params=params, params_active=params)
    detail["other"] = 0  # a token of text does not pass the vision tower
    return replace(model, params=params, params_active=count_params(model, active=True, **detail))


def _with_experts(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    experts = _count_at(config, "n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts", default=0)
    shared_width = _count_at(
        config, "shared_expert_intermediate_size", "shared_intermediate_size", "moe_shared_expert_intermediate_size",
        default=0,
    )  # fmt: skip
    if experts < 2:  # Granite 4 without experts keeps its MLP under the shared one's name
        return replace(model, intermediate=shared_width) if kind == "granitemoehybrid" and shared_width else model
    width = _count_at(config, "moe_intermediate_size", "expert_ffn_hidden_size", default=0)
    width = width or _count_at(config, "intermediate_size")
    shared = _count_at(config, "n_shared_experts", "num_shared_experts", "moe_num_shared_experts", default=0)
    if shared_width:
        shared = max(1, round(shared_width / width))
    if kind.startswith("llama4"):
        shared = 1
    if kind.startswith("gemma4"):  # an ordinary MLP beside the experts of every layer
        shared = round(model.intermediate / width)
    step = _count_at(config, "decoder_sparse_step", "interleave_moe_layer_step", default=1)
    dense = _count_at(config, "first_k_dense_replace", "moe_layer_start_index", default=0)
    dense = dense or model.layers - model.layers // max(step, 1) or len(_typed_at(config, list, "mlp_only_layers"))
    per_token = _count_at(
        config, "num_experts_per_tok", "top_k_experts", "num_experts_per_token", "moe_k", "moe_topk", default=2
    )
    return replace(
        model,
        experts=experts,
        experts_per_token=max(1, min(per_token, experts)),
        moe_intermediate=width,
        shared_experts=shared,
        dense_layers=min(dense, model.layers),
    )


# One layer in so many sees everything, where the config does not list its layers.
GLOBAL_EVERY = {"gemma2": 2, "gpt_oss": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4, "llama4_text": 4, "olmo3": 4}
# What a config.json leaves out because it is its class's default.
CONFIG_DEFAULTS = {
    "gemma3_text": {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262208}
    | {"max_position_embeddings": 131072}
}


def _with_windows(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    window = _count_at(config, "sliding_window", "attention_chunk_size", "local_attention", default=0)
    if not window or window >= model.context or config.get("use_sliding_window") is False:
        return model
    layers, types = model.layers, _typed_at(config, list, "layer_types")
    if types:
        sliding = sum(kind in ("sliding_attention", "chunked_attention") for kind in types)
    elif kind == "modernbert":  # the first of every three is global
        sliding = layers - -(-layers // (_count_at(config, "global_attn_every_n_layers", default=3) or 3))
    else:
        every, pattern = GLOBAL_EVERY.get(kind, 0), config.get("sliding_window_pattern")
        if isinstance(pattern, str) and pattern:  # "LLLG": local, local, local, global
            every = len(pattern) if "G" in pattern else 0
        elif pattern is not None:
            every = _count_at(config, "sliding_window_pattern")
        sliding = layers - layers // every if every else layers
    return replace(model, sliding_window=window, sliding_layers=min(sliding, layers)) if sliding else model


def _with_latents(model: Model, config: Mapping[str, Any]) -> tuple[Model, int]:
    rank, rope = _count_at(config, "kv_lora_rank"), _count_at(config, "qk_rope_head_dim")
    head_dim = _count_at(config, "qk_nope_head_dim") + rope
    model = replace(model, attention="mla", kv_lora_rank=rank, qk_rope_head_dim=rope, head_dim=head_dim)
    attention = _attention_params(model, _count_at(config, "q_lora_rank", default=0), _count_at(config, "v_head_dim"))
    if indexer := _count_at(config, "index_n_heads", default=0):  # DeepSeek-V3.2's choice of tokens
        width = _count_at(config, "index_head_dim")
        attention += _count_at(config, "q_lora_rank") * indexer * width + model.hidden * (width + indexer)
    return model, attention


def _with_mixers(model: Model, config: Mapping[str, Any], kind: str) -> tuple[Model, dict[str, int]]:
    """The model with its linear layers noted, and the parameters of an attention and of a linear layer."""
    attention, hidden, layers = _attention_params(model), model.hidden, model.layers
    types = _typed_at(config, list, "layer_types", "layers_block_type")
    linear = sum(t in ("linear_attention", "mamba") for t in types)
    if not types and (interval := _count_at(config, "full_attention_interval", default=0)):
        linear = layers - layers // interval
    if wide := _count_at(config, "global_head_dim", default=0):  # Gemma 4: other heads in layers without a window
        kv_heads = _count_at(config, "num_global_key_value_heads", default=0) or model.kv_heads
        matrices = 1 if config.get("attention_k_eq_v") else 2
        full = hidden * wide * (2 * model.heads + matrices * kv_heads)
        return model, {
            "attention": round((model.sliding_layers * attention + (layers - model.sliding_layers) * full) / layers)
        }
    if not linear:
        return model, {"attention": attention}
    if "linear_num_value_heads" in config:  # gated delta net: Qwen3-Next, Qwen3.5
        attention += hidden * model.heads * model.head_dim  # the gate on attention's output
        keys = _count_at(config, "linear_num_key_heads") * _count_at(config, "linear_key_head_dim")
        value_heads, key_dim = _count_at(config, "linear_num_value_heads"), _count_at(config, "linear_key_head_dim")
        inner = value_heads * _count_at(config, "linear_value_head_dim")
        channels, kernel = 2 * keys + inner, _count_at(config, "linear_conv_kernel_dim", default=4)
        mixer = hidden * (channels + 2 * inner + 2 * value_heads) + channels * kernel
        state = inner * key_dim
    else:
        mixer, state, channels, kernel = _mamba_layer(
            config, hidden, "mamba_n_heads", "mamba_d_head", "mamba_n_groups", "mamba_d_state"
        )
    per_sequence = linear * (_state_bytes_each(config) * state + 2 * channels * (kernel - 1))
    return replace(model, linear_layers=linear, state_bytes=per_sequence), {"attention": attention, "linear": mixer}


def _state_bytes_each(config: Mapping[str, Any]) -> int:
    return 4 if "float32" in _typed_at(config, str, "mamba_ssm_dtype", "mamba_ssm_cache_dtype") else 2


def _mamba_layer(config: Mapping[str, Any], hidden: int, *keys: str) -> tuple[int, int, int, int]:
    """Parameters, state elements, convolved channels and kernel of a Mamba-2 layer; `keys` name its dimensions."""
    heads, width, groups, state = (_count_at(config, key) for key in keys)
    inner, kernel = heads * width, _count_at(config, "mamba_d_conv", "conv_kernel", default=4)
    channels = inner + 2 * groups * state
    return hidden * (2 * inner + channels + heads) + channels * kernel, inner * state, channels, kernel


NEMOTRON_BLOCKS = dict(zip("mamba linear_attention attention full_attention mlp moe".split(), "MM**-E", strict=True))


def _nemotron_h(model: Model, config: Mapping[str, Any]) -> tuple[Model, int, int]:
    """Nemotron-H: a layer is *either* Mamba (M), attention (*), an MLP (-) or experts (E), as its pattern says."""
    pattern = _typed_at(config, str, "hybrid_override_pattern")
    if len(pattern) != model.layers or set(pattern) - set("M*-E"):
        raise Refusal(
            f"hybrid_override_pattern in the config.json is {pattern!r}; it must say M, *, - or E for every layer."
        )
    hidden = model.hidden
    mixer, state, channels, kernel = _mamba_layer(
        config, hidden, "mamba_num_heads", "mamba_head_dim", "n_groups", "ssm_state_size"
    )
    mambas, attentions = pattern.count("M"), pattern.count("*")
    shared = _count_at(config, "moe_shared_expert_intermediate_size", default=0)
    latent = _count_at(config, "moe_latent_size", default=0)  # experts that work on a projection of the hidden state
    expert = 2 * (latent or hidden) * model.moe_intermediate
    around = hidden * (2 * shared + model.experts + 2 * latent)
    fixed = 2 * model.vocab * hidden + mambas * mixer + attentions * _attention_params(model)
    fixed += pattern.count("-") * 2 * hidden * model.intermediate + pattern.count("E") * around
    total, active = (fixed + pattern.count("E") * n * expert for n in (model.experts, model.experts_per_token))
    state_bytes = mambas * (_state_bytes_each(config) * state + 2 * channels * (kernel - 1))
    model = replace(model, linear_layers=model.layers - attentions, state_bytes=state_bytes)
    return replace(model, dense_layers=model.layers - pattern.count("E") if model.experts else 0), total, active


def _vision_params(vision: Mapping[str, Any]) -> int:
    depth = _count_at(vision, "num_hidden_layers", "depth", "vt_num_hidden_layers", default=0)
    hidden = _count_at(vision, "hidden_size", "vt_hidden_size", default=0)
    gated = _typed_at(vision, str, "model_type") in ("pixtral", "gemma4_vision")
    inner = _count_at(vision, "intermediate_size", "vt_intermediate_size", default=4 * hidden)
    tower = depth * hidden * (4 * hidden + (3 if gated else 2) * inner)
    if out := _count_at(vision, "out_hidden_size", default=0):  # Qwen's mergers of patches into tokens
        merged = hidden * _count_at(vision, "spatial_merge_size", default=2) ** 2
        tower += (1 + len(_typed_at(vision, list, "deepstack_visual_indexes"))) * merged * (merged + out)
    return tower


def _config_workload(config: Mapping[str, Any], kind: str, id: str) -> str:
    architecture = " ".join(str(name) for name in _typed_at(config, list, "architectures"))
    if "Classification" in architecture:
        return "classification"
    if re.search(r"embed|bge-|gte-|e5-|minilm|mpnet", id.lower()):
        return "embedding"
    return "classification" if kind in ENCODER_TYPES else "generation"


def _config_quantization(config: Mapping[str, Any]) -> str:
    """What the published weights are quantized to, "none" where the config says nothing."""
    section = _typed_at(config, dict, "quantization_config", "compression_config")
    if not section:
        return "none"
    method: str = _typed_at(section, str, "quant_method", "quant_algo").lower()
    if method == "compressed-tensors":
        group: Any = next(iter(_typed_at(section, dict, "config_groups").values()), {})
        weights = _typed_at(group, dict, "weights") if isinstance(group, Mapping) else {}
        method = f"{_typed_at(weights, str, 'type')}{_count_at(weights, 'num_bits', default=8)}"
    elif method == "modelopt":
        method = _typed_at(section, str, "quant_algo").lower() or "fp8"
    elif method in ("awq", "gptq", "auto-round", "awq_marlin", "gptq_marlin"):
        method = f"int{_count_at(section, 'bits', 'w_bit', default=4)}"
    elif method == "bitsandbytes":
        method = "nf4" if section.get("load_in_4bit") else "int8"
    known = {"float8": "fp8", "fbgemm_fp8": "fp8", "float4": "nvfp4", "w4a16_awq": "int4"}
    method = known.get(method, method)
    if method not in QUANTIZATIONS:
        raise Refusal(f"quant_method in the config.json is {method!r}; {', '.join(QUANTIZATIONS[1:])} can be planned.")
    return method


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
    return _completed_model(values, params, active)


def _completed_model(values: dict[str, Any], params: int, active: int) -> Model:
    """The contract's values, and what they leave open from the nearest architecture, stretched to fit."""
    known = load_catalogue()
    mixture = active < params or values.get("experts", 0) > 1
    base = known[known.names[key]] if (key := values.get("id", "").lower()) in known.names else None
    if base is None or not 0.9 < params / base.params < 1.1 or bool(base.experts) != mixture:
        base = _reference_model(params, active if active < params else params // 10 if mixture else params)
    blank = _UNKNOWN_ORIGIN | {"id": f"custom-{_size_text(params)}", "quantization": "none"}
    if values.get("attention") == "mla" != base.attention:  # DeepSeek-V2's dimensions, and of most that follow it
        blank |= {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "head_dim": 192}
    if "experts" in values:
        blank["experts_per_token"] = max(1, min(base.experts_per_token, values["experts"] // 4))
    if "layers" in values:
        depth = values["layers"] / base.layers
        blank |= {name: round(getattr(base, name) * depth) for name in ("sliding_layers", "linear_layers")}
    fixed = frozenset(values)
    model = replace(base, **blank | values)
    if fixed.isdisjoint(_DERIVED):
        model = replace(model, assumed=_assumed_fields(model, fixed))
    else:
        model = _scaled_to(replace(model, params=base.params), params, active, fixed)
    if mixture and active == params:  # experts without params_active: what the dimensions say
        active = min(params, count_params(model, active=True))
        model = replace(model, params_active=active, assumed=("params_active", *model.assumed))
    if model.kv_heads > model.heads:
        raise Refusal(f"model.kv_heads is {model.kv_heads}, more than heads, {model.heads}.")
    if model.experts_per_token > model.experts:
        raise Refusal(f"model.experts_per_token is {model.experts_per_token}, more than experts, {model.experts}.")
    if model.sliding_layers + model.linear_layers > model.layers:
        raise Refusal(f"model.sliding_layers and linear_layers are more than its {model.layers} layers.")
    if model.sliding_window and "sliding_layers" not in values:
        model = replace(model, sliding_layers=model.layers, assumed=(*model.assumed, "sliding_layers"))
    return model


def _contract_value(key: str, value: Any) -> Any:
    kind = str(MODEL_FIELDS[key].type)
    if kind == "bool":
        right = isinstance(value, bool)
    elif kind == "str":
        right = isinstance(value, str)
    else:
        right = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
        right = right and value >= (1 if MODEL_FIELDS[key].default is MISSING else 0)
    choices = {"attention": ("full", "mla"), "quantization": QUANTIZATIONS, "workload": tuple(DEFAULT_MODELS)}.get(key)
    if right and choices and value not in choices:
        raise Refusal(f"model.{key} is {value!r}; it must be one of {', '.join(choices)}.")
    if not right:
        wanted = {"bool": "true or false", "str": "a string"}.get(kind, "a whole number, not negative")
        raise Refusal(f"model.{key} is {value!r}; it must be {wanted}.")
    return int(value) if kind == "int" else value
