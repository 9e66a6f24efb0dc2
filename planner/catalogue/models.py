"""Find a model by id, folder or size, and the default model of a workload."""

from __future__ import annotations

import os
from math import log

from ..schema import CACHED, Model, Refusal, replace
from .hub_cache import find_snapshot, holds_config
from .names import Reference, format_in_name, parse_reference, shown, size_in_name
from .shipped import load_catalogue
from .sizes import SIZE_HINT, agree, guessed, parse_size, size_text, sized_model

# The models that `default_model` chooses from, per workload: current, ungated, apache-2.0 or mit, instruction-tuned.
DEFAULT_MODELS = {
    "generation": (
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "HuggingFaceTB/SmolLM2-360M-Instruct",
        "Qwen/Qwen3-0.6B",
        "Qwen/Qwen3-1.7B",
        "HuggingFaceTB/SmolLM3-3B",
        "Qwen/Qwen3-4B-Instruct-2507",
        "Qwen/Qwen3-8B",
        "Qwen/Qwen3-14B",
        "mistralai/Mistral-Small-3.2-24B-Instruct-2506",
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

# Older ones, or of a rarer size, which are taken where none of the above is of the size that was asked for.
FURTHER_MODELS = {
    "generation": (
        "Qwen/Qwen2.5-0.5B-Instruct",
        "Qwen/Qwen3.5-0.8B",
        "Qwen/Qwen2.5-1.5B-Instruct",
        "mistralai/Mistral-Nemo-Instruct-2407",
        "openai/gpt-oss-20b",
        "Qwen/Qwen3.6-35B-A3B",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        "Qwen/Qwen2-57B-A14B-Instruct",
        "mistralai/Mixtral-8x22B-Instruct-v0.1",
        "thinkingmachines/Inkling-Small",
        "zai-org/GLM-5.3-Flash",
        "thinkingmachines/Inkling",
    ),
}

# The same for training, where they are others: bases without a head.
TRAINED_MODELS = {
    "classification": (
        "distilbert/distilbert-base-uncased",
        "answerdotai/ModernBERT-base",
        "answerdotai/ModernBERT-large",
    ),
}

# Mixtures of experts to train, whose every layer has attention: the figures of training are backed for those.
FURTHER_TRAINED = {"Qwen/Qwen3.6-35B-A3B": "Qwen/Qwen3-30B-A3B-Instruct-2507"}

# Published without a trained head: they answer with random labels until they are trained.
HEADLESS = frozenset(
    (
        "answerdotai/ModernBERT-base",
        "answerdotai/ModernBERT-large",
        "distilbert/distilbert-base-uncased",
        "FacebookAI/roberta-base",
        "FacebookAI/roberta-large",
        "google-bert/bert-base-uncased",
        "google-bert/bert-large-uncased",
        "microsoft/codebert-base",
        "microsoft/deberta-v3-base",
        "microsoft/deberta-v3-large",
    )
)


MOST_DENSE = 410 * 10**9  # parameters of the largest dense model, Llama 3.1 405B


def find_model(name: str, size: str = "") -> Model:
    """Return the model of an id, an id@revision, a hub URL, a folder with a config.json, or of a size without a name.

    An id is looked for in the catalogue, then in the local cache of the hub. One that is in neither is planned from
    `size`, or from the size in its name, and says so (`Model.basis`). Refusal where none of these gives its size, or
    where `size` contradicts it.
    """
    name, size = name.strip(), size.strip()
    if not name:
        if not size:
            raise Refusal(f"neither a model nor a size is given; name a model, or {SIZE_HINT}")
        params, active = parse_size(size)
        return sized_model(params, active, f"custom-{size_text(params, 10)}", "size")
    reference = parse_reference(name)
    found = (known_model(reference) if reference else None) or _local_model(name)
    if not found and not reference:
        raise Refusal(f"{shown(name)} is neither a Hugging Face id such as Qwen/Qwen3-8B nor a local folder")
    if not found and reference:
        from .unplannable import check_format  # here, because most bakes name a model that is known

        related = _relative_model(reference.id)
        check_format(reference.id, related.id if related else "")
        found = cached_model(reference) or _guessed_model(reference, size, related)
    assert found
    if size:
        check_size(found, size)
    return found


def check_size(model: Model, size: str) -> None:
    """Raise Refusal where a typed size is neither the model's nor the one in its name."""
    params, active = parse_size(size)
    named = size_in_name(model.id)
    right = agree(model.params, params) or (named and agree(parse_size(named)[0], params))
    if active < params and not 2 / 3 < model.params_active / active < 3 / 2:
        right = False
    if right or model.basis == "size":
        return
    sparse = f", {size_text(model.params_active)} active" if model.params_active < model.params else ""
    where = " by its name" if model.basis else ""
    raise Refusal(
        f"{model.id} has{where} {size_text(model.params)} parameters{sparse}, which model_size {size} contradicts; "
        f"leave model_size auto to have this model, or model_id auto to have one of that size"
    )


def known_model(reference: Reference) -> Model | None:
    """Return a model of the catalogue, or a published quantization of one, at the revision that is asked for."""
    found = _catalogue_model(reference.id)
    if not found or not reference.revision or reference.revision == found.revision:
        return found
    return cached_model(reference) or replace(found, revision=reference.revision, basis="revision")


def _catalogue_model(id: str) -> Model | None:
    catalogue = load_catalogue()
    key = id.lower().replace("meta-llama/meta-llama-3.1-", "meta-llama/llama-3.1-")  # renamed on the hub
    if key in catalogue.names:
        return catalogue[catalogue.names[key]]
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


def cached_model(reference: Reference) -> Model | None:
    """Return the model whose config.json lies in the local cache of the hub, pinned to its commit."""
    snapshot = find_snapshot(reference)
    found = _local_model(snapshot.folder, reference.id) if snapshot and holds_config(snapshot.folder) else None
    if not snapshot or not found:
        return None
    found = replace(found, revision=snapshot.commit, source=CACHED)
    named = format_in_name(reference.id)
    if found.quantization == "none" and named in ("fp8", "nvfp4"):  # older ModelOpt keeps it in hf_quant_config.json
        return replace(found, quantization=named, assumed=(*found.assumed, "quantization"))
    return found


def _guessed_model(reference: Reference, size: str, related: Model | None) -> Model:
    """Return a model of which nothing but its name and perhaps its size is known. Refusal where that is too little."""
    from .unplannable import check_family, check_kind, check_size_tells

    id, named = reference.id, size_in_name(reference.id)
    check_kind(id, related.id if related else "")
    check_family(id)
    check_size_tells(id, related.id if related else "")
    if not named and not size:
        alike = _alike(id)
        at = f" --revision {reference.revision}" if reference.revision else ""
        download = f"run `hf download {id} config.json{at}` and try again, or give its size"
        if alike:
            raise Refusal(f"{shown(id)} is not in the catalogue, which has {alike}: take that, or {download}")
        raise Refusal(
            f"{shown(id)} is not in the catalogue, and no config.json of it is in the local Hugging Face cache: "
            f"{download} ({SIZE_HINT})"
        )
    params, active = parse_size(named or size)
    if not size and not related and params == active > MOST_DENSE:
        raise Refusal(
            f"{id} has by its name {size_text(params)} parameters, and all models above "
            f"{size_text(MOST_DENSE)} are mixtures of experts: run `hf download {id} config.json` and try again, or "
            f'give its size with the active ones, as in model_size "{size_text(params)}-A37B"'
        )
    if related and size_in_name(related.id) != named and not agree(related.params, params):
        related = None
    if related:
        blank = {"revision": reference.revision, "variants": (), "source": related.id, "licence": "", "gated": False}
        return guessed(replace(related, id=id, **blank), "relative")
    check_size_tells(id)
    typed = bool(size) and (not named or agree(params, parse_size(size)[0]))
    if typed and (active == params or "a" in size.lower()):
        params, active = parse_size(size)
    return replace(sized_model(params, active, id, "size" if typed else "name"), revision=reference.revision)


def _alike(id: str) -> str:
    """Return the id of the catalogue that differs from `id` by a letter or two; "" where none does."""
    from difflib import get_close_matches  # here, because few bakes need it and it takes milliseconds

    names = load_catalogue().names
    close = get_close_matches(id.lower(), names, n=1, cutoff=0.92)
    return names[close[0]] if close else ""


def _local_model(name: str, id: str = "") -> Model | None:
    """Return the model of a folder, or of a config.json, called `id`; None where there is no such folder or file."""
    try:
        path = os.path.expanduser(name)
        found = os.path.isdir(path) or (path.endswith(".json") and os.path.isfile(path))
    except ValueError:  # a name that no file can have
        return None
    if not found:
        return None
    from .folder import read_folder  # here, because few bakes read a config.json, and that takes many modules

    try:
        return read_folder(path, id or name)
    except OSError:
        raise Refusal(f"{path} cannot be read; point at a model folder that can") from None


def _relative_model(id: str) -> Model | None:
    """Return the catalogue model whose name the given one contains: Qwen/Qwen3-8B for unsloth/Qwen3-8B-bnb-4bit."""
    catalogue = load_catalogue()
    tail = id.lower().rpartition("/")[2].replace("meta-llama-3.1-", "llama-3.1-")
    known = [key for key in catalogue.names if key.partition("/")[2] in tail]
    return catalogue[catalogue.names[max(known, key=len)]] if known else None


def default_model(params: int, workload: str, to_train: bool = False, active: int = 0) -> Model:
    """Return the open model of a workload that is nearest in size: ungated, apache-2.0 or mit.

    One `to_train` is published in 16 bits or more, and a classifier has no head yet. With `active` parameters it is
    a mixture of experts that uses about as many for a token, where there is one.
    """
    if workload not in DEFAULT_MODELS:
        raise Refusal(
            f"there is no default model for the workload {workload!r}; take one of {', '.join(DEFAULT_MODELS)}"
        )
    catalogue = load_catalogue()
    preferred, further = DEFAULT_MODELS[workload], FURTHER_MODELS.get(workload, ())
    if to_train:
        preferred = TRAINED_MODELS.get(workload, preferred)
        further = tuple(FURTHER_TRAINED.get(name, name) for name in further)
        preferred, further = (
            tuple(name for name in names if _trains(catalogue[name])) for names in (preferred, further)
        )

    def fits(name: str) -> bool:
        total, used = catalogue.sizes[name]
        return agree(total, params) and (not active or 2 / 3 < used / active < 3 / 2)

    names = [name for name in preferred if fits(name)] or [name for name in further if fits(name)] or preferred
    name = min(names, key=lambda name: abs(log(catalogue.sizes[name][0] / max(params, 1))))
    return catalogue[name]


def _trains(model: Model) -> bool:
    """Whether the model's published weights are in 16 bits, and transformers builds it."""
    return model.quantization == "none" and "transformers" in model.engines
