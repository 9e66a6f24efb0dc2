"""The inference setups that a request leaves open."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.gpus import GPUS
from ..estimate.transformers_memory import STEP_TOKENS
from ..schema import InferenceSetup, Request
from .attention import kernels_to_weigh
from .formats import formats

COUNTS = (1, 2, 4, 8)
TYPICAL_INPUT = 1024
BATCH_SEQUENCES = 256  # max_num_seqs of vLLM for a batch, where latency does not matter


def configurations(request: Request) -> Iterator[InferenceSetup]:
    """Yield GPU x count x engine x quantization x attention kernel, as far as the request leaves them open."""
    input_len, output_len = typical_request(request)
    for gpu in GPUS.values():
        if request.gpu not in ("auto", gpu.name):
            continue
        counts = [request.gpu_count] if request.gpu_count else [count for count in COUNTS if count <= gpu.max_count]
        for count in counts:
            for engine, quantization in formats(request):
                for attention in kernels_to_weigh(request, gpu, engine):
                    yield InferenceSetup(
                        model=request.model,
                        gpu=gpu,
                        gpu_count=count,
                        tensor_parallel=count,
                        engine=engine,
                        quantization=quantization,
                        attention=attention,
                        context_len=request.context_len,
                        max_batched_tokens=STEP_TOKENS if batches_continuously(request, engine) else 0,
                        concurrency=rows_at_once(request, engine),
                        input_len=input_len,
                        output_len=output_len,
                    )


def rows_at_once(request: Request, engine: str) -> int:
    """Return the rows or requests at once. vLLM queues a batch's rows itself, and its cache decides how many run."""
    return BATCH_SEQUENCES if request.task == "batch" and engine == "vllm" else request.concurrency


def batches_continuously(request: Request, engine: str) -> bool:
    """Whether the generated engine uses transformers' continuous batching."""
    return engine == "transformers" and request.task in ("serve", "batch") and request.workload == "generation"


def typical_request(request: Request) -> tuple[int, int]:
    """Return a typical request's tokens in and out: 1,024 and 256, or what a short context holds of them (prior)."""
    if request.workload != "generation":
        return min(TYPICAL_INPUT, request.context_len), 1
    input_len = min(TYPICAL_INPUT, request.context_len * 4 // 5)
    return max(input_len, 1), max(input_len // 4, 1)
