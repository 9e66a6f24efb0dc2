"""Bytes of weights, gradients and optimizer states, and the sizes that they follow from."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ..catalogue.training_traits import traits
from ..schema import Model, TrainingSetup
from .weights import WEIGHT_BITS, embedding_params, weight_bytes

# buffers, in parameters
ZERO3_LIVE = 2e9  # stage3_max_live_parameters + stage3_max_reuse_distance, DeepSpeed's defaults of 1e9 each
ZERO_BUCKETS = 1e9  # two buckets of 5e8, allgather and reduce, DeepSpeed's defaults


class Widths(NamedTuple):
    """Widths of one layer's tensors in elements per token, and the parameters that are trained."""

    hidden: int
    query: int
    key: int
    mlp: int  # of all experts that one token touches
    copies: int  # of a token's hidden state that a mixture of experts makes
    gated: bool
    embedding: int  # parameters of the input embedding and, where not tied, the head
    layer_params: float
    adapters: int  # trainable LoRA parameters, all layers


def sequences_of(setup: TrainingSetup) -> int:
    """Return the sequences that one GPU reads in a forward pass: two of a pair."""
    return setup.micro_batch * (2 if setup.objective == "dpo" else 1)


def tokens_of(setup: TrainingSetup) -> int:
    """Return the tokens of a forward pass on one GPU, padding included."""
    return sequences_of(setup) * setup.seq_len


def widths(setup: TrainingSetup) -> Widths:
    return _widths(setup.model, setup.method, setup.lora_rank, setup.lora_targets)


@lru_cache(maxsize=64)  # a plan has few methods, and asks for each some hundred times
def _widths(model: Model, method: str, lora_rank: int, lora_targets: str) -> Widths:
    query = model.heads * model.head_dim
    key = query if model.attention == "mla" else model.kv_heads * model.head_dim
    if model.experts:
        copies = model.experts_per_token
        mlp = (copies + model.shared_experts) * model.moe_intermediate
    else:
        copies, mlp = 0, model.intermediate
    embedding = min(embedding_params(model), model.params)
    layer = (model.params - embedding) / model.layers
    adapters = 0 if method == "full" else lora_params(model, lora_rank, lora_targets)
    return Widths(model.hidden, query, key, mlp, copies, mlp_matrices(model) > 2, embedding, layer, adapters)


def mlp_matrices(model: Model) -> int:
    """Return 3 with a gate and 2 without one. A dense model whose parameters are too few for a gate has none."""
    if model.mlp_matrices < 3 or model.experts or model.keeps_state or model.attention == "mla":
        return model.mlp_matrices
    attention = 2 * model.hidden * (model.heads + model.kv_heads) * model.head_dim
    mlp = (model.params - embedding_params(model)) / model.layers - attention
    return 3 if mlp > 2.5 * model.hidden * model.intermediate else 2


def lora_params(model: Model, rank: int, targets: str = "all-linear") -> int:
    """Return the trainable parameters of LoRA: rank x (in + out) for every adapted matrix, as PEFT counts them.

    Routed experts are not adapted, whatever the targets: with them the adapters of a 30B-A3B model at rank 16 hold 1e9
    parameters. PEFT's own "all-linear" includes them since 0.21, so code for such a model must name its modules.
    """
    hidden, query, key = model.hidden, model.heads * model.head_dim, model.kv_heads * model.head_dim
    if model.attention == "mla":  # q, kv_a, kv_b and o; DeepSeek's own q is low rank too
        latent = model.kv_lora_rank + model.qk_rope_head_dim
        sides = 2 * (hidden + query) + hidden + latent + (model.kv_lora_rank + 2 * query)
    else:
        sides = 2 * (hidden + query) + 2 * (hidden + key)
    if traits(model).fused_projections:  # q, k and v are one matrix, gate and up another
        joined = hidden + query + 2 * key
        total = joined + (query + hidden if targets != "qv" else 0)
        if targets == "all-linear":
            total += hidden + 2 * model.intermediate + model.intermediate + hidden
        return rank * model.layers * total
    if targets == "qv":
        return rank * model.layers * (2 * hidden + query + key)
    total = model.layers * sides
    if targets == "all-linear":
        dense = model.dense_layers if model.experts else model.layers
        total += dense * mlp_matrices(model) * (hidden + model.intermediate)
        if model.experts:
            width = model.shared_experts * model.moe_intermediate
            total += (model.layers - dense) * model.mlp_matrices * ((hidden + width) if width else 0)
    return rank * total


def element_bytes(setup: TrainingSetup) -> int:
    return 4 if setup.precision == "fp32" else 2


def autocast(setup: TrainingSetup) -> bool:
    """Whether torch.autocast runs over weights of another precision. DeepSpeed and FSDP cast whole parameters."""
    return setup.precision.endswith("-mixed") and setup.sharding == "none"


def states(setup: TrainingSetup, w: Widths) -> tuple[float, float, float, float]:
    """Return bytes of weights, gradients and optimizer states over all GPUs, and of weights in compute precision."""
    model, item = setup.model, element_bytes(setup)
    deepspeed = setup.sharding.startswith("zero")
    tensors = 2 if setup.optimizer == "adamw" else 0
    eight_bit = 2 if setup.optimizer == "adamw_8bit" else 0  # paged states live in unified memory, outside torch
    if setup.method == "full":
        count = model.params
        if deepspeed and item == 2:  # 16-bit weights and gradients, float32 master, moments
            return 2.0 * count, 2.0 * count, (4.0 + 4 * tensors + eight_bit) * count, 2.0 * count
        stored = 4 if setup.precision != "bf16" else 2
        return stored * count, stored * count, (stored * tensors + eight_bit) * count, float(item * count)
    frozen = 4 if item == 4 or (setup.precision == "bf16-mixed" and not deepspeed) else 2
    if setup.method == "qlora":
        embedding, experts, rest = weight_bytes(model, "nf4")
        used = weights = embedding * frozen / 2 + experts + rest
    else:
        weights, used = float(frozen * model.params), float(item * model.params)
    return weights + 4.0 * w.adapters, 4.0 * w.adapters, (4.0 * tensors + eight_bit) * w.adapters, used


def gather_bytes(setup: TrainingSetup, w: Widths, used: float) -> float:
    """Return the bytes of parameters gathered whole on a GPU at once, where they are sharded or on the host."""
    item = 2 if setup.method != "full" else element_bytes(setup)
    head = setup.model.vocab * setup.model.hidden * item
    per_param = WEIGHT_BITS["nf4"] / 8 if setup.method == "qlora" else item
    layer = w.layer_params * per_param
    trained = 1 if setup.method == "full" else 0  # a whole gradient beside the weight until it is scattered
    if setup.sharding == "zero3":
        bucket = 2 * min(setup.model.params, ZERO_BUCKETS / 2) * trained
        return min(used, ZERO3_LIVE * per_param) + head + bucket
    root = w.embedding * item  # FSDP never frees what lies outside the layers: embedding and head
    return min(used * (1 + trained), root + head * trained + layer * (2 + trained))  # this layer and the next
