"""GiB per GPU that inference needs: weights by tensor class, KV cache, activations, overheads.

The accounting is vLLM's own: cache = fraction x visible memory - weights - activations - outside torch - CUDA graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from .plan import GIB, Gpu, InferenceSetup, Model

# Bits per parameter of a quantized matrix, its scales included.
WEIGHT_BITS = {
    "none": 16.0,
    "fp8": 8.0,
    "int8": 8.1,  # per channel 8.0, GPTQ with groups of 128 8.19
    "int4": 4.156,  # AWQ, GPTQ: 4 + (16 + 4) / 128
    "nf4": 4.127,  # bitsandbytes with double quantization (QLoRA, arXiv 2305.14314)
    "mxfp4": 4.25,  # 4 + 8 / 32
    "nvfp4": 4.5,  # 4 + 8 / 16
}
EXPERTS_ONLY = {"mxfp4"}  # gpt-oss: attention and router stay 16-bit
LARGE_CARD_GIB = 70  # from here vLLM schedules larger batches, the A100 excepted
KV_BLOCK = 16  # tokens, vLLM's default page
SAMPLER_BYTES = 15.5  # per sequence and vocabulary entry: float32 logits, probabilities, sorting
GRAPH_GIB_PER_LAYER = 0.013  # CUDA graphs: 0.39 GiB at 24 layers, 0.54 at 36 (start-up logs)
NON_TORCH_GIB = 0.1  # outside the allocator on one GPU: 0.03 to 0.16 (start-up logs)
NCCL_GIB_PER_PEER = 0.27  # each further GPU of a tensor-parallel group: 0.25 to 0.55 at 2, 2.1 at 8
CONTEXT_GIB = 0.6  # CUDA context, invisible to the allocator: 0.47 to 0.92 (A100, H100)


@dataclass(frozen=True, slots=True)
class InferenceMemory:
    """Terms of the sum in GiB per GPU, what cache is left, and whether it runs."""

    usable_gib: float
    weights_gib: float
    activation_gib: float
    overhead_gib: float
    kv_cache_gib: float
    kv_bytes_per_token: float
    kv_tokens: int
    max_concurrency: float
    fits: bool
    why: str


def weight_format(model: Model, quantization: str) -> str:
    """What the weights are held in: the asked format, or that of the published weights."""
    return model.quantization if quantization == "none" else quantization


def expert_params(model: Model) -> float:
    """Parameters of all routed experts."""
    if not model.experts:
        return 0.0
    moe_layers = model.layers - model.dense_layers
    return float(moe_layers * model.experts * model.mlp_matrices * model.hidden * model.moe_intermediate)


def embedding_params(model: Model) -> int:
    """Parameters of the embedding and the head, which no weight format here quantizes."""
    return model.vocab * model.hidden * (1 if model.tied_embeddings else 2)


def weight_bytes(model: Model, quantization: str) -> tuple[float, float, float]:
    """Bytes of embeddings and head, of routed experts, and of everything else, over all GPUs."""
    form = weight_format(model, quantization)
    bits = WEIGHT_BITS[form]
    embedding = min(embedding_params(model), model.params)
    experts = min(expert_params(model), model.params - embedding)
    rest = model.params - embedding - experts
    router = (model.layers - model.dense_layers) * model.experts * model.hidden if model.experts else 0
    rest_bits = 16.0 if form in EXPERTS_ONLY and experts else bits
    if form in EXPERTS_ONLY and experts:
        experts *= ceil(model.moe_intermediate / 256) * 256 / model.moe_intermediate
    router = min(router, rest)
    return embedding * 2.0, experts * bits / 8, (rest - router) * rest_bits / 8 + router * 2.0


def weight_gib(model: Model, quantization: str, tensor_parallel: int) -> float:
    """GiB of weights on each GPU. Key and value heads are replicated where there are fewer of them than GPUs."""
    embedding, experts, rest = weight_bytes(model, quantization)
    total = (embedding + experts + rest) / tensor_parallel
    if model.attention == "full" and model.kv_heads < tensor_parallel:
        kv = 2 * model.layers * model.hidden * model.head_dim
        total += kv * (1 - model.kv_heads / tensor_parallel) * rest / max(model.params - expert_params(model), 1)
    return total / GIB


def kv_bytes_per_token(model: Model, kv_dtype: str, tensor_parallel: int) -> float:
    """Bytes per token on each GPU while it is within every layer's window."""
    size = 1 if kv_dtype == "fp8" else 2
    return (model.layers - model.linear_layers) * _kv_layer_width(model, tensor_parallel) * size


def _kv_layer_width(model: Model, tensor_parallel: int) -> int:
    if model.attention == "mla":
        return model.kv_lora_rank + model.qk_rope_head_dim
    return 2 * ceil(model.kv_heads / tensor_parallel) * model.head_dim


def kv_gib(
    model: Model, tokens: int, sequences: float, kv_dtype: str = "auto", tensor_parallel: int = 1, chunk: int = 1
) -> float:
    """GiB that `sequences` of `tokens` each hold on each GPU; `chunk`: tokens written at once, kept beyond a window."""
    size = 1 if kv_dtype == "fp8" else 2
    full = model.layers - model.linear_layers - model.sliding_layers
    kept = min(tokens, model.sliding_window - 1 + chunk) if model.sliding_window else tokens
    held = (full * tokens + model.sliding_layers * kept) * _kv_layer_width(model, tensor_parallel) * size
    return sequences * (held + model.state_bytes / tensor_parallel) / GIB


def batched_tokens(setup: InferenceSetup) -> int:
    """Tokens vLLM computes in one step, by default 8192 on cards of 70 GiB and more (not A100), else 2048."""
    return setup.max_batched_tokens or (8192 if _is_large(setup.gpu) else 2048)


def max_sequences(gpu: Gpu) -> int:
    """Requests that vLLM runs at once by default."""
    return 1024 if _is_large(gpu) else 256


def _is_large(gpu: Gpu) -> bool:
    return gpu.visible_gib >= LARGE_CARD_GIB and not gpu.name.startswith("A100")


def layer_bytes_per_token(model: Model, tensor_parallel: int = 1) -> float:
    """Bytes alive while one token passes the widest part of a layer: residual, its copy, gate, up and their product."""
    per_token = model.experts_per_token + model.shared_experts
    width = max(model.moe_intermediate * per_token, model.intermediate)
    return 2 * (3 * model.hidden + 3 * width / tensor_parallel)


def inference_memory(setup: InferenceSetup) -> InferenceMemory:
    """What the setup needs on each GPU, whether it runs there, and for how many requests."""
    return _vllm_memory(setup) if setup.engine == "vllm" else _transformers_memory(setup)


def _vllm_memory(setup: InferenceSetup) -> InferenceMemory:
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    tokens = batched_tokens(setup)
    sampler = SAMPLER_BYTES * max_sequences(gpu) * model.vocab
    activation = max(layer_bytes_per_token(model, tp) * tokens, sampler) / GIB
    overhead = NON_TORCH_GIB + NCCL_GIB_PER_PEER * (tp - 1) + GRAPH_GIB_PER_LAYER * model.layers
    budget = setup.memory_fraction * gpu.visible_gib
    cache = budget - weights - activation - overhead
    request = kv_gib(model, setup.context_len, 1, setup.kv_dtype, tp, tokens)
    shown = kv_gib(model, setup.context_len, 1, setup.kv_dtype, tp) * GIB / setup.context_len
    concurrent = max(cache, 0.0) / request if request else 0.0
    replicas = setup.gpu_count // tp
    why = ""
    if cache <= 0:
        short = weights + activation + overhead - budget
        why = (
            f"weights, activations and overhead need {weights + activation + overhead:.1f} GiB of the {budget:.1f} GiB "
            f"that vLLM may use of a {gpu.name}: {short:.1f} GiB short"
        )
    elif concurrent < 1:
        why = (
            f"one request of {setup.context_len} tokens needs {request:.2f} GiB of KV cache and {cache:.2f} GiB are left: "
            f"{request - cache:.2f} GiB short"
        )
    return InferenceMemory(
        gpu.visible_gib, weights, activation, overhead, cache, shown,
        int(concurrent * setup.context_len), concurrent * replicas, not why, why,
    )  # fmt: skip


def _transformers_memory(setup: InferenceSetup) -> InferenceMemory:
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    replicas = setup.gpu_count // tp
    sequences = ceil(setup.concurrency / replicas)
    prompt = min(setup.input_len, setup.context_len)
    activation = sequences * (layer_bytes_per_token(model, tp) * prompt + 4 * model.vocab) / GIB
    one = kv_gib(model, setup.context_len, 1, setup.kv_dtype, tp)
    overhead = CONTEXT_GIB + NCCL_GIB_PER_PEER * (tp - 1)
    need = weights + activation + overhead + one * sequences
    room = gpu.visible_gib - weights - overhead
    each = one + activation / sequences
    concurrent = max(room, 0.0) / each
    why = ""
    if need > gpu.visible_gib:
        why = (
            f"{sequences} requests of {setup.context_len} tokens need {need:.1f} GiB and a {gpu.name} has "
            f"{gpu.visible_gib:.1f} GiB: {need - gpu.visible_gib:.1f} GiB short"
        )
    return InferenceMemory(
        gpu.visible_gib, weights, activation, overhead, one * sequences, one * GIB / setup.context_len,
        int(concurrent * setup.context_len), concurrent * replicas, not why, why,
    )  # fmt: skip
