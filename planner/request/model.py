"""The model that the answers ask for, and its context: "auto" is resolved from task, workload and each other."""

from __future__ import annotations

import os

from ..catalogue.models import DEFAULT_MODELS, HEADLESS, TRAINED_MODELS, check_size, default_model, find_model
from ..catalogue.names import parse_reference, shown, tagged
from ..catalogue.shipped import load_catalogue
from ..catalogue.sizes import agree, is_size, parse_size, size_text
from ..schema import LOCAL, TRAINING, Model, Refusal, replace
from .checks import check_context
from .heads import check_head, check_made_for
from .parse import one_line, parse_count

DEFAULT_SIZES = {"generation": "8B", "classification": "66M", "embedding": "0.6B"}
CONTEXTS = {"generation": 8192, "classification": 512, "embedding": 512}  # tokens (prior)
TRAINED_CONTEXT = 2048  # tokens of an example for generation (prior)
LONG_TEXTS = 2048  # tokens of a text for a decoder that reads 32,768 and more (prior)


def is_auto(text: str) -> bool:
    """Return whether an answer leaves the choice to the planner."""
    return text.lower() in ("", "auto")


def asked_model(model_id: str, size: str, task: str, workload: str) -> Model:
    """Return the model of that id or local folder, or with "auto" the default one of that size.

    Refusal where there is none, where id and size contradict each other, or where it is not made for the workload.
    """
    if not is_auto(size):
        parse_size(size)
    if is_auto(model_id):
        return _model_of_size(DEFAULT_SIZES[workload] if is_auto(size) else size, task, workload)
    model = _named_model(one_line("model_id", model_id), "" if is_auto(size) else size)
    if model.basis in ("size", "name"):  # nothing else is known
        model = replace(model, workload=workload)
    check_head(model, task, workload)
    check_made_for(model, workload)
    return model


def _named_model(model_id: str, size: str) -> Model:
    typed_in = os.environ.get("PWD")  # a hook runs elsewhere than where its answers were typed
    path = os.path.expanduser(model_id)
    folder = os.path.join(typed_in, path) if typed_in else path
    if os.path.isdir(folder):
        model = replace(find_model(folder), id=model_id, source=LOCAL)
        if size:
            check_size(model, size)
        return model
    if is_size(model_id):
        raise Refusal(f"model_id {shown(model_id)} is a size; give it as model_size and leave model_id auto")
    if not parse_reference(model_id):
        if found := tagged(model_id):
            raise Refusal(
                f"model_id {shown(model_id)} names a file of llama.cpp or Ollama by its tag, and only safetensors are "
                f"loaded here; name the model that it was made from, such as Qwen/Qwen3-8B, without "
                f"{model_id.strip()[len(found) :]}"
            )
        raise Refusal(
            f"model_id {shown(model_id)} is neither a Hugging Face id such as Qwen/Qwen3-8B nor a local folder"
        )
    return find_model(model_id, size)


def _model_of_size(size: str, task: str, workload: str) -> Model:
    """Return the default model of that size. Refusal, with the nearest ones, where there is none within 20%."""
    params, active = parse_size(size)
    trains = task in TRAINING
    model = default_model(params, workload, to_train=trains, active=active if active < params else 0)
    headless = not trains and model.id in HEADLESS
    sparse = active < params and not 2 / 3 < model.params_active / active < 3 / 2
    if agree(model.params, params) and not headless and not sparse:
        return model
    catalogue = load_catalogue()
    names = TRAINED_MODELS.get(workload, DEFAULT_MODELS[workload]) if trains else DEFAULT_MODELS[workload]
    known = [catalogue[name] for name in names if trains or name not in HEADLESS]
    known = [other for other in known if not trains or other.quantization == "none"]
    below = max((other for other in known if other.params <= params), key=lambda m: m.params, default=None)
    above = min((other for other in known if other.params > params), key=lambda m: m.params, default=None)
    near = " or ".join(f"{size_text(other.params)} ({other.id})" for other in (below, above) if other)
    raise Refusal(f"no open {workload} model of {size} is known; name one in model_id, or take model_size {near}")


def asked_context(typed: str, model: Model, task: str, workload: str) -> int:
    """Return the tokens of context: as typed, or with "auto" a usual number, at most what the model reads."""
    if not is_auto(typed):
        return check_context(parse_count("context_len", typed), model)
    return usual_context(model, task, workload)


def usual_context(model: Model, task: str, workload: str) -> int:
    """Return the context that is planned where none is asked for, at most what the model is known to read."""
    tokens = CONTEXTS[workload]
    if workload == "generation":
        tokens = TRAINED_CONTEXT if task in TRAINING else tokens
    elif model.context >= 32768:
        tokens = LONG_TEXTS
    return tokens if "context" in model.assumed else min(tokens, model.context)
