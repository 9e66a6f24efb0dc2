"""The constants that serve and batch share: weights, GPU, format, context, concurrency."""

from __future__ import annotations

from ...catalogue.gpus import gpu_string
from ...choose.formats import FULLER, weights_lost
from ...choose.support import overflows_float16
from ...describe.format import about
from ...describe.inference import estimate_of, peak_gib, rate_range, token_kind, units
from ...describe.load import rate_words
from ...describe.names import kernel_name
from ...describe.neighbours import next_cheaper, price_unit, priced
from ...estimate.kv_cache import is_causal
from ...estimate.vllm_memory import batched_tokens
from ...schema import LOCAL, InferencePlan, InferenceSetup
from .common import WEIGHTS, Constant, folder_on_volume, model_reason, revision_reason, secrets

ENGINE_WORDS = {
    ("serve", "vllm", True): "continuous batching behind an OpenAI-compatible API",
    ("serve", "transformers", True): "continuous batching in the model's own code; slower, runs any architecture",
    ("serve", "vllm", False): "its pooling runner reads the texts of many requests together",
    ("serve", "transformers", False): "texts of many requests share one forward pass",
    ("batch", "vllm", True): "continuous batching, without a server",
    ("batch", "transformers", True): "continuous batching in the model's own code; slower, runs any architecture",
    ("batch", "vllm", False): "its pooling runner reads many texts together",
    ("batch", "transformers", False): "texts of like length share one forward pass",
}


def weights(plan: InferencePlan, slug: str) -> list[Constant]:
    setup = plan.chosen.setup
    model = setup.model
    name, revision, _quantize = checkpoint(setup)
    return [
        ("MODEL", name, model_reason(model, published(setup, name), slug)),
        ("REVISION", revision or "main", revision_reason(model, revision)),
        secrets(model),
    ]


def engine(plan: InferencePlan) -> list[Constant]:
    setup = plan.chosen.setup
    gpu = setup.gpu
    return [
        ("GPU", gpu_string(gpu, setup.gpu_count), gpu_reason(plan)),
        ("DTYPE", *dtype(setup)),
        ("QUANTIZATION", setup.quantization, quantization_reason(plan)),
        (
            "QUANTIZE_AT_LOAD",
            checkpoint(setup)[2],
            "format that the engine casts the weights to while loading; empty: none",
        ),
        ("ATTENTION", setup.attention, f"{kernel_name(setup)}; compute capability {gpu.compute_capability}"),
        *vllm_constants(setup),
        ("CONTEXT_LEN", setup.context_len, context_reason(plan)),
        ("CONCURRENCY", setup.concurrency, concurrency_reason(plan)),
        ("MEMORY_FRACTION", setup.memory_fraction, fraction_reason(setup)),
    ]


def vllm_constants(setup: InferenceSetup) -> list[Constant]:
    """Return what only vLLM is told: the format of its cache and the tokens of a step."""
    if setup.engine != "vllm":
        return []
    if setup.kv_dtype == "fp8":
        cache = "half the bytes of a 16-bit cache; loses less quality than 4-bit weights"
    else:
        cache = "auto: as DTYPE; fp8 halves it, on cards and kernels that read it"
    step = setup.max_batched_tokens or batched_tokens(setup)
    return [
        ("KV_CACHE_DTYPE", setup.kv_dtype, cache),
        ("MAX_NUM_BATCHED_TOKENS", step, "tokens of one step; activations, and windows in the cache, grow with it"),
    ]


def engine_name(plan: InferencePlan) -> Constant:
    """Return the engine, whose files the project has."""
    words = ENGINE_WORDS[plan.request.task, plan.chosen.setup.engine, plan.request.workload == "generation"]
    return "ENGINE", plan.chosen.setup.engine, words


def checkpoint(setup: InferenceSetup) -> tuple[str, str, str]:
    """Return (model id, revision, quantization while loading); a published checkpoint goes before a cast."""
    model = setup.model
    name, revision = model.id, model.revision
    if model.source == LOCAL:
        name, revision = f"{WEIGHTS}/{folder_on_volume(model.id)}", "main"
    if setup.quantization in (model.quantization, "none"):
        return name, revision, ""
    for quantization, variant, commit in model.variants:
        if setup.engine == "vllm" and quantization == setup.quantization:
            return variant, commit, ""
    return name, revision, "fp8" if setup.quantization == "fp8" else "bitsandbytes"


def published(setup: InferenceSetup, name: str) -> str:
    """Return the asked model that this is a checkpoint of; "" where it is that model."""
    return "" if name == setup.model.id else f"; the {setup.quantization} checkpoint of {setup.model.id}"


def dtype(setup: InferenceSetup) -> tuple[str, str]:
    """Return the dtype of unquantized numbers, and its reason."""
    model, gpu = setup.model, setup.gpu
    if not gpu.bf16:
        return "float16", f"{gpu.name} has no bfloat16"
    if model.workload != "generation" and model.dtype == "float32" and not overflows_float16(model):
        return "float16", "published in float32, which float16 rounds eight times finer than bfloat16"
    return "bfloat16", "as models are trained"


def context_reason(plan: InferencePlan) -> str:
    if plan.request.workload == "generation":
        return "tokens, prompt and answer together"
    return "tokens of one text"


def fraction_reason(setup: InferenceSetup) -> str:
    if not is_causal(setup.model) or (setup.engine == "transformers" and setup.model.workload != "generation"):
        return "of the card at most; a model that only reads keeps no cache and takes far less"
    if setup.engine == "transformers":
        return "of what the weights leave, for the cache and a step; more is refused at start"
    if setup.memory_fraction == FULLER:
        return "of the card for the engine: with its default, 0.92, nothing that it loads holds the load"
    return "of the card for the engine; what the weights leave becomes KV cache"


def concurrency_reason(plan: InferencePlan) -> str:
    fitting, engine = int(estimate_of(plan.chosen).max_concurrency), plan.chosen.setup.engine
    if plan.request.rate:
        return slots_reason(plan)
    if plan.request.workload == "generation":
        rows = "rows" if plan.request.task == "batch" else "requests"
        if engine == "transformers":  # whose cache is made for so many and no more
            return f"{rows} at once in one container, each with a full context of cache; {fitting} would fit"
        fixed = ", whatever was typed: no row waits for an answer" if plan.request.task == "batch" else ""
        return f"{rows} at once in one container{fixed}; {fitting} of full context fit"
    if engine == "transformers":
        return f"texts in one forward pass; {fitting} of full context would fit"
    return f"texts at once; a step reads {batched_tokens(plan.chosen.setup):,} of their tokens"


def slots_reason(plan: InferencePlan) -> str:
    """Return why a container has so many slots under a rate."""
    estimate = estimate_of(plan.chosen)
    in_flight = about(estimate.requests_in_flight or 0.0)
    one = f"its share of {rate_words(plan.request.rate)} keeps {in_flight} in flight on average"
    return f"{units(plan)} at once in one container: {one}, and more when many arrive together"


def gpu_reason(plan: InferencePlan) -> str:
    estimate, cheaper = estimate_of(plan.chosen), next_cheaper(plan)
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f} GiB used"
    return f"{used}; cheaper {price_unit(plan)}: {priced(plan, cheaper)}" if cheaper else used


def rate_reason(plan: InferencePlan) -> str:
    low, high = (about(rate / plan.chosen.containers) for rate in rate_range(plan.chosen))
    return f"{token_kind(plan)} tokens of one container at CONCURRENCY; {low} to {high} is likely"


def quantization_reason(plan: InferencePlan) -> str:
    setup = plan.chosen.setup
    if setup.quantization == setup.model.quantization:
        return "the weights as published"
    if plan.request.quantization != "auto":
        return "as you asked"
    if not weights_lost(setup):
        return f"a published checkpoint, and {setup.gpu.name} computes in it: as good as 16 bits (arXiv 2411.02355)"
    return f"more bits exceed the budget; {setup.gpu.name} runs it"
