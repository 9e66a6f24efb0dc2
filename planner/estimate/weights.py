"""Bytes of model weights by tensor class and weight format."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

from ..schema import GIB, Model
from .kv_cache import cache_kinds

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
LEAST_COLUMNS = {"kimi_linear": 256}  # of an expert on each of several GPUs (vLLM 0.32, vllm/models/kimi_k3)
MXFP4_TILE = 256  # expert widths are padded to this: 13.47 GiB logged for gpt-oss-20b, 12.8 unpadded


def weight_format(model: Model, quantization: str) -> str:
    """Return the format that the weights are held in: the asked one, or that of the published weights."""
    return model.quantization if quantization == "none" else quantization


def expert_params(model: Model) -> int:
    """Return the parameters of all routed experts."""
    one = model.mlp_matrices * (model.expert_hidden or model.hidden) * model.moe_intermediate
    return (model.layers - model.dense_layers) * model.experts * one


def router_params(model: Model) -> int:
    """Return the parameters that send tokens to experts: in 16 bits, and on every GPU."""
    return (model.layers - model.dense_layers) * model.experts * model.hidden


def embedding_params(model: Model) -> int:
    """Return the parameters of the embedding and the head, which no format here quantizes."""
    return model.vocab * model.hidden * (1 if model.tied_embeddings else 2)


@lru_cache(maxsize=256)  # a plan reads each format some hundred times
def weight_bytes(model: Model, quantization: str) -> tuple[float, float, float]:
    """Return the bytes of embedding and head, of routed experts, and of everything else, over all GPUs."""
    form = weight_format(model, quantization)
    bits = _format_bits(model, form)
    embedding = min(embedding_params(model), model.params)
    experts = min(expert_params(model), model.params - embedding)
    rest = model.params - embedding - experts
    plain = model.unquantized_params if model.quantization in (form, "none") else 0
    if not experts:
        plain = min(plain, rest)
        return embedding * 2.0, 0.0, (rest - plain) * bits / 8 + plain * 2.0
    if form == "mxfp4":  # of the experts only; attention stays 16-bit
        padded = ceil(model.moe_intermediate / MXFP4_TILE) * MXFP4_TILE / model.moe_intermediate
        return embedding * 2.0, experts * padded * bits / 8, rest * WEIGHT_BITS[model.rest_quantization] / 8
    plain += router_params(model)
    kept = min(max(plain - rest, 0), experts)  # experts of whole layers that the checkpoint leaves in 16 bits
    plain = min(plain, rest)
    return embedding * 2.0, (experts - kept) * bits / 8 + kept * 2.0, (rest - plain) * bits / 8 + plain * 2.0


@lru_cache(maxsize=256)
def weight_gib(model: Model, quantization: str, tensor_parallel: int = 1) -> float:
    """Return the GiB of weights on each GPU."""
    embedding, experts, rest = weight_bytes(model, quantization)
    least = LEAST_COLUMNS.get(model.architecture, 0) * tensor_parallel
    if tensor_parallel > 1 and 0 < model.moe_intermediate < least:
        experts *= least / model.moe_intermediate
    if weight_format(model, quantization) == "int4":
        experts *= _finer_groups(model, tensor_parallel)
    copied = copied_bytes(model, quantization, tensor_parallel)
    return ((embedding + experts + rest) / tensor_parallel + copied) / GIB


def _finer_groups(model: Model, tensor_parallel: int) -> float:
    """Return by how much int4 experts grow where a group does not divide a GPU's columns: vLLM halves it until it does.

    Source: MoeWNA16Method of vLLM 0.32, which keeps no zero points of symmetric weights.
    """
    bits, columns = _format_bits(model, "int4"), model.moe_intermediate // tensor_parallel
    group = own = 1 << (int(20 / (bits - 4)).bit_length() - 1)  # 16 bits of scale and 4 of zero point, or 16
    while columns % group and group > 1:
        group //= 2
    return 1.0 if group == own or not columns else (4 + 16 / group) / bits


@lru_cache(maxsize=256)
def copied_bytes(model: Model, quantization: str, tensor_parallel: int) -> float:
    """Return the bytes that each GPU holds beyond its share, and reads in each step.

    Some weights every GPU holds whole: those that the model names (latents, indices, some vision towers), routers, and
    key and value heads where there are fewer of them than GPUs.
    """
    copied = float(model.replicated_params)
    if not copied and model.attention == "mla":
        copied = float(model.layers * model.hidden * (model.kv_lora_rank + model.qk_rope_head_dim))
    copied = (copied * _rest_bits(model, quantization) / 16 + router_params(model)) * (1 - 1 / tensor_parallel)
    if model.attention != "mla":
        for kind in cache_kinds(model):
            share = max(0.0, 1 - kind.heads / tensor_parallel)
            copied += kind.layers * model.hidden * kind.width * share * _rest_bits(model, quantization) / 16
    return 2 * copied


def _rest_bits(model: Model, quantization: str) -> float:
    """Return the bits of a parameter outside experts and embeddings: 16 where the checkpoint quantizes experts only."""
    form = weight_format(model, quantization)
    plain = model.unquantized_params and model.quantization in (form, "none")
    return 16.0 if form == "mxfp4" or plain else _format_bits(model, form)


def _format_bits(model: Model, form: str) -> float:
    """Return the bits of a quantized parameter: of the checkpoint's own int4, by its groups."""
    return (form == model.quantization == "int4" and model.int4_bits) or WEIGHT_BITS[form]
