"""The planner's JSON interface: one question a line in, one answer a line out. Sizes in GiB per GPU, money in USD."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from .catalogue.gpus import GPUS, clusters, gpu_string
from .describe.arithmetic import arithmetic_text, start_obstacle
from .describe.refusal import plan_for
from .describe.rejections import inference_rejection, inference_shortage
from .describe.training_rejections import training_rejection, training_shortage
from .estimate import inference, training
from .estimate.inference import SPEEDS
from .questions import Fields, Line, read_inference_setup, read_request, read_training_setup
from .schema import (
    Gpu,
    InferenceCandidate,
    InferenceEstimate,
    Refusal,
    Request,
    TrainingCandidate,
    TrainingEstimate,
)


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
    """Return the estimate of one setup, and whether Modal rents those GPUs."""
    given = Fields(question)
    mode = given.choice("mode", ("inference", "training"), "inference")
    if mode == "training":
        training_setup = read_training_setup(given)
        estimated = training.estimate(training_setup)
        rented = rentable(training_setup.gpu, training_setup.gpu_count, training_setup.nodes)
        return priced_line(estimate_line(estimated, training_shortage(training_setup, estimated)), rented)
    engine_version = given.text("engine_version")
    setup = read_inference_setup(given)
    estimate = inference.estimate(setup, engine_version)
    line = estimate_line(estimate, inference_shortage(setup, estimate)) | {"arithmetic": arithmetic_text(setup)}
    if obstacle := start_obstacle(setup):
        rates = {key: None for key in SPEEDS if key in line and key != "host_usd_per_hour"}
        line |= {"fits": False, "why": obstacle, "arithmetic": "", **rates}
    return priced_line(line, rentable(setup.gpu, setup.gpu_count))


def rentable(gpu: Gpu, count: int, nodes: int = 1) -> bool:
    """Whether Modal rents so many GPUs as one container, or as nodes of 8 with RDMA between them."""
    one = gpu.name in GPUS and count <= gpu.max_count
    return one and (nodes == 1 or (count == 8 and clusters(gpu)))


def priced_line(line: Line, rented: bool) -> Line:
    """Return the line with `rentable`; a card without a price of Modal's has null for each."""
    if not rented and not line["usd_per_hour"]:
        line |= {key: None for key in line if key.startswith(("usd_per", "host_usd"))}
    return line | {"rentable": rented}


def ask_plan(question: Line) -> Line:
    """Return the choice and everything that was weighed. Refusal with the cheapest alternatives."""
    request = read_request(Fields(question))
    line = CANDIDATE_LINES[request.task]
    alternatives = [line(request, candidate) for candidate in plan_for(request).candidates]
    return {"chosen": alternatives[0], "alternatives": alternatives}


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
        "memory_fraction": setup.memory_fraction,
        "context_len": setup.context_len,
        "concurrency": setup.concurrency,
        "max_batched_tokens": setup.max_batched_tokens,
        "max_num_seqs": setup.max_num_seqs,
        "input_len": setup.input_len,
        "output_len": setup.output_len,
        "rate": setup.rate,
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
        "objective": setup.objective,
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
