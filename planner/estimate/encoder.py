"""Speed of a model that only reads: one pass over texts, whose answer is a vector or a class."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..schema import InferenceSetup
from .inference_speed import (
    ALLREDUCE_S,
    ATTENTION_FLOPS,
    BANDWIDTH_SHARE,
    EAGER_LAYER_S,
    FUSED_TRAFFIC,
    LAYER_S,
    SEQUENCE_S,
    STEP_S,
    compute_flops,
    prefill_kernel,
    traffic_bytes,
)
from .kv_cache import is_causal
from .vllm_memory import batched_tokens
from .weights import embedding_params, weight_bytes, weight_format

# Encoders. Eager BERT-base takes 5.5 to 6.5 ms for two tokens (optimum-benchmark, 12 layers).
ENCODER_STEP_S = 2e-3  # padding, pooling and copies around a pass of eager layers (prior)
TOKENIZED_PER_S = 1.1e6  # tokens/s of one thread of `tokenizers`: 1.1 million WordPiece, 1.4 BPE on a 2026 server core


def encoder_speed(setup: InferenceSetup) -> tuple[float, float]:
    """Return an encoder's tokens/s at `concurrency` texts of `input_len` a pass, and the seconds of one text alone."""
    length, replicas = max(setup.input_len, 1), setup.gpu_count // setup.tensor_parallel
    texts = max(setup.concurrency / replicas, 1.0)
    pass_s = pass_seconds(setup)
    return replicas * texts * length / pass_s(texts), pass_s(1.0)


def forward_pass_s(setup: InferenceSetup, texts: float) -> float:
    """Return the seconds of one pass over `texts` of `input_len`: arithmetic and traffic, launches, the tokenizer."""
    return pass_seconds(setup)(texts)


def pass_seconds(setup: InferenceSetup) -> Callable[[float], float]:
    """Return the seconds of one pass as a function of its texts."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    length, step_tokens = max(setup.input_len, 1), batched_tokens(setup)
    flops = tp * compute_flops(model, gpu, weight_format(model, setup.quantization))
    bandwidth = gpu.bandwidth * BANDWIDTH_SHARE
    seen = float(model.layers - model.sliding_layers)
    if model.sliding_window:
        seen += model.sliding_layers * min(1.0, 2 * model.sliding_window / length)
    fused = setup.engine == "vllm"
    pairs = 2 if fused and is_causal(model) else 4  # a mask of padding hides from SDPA that half is causal
    attention = pairs * seen * model.heads * model.head_dim * setup.input_len
    token_s = 2 * max(model.params_active - embedding_params(model), model.params_active / 10) / flops
    token_s += attention / (tp * gpu.flops * ATTENTION_FLOPS[prefill_kernel(setup)])
    token_s += traffic_bytes(model) * (FUSED_TRAFFIC if fused else 1.0) / tp / bandwidth
    _embedding, experts, rest = weight_bytes(model, setup.quantization)
    weights_s = (experts + rest) / tp / bandwidth
    launches_s = ENCODER_STEP_S + model.layers * EAGER_LAYER_S
    step_s = weights_s + STEP_S + model.layers * LAYER_S
    if tp > 1:
        step_s += 2 * model.layers * ALLREDUCE_S

    def pass_s(texts: float) -> float:
        tokens = texts * length
        tokenizer_s = tokens / TOKENIZED_PER_S
        if not fused:  # texts are tokenized before the pass
            return max(tokens * token_s + weights_s, launches_s) + tokenizer_s
        steps = math.ceil(tokens / step_tokens)
        return max(tokens * token_s + texts * SEQUENCE_S + steps * step_s, tokenizer_s)

    return pass_s
