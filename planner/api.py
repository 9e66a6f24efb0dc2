"""The planner as a JSON interface: one question a line in, one answer a line out. All sizes GiB per GPU, money USD."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from .answers import TASKS, WORKLOADS, check_context, one_of, parse_budget, parse_gpu
from .choose import hourly
from .estimate import estimate_inference
from .gpus import check_count, find_gpu, gpu_string
from .model_object import from_contract
from .models import find_model
from .plan import (
    AIMS,
    ATTENTIONS,
    ENGINES,
    QUANTIZATIONS,
    Candidate,
    InferenceSetup,
    Model,
    Refusal,
    Request,
    TrainingCandidate,
    TrainingPlan,
    TrainingSetup,
)
from .tasks import plan_for
from .training import estimate_training

Line = dict[str, Any]


def answer(question: Any, ask: Callable[[Line], Line]) -> Line:
    """The answer to one question, or `{"id": ..., "error": "one sentence"}`."""
    name = question.get("id") if isinstance(question, dict) else None
    try:
        if not isinstance(question, dict):
            raise Refusal(
                'a request is a JSON object such as {"id": "q1", "mode": "inference", "model": "Qwen/Qwen3-8B"}'
            )
        return {"id": name, **ask(question)}
    except Refusal as refusal:
        return {"id": name, "error": str(refusal)}


def ask_estimate(question: Line) -> Line:
    """What happens if exactly this runs."""
    fields = Fields(question)
    mode = fields.choice("mode", ("inference", "training"), "inference")
    if mode == "training":
        return rounded(asdict(estimate_training(training_setup(fields))))
    engine_version = fields.text("engine_version")
    return rounded(asdict(estimate_inference(inference_setup(fields), engine_version)))


def ask_plan(question: Line) -> Line:
    """What should run, and everything that was weighed. Refusal with the cheapest way out."""
    request = plan_request(Fields(question))
    plan = plan_for(request)
    if isinstance(plan, TrainingPlan):
        alternatives = [training_line(candidate) for candidate in plan.candidates]
    else:
        alternatives = [candidate_line(candidate) for candidate in plan.candidates]
    return {"chosen": alternatives[0], "alternatives": alternatives}


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

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise Refusal(f"{key} must be true or false, not {value!r}")
        return value

    def model(self) -> Model:
        value = self.take("model", None)
        if isinstance(value, dict):
            return from_contract(value)
        if not isinstance(value, str) or not value.strip():
            raise Refusal('model is missing; name one, such as "Qwen/Qwen3-8B", or give an object with params')
        return find_model(value)

    def finish(self) -> None:
        for key in self.left:
            raise Refusal(f"unknown key {key!r}; the keys are those of the estimate interface in docs/planner.md")


def inference_setup(fields: Fields) -> InferenceSetup:
    """The setup that a question of mode inference describes."""
    model = fields.model()
    gpu = find_gpu(str(fields.take("gpu", "")))
    gpu_count = fields.count("gpu_count", 1)
    check_count(gpu, gpu_count)
    tensor_parallel = fields.count("tensor_parallel", gpu_count)
    if gpu_count % tensor_parallel:
        raise Refusal(f"gpu_count {gpu_count} does not divide by tensor_parallel {tensor_parallel}")
    fraction = fields.take("memory_fraction", InferenceSetup.__dataclass_fields__["memory_fraction"].default)
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
    )
    fields.finish()
    return setup


def training_setup(fields: Fields) -> TrainingSetup:
    """The setup that a question of mode training describes."""
    model = fields.model()
    gpu = find_gpu(str(fields.take("gpu", "")))
    gpu_count = fields.count("gpu_count", 1)
    check_count(gpu, gpu_count)
    setup = TrainingSetup(
        model=model,
        gpu=gpu,
        gpu_count=gpu_count,
        nodes=fields.count("nodes", 1),
        method=fields.choice("method", ("full", "lora", "qlora"), "lora"),
        lora_rank=fields.count("lora_rank", 16),
        lora_targets=fields.choice("lora_targets", ("all-linear", "attention", "qv"), "all-linear"),
        optimizer=fields.choice("optimizer", ("adamw", "adamw_8bit", "paged_adamw_8bit", "sgd", "adafactor"), "adamw"),
        precision=fields.choice("precision", ("bf16", "bf16-mixed", "fp16-mixed", "fp32"), "bf16"),
        seq_len=fields.count("seq_len", 2048),
        micro_batch=fields.count("micro_batch", 1),
        gradient_checkpointing=fields.flag("gradient_checkpointing", True),
        logits=fields.choice("logits", ("full", "fused"), "full"),
        attention=fields.choice(
            "attention", ("sdpa", "eager", "flash_attention_2", "flash_attention_3", "flash_attention_4"), "sdpa"
        ),
        sharding=fields.choice("sharding", ("none", "zero1", "zero2", "zero3", "fsdp"), "none"),
        offload=fields.choice("offload", ("none", "optimizer", "all"), "none"),
    )
    fields.finish()
    return setup


def plan_request(fields: Fields) -> Request:
    """The request that a question to `plan` describes."""
    task = fields.choice("task", TASKS, "serve")
    model = fields.model()
    gpu, count = parse_gpu(
        str(fields.take("gpu", "auto")), str(fields.take("gpu_count", "auto")), task == "distributed"
    )
    request = Request(
        task=task,
        workload=fields.choice("workload", WORKLOADS, model.workload),
        model=model,
        budget=parse_budget(str(fields.take("budget", "none"))),
        context_len=check_context(fields.count("context_len", min(8192, model.context)), model),
        concurrency=fields.count("concurrency", 16),
        gpu=gpu,
        gpu_count=count,
        quantization=fields.choice("quantization", ("auto", *QUANTIZATIONS), "auto"),
        attention=fields.choice("attention", ("auto", *ATTENTIONS), "auto"),
        engine=fields.choice("engine", ("auto", *ENGINES), "auto"),
        method=fields.choice("method", ("auto", "full", "lora", "qlora"), "auto"),
        optimize=fields.choice("optimize", AIMS, "cost"),
        dataset_tokens=fields.count("dataset_tokens", 0, least=0),
        epochs=fields.count("epochs", 1),
    )
    fields.finish()
    return request


def candidate_line(candidate: Candidate) -> Line:
    """A candidate as JSON: its configuration, its estimate, and its rank or the reason why it was rejected."""
    setup = candidate.setup
    return {
        "gpu": setup.gpu.name,
        "gpu_count": setup.gpu_count,
        "gpu_string": gpu_string(setup.gpu, setup.gpu_count),
        "tensor_parallel": setup.tensor_parallel,
        "engine": setup.engine,
        "quantization": setup.quantization,
        "attention": setup.attention,
        "context_len": setup.context_len,
        "concurrency": setup.concurrency,
        "max_batched_tokens": setup.max_batched_tokens,
        "input_len": setup.input_len,
        "output_len": setup.output_len,
        "containers": candidate.containers,
        "usd_per_hour": round(hourly(candidate), 4),
        "estimate": candidate.estimate and rounded(asdict(candidate.estimate)),
        **({"rank": candidate.rank} if candidate.rank else {"rejected": candidate.rejected}),
    }


def training_line(candidate: TrainingCandidate) -> Line:
    """A training candidate as JSON, in the words of an estimate's question."""
    setup = candidate.setup
    return {
        "gpu": setup.gpu.name,
        "gpu_count": setup.gpu_count,
        "nodes": setup.nodes,
        "gpu_string": gpu_string(setup.gpu, setup.gpu_count),
        "method": setup.method,
        "precision": setup.precision,
        "optimizer": setup.optimizer,
        "seq_len": setup.seq_len,
        "micro_batch": setup.micro_batch,
        "gradient_accumulation": candidate.accumulation,
        "gradient_checkpointing": setup.gradient_checkpointing,
        "logits": setup.logits,
        "attention": setup.attention,
        "sharding": setup.sharding,
        "offload": setup.offload,
        "usd_per_hour": round(candidate.usd_per_hour, 4),
        "hours": round(candidate.hours, 3) or None,
        "usd": round(candidate.usd, 2) or None,
        "estimate": rounded(asdict(candidate.estimate)),
        **({"rank": candidate.rank} if candidate.rank else {"rejected": candidate.rejected}),
    }


def rounded(line: Line) -> Line:
    """Floats to six significant digits; what is infinite has no place in JSON and becomes null."""

    def values() -> Iterator[tuple[str, Any]]:
        for key, value in line.items():
            if isinstance(value, float):
                yield key, float(f"{value:.6g}") if math.isfinite(value) else None
            else:
                yield key, value

    return dict(values())
