"""Read a folder that holds a model, or say what it holds instead."""

from __future__ import annotations

import json
import os
from typing import Any

from ..schema import Model, Refusal, replace
from .hf_config import from_config
from .hf_fields import count_at
from .hf_formats import foreign
from .refused_kinds import late_interaction

WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")
ADAPTER_WEIGHTS = ("adapter_model", "adapter_config")


def read_folder(path: str, name: str) -> Model:
    """Return the model of a folder, or of a config.json, called `name`. Refusal names what the folder holds instead."""
    if os.path.isfile(path):
        return from_config(read_json(path), name)
    files = sorted(os.listdir(path))
    _check_files(path, files, name)
    beside = read_json(os.path.join(path, "hf_quant_config.json")) if "hf_quant_config.json" in files else None
    model = from_config(read_json(os.path.join(path, "config.json")), name, beside)
    if "modules.json" in files and _has_word(os.path.join(path, "modules.json"), "pylate"):
        raise late_interaction(name)
    if "modules.json" in files and model.head in ("", "none", "masked", "text"):  # sentence-transformers
        model = replace(model, workload="embedding")
    if "sentence_bert_config.json" in files:  # vLLM reads at most that many tokens
        limit = count_at(
            read_json(os.path.join(path, "sentence_bert_config.json")), "max_seq_length", default=model.context
        )
        model = replace(model, context=min(limit or model.context, model.context))
    return model


def read_json(path: str) -> dict[str, Any]:
    """Return the object in a JSON file; Refusal where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        raise Refusal(
            f"{path} is not valid JSON; point at a model folder with a readable {os.path.basename(path)}"
        ) from None
    if not isinstance(found, dict):
        raise Refusal(f"{path} holds no JSON object; point at a Hugging Face {os.path.basename(path)}")
    return found


def _has_word(file: str, word: str) -> bool:
    with open(file, encoding="utf-8", errors="replace") as text:
        return word in text.read()


def _check_files(path: str, files: list[str], name: str) -> None:
    """Raise Refusal where the files are not those of a whole model in the format of Hugging Face."""
    whole = [file for file in files if file.endswith(WEIGHTS) and not file.startswith(ADAPTER_WEIGHTS)]
    if "adapter_config.json" in files and not whole:
        raise adapter_refusal(name, read_json(os.path.join(path, "adapter_config.json")))
    for ending, word in ((".gguf", "gguf"), (".onnx", "onnx")):
        if any(file.endswith(ending) for file in files) and not whole:
            raise foreign(word)
    if "model_index.json" in files:
        raise Refusal(f"{name} is a diffusion pipeline (model_index.json); the projects here run models of text")
    if "config.json" in files:
        return
    if "params.json" in files:
        raise Refusal(
            f"{name} holds params.json and no config.json: the model in its maker's own format (Mistral's or Meta's "
            f"consolidated weights); take its version for transformers, with config.json and model*.safetensors"
        )
    below = [file for file in files if os.path.isfile(os.path.join(path, file, "config.json"))]
    also = f"; {below[-1]}/ in it does: give that folder" if below else "; give a folder with a config.json"
    raise Refusal(f"{name} is a folder without a config.json{also}")


def adapter_refusal(name: str, config: dict[str, Any]) -> Refusal:
    """Return the refusal of a folder that holds an adapter: it names the base and how to merge."""
    base = config.get("base_model_name_or_path")
    base = base if isinstance(base, str) and base else ""
    kind = config.get("peft_type")
    what = f"{kind if isinstance(kind, str) else 'PEFT'} adapter"
    of = f" of {base}" if base else ""
    alone = f", or give {base} itself" if base else ""
    return Refusal(
        f"{name} holds a {what}{of}, not a whole model; merge it (PeftModel.from_pretrained(base, adapter)"
        f".merge_and_unload().save_pretrained(folder)) and give the merged folder{alone}"
    )
