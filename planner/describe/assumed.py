"""Sentences on the guessed parts of a model, and on how to have it planned exactly."""

from __future__ import annotations

from ..catalogue.sizes import size_text
from ..catalogue.tokenizers import runs_own_code
from ..schema import Model

ARCHITECTURE = "layers hidden intermediate heads kv_heads head_dim vocab".split()


def assumed_words(model: Model) -> str:
    """Return the fields of a model that were derived, the architecture as one; "" where none was."""
    fields = [name for name in model.assumed if name not in ("params", "params_active")]
    basis = {
        "size": f"{size_text(model.params)} parameters (the size that was asked for)",
        "name": f"{size_text(model.params)} parameters (the number in its name)",
        "relative": f"{size_text(model.params)} parameters and the architecture of {model.source}, whose name it bears",
        "revision": "the architecture of the revision in the catalogue",
    }.get(model.basis, "")
    if model.basis == "relative":
        fields = [name for name in fields if name == "quantization"]
    elif model.basis in ("size", "name"):
        fields = ["the architecture of such a model", *(name for name in fields if name == "quantization")]
    named = {"quantization": f"{'16-bit' if model.quantization == 'none' else model.quantization} weights (its name)"}
    return ", ".join(filter(None, (basis, *(named.get(name, name) for name in fields))))


def remedy_words(model: Model) -> str:
    """Return what would plan a guessed model exactly, or start one that does not; "" where nothing is to be done."""
    if runs_own_code(model):
        return (
            f"the tokenizer of {model.id} is code of its own (trust_remote_code), which is not run here, so that the "
            f"engine does not start: give model_id a folder of its files with a tokenizer.json made of tiktoken.model "
            "and no auto_map in tokenizer_config.json"
        )
    if not model.basis:
        return ""
    if model.basis == "size" and model.id.startswith("custom-"):
        return "no model is named: name one to have its own figures"
    named = f"{model.id}@{model.revision}" if model.revision else model.id
    at = f" --revision {model.revision}" if model.revision else ""
    how = f"run `hf download {model.id} config.json{at}` and try again"
    return f"the configuration of {named} is not known here: for its own figures {how}"


def assumed_lines(model: Model) -> list[tuple[str, str]]:
    """Return the lines of a terminal, (label, text), about what was guessed; none where nothing was."""
    found = [("Assumed", assumed_words(model)), ("Warning", remedy_words(model))]
    return [(label, words) for label, words in found if words]


def assumed_sentence(model: Model) -> str:
    """Return a paragraph of PLAN.md about what was guessed; "" where nothing was."""
    words, remedy = assumed_words(model), remedy_words(model)
    guessed = f"Assumed, not read from a configuration: {words}." if words else ""
    return " ".join(filter(None, (guessed, f"{remedy[0].upper()}{remedy[1:]}." if remedy else "")))
