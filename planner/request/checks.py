"""Check answers against each other: what a task, a workload and a model go together with."""

from __future__ import annotations

from ..asked import NO_TARGETS, Budget, Targets, WarmPool
from ..catalogue.gpus import find_gpu
from ..catalogue.models import default_model
from ..catalogue.names import shown
from ..schema import TRAINING, Model, Refusal
from .parse import parse_budget
from .warm_pool import parse_warm

TRAINED = ("generation", "classification")  # workloads that a model can be trained for
PROMPTED = ("auto", "16", "32")  # concurrency as Enter answers it: a training ignores it


def check_budget(text: str, task: str) -> Budget:
    budget = parse_budget(text, task)
    if task == "serve" and budget.per == "run":
        raise Refusal(f"a service has no end, so {text} cannot bound it; give a budget such as 4/hour or 300/month")
    return budget


def check_warm(text: str, task: str, optimize: str, targets: Targets = NO_TARGETS) -> WarmPool:
    if task == "serve":
        return parse_warm(text, optimize, targets)
    if text.lower() not in ("auto", "0"):
        raise Refusal(f"warm {shown(text)} is for a service; a {task} runs and ends: leave warm auto")
    return WarmPool()


def check_context(tokens: int, model: Model) -> int:
    if tokens > model.context and "context" not in model.assumed:
        raise Refusal(f"{model.id} reads at most {model.context:,} tokens, not {tokens:,}; lower context_len")
    return tokens


def check_workload(workload: str) -> None:
    """Raise Refusal where no model is trained for that workload."""
    if workload not in TRAINED:
        raise Refusal(f"an {workload} model is not trained here; take workload {' or '.join(TRAINED)}")


def check_objective(objective: str, task: str, workload: str) -> None:
    """Raise Refusal where nothing is trained on pairs of answers."""
    if objective == "sft":
        return
    if task not in TRAINING:
        raise Refusal(f"objective {objective} is for training; leave it sft for task {task}")
    if workload != "generation":
        raise Refusal(
            f"objective {objective} compares two answers, and a {workload} model writes none; "
            "take workload generation, or objective sft"
        )


def check_trained(model: Model) -> None:
    """Raise Refusal where the weights are not published in 16 bits or more."""
    if model.quantization != "none":
        known = default_model(model.params, model.workload, to_train=True)
        raise Refusal(
            f"{model.id} is published in {model.quantization}, and training begins with 16-bit weights; "
            f"the nearest open model that has them is {known.id}"
        )


def check_task(
    task: str,
    workload: str,
    model: Model,
    method: str,
    quantization: str,
    engine: str,
    gpu: str,
    count: int,
    concurrency: str = PROMPTED[0],
) -> None:
    """Raise Refusal where an answer does not go with the task, or the model with a training."""
    if task not in TRAINING:
        check_method(method, task)
        return
    check_workload(workload)
    check_several(task, gpu, count)
    check_training(concurrency, engine, method, quantization, task, model)


def check_method(method: str, task: str) -> None:
    """Raise Refusal where a way to train is given for what does not train."""
    if task not in TRAINING and method != "auto":
        raise Refusal(f"method {method} is for training; leave it auto for task {task}")


def check_training(concurrency: str, engine: str, method: str, quantization: str, task: str, model: Model) -> None:
    """Raise Refusal where an answer has no meaning for a training, or contradicts another."""
    if concurrency.lower() not in PROMPTED:
        raise Refusal(f"concurrency {shown(concurrency)} is for serve and batch; task {task} needs none: take auto")
    if engine == "vllm":
        raise Refusal(f"engine vllm trains no model; leave engine auto for task {task}")
    if quantization not in ("auto", "none", "int4", "nf4"):
        raise Refusal(f"no adapters are trained on {quantization} weights here; leave quantization auto, or take nf4")
    if quantization in ("int4", "nf4") and method in ("full", "lora"):
        raise Refusal(f"method {method} trains on 16-bit weights, not {quantization}; take method qlora")
    if model.experts and (method == "qlora" or quantization in ("int4", "nf4")):
        raise Refusal(f"bitsandbytes leaves the experts of {model.id} in 16 bits; take method lora")
    if quantization == "none" and method == "qlora":
        raise Refusal("method qlora trains on 4-bit weights; leave quantization auto, or take method lora")
    check_trained(model)


def check_several(task: str, gpu: str, count: int) -> None:
    """Raise Refusal where another task is the one for so many GPUs."""
    if task == "finetune" and count > 1:
        raise Refusal(f"task finetune trains on one GPU, not {count}; take task distributed, or gpu {gpu}")
    if task == "distributed" and count == 1:
        raise Refusal("task distributed trains on 2 GPUs or more; take task finetune for one")
    if task == "distributed" and gpu != "auto" and find_gpu(gpu).max_count == 1:
        raise Refusal(f"one container holds a single {gpu}; let gpu be auto, or take task finetune")
