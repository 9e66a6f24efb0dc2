"""Whether a checkpoint holds the head of a classifier, which vLLM would otherwise make of random numbers.

vLLM 0.32 loads Qwen3ForCausalLM with `--convert classify` and answers, though no weights of a head were loaded.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

# Layers of the heads of transformers' ...ForSequenceClassification: of decoders, BERT, DistilBERT, BART, XLNet
HEADS = re.compile(r"(?:^|\.)(?:score|classifier|pre_classifier|classification_head|logits_proj)\.")


class IncompleteWeights(Exception):
    """The checkpoint lacks weights of the model that is built."""


def check_head(model: str) -> None:
    """Raise IncompleteWeights where a folder's safetensors hold no head of a classifier."""
    if not any(HEADS.search(name) for name in tensor_names(Path(model))):
        raise IncompleteWeights(f"{model} has no head that tells classes apart: take a MODEL that was trained as one")


def tensor_names(folder: Path) -> Iterator[str]:
    """Yield the names of the tensors in a folder's safetensors, from the header of each file."""
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as data:
            header = json.loads(data.read(int.from_bytes(data.read(8), "little")))
        yield from header.keys() - {"__metadata__"}
