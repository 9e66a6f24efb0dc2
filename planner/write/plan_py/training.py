"""The constants of a finetune or distributed project, each with its reason."""

from __future__ import annotations

from ...catalogue.gpus import PRICES_DATE, gpu_string
from ...choose.training_cost import LONGEST_ATTEMPT_S, attempt_s
from ...describe.format import about
from ...describe.training import cheaper_run, gets, memory_terms, row_tokens
from ...estimate.training_run import checkpoint_gib, save_every_s, start_s
from ...schema import LOCAL, Request, TrainingPlan, TrainingSetup
from .common import (
    WEIGHTS,
    Constant,
    decided,
    folder_on_volume,
    identity,
    model_reason,
    revision_reason,
    secrets,
    startup_timeout,
    two_parts,
)
from .training_step import method_rows, step_rows

# Of the generated project, by workload and objective
SAMPLES = {
    ("generation", "sft"): "samples/chat.jsonl",
    ("generation", "dpo"): "samples/pairs.jsonl",
    ("classification", "sft"): "samples/labels.jsonl",
}
OBJECTIVE_WORDS = {
    "sft": "supervised fine-tuning: the rows' answers, texts or classes are learnt",
    "dpo": "direct preference optimization: the chosen of two answers, rather than the rejected one",
}
CHECKPOINTS = 2


def constants(plan: TrainingPlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of a training project."""
    groups = (
        identity(slug),
        tuned_weights(plan, slug),
        machines(plan),
        method_rows(plan),
        step_rows(plan),
        data_rows(plan),
        keeping(plan),
        money(plan),
        predictions(plan),
        decided(plan, ("OBJECTIVE", plan.request.objective, OBJECTIVE_WORDS[plan.request.objective])),
    )
    return two_parts(groups)


def tuned_weights(plan: TrainingPlan, slug: str) -> list[Constant]:
    """Return the model to begin with, and where the result goes."""
    model = plan.request.model
    name = f"{WEIGHTS}/{folder_on_volume(model.id)}" if model.source == LOCAL else model.id
    revision = "" if model.source == LOCAL else model.revision
    return [
        ("MODEL", name, model_reason(model, "", slug)),
        ("REVISION", revision or "main", revision_reason(model, revision)),
        secrets(model),
        ("RUN", "first", "the run's name: its checkpoints and result lie below it; another name begins anew"),
        ("HUB_REPO", "", "where `push` puts the result, such as me/my-model; its Secret needs a token that may write"),
    ]


def machines(plan: TrainingPlan) -> list[Constant]:
    """Return the GPUs, and how the model is laid over them."""
    setup = plan.chosen.setup
    found: list[Constant] = [("GPU", gpu_string(setup.gpu, setup.gpu_count), gpu_reason(plan))]
    if plan.request.task == "distributed":
        found += [
            ("NODES", setup.nodes, nodes_reason(setup)),
            ("SHARDING", setup.sharding, sharding_reason(setup)),
            ("OFFLOAD", setup.offload, offload_reason(plan)),
        ]
    return found


def gpu_reason(plan: TrainingPlan) -> str:
    estimate, cheaper = plan.chosen.estimate, cheaper_run(plan)
    used = f"{sum(memory_terms(estimate).values()):.1f} of {estimate.usable_gib:.1f} GiB used"
    return f"{used}; cheaper per run: {gets(cheaper)}" if cheaper else used


def nodes_reason(setup: TrainingSetup) -> str:
    if setup.nodes > 1:
        return "containers of a Modal cluster, 8 GPUs each, that reach each other over RDMA"
    return "one container: its GPUs reach each other over " + ("NVLink" if setup.gpu.nvlink else "PCIe")


def sharding_reason(setup: TrainingSetup) -> str:
    world = setup.gpu_count * setup.nodes
    return {
        "none": "DDP: what is trained fits on each GPU whole, and only gradients travel",
        "zero1": f"ZeRO-1: each of {world} GPUs keeps its part of the optimizer states",
        "zero2": f"ZeRO-2: each of {world} GPUs keeps its part of gradients and optimizer states",
        "zero3": f"ZeRO-3: each of {world} GPUs keeps its part of the weights too, since ZeRO-2 does not fit",
    }[setup.sharding]


def offload_reason(plan: TrainingPlan) -> str:
    if plan.chosen.setup.offload == "none":
        return "nothing is kept in main memory, which would be slower"
    return f"the GPUs alone are too small; it takes {plan.chosen.estimate.host_gib:.0f} GiB of main memory on each node"


def data_rows(plan: TrainingPlan) -> list[Constant]:
    """Return the data set, the passes over it, and the rows held out."""
    request = plan.request
    named = request.dataset not in ("", "none")
    known = f"; planned for {request.dataset_rows:,} rows" if request.dataset_rows else ""
    where = (
        "a Hugging Face id, a folder, or a JSONL, Parquet or CSV file"
        if named
        else "a sample of the template: name yours"
    )
    return [
        ("DATASET", request.dataset if named else SAMPLES[request.workload, request.objective], where + known),
        ("SUBSET", "", "of a dataset with several configurations"),
        ("COLUMNS", {}, "if your columns have other names: our name -> yours"),
        ("LABELS", [], "names of classes by number; none: those that occur"),
        ("EVAL_SHARE", 0.05, "of the rows, held out to measure on; at most 1,000"),
        ("EPOCHS", request.epochs, epochs_reason(request)),
        ("MAX_STEPS", 0, "optimizer steps after which it ends; 0: as many as the epochs take"),
        ("SEED", 0, "the same seed and rows give the same losses, interrupted or not"),
    ]


def epochs_reason(request: Request) -> str:
    if request.objective == "dpo":
        return "one pass, as Zephyr has it (arXiv 2310.16944): preferences are soon learnt by heart"
    if request.epochs > 1:
        return "passes over the rows, as for Alpaca and BERT"
    return "one pass over so many rows is enough (assumed)"


def keeping(plan: TrainingPlan) -> list[Constant]:
    """Return the checkpoints and the tracker of metrics."""
    every, gib = (
        save_every_s(plan.chosen.setup, attempt_s(plan.request.budget, plan.chosen)),
        about(checkpoint_gib(plan.chosen.setup)),
    )
    return [
        ("SAVE_EVERY", every, f"seconds between checkpoints of about {gib} GiB"),
        ("CHECKPOINTS_KEPT", CHECKPOINTS, "the newest ones; the one before counts where a save was cut off"),
        ("TRACKER", "none", '"trackio" keeps metrics on the Volume, "wandb" sends them; JSON lines are there always'),
    ]


def money(plan: TrainingPlan) -> list[Constant]:
    """Return the budget, the price and the time limits."""
    request, estimate, start = plan.request, plan.chosen.estimate, start_s(plan.chosen.setup)
    limit = "none" if request.budget.per == "none" else f"{request.budget.usd:g}/{request.budget.per}"
    return [
        ("BUDGET", limit, budget_reason(plan)),
        ("USD_PER_HOUR", round(estimate.usd_per_hour, 2), host_reason(plan)),
        ("TIMEOUT", attempt_s(plan.request.budget, plan.chosen), timeout_reason(plan)),
        ("STARTUP_TIMEOUT", startup_timeout(start), "seconds until a container must be up"),
    ]


def budget_reason(plan: TrainingPlan) -> str:
    return {
        "run": "dollars for GPUs: a run saves and stops before it costs more, over all its attempts",
        "month": "dollars for GPUs: all runs together stop before a calendar month costs more",
        "hour": "dollars for GPUs: limits what runs, not what a run costs",
        "none": "no limit",
    }[plan.request.budget.per]


def host_reason(plan: TrainingPlan) -> str:
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    gpus = "all GPUs of all nodes" if setup.nodes > 1 else "all its GPUs" if setup.gpu_count > 1 else "the GPU"
    memory = f", {estimate.host_gib:.0f} GiB for offloading among it," if estimate.host_gib else ""
    return f"{gpus}, priced {PRICES_DATE}; CPU and memory{memory} add about ${estimate.host_usd_per_hour:.2f}"


def timeout_reason(plan: TrainingPlan) -> str:
    if attempt_s(plan.request.budget, plan.chosen) == LONGEST_ATTEMPT_S:
        return "seconds of one attempt, Modal's limit; a longer run continues in the next"
    return f"seconds of one attempt: what ${plan.request.budget.usd:g} pays for"


def predictions(plan: TrainingPlan) -> list[Constant]:
    """Return the predictions that the run is compared with."""
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    terms = {name: round(gib, 1) for name, gib in memory_terms(estimate).items()}
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    at = f"at rows of {row_tokens(plan):,} tokens (assumed)" if plan.request.row_tokens else "at full sequences"
    host: list[Constant] = [
        ("PREDICTED_HOST_GIB", round(estimate.host_gib, 1), "of main memory on each node, for what is offloaded")
    ]
    return [
        ("PREDICTED_PEAK_GIB", round(sum(memory_terms(estimate).values()), 1), "on each GPU, CUDA's own included"),
        ("PREDICTED_GIB", terms, "by term; what to change when memory runs out follows from it"),
        *(host if plan.request.task == "distributed" else []),
        (
            "PREDICTED_TOKENS_PER_S",
            round(estimate.tokens_per_s or 0, 1),
            f"of all GPUs, padding included, {at}; {low} to {high} is likely",
        ),
        ("PREDICTED_MFU", round(estimate.mfu or 0, 3), "of the GPU's peak FLOP/s"),
        (
            "PREDICTED_COLD_START_S",
            round(start_s(setup)),
            "until the first step is done, weights on the Volume (unmeasured estimate)",
        ),
    ]
