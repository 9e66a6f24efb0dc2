"""Reads in a checkpoint where vLLM 0.32 does not look: a classifier without a head, a context extended by YaRN."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

# Layers of the heads of transformers' ...ForSequenceClassification: of decoders, BERT, DistilBERT, BART, XLNet
HEADS = re.compile(r"(?:^|\.)(?:score|classifier|pre_classifier|classification_head|logits_proj)\.")


class IncompleteWeights(Exception):
    """The checkpoint lacks weights of the model that is built."""


def check_head(model: str) -> None:
    """Raise IncompleteWeights where a folder's safetensors hold no head of a classifier.

    vLLM would make one of random numbers: it loads Qwen3ForCausalLM with `--convert classify`, and answers.
    """
    if not any(HEADS.search(name) for name in tensor_names(Path(model))):
        raise IncompleteWeights(f"{model} has no head that tells classes apart: take a MODEL that was trained as one")


def tensor_names(folder: Path) -> Iterator[str]:
    """Yield the names of the tensors in a folder's safetensors, from the header of each file."""
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as data:
            header = json.loads(data.read(int.from_bytes(data.read(8), "little")))
        yield from header.keys() - {"__metadata__"}


def context_overrides(folder: str, context_len: int) -> dict[str, int]:
    """Return what vLLM is to read otherwise in the folder's config.json, so that it takes `context_len` tokens.

    vLLM 0.32 looks at max_position_embeddings alone, and refuses to start with more, as where YaRN extends the context.
    Empty where the file allows so many as it stands, or where its rotary embedding does not: vLLM raises an error then.
    """
    file = Path(folder, "config.json")
    config = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    rope = config.get("rope_scaling") or config.get("rope_parameters") or {}
    original = rope.get("original_max_position_embeddings", 0)
    if rope.get("rope_type", rope.get("type")) != "yarn":
        return {}
    if config.get("max_position_embeddings", 0) < context_len <= rope.get("factor", 1) * original:
        return {"max_position_embeddings": context_len}
    return {}
