"""The questions of the JSON interface, read key by key: a setup to estimate, a request to plan for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from .catalogue.gpus import find_gpu
from .catalogue.model_object import from_object
from .catalogue.models import find_model
from .catalogue.other_gpus import OTHER_GPUS
from .request.checks import check_budget, check_context, check_objective, check_task
from .request.heads import check_head, check_made_for
from .request.model import usual_context
from .request.parse import one_of, parse_gpu
from .request.traffic import MOST_PER_S, USUAL_CONCURRENCY, Load, parse_aim, parse_load, room_for
from .schema import (
    ATTENTIONS,
    ENGINES,
    METHODS,
    OBJECTIVES,
    QUANTIZATIONS,
    TASKS,
    TRAINING,
    WORKLOADS,
    Gpu,
    InferenceSetup,
    Model,
    Refusal,
    Request,
    TrainingSetup,
)

Line = dict[str, Any]


class Fields:
    """A question's fields, taken one by one; what is left over at the end is unknown."""

    def __init__(self, question: Line) -> None:
        self.left = dict(question)
        self.left.pop("id", None)

    def take(self, key: str, default: Any) -> Any:
        value = self.left.pop(key, default)
        return default if value is None else value

    def choice(self, key: str, allowed: Iterable[str], default: str) -> str:
        value = self.take(key, default)
        if not isinstance(value, str):
            raise Refusal(f"{key} must be one of {', '.join(allowed)}, not {value!r}")
        return one_of(key, value, tuple(allowed))

    def text(self, key: str) -> str:
        value = self.take(key, "")
        if not isinstance(value, str):
            raise Refusal(f"{key} must be text, not {value!r}")
        return value

    def count(self, key: str, default: int, least: int = 1) -> int:
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Refusal(f"{key} must be a whole number, not {value!r}")
        if value != int(value) or not least <= value <= 10**13:
            raise Refusal(f"{key} must be a whole number of at least {least}, not {value!r}")
        return int(value)

    def rate(self, key: str) -> float:
        """Return requests/s; 0 where none is given."""
        value = self.take(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_PER_S:
            raise Refusal(f"{key} must be requests per second, such as 5, not {value!r}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise Refusal(f"{key} must be true or false, not {value!r}")
        return value

    def model(self) -> Model:
        value = self.take("model", None)
        if isinstance(value, dict):
            return from_object(value)
        if not isinstance(value, str) or not value.strip():
            raise Refusal('model is missing; name one, such as "Qwen/Qwen3-8B", or give an object with params')
        return find_model(value)

    def gpu(self) -> Gpu:
        """Return the card of that name, whether Modal rents it or not."""
        name = str(self.take("gpu", "")).strip()
        return OTHER_GPUS.get(name.upper()) or find_gpu(name)

    def finish(self) -> None:
        for key in self.left:
            raise Refusal(f"unknown key {key!r}; the keys are those of the estimate interface in docs/planner.md")


def read_inference_setup(fields: Fields) -> InferenceSetup:
    """Return the setup of a question of mode inference."""
    model = fields.model()
    gpu = fields.gpu()
    gpu_count = fields.count("gpu_count", 1)
    tensor_parallel = fields.count("tensor_parallel", gpu_count)
    if gpu_count % tensor_parallel:
        raise Refusal(f"gpu_count {gpu_count} does not divide by tensor_parallel {tensor_parallel}")
    fraction = fields.take("memory_fraction", InferenceSetup._field_defaults["memory_fraction"])
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction <= 1:
        raise Refusal(f"memory_fraction must lie above 0 and up to 1, not {fraction!r}")
    setup = InferenceSetup(
        model=model,
        gpu=gpu,
        gpu_count=gpu_count,
        tensor_parallel=tensor_parallel,
        engine=fields.choice("engine", ENGINES, "vllm"),
        quantization=fields.choice("quantization", QUANTIZATIONS, "none"),
        attention=fields.choice("attention", ("auto", *ATTENTIONS), "auto"),
        kv_dtype=fields.choice("kv_dtype", ("auto", "fp8"), "auto"),
        memory_fraction=float(fraction),
        context_len=fields.count("context_len", 8192),
        concurrency=fields.count("concurrency", 16),
        max_batched_tokens=fields.count("max_batched_tokens", 0, least=0),
        input_len=fields.count("input_len", 1024),
        output_len=fields.count("output_len", 256),
        max_num_seqs=fields.count("max_num_seqs", 0, least=0),
        rate=fields.rate("rate"),
    )
    fields.finish()
    return setup


def read_training_setup(fields: Fields) -> TrainingSetup:
    """Return the setup of a question of mode training; its `gpu_count` is that of one node."""
    model = fields.model()
    gpu = fields.gpu()
    gpu_count = fields.count("gpu_count", 1)
    objective = fields.choice("objective", OBJECTIVES, "sft")
    check_objective(objective, "finetune", model.workload)
    setup = TrainingSetup(
        model=model,
        gpu=gpu,
        gpu_count=gpu_count,
        nodes=fields.count("nodes", 1),
        method=fields.choice("method", METHODS, "lora"),
        lora_rank=fields.count("lora_rank", 16),
        lora_targets=fields.choice("lora_targets", ("all-linear", "attention", "qv"), "all-linear"),
        optimizer=fields.choice("optimizer", ("adamw", "adamw_8bit", "paged_adamw_8bit", "sgd", "adafactor"), "adamw"),
        precision=fields.choice("precision", ("bf16", "bf16-mixed", "fp16-mixed", "fp32"), "bf16"),
        seq_len=fields.count("seq_len", 2048),
        micro_batch=fields.count("micro_batch", 1),
        gradient_checkpointing=fields.flag("gradient_checkpointing", True),
        logits=fields.choice("logits", ("full", "fused"), "fused" if objective == "dpo" else "full"),
        attention=fields.choice(
            "attention", ("sdpa", "eager", "flash_attention_2", "flash_attention_3", "flash_attention_4"), "sdpa"
        ),
        sharding=fields.choice("sharding", ("none", "zero1", "zero2", "zero3", "fsdp"), "none"),
        offload=fields.choice("offload", ("none", "optimizer", "all"), "none"),
        accumulation=fields.count("accumulation", 0, least=0),
        objective=objective,
    )
    if objective == "dpo" and setup.logits == "full":
        raise Refusal("TRL's DPO takes its log-probabilities a tile at a time; give logits fused")
    fields.finish()
    return setup


def read_request(fields: Fields) -> Request:
    """Return the request of a question to `plan`."""
    task = fields.choice("task", TASKS, "serve")
    named = isinstance(fields.left.get("model"), str)
    model = fields.model()
    gpu, count = parse_gpu(
        str(fields.take("gpu", "auto")), str(fields.take("gpu_count", "auto")), task == "distributed"
    )
    workload = fields.choice("workload", WORKLOADS, model.workload)
    check_head(model, task, workload)
    if named and model.basis not in ("size", "name"):
        check_made_for(model, workload)
    objective = fields.choice("objective", OBJECTIVES, "sft")
    check_objective(objective, task, workload)
    quantization = fields.choice("quantization", ("auto", *QUANTIZATIONS), "auto")
    engine = fields.choice("engine", ("auto", *ENGINES), "auto")
    method = fields.choice("method", ("auto", *METHODS), "auto")
    trains = task in TRAINING
    named_load = fields.text("concurrency") if isinstance(fields.left.get("concurrency"), str) else ""
    load_text = named_load or str(fields.count("concurrency", USUAL_CONCURRENCY[workload]))
    load = Load(1) if trains else parse_load(load_text, task, workload)
    optimize, targets = parse_aim(str(fields.take("optimize", "cost")), task, workload)
    check_task(task, workload, model, method, quantization, engine, gpu, count, named_load or "auto")
    chosen = fields.left.get("context_len") is None
    context_len = fields.count("context_len", usual_context(model, task, workload))
    request = Request(
        task=task,
        workload=workload,
        model=model,
        budget=check_budget(str(fields.take("budget", "none")), task),
        context_len=room_for(load, check_context(context_len, model), chosen, model),
        **load._asdict(),
        targets=targets,
        gpu=gpu,
        gpu_count=count,
        quantization=quantization,
        attention=fields.choice("attention", ("auto", *ATTENTIONS), "auto"),
        engine=engine,
        method=method,
        objective=objective,
        optimize=optimize,
        dataset_tokens=fields.count("dataset_tokens", 0, least=0),
        epochs=fields.count("epochs", 1),
    )
    fields.finish()
    return request
