"""The inference setups that a request leaves open."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.drafts import draft_of
from ..catalogue.gpus import GPUS
from ..draft import Draft
from ..estimate.transformers_memory import STEP_TOKENS
from ..estimate.vllm_memory import default_step
from ..schema import Gpu, InferenceSetup, Request
from .attention import has_own_kernel, kernels_to_weigh
from .formats import formats, fp8_cache_kernel, weighed_on

COUNTS = (1, 2, 4, 8)
TYPICAL_INPUT, TYPICAL_SHARE = 1024, 8  # tokens of a prompt, or an eighth of a long context (prior)
LONGEST_ANSWER = 1024  # tokens of a typical answer: answers do not grow with what is read (prior)
MOST_AT_ONCE = 256  # requests of one container under a rate: more raise the time of each (prior)
BATCH_SEQUENCES = 256  # max_num_seqs of vLLM for a batch, where latency does not matter
PASS_TOKENS = 65_536  # of one padded forward pass of transformers: more are no faster on any card (prior)


def configurations(request: Request) -> Iterator[InferenceSetup]:
    """Yield GPU x count x engine x quantization x attention kernel, as far as the request leaves them open."""
    for setup in setups(request):
        for attention in kernels_to_weigh(request, setup.gpu, setup.engine):
            yield setup._replace(attention=attention)


def fp8_cache_configurations(request: Request) -> Iterator[InferenceSetup]:
    """Yield the same with an fp8 cache, where 16 bits are not insisted on and the card has a kernel for it."""
    if request.workload != "generation" or request.quantization == "none" or request.model.attention == "mla":
        return
    if request.model.kv_dtype == "fp8":  # the checkpoint brings such a cache
        return
    for setup in setups(request):
        kernel = fp8_cache_kernel(setup.gpu)
        asked = kernel and request.attention in ("auto", kernel)
        if asked and setup.engine == "vllm" and not has_own_kernel(request.model, setup.gpu):
            yield setup._replace(attention=kernel, kv_dtype="fp8")


def setups(request: Request) -> Iterator[InferenceSetup]:
    """Yield GPU x count x engine x quantization, with the attention kernel left open."""
    patterns = [setup_of(request, next(iter(GPUS.values())), 1, *pair) for pair in formats(request)]
    for gpu, count in places(request):
        for setup in patterns:
            if weighed_on(request, gpu, setup.quantization):
                step = step_tokens(request, gpu, setup.engine)
                yield setup._replace(gpu=gpu, gpu_count=count, tensor_parallel=count, max_batched_tokens=step)


def places(request: Request) -> Iterator[tuple[Gpu, int]]:
    """Yield (GPU, GPUs of a container)."""
    for gpu in GPUS.values():
        if request.gpu in ("auto", gpu.name):
            counts = [request.gpu_count] if request.gpu_count else [count for count in COUNTS if count <= gpu.max_count]
            for count in counts:
                if count <= gpu.max_count:
                    yield gpu, count


def setup_of(request: Request, gpu: Gpu, count: int, engine: str, quantization: str) -> InferenceSetup:
    """Return the setup that the generated code runs, with all requests in one container."""
    input_len, output_len = typical_request(request)
    at_once = rows_at_once(request, engine)
    by_vllm = engine == "vllm"
    return InferenceSetup(
        model=request.model,
        gpu=gpu,
        gpu_count=count,
        tensor_parallel=count,
        engine=engine,
        quantization=quantization,
        context_len=request.context_len,
        max_batched_tokens=step_tokens(request, gpu, engine),
        concurrency=at_once,
        input_len=input_len,
        output_len=output_len,
        max_num_seqs=at_once if by_vllm else 0,
        draft=draft_for(request, quantization) if by_vllm else None,
    )


def step_tokens(request: Request, gpu: Gpu, engine: str) -> int:
    """Return the tokens of one step; 0: the engine has none."""
    if engine != "vllm":
        return STEP_TOKENS if batches_continuously(request, engine) else 0
    step = default_step(gpu)
    return step if request.workload == "generation" else max(step, request.context_len)  # an encoder reads a text whole


def asked_setup(request: Request, setup: InferenceSetup) -> InferenceSetup:
    """Return a sized setup as it was before: with all requests in one container and the engine's default step."""
    whole = setup_of(request, setup.gpu, setup.gpu_count, setup.engine, setup.quantization)
    return whole._replace(attention=setup.attention, kv_dtype=setup.kv_dtype)


def draft_for(request: Request, quantization: str) -> Draft | None:
    """Return what proposes tokens, where answers are to be fast and it is known: it costs throughput under load.

    A head without a known commit is not chosen, since it would be loaded as it is that day.
    """
    if (request.task, request.workload, request.optimize) != ("serve", "generation", "latency"):
        return None
    draft = draft_of(request.model, quantization)
    return draft if draft and draft.pinned else None


def rows_at_once(request: Request, engine: str) -> int:
    """Return the rows or requests at once: those of vLLM's queue in a batch, those of one pass of an encoder."""
    asked = MOST_AT_ONCE if request.rate else request.concurrency
    if engine == "vllm":
        return BATCH_SEQUENCES if request.task == "batch" else asked
    if request.workload != "generation":
        return min(asked, max(1, PASS_TOKENS // request.context_len))
    return asked


def batches_continuously(request: Request, engine: str) -> bool:
    """Whether the generated engine uses transformers' continuous batching."""
    return engine == "transformers" and request.task in ("serve", "batch") and request.workload == "generation"


def typical_request(request: Request) -> tuple[int, int]:
    """Return a typical request's tokens in and out: as given, else 1,024 and 256, or what the context makes likely.

    A short context holds less; a long one implies long prompts.
    """
    if request.prompt_tokens:
        return request.prompt_tokens, request.answer_tokens
    if request.workload != "generation":
        return min(TYPICAL_INPUT, request.context_len), 1
    input_len = min(max(TYPICAL_INPUT, request.context_len // TYPICAL_SHARE), request.context_len * 4 // 5)
    return max(input_len, 1), min(max(input_len // 4, 1), LONGEST_ANSWER)
