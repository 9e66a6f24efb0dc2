"""Bytes of model weights by tensor class and weight format."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

from ..schema import GIB, Model

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


def weight_format(model: Model, quantization: str) -> str:
    """Return the format that the weights are held in: the asked one, or that of the published weights."""
    return model.quantization if quantization == "none" else quantization


def expert_params(model: Model) -> int:
    """Return the parameters of all routed experts."""
    one = model.mlp_matrices * model.hidden * model.moe_intermediate
    return (model.layers - model.dense_layers) * model.experts * one


def embedding_params(model: Model) -> int:
    """Return the parameters of the embedding and the head, which no format here quantizes."""
    return model.vocab * model.hidden * (1 if model.tied_embeddings else 2)


@lru_cache(maxsize=256)  # a plan asks for each format some hundred times
def weight_bytes(model: Model, quantization: str) -> tuple[float, float, float]:
    """Return the bytes of embedding and head, of routed experts, and of everything else, over all GPUs."""
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


@lru_cache(maxsize=256)
def weight_gib(model: Model, quantization: str, tensor_parallel: int = 1) -> float:
    """Return the GiB of weights on each GPU.

    Key and value heads are copied where there are fewer of them than GPUs; so is the projection to MLA's latent.
    """
    copied = 0.0
    if model.attention == "mla":
        width = model.kv_lora_rank + model.qk_rope_head_dim
        copied = model.layers * model.hidden * width * (1 - 1 / tensor_parallel)
    elif model.kv_heads < tensor_parallel:
        copied = 2 * model.layers * model.hidden * model.head_dim * (1 - model.kv_heads / tensor_parallel)
    copied *= WEIGHT_BITS[weight_format(model, quantization)] / 8
    return (sum(weight_bytes(model, quantization)) / tensor_parallel + copied) / GIB
