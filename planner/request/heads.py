"""Check that a model has the head that a workload needs: a classifier's classes, an embedding model's pooling."""

from __future__ import annotations

import re

from ..catalogue.models import DEFAULT_MODELS, HEADLESS
from ..schema import TRAINING, Model, Refusal

# What a head does instead, by the name that catalogue/hf_heads.py gives it, and the classes that have it.
OTHERWISE = {
    "tokens": "labels single tokens (...ForTokenClassification)",
    "spans": "picks an answer from a text or from choices (...ForQuestionAnswering, ...ForMultipleChoice)",
    "masked": "fills in masked words (...ForMaskedLM)",
    "none": "has no head (...Model)",
    "classes": "names a class of a text (...ForSequenceClassification)",
    "text": "writes text (...ForCausalLM)",
}
POOLS = ("", "none", "text", "masked")  # an embedding is a pooled hidden state, whatever stands on top
POOLING_NAME = re.compile(
    r"(?i)(?<![a-z])(embed(?:ding|der)?s?|(?:re)?rank(?:er|ing)?|colbert|splade|cross-encoder)(?![a-z])"
)


def check_head(model: Model, task: str, workload: str) -> None:
    """Raise Refusal where the model's head, as its config.json names it, does not serve the workload."""
    if workload == "generation" and model.basis in ("size", "name") and (found := POOLING_NAME.search(model.id)):
        raise Refusal(
            f"{model.id} writes no text by its name ({found[0]}); choose another model, or workload embedding or "
            f"classification; where the name misleads, run `hf download {model.id} config.json` and bake again"
        )
    if task in TRAINING:
        return
    if model.id in HEADLESS:
        raise Refusal(f"{model.id} has no trained head and would answer at random; name a fine-tuned one")
    if not model.head:
        return
    if workload == "classification" and model.head != "classes":
        raise Refusal(
            f"{model.id} {OTHERWISE[model.head]}, so its classes would be random; take a ...ForSequenceClassification "
            f"such as {DEFAULT_MODELS[workload][0]}, or train one with task finetune"
        )
    if workload == "embedding" and model.head not in POOLS:
        raise Refusal(
            f"{model.id} {OTHERWISE[model.head]}; an embedding needs a model that pools, such as "
            f"{DEFAULT_MODELS[workload][0]}"
        )
    if workload == "generation" and model.head != "text":
        raise Refusal(
            f"{model.id} {OTHERWISE[model.head]} and generates no text; choose a ...ForCausalLM, such as Qwen/Qwen3-8B"
        )


def check_made_for(model: Model, workload: str) -> None:
    """Raise Refusal where the model is known to be made for another workload."""
    if model.workload != workload:
        raise Refusal(f"{model.id} is made for {model.workload}, not {workload}; choose another model or workload")
