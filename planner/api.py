"""The planner's JSON interface: one question a line in, one answer a line out. Sizes in GiB per GPU, money in USD."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .catalogue.gpus import check_count, find_gpu, gpu_string
from .catalogue.model_object import from_object
from .catalogue.models import find_model
from .describe.refusal import plan_for
from .describe.rejections import inference_rejection, inference_shortage, training_rejection, training_shortage
from .estimate import inference, training
from .request.checks import check_context
from .request.parse import one_of, parse_budget, parse_gpu
from .schema import (
    AIMS,
    ATTENTIONS,
    ENGINES,
    METHODS,
    QUANTIZATIONS,
    TASKS,
    WORKLOADS,
    InferenceCandidate,
    InferenceEstimate,
    InferenceSetup,
    Model,
    Refusal,
    Request,
    TrainingCandidate,
    TrainingEstimate,
    TrainingSetup,
)

Line = dict[str, Any]


def answer(question: Any, ask: Callable[[Line], Line]) -> Line:
    """Return the answer to one question, or `{"id": ..., "error": "one sentence"}`."""
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
    """Return the estimate of one setup."""
    given = Fields(question)
    mode = given.choice("mode", ("inference", "training"), "inference")
    if mode == "training":
        training_setup = read_training_setup(given)
        estimated = training.estimate(training_setup)
        return estimate_line(estimated, training_shortage(training_setup, estimated))
    engine_version = given.text("engine_version")
    setup = read_inference_setup(given)
    estimate = inference.estimate(setup, engine_version)
    return estimate_line(estimate, inference_shortage(setup, estimate))


def ask_plan(question: Line) -> Line:
    """Return the choice and everything that was weighed. Refusal with the cheapest alternatives."""
    request = read_request(Fields(question))
    line = CANDIDATE_LINES[request.task]
    alternatives = [line(request, candidate) for candidate in plan_for(request).candidates]
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
            return from_object(value)
        if not isinstance(value, str) or not value.strip():
            raise Refusal('model is missing; name one, such as "Qwen/Qwen3-8B", or give an object with params')
        return find_model(value)

    def finish(self) -> None:
        for key in self.left:
            raise Refusal(f"unknown key {key!r}; the keys are those of the estimate interface in docs/planner.md")


def read_inference_setup(fields: Fields) -> InferenceSetup:
    """Return the setup of a question of mode inference."""
    model = fields.model()
    gpu = find_gpu(str(fields.take("gpu", "")))
    gpu_count = fields.count("gpu_count", 1)
    check_count(gpu, gpu_count)
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
    )
    fields.finish()
    return setup


def read_training_setup(fields: Fields) -> TrainingSetup:
    """Return the setup of a question of mode training."""
    model = fields.model()
    gpu = find_gpu(str(fields.take("gpu", "")))
    gpu_count = fields.count("gpu_count", 1)
    check_count(gpu, gpu_count)
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
        logits=fields.choice("logits", ("full", "fused"), "full"),
        attention=fields.choice(
            "attention", ("sdpa", "eager", "flash_attention_2", "flash_attention_3", "flash_attention_4"), "sdpa"
        ),
        sharding=fields.choice("sharding", ("none", "zero1", "zero2", "zero3", "fsdp"), "none"),
        offload=fields.choice("offload", ("none", "optimizer", "all"), "none"),
    )
    fields.finish()
    return setup


def read_request(fields: Fields) -> Request:
    """Return the request of a question to `plan`."""
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
        method=fields.choice("method", ("auto", *METHODS), "auto"),
        optimize=fields.choice("optimize", AIMS, "cost"),
        dataset_tokens=fields.count("dataset_tokens", 0, least=0),
        epochs=fields.count("epochs", 1),
    )
    fields.finish()
    return request


def inference_line(request: Request, candidate: InferenceCandidate) -> Line:
    """Return a candidate as JSON: its setup, its estimate, and its rank or why it was rejected."""
    setup, estimate = candidate.setup, candidate.estimate
    return {
        "gpu": setup.gpu.name,
        "gpu_count": setup.gpu_count,
        "gpu_string": gpu_string(setup.gpu, setup.gpu_count),
        "tensor_parallel": setup.tensor_parallel,
        "engine": setup.engine,
        "quantization": setup.quantization,
        "attention": setup.attention,
        "kv_dtype": setup.kv_dtype,
        "context_len": setup.context_len,
        "concurrency": setup.concurrency,
        "max_batched_tokens": setup.max_batched_tokens,
        "max_num_seqs": setup.max_num_seqs,
        "input_len": setup.input_len,
        "output_len": setup.output_len,
        "containers": candidate.containers,
        "usd_per_hour": round(candidate.usd_per_hour, 4) if candidate.containers else 0.0,
        "estimate": estimate and estimate_line(estimate, inference_shortage(setup, estimate)),
        **({"rank": candidate.rank} if candidate.rank else {"rejected": inference_rejection(request, candidate)}),
    }


def training_line(request: Request, candidate: TrainingCandidate) -> Line:
    """Return a training candidate as JSON, with the keys of an estimate's question."""
    setup, estimate = candidate.setup, candidate.estimate
    run = candidate.run if candidate.run and not candidate.run.assumed else None
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
        "gradient_accumulation": setup.accumulation,
        "gradient_checkpointing": setup.gradient_checkpointing,
        "logits": setup.logits,
        "attention": setup.attention,
        "sharding": setup.sharding,
        "offload": setup.offload,
        "usd_per_hour": round(candidate.usd_per_hour, 4),
        "hours": (run and round(run.hours, 3)) or None,
        "usd": (run and round(run.usd, 2)) or None,
        "estimate": estimate_line(estimate, training_shortage(setup, estimate)),
        **({"rank": candidate.rank} if candidate.rank else {"rejected": training_rejection(request, candidate)}),
    }


CANDIDATE_LINES: dict[str, Callable[[Request, Any], Line]] = {
    "serve": inference_line,
    "batch": inference_line,
    "finetune": training_line,
    "distributed": training_line,
}


def estimate_line(estimate: InferenceEstimate | TrainingEstimate, why: str) -> Line:
    """Return an estimate as JSON, its rejection as the sentence `why`."""
    fields = estimate._asdict().items()
    return rounded(dict(("why", why) if name == "rejection" else (name, value) for name, value in fields))


def rounded(line: Line) -> Line:
    """Return floats to six significant digits; infinity, which JSON does not have, becomes null."""

    def values() -> Iterator[tuple[str, Any]]:
        for key, value in line.items():
            if isinstance(value, float):
                yield key, float(f"{value:.6g}") if math.isfinite(value) else None
            else:
                yield key, value

    return dict(values())
