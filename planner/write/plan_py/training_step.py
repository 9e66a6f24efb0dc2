"""The constants of a training project on the method and the optimizer step."""

from __future__ import annotations

from ...choose.micro_batch import HEADROOM, packs
from ...describe.format import short_count
from ...describe.training import memory_terms, why_lower
from ...estimate import training
from ...estimate.training_states import lora_params
from ...schema import TrainingPlan, TrainingSetup, replace
from .common import Constant

LARGE_MODEL = 20e9  # parameters from which papers halve the learning rate
ADAPTER_RATE, FULL_RATE, CLASSIFIER_RATE = 2e-4, 2e-5, 2e-5
PREFERENCE_ADAPTER_RATE, PREFERENCE_FULL_RATE, BETA = 5e-6, 5e-7, 0.1


def method_rows(plan: TrainingPlan) -> list[Constant]:
    """Return the method, its adapters, the number format, optimizer and learning rate."""
    setup = plan.chosen.setup
    rows: list[Constant] = [
        ("METHOD", setup.method, method_reason(plan)),
        ("LORA_RANK", setup.lora_rank, "of the adapters; alpha is twice that" + unused(setup)),
        ("LORA_TARGETS", setup.lora_targets, "every linear layer of a block; attention alone learns less"),
        ("DTYPE", *dtype(setup)),
        ("OPTIMIZER", setup.optimizer, optimizer_reason(setup)),
        ("LEARNING_RATE", *learning_rate(setup)),
    ]
    if setup.objective == "dpo":
        rows.append(("BETA", BETA, "of DPO's paper (arXiv 2305.18290): a larger one allows less change"))
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


def dtype(setup: TrainingSetup) -> tuple[str, str]:
    """Return the number format that a GPU computes in, and its reason."""
    master = ", with float32 weights behind it" if setup.method == "full" else "; adapters are float32"
    if not setup.gpu.bf16:
        return "float16", f"{setup.gpu.name} has no bfloat16; the loss is scaled{master}"
    return "bfloat16", f"what the GPU computes in{master}"


def optimizer_reason(setup: TrainingSetup) -> str:
    if setup.optimizer == "adamw_8bit":
        return "AdamW with 8-bit moments (bitsandbytes): float32 ones would not fit"
    return "AdamW, its moments in float32"


def learning_rate(setup: TrainingSetup) -> tuple[float, str]:
    """Return the highest learning rate, and its source."""
    if setup.objective == "dpo":
        if setup.method == "full":
            return PREFERENCE_FULL_RATE, "Zephyr's for 7B (arXiv 2310.16944), a fortieth of that of supervised training"
        return PREFERENCE_ADAPTER_RATE, "Hugging Face's recipe zephyr-7b-dpo-qlora; ten times that of full fine-tuning"
    halved = 0.5 if setup.model.params > LARGE_MODEL else 1.0
    if setup.method != "full":
        sizes = "33B and 65B" if halved < 1 else "7B and 13B"
        source = f"QLoRA's paper (arXiv 2305.14314) for {sizes}; ten times that of full fine-tuning"
        return ADAPTER_RATE * halved, source
    if setup.model.workload == "classification":
        return CLASSIFIER_RATE, "the least that BERT's paper (arXiv 1810.04805) tries: 2e-5 to 5e-5"
    smaller = ", halved for a larger model (assumed)" if halved < 1 else ""
    return FULL_RATE * halved, f"Stanford Alpaca's for 7B{smaller}"


def step_rows(plan: TrainingPlan) -> list[Constant]:
    """Return the size of an optimizer step, and how it is computed."""
    setup = plan.chosen.setup
    world = setup.gpu_count * setup.nodes
    batch = setup.micro_batch * setup.accumulation * world
    steps = f"on each of {world} GPUs" if world > 1 else "of a step"
    generation, rows = setup.model.workload == "generation", "pairs" if setup.objective == "dpo" else "sequences"
    return [
        ("SEQ_LEN", setup.seq_len, "tokens; what is longer is cut there"),
        ("PACKING", *packing(plan)),
        (
            "MICRO_BATCH",
            setup.micro_batch,
            f"{rows} on a GPU at once: the fastest that leaves {1 - HEADROOM:.0%} free",
        ),
        ("ACCUMULATION", setup.accumulation, f"micro-batches {steps}: {batch} {rows} in one optimizer step"),
        ("ACTIVATION_CHECKPOINTING", setup.gradient_checkpointing, checkpointing_reason(setup)),
        ("ATTENTION", setup.attention, _attention_reason(setup)),
        ("LOSS", setup.logits, fused_reason(setup) if generation else "of a class; there is no vocabulary to save on"),
    ]


def _attention_reason(setup: TrainingSetup) -> str:
    if setup.attention == "eager":
        return "unfused: transformers has no kernel for this model's soft cap on the scores"
    return "PyTorch's own, which holds FlashAttention kernels and needs no package"


def packing(plan: TrainingPlan) -> tuple[bool, str]:
    """Return whether examples share a sequence, and why."""
    request = plan.request
    if plan.chosen.setup.packed:
        return True, (
            f"rows of {request.row_tokens:,} tokens (assumed) fill whole sequences; the run checks that they stay apart"
        )
    if request.workload != "generation":
        return False, "a class belongs to one text"
    if request.objective == "dpo":
        return False, "a pair's answers are compared sequence by sequence"
    if request.model.keeps_state:
        return False, "linear attention would carry its state from one example into the next"
    if not request.dataset_rows:
        return False, "True fills whole sequences with short rows: worth it for many, too few steps for a few hundred"
    if request.row_tokens >= request.context_len:
        return False, "rows fill a sequence each"
    if packs(request):
        return False, "padding costs less than attention would that has to keep packed rows apart"
    return False, "the rows are few: packed, an epoch would have too few steps"


def checkpointing_reason(setup: TrainingSetup) -> str:
    other = training.estimate(replace(setup, gradient_checkpointing=not setup.gradient_checkpointing))
    gib = sum(memory_terms(other).values())
    if setup.gradient_checkpointing:
        return f"activations are recomputed in the backward pass: kept, a GPU would need {gib:.1f} GiB"
    return f"activations fit; recomputed they would leave {gib:.1f} GiB in use and cost about a third of the speed"


def fused_reason(setup: TrainingSetup) -> str:
    whole = training.estimate(replace(setup, logits="full")).logits_gib
    return f"logits a tile at a time; whole ones would take {whole:.1f} GiB"
