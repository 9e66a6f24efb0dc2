"""The head of a model, by the `architectures` of its config.json, and the workload it is made for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..schema import Model
from .architectures import ARCHITECTURES
from .hf_fields import count_at, typed_at

# Endings of class names in transformers and vLLM, and the head that they say.
_HEADS = (
    (r"For(Sequence|Text)Classification|ForScore", "classes"),
    (r"ForTokenClassification", "tokens"),
    (r"ForQuestionAnswering|ForMultipleChoice|ForNextSentencePrediction", "spans"),
    (r"ForMaskedLM|ForPreTraining", "masked"),
    (r"ForCausalLM|LMHeadModel|ForConditionalGeneration|LMModel|ForCausalLMV\d", "text"),
    (r"Model$", "none"),
)
# Encoders whose base ends in a dense layer over the first token; the others get one with a head for classes.
POOLED = frozenset(
    (
        "bert",
        "roberta",
        "xlm-roberta",
        "xlm-roberta-xl",
        "camembert",
        "mpnet",
        "data2vec-text",
        "ernie",
        "megatron-bert",
        "esm",
    )
)
ENCODERS_WITH_DENSE_HEAD = frozenset(
    ("distilbert", "electra", "deberta", "deberta-v2", "modernbert", "eurobert", "nomic_bert", "gte", "new")
)
_EMBEDDER = re.compile(r"embed|bge-|gte-|e5-|minilm|mpnet")


def head_of(config: Mapping[str, Any]) -> str:
    """Return "classes", "tokens", "spans", "masked", "text" or "none"; "" where the config.json does not say."""
    for name in typed_at(config, list, "architectures"):
        for pattern, head in _HEADS:
            if re.search(pattern, str(name)):
                return head
    return ""


def workload_of(config: Mapping[str, Any], kind: str, id: str, encoder: bool) -> str:
    """Return the workload that a model is made for."""
    head = head_of(config)
    if head in ("classes", "tokens", "spans"):
        return "classification"
    if _EMBEDDER.search(id.lower()) or (head == "none" and not encoder):
        return "embedding"
    return "classification" if encoder else "generation"


def head_params(config: Mapping[str, Any], kind: str, head: str, model: Model, tied: bool) -> int:
    """Return the parameters on top of the layers; a decoder's head over its vocabulary is counted elsewhere."""
    labels = typed_at(config, dict, "id2label")
    count = len(labels) or count_at(config, "num_labels", default=2)
    hidden = model.hidden
    dense = hidden * hidden + hidden
    encoder = ARCHITECTURES[kind].encoder
    if encoder and head in ("masked", "text"):
        narrow = count_at(config, "embedding_size", default=128 if kind == "electra" else hidden)  # ELECTRA's
        total = 0 if kind == "eurobert" else narrow * hidden + 3 * narrow + model.vocab
        return total + (0 if tied else model.vocab * narrow)
    if head in ("tokens", "spans"):
        return count * (hidden + 1)
    if kind in POOLED:
        return dense + (count * (hidden + 1) if head == "classes" else 0)
    if head != "classes":
        return 0
    return count * (hidden + 1) + dense if kind in ENCODERS_WITH_DENSE_HEAD else count * hidden
