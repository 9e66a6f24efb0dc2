"""The constants of a finetune or distributed project, each with its reason."""

from __future__ import annotations

from dataclasses import replace

from .choose_training import HEADROOM, packs, paid_s
from .gpus import PRICES_DATE, gpu_string
from .plan import LOCAL, TrainingPlan, TrainingSetup
from .shared_constants import (
    DONE,
    WEIGHTS,
    Constant,
    folder_on_volume,
    identity,
    model_reason,
    revision_reason,
    secrets,
    startup_timeout,
)
from .training import estimate_training, lora_params
from .training_explain import (
    cheaper_by_the_hour,
    row_tokens,
    training_beside,
    training_terms,
    why_lower,
)
from .training_run import checkpoint_gib, save_every_s, start_s
from .words import about, short_count

SAMPLES = {"generation": "samples/chat.jsonl", "classification": "samples/labels.jsonl"}  # of the generated project
LONGEST_ATTEMPT_S = 24 * 3600  # Modal ends no function later
LARGE_MODEL = 20e9  # parameters from which papers halve the learning rate
ADAPTER_RATE, FULL_RATE, CLASSIFIER_RATE = 2e-4, 2e-5, 2e-5
CHECKPOINTS = 2


def training_constants(plan: TrainingPlan, slug: str) -> list[Constant]:
    """(name, value, reason) of every constant that a training project reads."""
    groups = (
        identity(plan, slug),
        tuned_weights(plan, slug),
        machines(plan),
        method_rows(plan),
        step_rows(plan),
        data_rows(plan),
        keeping(plan),
        training_money(plan),
        training_predictions(plan),
    )
    return [row for group in groups for row in (*group, DONE)][:-1]


def tuned_weights(plan: TrainingPlan, slug: str) -> list[Constant]:
    """The model to begin with, and where the result goes."""
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
    """What it runs on, and how the model is laid over it."""
    setup = plan.chosen.setup
    found: list[Constant] = [("GPU", gpu_string(setup.gpu, setup.gpu_count), training_gpu_reason(plan))]
    if plan.request.task == "distributed":
        found += [
            ("NODES", setup.nodes, nodes_reason(setup)),
            ("SHARDING", setup.sharding, sharding_reason(setup)),
            ("OFFLOAD", setup.offload, offload_reason(plan)),
        ]
    return found


def training_gpu_reason(plan: TrainingPlan) -> str:
    estimate, cheaper = plan.chosen.estimate, cheaper_by_the_hour(plan)
    used = f"{sum(training_terms(estimate).values()):.1f} of {estimate.usable_gib:.1f} GiB used"
    return f"{used}; cheaper by the hour: {training_beside(plan, cheaper)}" if cheaper else used


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
        return "nothing waits in main memory, which would be slower"
    return f"the GPUs alone are too small; it takes {plan.chosen.estimate.host_gib:.0f} GiB of main memory on each node"


def method_rows(plan: TrainingPlan) -> list[Constant]:
    """What of the model is trained, and in which numbers."""
    setup = plan.chosen.setup
    rows: list[Constant] = [
        ("METHOD", setup.method, method_reason(plan)),
        ("LORA_RANK", setup.lora_rank, "of the adapters; alpha is twice that" + unused(setup)),
        ("LORA_TARGETS", setup.lora_targets, "every linear layer of a block; attention alone learns less"),
        ("DTYPE", *training_dtype(setup)),
        ("OPTIMIZER", setup.optimizer, optimizer_reason(setup)),
        ("LEARNING_RATE", *learning_rate(setup)),
    ]
    return rows


def unused(setup: TrainingSetup) -> str:
    return "; not read by full fine-tuning" if setup.method == "full" else ""


def method_reason(plan: TrainingPlan) -> str:
    setup, model = plan.chosen.setup, plan.request.model
    every = short_count(model.params)
    if setup.method == "full":
        words = f"all {every} parameters are trained"
    else:
        adapters = short_count(lora_params(model, setup.lora_rank, setup.lora_targets))
        kept = "16-bit" if setup.method == "lora" else "4-bit (NF4)"
        words = f"{adapters} parameters of adapters are trained, on {every} {kept} ones"
    if plan.request.method != "auto":
        return f"as you asked: {words}"
    lower = why_lower(plan)
    return f"{words}; {lower}" if lower else words


def training_dtype(setup: TrainingSetup) -> tuple[str, str]:
    """What a GPU computes in, and why."""
    master = ", with float32 weights behind it" if setup.method == "full" else "; adapters are float32"
    if not setup.gpu.bf16:
        return "float16", f"{setup.gpu.name} has no bfloat16; the loss is scaled{master}"
    return "bfloat16", f"what the GPU computes in{master}"


def optimizer_reason(setup: TrainingSetup) -> str:
    if setup.optimizer == "adamw_8bit":
        return "AdamW with 8-bit moments (bitsandbytes): float32 ones would not fit"
    return "AdamW, its moments in float32"


def learning_rate(setup: TrainingSetup) -> tuple[float, str]:
    """Per optimizer step at its highest, and where it comes from."""
    halved = 0.5 if setup.model.params > LARGE_MODEL else 1.0
    if setup.method != "full":
        sizes = "33B and 65B" if halved < 1 else "7B and 13B"
        source = f"QLoRA's paper (arXiv 2305.14314) for {sizes}; ten times that of full fine-tuning"
        return ADAPTER_RATE * halved, source
    if setup.model.workload == "classification":
        return CLASSIFIER_RATE, "the least that BERT's paper (arXiv 1810.04805) tries: 2e-5 to 5e-5"
    smaller = ", halved for a larger model (prior)" if halved < 1 else ""
    return FULL_RATE * halved, f"Stanford Alpaca's for 7B{smaller}"


def step_rows(plan: TrainingPlan) -> list[Constant]:
    """What one step computes, and how."""
    chosen, setup = plan.chosen, plan.chosen.setup
    world = setup.gpu_count * setup.nodes
    batch = setup.micro_batch * chosen.accumulation * world
    steps = f"on each of {world} GPUs" if world > 1 else "of a step"
    generation = setup.model.workload == "generation"
    return [
        ("SEQ_LEN", setup.seq_len, "tokens; what is longer is cut there"),
        ("PACKING", *packing(plan)),
        (
            "MICRO_BATCH",
            setup.micro_batch,
            f"sequences on a GPU at once: the fastest that leaves {1 - HEADROOM:.0%} free",
        ),
        ("ACCUMULATION", chosen.accumulation, f"micro-batches {steps}: {batch} sequences in one optimizer step"),
        ("ACTIVATION_CHECKPOINTING", setup.gradient_checkpointing, checkpointing_reason(setup)),
        ("ATTENTION", setup.attention, "PyTorch's own, which holds FlashAttention kernels and needs no package"),
        ("LOSS", setup.logits, fused_reason(setup) if generation else "of a class; there is no vocabulary to save on"),
    ]


def packing(plan: TrainingPlan) -> tuple[bool, str]:
    """Whether examples share a sequence, and why."""
    request = plan.request
    if plan.chosen.setup.packed:
        return True, (
            f"rows of {request.row_tokens:,} tokens (prior) fill whole sequences; the run checks that none sees another"
        )
    if request.workload != "generation":
        return False, "a class belongs to one text"
    if request.model.linear_layers:
        return False, "linear attention would carry its state from one example into the next"
    if not request.dataset_rows:
        return False, "True fills whole sequences with short rows: worth it for many, too few steps for a few hundred"
    if request.row_tokens >= request.context_len:
        return False, "rows fill a sequence each"
    if packs(request):
        return False, "padding costs less than attention would that has to keep packed rows apart"
    return False, "the rows are few: packed, an epoch would have too few steps"


def checkpointing_reason(setup: TrainingSetup) -> str:
    other = estimate_training(replace(setup, gradient_checkpointing=not setup.gradient_checkpointing))
    gib = sum(training_terms(other).values())
    if setup.gradient_checkpointing:
        return f"activations are computed again in the backward pass: kept, a GPU would need {gib:.1f} GiB"
    return f"activations fit; computed again they would leave {gib:.1f} GiB in use and cost about a third of the speed"


def fused_reason(setup: TrainingSetup) -> str:
    whole = estimate_training(replace(setup, logits="full")).logits_gib
    return f"logits a tile at a time; whole ones would take {whole:.1f} GiB"


def data_rows(plan: TrainingPlan) -> list[Constant]:
    """What is learnt from, how often, and what is held out."""
    request = plan.request
    named = request.dataset not in ("", "none")
    known = f"; planned for {request.dataset_rows:,} rows" if request.dataset_rows else ""
    where = "a Hugging Face id, a folder, or a JSONL, Parquet or CSV file" if named else "a sample of ours: name yours"
    return [
        ("DATASET", request.dataset if named else SAMPLES[request.workload], where + known),
        ("SUBSET", "", "of a dataset with several configurations"),
        ("COLUMNS", {}, "where yours are called otherwise: our name -> yours"),
        ("LABELS", [], "names of classes by number; none: those that occur"),
        ("EVAL_SHARE", 0.05, "of the rows, held out to measure on; at most 1,000"),
        ("EPOCHS", request.epochs, epochs_reason(request.epochs)),
        ("MAX_STEPS", 0, "optimizer steps after which it ends; 0: as many as the epochs take"),
        ("SEED", 0, "the same seed and rows give the same losses, interrupted or not"),
    ]


def epochs_reason(epochs: int) -> str:
    return (
        "passes over the rows, as Alpaca and BERT have it"
        if epochs > 1
        else "one pass over so many rows is enough (prior)"
    )


def keeping(plan: TrainingPlan) -> list[Constant]:
    """Checkpoints and metrics."""
    every, gib = save_every_s(plan.chosen.setup, attempt_s(plan)), about(checkpoint_gib(plan.chosen.setup))
    return [
        ("SAVE_EVERY", every, f"seconds between checkpoints of about {gib} GiB"),
        ("CHECKPOINTS_KEPT", CHECKPOINTS, "the newest ones; the one before counts where a save was cut off"),
        ("TRACKER", "none", '"trackio" keeps metrics on the Volume, "wandb" sends them; JSON lines are there always'),
    ]


def attempt_s(plan: TrainingPlan) -> int:
    """Seconds of one attempt: never more than the budget pays for, in whole minutes."""
    return int(min(LONGEST_ATTEMPT_S, paid_s(plan.request.budget, plan.chosen)) // 60) * 60


def training_money(plan: TrainingPlan) -> list[Constant]:
    """What it may cost, and for how long it may run."""
    request, estimate, start = plan.request, plan.chosen.estimate, start_s(plan.chosen.setup)
    limit = "none" if request.budget.per == "none" else f"{request.budget.usd:g}/{request.budget.per}"
    return [
        ("BUDGET", limit, training_budget_reason(plan)),
        ("USD_PER_HOUR", round(estimate.usd_per_hour, 2), training_host_reason(plan)),
        ("TIMEOUT", attempt_s(plan), timeout_reason(plan)),
        ("STARTUP_TIMEOUT", startup_timeout(start), "seconds until a container must be up"),
    ]


def training_budget_reason(plan: TrainingPlan) -> str:
    return {
        "run": "USD for GPUs: a run saves and stops before it costs more, over all its attempts",
        "month": "USD for GPUs: all runs together stop before a calendar month costs more",
        "hour": "USD for GPUs: bounds which run; a run costs what it costs",
        "none": "no limit",
    }[plan.request.budget.per]


def training_host_reason(plan: TrainingPlan) -> str:
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    gpus = "all GPUs of all nodes" if setup.nodes > 1 else "all its GPUs" if setup.gpu_count > 1 else "the GPU"
    memory = f", {estimate.host_gib:.0f} GiB for offloading among it," if estimate.host_gib else ""
    return f"{gpus}, priced {PRICES_DATE}; CPU and memory{memory} add about {estimate.host_usd_per_hour:.2f}"


def timeout_reason(plan: TrainingPlan) -> str:
    if attempt_s(plan) == LONGEST_ATTEMPT_S:
        return "seconds of one attempt, Modal's limit; a longer run goes on in the next"
    return f"seconds of one attempt: what {plan.request.budget.usd:g} USD pay for"


def training_predictions(plan: TrainingPlan) -> list[Constant]:
    """What the run is held against."""
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    terms = {name: round(gib, 1) for name, gib in training_terms(estimate).items()}
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    at = f"at rows of {row_tokens(plan):,} tokens (prior)" if plan.request.row_tokens else "at full sequences"
    host: list[Constant] = [
        ("PREDICTED_HOST_GIB", round(estimate.host_gib, 1), "of main memory on each node, for what is offloaded")
    ]
    return [
        ("PREDICTED_PEAK_GIB", round(sum(training_terms(estimate).values()), 1), "on each GPU, CUDA's own included"),
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
            "until the first step is done, weights on the Volume (prior)",
        ),
    ]
