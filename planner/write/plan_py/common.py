"""The constants that every task has: the app's name, the weights, a start, a price."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ...catalogue.gpus import PRICES_DATE
from ...describe.format import size_words
from ...schema import CACHED, LOCAL, AnyPlan, InferenceEstimate, Model, TrainingEstimate

Constant = tuple[str, object, str]  # name, value, reason
DONE: Constant = ("", "", "")  # a blank line between groups of constants
SAFE: Constant = ("", "", "Safe to edit: each takes effect by itself, at the next deploy or run.")
AGAIN: Constant = ("", "", "Plan again if changed: these depend on each other. PLAN.md has the command.")
# The constants of the second part; a budget, too, where others follow from it
PLANNED = frozenset(
    "MODEL GPU NODES SHARDING OFFLOAD DTYPE QUANTIZATION QUANTIZE_AT_LOAD ATTENTION KV_CACHE_DTYPE CONTEXT_LEN "
    "MAX_NUM_BATCHED_TOKENS CONCURRENCY MEMORY_FRACTION METHOD LORA_RANK LORA_TARGETS OPTIMIZER SEQ_LEN PACKING "
    "MICRO_BATCH ACCUMULATION ACTIVATION_CHECKPOINTING LOSS USD_PER_HOUR SPEED_RANGE TYPICAL_PROMPT_TOKENS "
    "TYPICAL_ANSWER_TOKENS TASK WORKLOAD ENGINE".split()
)
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


def two_parts(groups: Iterable[list[Constant]], planned: frozenset[str] = PLANNED) -> list[Constant]:
    """Return the constants of all groups: those that are safe to edit, then those that are `planned` or predicted."""

    def again(row: Constant) -> bool:
        return row[0] in planned or row[0].startswith("PREDICTED_")

    kept = list(groups)
    found: list[Constant] = []
    for heading, second in ((SAFE, False), (AGAIN, True)):
        found += [heading, DONE]
        for group in kept:
            for row in group:
                if row is not DONE and again(row) == second:
                    found.append(row)
                elif row is DONE and found[-1] is not DONE:
                    found.append(DONE)
            if found[-1] is not DONE:
                found.append(DONE)
    return found[:-1]


def identity(slug: str) -> list[Constant]:
    """Return the project's name."""
    return [("NAME", slug, "the app's name on Modal")]


def decided(plan: AnyPlan, *more: Constant) -> list[Constant]:
    """Return the constants that the project's files follow from, and `more` of them."""
    task, workload = plan.request.task, plan.request.workload
    return [
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
    gate = "gated: accept its licence first" if model.gated else "not gated"
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
    return "the commit of MODEL in the catalogue"


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
    return f"one container's GPUs, priced {PRICES_DATE}; its CPU and memory add about ${estimate.host_usd_per_hour:.2f}"
