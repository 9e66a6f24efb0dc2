"""Find a model by id, folder or size, and the default model of a workload."""

from __future__ import annotations

import os
from math import log

from ..schema import Model, Refusal, replace
from .folder import read_folder
from .shipped import load_catalogue
from .sizes import SIZE_HINT, parse_size, size_in_name, size_text, sized_model

# The models that `default_model` chooses from, per workload: current, ungated, apache-2.0 or mit, instruction-tuned.
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

# The same for training, where they are others: bases without a head.
TRAINED_MODELS = {
    "classification": (
        "distilbert/distilbert-base-uncased",
        "answerdotai/ModernBERT-base",
        "answerdotai/ModernBERT-large",
    ),
}

# Published without a trained head: they answer with random labels until somebody trains them.
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


def find_model(name: str, size: str = "") -> Model:
    """Return the model of a catalogue id, a folder with a config.json, or a size in the name or beside it.

    Refusal where none of these gives its size.
    """
    name = name.strip()
    found = _known_model(name) or (_local_model(name) if name else None)
    if found:
        return found
    in_name = size_in_name(name)
    if in_name or size.strip():
        params, active = parse_size(in_name or size)
        return sized_model(params, active, name or f"custom-{size_text(params)}", _relative_model(name))
    if not name:
        raise Refusal(f"neither a model nor a size is given; name a model, or {SIZE_HINT}")
    raise Refusal(
        f"{name!r} is not in the catalogue, is no folder with a config.json and has no size in its name; "
        f"give its size ({SIZE_HINT}) or a folder that holds its config.json"
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
    path = os.path.expanduser(name)
    try:
        found = os.path.isdir(path) or path.endswith(".json") and os.path.isfile(path)
    except ValueError:  # a name that no file can have
        return None
    if not found:
        return None
    try:
        return read_folder(path, name)
    except OSError:
        raise Refusal(f"{path} cannot be read; point at a model folder that can") from None


def _relative_model(name: str) -> Model | None:
    """Return the catalogue model whose name the given one contains: Qwen/Qwen3-8B for unsloth/Qwen3-8B-bnb-4bit."""
    catalogue = load_catalogue()
    tail = name.lower().rpartition("/")[2]
    known = [key for key in catalogue.names if key.partition("/")[2] in tail]
    return catalogue[catalogue.names[max(known, key=len)]] if known else None


def default_model(params: int, workload: str, to_train: bool = False) -> Model:
    """Return the default model of a workload that is nearest in size: current, ungated, apache-2.0 or mit.

    One `to_train` is published in 16 bits or more, and a classifier has no head yet.
    """
    if workload not in DEFAULT_MODELS:
        raise Refusal(
            f"there is no default model for the workload {workload!r}; take one of {', '.join(DEFAULT_MODELS)}"
        )
    catalogue = load_catalogue()
    names = DEFAULT_MODELS[workload]
    if to_train:
        names = TRAINED_MODELS.get(workload, names)
        names = tuple(name for name in names if catalogue[name].quantization == "none")
    name = min(names, key=lambda name: abs(log(catalogue.sizes[name][0] / max(params, 1))))
    return catalogue[name]
