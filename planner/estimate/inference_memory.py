"""GiB per GPU that inference needs: weights by tensor class, KV cache, activations, overheads.

The accounting is vLLM's own: cache = fraction x visible memory - weights - activations - outside torch - CUDA graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, lcm

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
MXFP4_TILE = 256  # expert widths are padded to this: 13.47 GiB logged for gpt-oss-20b, 12.8 unpadded
LARGE_CARD_GIB = 70  # from here vLLM schedules larger batches, the A100 excepted (vLLM 0.32, arg_utils)
HUGE_CARD_GIB = 149  # 160 GB
STARTUP_SHARE = 0.99  # of the card is free before an engine starts: 78.57 of 79.18 GiB, 21.84 of 22.03 (logs)
SAMPLER_BYTES = 15.5  # per sequence and vocabulary entry since vLLM 0.17: 16-bit and float32 logits, softmax, noise
SORTING_SAMPLER_BYTES = 38.6  # before: sorted copies too (1.40 GiB at 256 x 151,936; 7.38 at 1024 x 201,088)
ANY_SAMPLER_BYTES = 24.0  # version unknown: between the two (prior)
GRAPH_GIB_PER_LAYER = 0.013  # CUDA graphs: 0.39 GiB at 24 layers, 0.54 at 36, 0.24 at 32 (logs)
NON_TORCH_GIB = 0.1  # outside the allocator on one GPU: 0.03 to 0.16 (logs)
NCCL_GIB_PER_GPU = 0.25  # of a tensor-parallel group: 0.25 and 0.55 GiB logged for 2, 2.1 to 2.5 for 8
CONTEXT_GIB = 0.5  # CUDA context, invisible to the allocator: 0.47 lazily loaded, to 0.92
WORKSPACE_GIB = 0.04  # cuBLAS: 37 to 47 MiB above weights and cache in Qwen3's tables
STATE_COPIES = 2  # of a linear layer's state: the running one and the prefix cache's (vLLM 0.32, Qwen3.5-4B log)
BATCHES_IN_FLIGHT = 2  # asynchronous scheduling keeps the window of two steps (vLLM 0.32)
PAGE_TOKENS = 256  # of transformers' paged cache, of which a request takes whole pages
STEP_TOKENS = 2048  # that the generated engine lets transformers' continuous batching read in one step
LOGIT_BYTES = 28  # per sequence and vocabulary entry there: 16-bit, float32, softmax, and a sort with its indices
# Decoders whose attention was made to look both ways; others with grouped heads are causal and keep a cache.
BIDIRECTIONAL = ("embeddinggemma", "gte-qwen", "nv-embed", "llm2vec", "gritlm")
_CURRENT = (0, 32)  # the vLLM version that generated projects pin


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


def expert_params(model: Model) -> int:
    """Parameters of all routed experts."""
    one = model.mlp_matrices * model.hidden * model.moe_intermediate
    return (model.layers - model.dense_layers) * model.experts * one


def embedding_params(model: Model) -> int:
    """Parameters of the embedding and the head, which no format here quantizes."""
    return model.vocab * model.hidden * (1 if model.tied_embeddings else 2)


def weight_bytes(model: Model, quantization: str) -> tuple[float, float, float]:
    """Bytes of embedding and head, of routed experts, and of everything else, over all GPUs."""
    form = weight_format(model, quantization)
    bits = WEIGHT_BITS[form]
    embedding = min(embedding_params(model), model.params)
    experts = min(expert_params(model), model.params - embedding)
    rest = model.params - embedding - experts
    if not experts:
        return embedding * 2.0, 0.0, rest * bits / 8
    if form == "mxfp4":  # of the experts only; attention stays 16-bit
        padded = ceil(model.moe_intermediate / MXFP4_TILE) * MXFP4_TILE / model.moe_intermediate
        return embedding * 2.0, experts * padded * bits / 8, rest * 2.0
    if form == model.quantization == "int4":  # trained so (Kimi-K2): experts only, in groups of 32
        return embedding * 2.0, experts * 4.5 / 8, rest * 2.0
    router = min((model.layers - model.dense_layers) * model.experts * model.hidden, rest)
    return embedding * 2.0, experts * bits / 8, (rest - router) * bits / 8 + router * 2.0


def weight_gib(model: Model, quantization: str, tensor_parallel: int = 1) -> float:
    """GiB of weights on each GPU. Key and value heads are copied where there are fewer of them than GPUs.

    So is the projection to MLA's latent.
    """
    copied = 0.0
    if model.attention == "mla":
        width = model.kv_lora_rank + model.qk_rope_head_dim
        copied = model.layers * model.hidden * width * (1 - 1 / tensor_parallel)
    elif model.kv_heads < tensor_parallel:
        copied = 2 * model.layers * model.hidden * model.head_dim * (1 - model.kv_heads / tensor_parallel)
    copied *= WEIGHT_BITS[weight_format(model, quantization)] / 8
    return (sum(weight_bytes(model, quantization)) / tensor_parallel + copied) / GIB


def kv_bytes_per_token(model: Model, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Bytes per token on each GPU while it is within every layer's window. An MLA cache is copied to every GPU."""
    return float((model.layers - model.linear_layers) * _kv_layer_bytes(model, kv_dtype, tensor_parallel))


def _kv_layer_bytes(model: Model, kv_dtype: str, tensor_parallel: int) -> int:
    size = 1 if kv_dtype == "fp8" else 2
    if model.attention == "mla":
        return (model.kv_lora_rank + model.qk_rope_head_dim) * size
    return 2 * ceil(model.kv_heads / tensor_parallel) * model.head_dim * size


def kv_gib(model: Model, tokens: int, sequences: float = 1, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """GiB that `sequences` of `tokens` each hold on each GPU: full layers, windows, constant states."""
    full = model.layers - model.linear_layers - model.sliding_layers
    kept = min(tokens, model.sliding_window) if model.sliding_window else tokens
    held = (full * tokens + model.sliding_layers * kept) * _kv_layer_bytes(model, kv_dtype, tensor_parallel)
    return sequences * (held + model.state_bytes / tensor_parallel) / GIB


def _vllm_request_gib(setup: InferenceSetup, chunk: int) -> float:
    """GiB of cache that vLLM sets aside for one request of context_len, whole groups of layers at a time."""
    model, tokens, tp = setup.model, setup.context_len, setup.tensor_parallel
    full = model.layers - model.linear_layers - model.sliding_layers
    sliding = model.sliding_layers
    if full and sliding:  # layers of one kind are padded to a multiple of the smaller kind (gemma-3-27b: 62 to 70)
        small, large = sorted((full, sliding))
        group = large if large < 1.5 * small else small
        full, sliding = ceil(full / group) * group, ceil(sliding / group) * group
    kept = min(tokens, model.sliding_window - 1 + chunk) if model.sliding_window else tokens
    held = (full * tokens + sliding * kept) * _kv_layer_bytes(model, setup.kv_dtype, tp)
    return (held + STATE_COPIES * model.state_bytes / tp) / GIB


def batched_tokens(setup: InferenceSetup) -> int:
    """Tokens that vLLM's server computes in one step: as asked, else its default for the card."""
    if setup.max_batched_tokens:
        return setup.max_batched_tokens
    return 16384 if setup.gpu.visible_gib >= HUGE_CARD_GIB else 8192 if _is_large(setup.gpu) else 2048


def max_sequences(gpu: Gpu) -> int:
    """Requests that vLLM runs at once by default."""
    return 1024 if _is_large(gpu) else 256


def _is_large(gpu: Gpu) -> bool:
    return gpu.visible_gib >= LARGE_CARD_GIB and not gpu.name.startswith("A100")


def _widest_bytes_per_token(model: Model, tensor_parallel: int) -> float:
    """Bytes alive while one token passes the widest part of a layer: the residual, its copies, gate, up, product."""
    active = model.experts_per_token + model.shared_experts
    width = max(model.moe_intermediate * active, model.intermediate)
    return 2 * (3 * model.hidden + model.mlp_matrices * width / tensor_parallel)


def _nccl_gib(setup: InferenceSetup, tensor_parallel: int) -> float:
    """GiB of buffers towards the other GPUs, of which it takes as many as the group has.

    No more than what splitting a small model further saves, so that GPUs it does not need seem to cost no memory.
    """
    if tensor_parallel == 1:
        return 0.0
    weights = weight_gib(setup.model, setup.quantization, tensor_parallel)
    half = tensor_parallel // 2
    with_half = weight_gib(setup.model, setup.quantization, half) + _nccl_gib(setup, half)
    return min(NCCL_GIB_PER_GPU * tensor_parallel, with_half - weights)


def inference_memory(setup: InferenceSetup, engine_version: str = "") -> InferenceMemory:
    """What the setup needs on each GPU, whether it runs there, and for how many requests.

    `engine_version` ("0.19.0") matters for vLLM only, whose start-up accounting changed over time; "" is the current.
    """
    if setup.engine == "vllm":
        return _vllm_memory(setup, engine_version)
    if setup.model.workload != "generation":
        return _one_pass_memory(setup)
    return _batching_memory(setup) if setup.max_batched_tokens else _generate_memory(setup)


def is_causal(model: Model) -> bool:
    """Whether each token sees only those before it, so that an engine may keep what it computed of them.

    Encoders see both ways. The catalogue tells them by their heads: none of BERT's kind groups them, decoders do.
    """
    if model.workload == "generation":
        return True
    return model.kv_heads < model.heads and not any(name in model.id.lower() for name in BIDIRECTIONAL)


def _version(text: str) -> tuple[int, ...]:
    """(0, 19) of "v0.19.0"; a bare "V0" names the engine of 0.7 and before, what has no number is the current one."""
    numbers = text.lower().lstrip("v").split(" ")[0].split(".")[:2]
    found = tuple(int(number) for number in numbers if number.isdigit())
    return (0, 7) if found == (0,) else found or _CURRENT


def _vllm_memory(setup: InferenceSetup, engine_version: str) -> InferenceMemory:
    """vLLM's sum at start-up. When it changed is a prior, but for 0.21 (its own log line) and 0.32 (its source)."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    version = _version(engine_version)
    weights = weight_gib(model, setup.quantization, tp)
    tokens = batched_tokens(setup)
    per_logit = ANY_SAMPLER_BYTES
    if engine_version:
        per_logit = SAMPLER_BYTES if version >= (0, 17) else SORTING_SAMPLER_BYTES
    sequences = max_sequences(gpu) if version >= (0, 9) else 256
    writes = model.workload == "generation"  # what only reads has no logits to sample from
    sampler = per_logit * sequences * model.vocab if writes else 0.0
    activation = max(_widest_bytes_per_token(model, tp) * tokens, sampler) / GIB
    if version < (0, 6):  # counted all that the allocator had ever reserved, not the peak (factor: one log)
        activation *= 4
    graphs = GRAPH_GIB_PER_LAYER * model.layers if version >= (0, 21) else 0.0  # before, outside the budget
    overhead = NON_TORCH_GIB + _nccl_gib(setup, tp) + graphs
    budget = setup.memory_fraction * gpu.visible_gib
    cache = budget - weights - activation - overhead
    if not is_causal(model) and cache > 0:
        return InferenceMemory(
            gpu.visible_gib, weights, activation, overhead, 0.0, 0.0, 0,
            float(sequences * (setup.gpu_count // tp)), True, "",
        )  # fmt: skip
    chunk = tokens * BATCHES_IN_FLIGHT if version >= (0, 20) else tokens
    request = _vllm_request_gib(setup, chunk)
    concurrent = max(cache, 0.0) / request if request else float(sequences)
    cached = concurrent * setup.context_len
    if version < (0, 12):  # printed as if every layer saw everything
        cached = max(cache, 0.0) * GIB / kv_bytes_per_token(model, setup.kv_dtype, tp)
    why = ""
    if cache <= 0:
        need = budget - cache
        why = (
            f"weights ({weights:.1f}), activations ({activation:.1f}) and overhead ({overhead:.1f}) need {need:.1f} "
            f"of the {budget:.1f} GiB that vLLM may use of one {gpu.name}: {-cache:.1f} GiB short"
        )
    elif setup.memory_fraction > STARTUP_SHARE:
        why = f"one {gpu.name} has less than {budget:.1f} GiB free when vLLM starts; {STARTUP_SHARE} of the card works"
    elif concurrent < 1:
        why = (
            f"one request of {setup.context_len} tokens needs {request:.2f} GiB of KV cache and one {gpu.name} has "
            f"{cache:.2f} GiB left: {request - cache:.2f} GiB short"
        )
    per_token = kv_gib(model, setup.context_len, 1, setup.kv_dtype, tp) * GIB / setup.context_len
    return InferenceMemory(
        gpu.visible_gib, weights, activation, overhead, cache, per_token,
        int(cached), concurrent * (setup.gpu_count // tp), not why, why,
    )  # fmt: skip


def _generate_memory(setup: InferenceSetup) -> InferenceMemory:
    """Plain `generate`: the allocator's peak once the cache is full; what a prefill needs for a moment is overhead."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    sequences = ceil(setup.concurrency * tp / setup.gpu_count)
    activation = WORKSPACE_GIB + 8 * model.vocab * sequences / GIB  # 16-bit and float32 logits of the last token
    activation += _unpacked_gib(setup)
    prompt = min(setup.input_len, setup.context_len)
    prefill = _widest_bytes_per_token(model, tp) * prompt * sequences / GIB
    one = kv_gib(model, setup.context_len, 1, setup.kv_dtype, tp)
    cache = one * sequences
    overhead = CONTEXT_GIB + _nccl_gib(setup, tp) + prefill
    need = weights + activation + overhead + cache
    each = one + (activation - WORKSPACE_GIB + prefill) / sequences
    concurrent = max(gpu.visible_gib - (need - each * sequences), 0.0) / each
    why = _too_much(setup, sequences, weights, need)
    return InferenceMemory(
        gpu.visible_gib, weights, activation, overhead, cache, one * GIB / setup.context_len,
        int(concurrent * setup.context_len), concurrent * (setup.gpu_count // tp), not why, why,
    )  # fmt: skip


def _unpacked_gib(setup: InferenceSetup) -> float:
    """GiB of the matrix that bitsandbytes unpacks, twice (prior)."""
    model = setup.model
    if weight_format(model, setup.quantization) not in ("nf4", "int8"):
        return 0.0
    return 4 * model.hidden * max(model.intermediate, model.moe_intermediate) / setup.tensor_parallel / GIB


def _too_much(setup: InferenceSetup, sequences: int, weights: float, need: float) -> str:
    """The sentence where `need` GiB are more than the card has; "" where they are not."""
    gpu = setup.gpu
    if need <= gpu.visible_gib:
        return ""
    what = "requests" if setup.model.workload == "generation" else "texts"
    return (
        f"{sequences} {what} of {setup.context_len} tokens need {need:.1f} GiB ({weights:.1f} of weights) and "
        f"one {gpu.name} has {gpu.visible_gib:.1f} GiB: {need - gpu.visible_gib:.1f} GiB short"
    )


@dataclass(frozen=True, slots=True)
class _Batching:
    """GiB that transformers' continuous batching (5.23, SDPA) takes beside the weights for some requests."""

    cache_gib: float
    mask_gib: float
    moment_gib: float  # the widest moment of a step
    claimed_gib: float  # what it asks for when it starts, by its own sum

    @property
    def need_gib(self) -> float:
        return self.cache_gib + self.mask_gib + self.moment_gib


def _batching(setup: InferenceSetup, requests: int) -> _Batching:
    """The terms of transformers' PagedAttentionMemoryHandler for a cache of `requests` x context_len tokens.

    SDPA with a mask cannot group heads (`use_gqa_in_sdpa`), so each step gathers one layer's keys and values of all
    that is cached and repeats them for every head. The mask is allocated once, for a step of `max_batched_tokens`
    over the whole cache. Windows do not shrink the cache: it is sized for whole-model blocks.
    """
    model, tp, step = setup.model, setup.tensor_parallel, setup.max_batched_tokens
    heads, kv_heads = ceil(model.heads / tp), ceil(model.kv_heads / tp)
    vector = 2 * model.head_dim  # bytes of one head of one token
    layer = _kv_layer_bytes(model, "auto", tp)
    kinds = [count for count in (model.layers - model.sliding_layers, model.sliding_layers) if count]
    sector_layers = lcm(*kinds)  # a sector divides into blocks of either kind of layer
    blocks = requests * ceil(setup.context_len / PAGE_TOKENS)
    sectors = ceil(blocks * model.layers / sector_layers)
    cache = (sectors + 2) * sector_layers * PAGE_TOKENS * layer  # two sectors take what padding writes
    readable = sectors * sector_layers // min(kinds) * PAGE_TOKENS
    mask = len(kinds) * 2 * step * (readable + step)
    repeated = 2 * heads + (kv_heads if heads > kv_heads else 0)
    gathered = repeated * vector * (requests * setup.context_len + step)
    logits = LOGIT_BYTES * model.vocab * requests
    moment = max(gathered, _widest_bytes_per_token(model, tp) * step, logits)
    width = 2 * model.hidden + vector * (heads + 2 * kv_heads)
    claimed = cache + mask + (2 * heads + kv_heads) * vector * (readable + step) + width * step
    claimed += requests * (2 * model.hidden + 4 * model.vocab) + len(kinds) * 8 * (readable + 2 * step) + 32 * step
    return _Batching(cache / GIB, mask / GIB, moment / GIB, claimed / GIB)


def _batching_memory(setup: InferenceSetup) -> InferenceMemory:
    """Continuous batching: the peak of a step that reads a full cache, and whether the engine agrees to start."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    fixed = WORKSPACE_GIB + _unpacked_gib(setup)
    overhead = CONTEXT_GIB + _nccl_gib(setup, tp)
    allowed = setup.memory_fraction * (gpu.visible_gib - weights)  # as `get_available_memory` has it

    def runs(requests: int) -> bool:
        terms = _batching(setup, requests)
        return weights + fixed + overhead + terms.need_gib <= gpu.visible_gib and terms.claimed_gib <= allowed

    sequences = ceil(setup.concurrency * tp / setup.gpu_count)
    fitting, above = 0, 4 * max_sequences(gpu)
    while above - fitting > 1:
        middle = (fitting + above) // 2
        fitting, above = (middle, above) if runs(middle) else (fitting, middle)
    terms = _batching(setup, sequences)
    need = weights + fixed + overhead + terms.need_gib
    why = _too_much(setup, sequences, weights, need)
    if not why and not runs(sequences):
        why = (
            f"transformers would claim {terms.claimed_gib:.1f} GiB for {sequences} requests of {setup.context_len} "
            f"tokens and takes at most {allowed:.1f} of what one {gpu.name} has left: "
            f"{terms.claimed_gib - allowed:.1f} GiB short"
        )
    return InferenceMemory(
        gpu.visible_gib, weights, fixed + terms.mask_gib + terms.moment_gib, overhead, terms.cache_gib,
        float(model.layers * _kv_layer_bytes(model, "auto", tp)), fitting * setup.context_len,
        float(fitting * (setup.gpu_count // tp)), not why, why,
    )  # fmt: skip


def _one_pass_memory(setup: InferenceSetup) -> InferenceMemory:
    """One forward pass over `concurrency` texts, each padded to context_len: no cache, no logits of a vocabulary.

    SDPA takes its padding mask as a matrix: one byte per pair of tokens, and two more where it is made additive.
    """
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    texts = ceil(setup.concurrency * tp / setup.gpu_count)
    queries, keys = (ceil(heads / tp) * model.head_dim for heads in (model.heads, model.kv_heads))
    repeated = 2 * queries if queries > keys else 0
    attention = 2 * (2 * model.hidden + 2 * queries + 2 * keys + repeated)
    token = max(_widest_bytes_per_token(model, tp), attention)
    one = (token * setup.context_len + 3 * setup.context_len**2) / GIB
    fixed = WORKSPACE_GIB + _unpacked_gib(setup)
    overhead = CONTEXT_GIB + _nccl_gib(setup, tp)
    need = weights + fixed + overhead + one * texts
    fitting = max(gpu.visible_gib - weights - fixed - overhead, 0.0) / one
    why = _too_much(setup, texts, weights, need)
    return InferenceMemory(
        gpu.visible_gib, weights, fixed + one * texts, overhead, 0.0, 0.0, 0,
        fitting * (setup.gpu_count // tp), not why, why,
    )  # fmt: skip
