"""The constants that every task has: the app's name, the weights, a start, a price."""

from __future__ import annotations

import math
import re

from ...catalogue.gpus import PRICES_DATE
from ...describe.format import size_words
from ...schema import CACHED, LOCAL, AnyPlan, InferenceEstimate, Model, TrainingEstimate

Constant = tuple[str, object, str]  # name, value, reason
DONE: Constant = ("", "", "")  # a blank line between groups of constants
DECIDED: Constant = ("", "", "Decided at bake time; bake again to change")  # a heading
WEIGHTS = "/weights"  # where the generated project mounts its Volume of weights
STARTUP_S = (600, 3600)  # seconds: no LLM server is up within Modal's default 30, and an hour is long enough
TASK_WORDS = {
    "serve": "an HTTP service that scales to zero",
    "batch": "a dataset in, results out; nothing runs in between",
    "finetune": "a dataset in, a tuned model out, on one GPU",
    "distributed": "a dataset in, a tuned model out, on several GPUs",
}
WORKLOAD_WORDS = {
    "generation": "chat and completion",
    "embedding": "texts to vectors",
    "classification": "texts to labels",
}


def identity(slug: str) -> list[Constant]:
    """Return the project's name."""
    return [("NAME", slug, "the app's name on Modal")]


def decided(plan: AnyPlan, *more: Constant) -> list[Constant]:
    """Return the constants that the project's files follow from, and `more` of them, under their heading."""
    task, workload = plan.request.task, plan.request.workload
    return [
        DECIDED,
        ("TASK", task, TASK_WORDS[task]),
        ("WORKLOAD", workload, WORKLOAD_WORDS[workload]),
        *more,
    ]


def model_reason(model: Model, published: str, slug: str) -> str:
    """Return the model's size, licence and gate; `published` names the checkpoint where it is another's."""
    if model.source == LOCAL:
        put = f"modal volume put {slug}-weights FOLDER /{folder_on_volume(model.id)}"
        return f"{size_words(model)}, your folder: `modal volume create {slug}-weights` once, then `{put}`"
    guess = {"size": "as asked for, ", "name": "by its name, ", "relative": f"by its name, like {model.source}, "}
    size = f"{guess.get(model.basis, '')}{size_words(model)}"
    if model.source == CACHED or model.basis in guess:
        return f"{size}; licence and gate are not known: a gated model needs SECRETS{published}"
    gate = "gated: its owner must let you in" if model.gated else "not gated"
    return f"{size}, {model.licence or 'licence unknown'}, {gate}{published}"


def revision_reason(model: Model, revision: str) -> str:
    if model.source == LOCAL:
        return "your folder has no commit"
    if not revision:
        return "no commit known: `make weights` prints the one to pin"
    if model.source == CACHED:
        return "the commit whose config.json lies in this machine's Hugging Face cache"
    if model.basis and revision == model.revision:
        return "as asked for"
    return "the commit that the catalogue knows"


def secrets(model: Model) -> Constant:
    return "SECRETS", ["huggingface-secret"] if model.gated else [], "names of Modal Secrets; gated weights need one"


def folder_on_volume(path: str) -> str:
    """Return a local folder's name on the weights Volume: its own, in characters that need no quoting."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", re.split(r"[/\\\\]", path.rstrip("/\\"))[-1]).strip("-.") or "model"


def startup_timeout(cold_start_s: float) -> int:
    """Return the seconds after which a start has failed: three times the estimate, in whole minutes, bounded."""
    low, high = STARTUP_S
    return min(max(math.ceil(3 * cold_start_s / 60) * 60, low), high)


def host_reason(estimate: InferenceEstimate | TrainingEstimate) -> str:
    return f"one container's GPUs, priced {PRICES_DATE}; its CPU and memory add about {estimate.host_usd_per_hour:.2f}"
