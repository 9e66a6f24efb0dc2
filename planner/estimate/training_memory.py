"""GiB per GPU that a training run needs.

Weights, gradients, optimizer, activations and logits, as Hugging Face's Trainer, PEFT, bitsandbytes, DeepSpeed and FSDP
allocate them. Counts of saved bytes per token come from reading those libraries and are checked against torch's saved
tensors in the tests. Every fitted constant names the measurements it was fitted on; "prior" marks one that no
measurement here supports.
"""

from __future__ import annotations

from typing import NamedTuple

from ..schema import Model, TrainingSetup
from .weights import WEIGHT_BITS, embedding_params, weight_bytes

# bytes of activations
LOSS_BYTES = 12  # backward: float32 log-softmax and two gradients (transformers' ForCausalLMLoss, counted on a CPU)
# per token and hidden unit: Liger's chunk of logits, its float32 copy and the input's gradient; TRL's own fused head
# keeps as much: the labelled part of the input, its float32 gradient and the cast of that (TRL 1.16, chunked_logprob)
FUSED_LOSS_BYTES = 8
# buffers, in parameters
ZERO3_LIVE = 2e9  # stage3_max_live_parameters + stage3_max_reuse_distance, DeepSpeed's defaults of 1e9 each
ZERO_BUCKETS = 1e9  # two buckets of 5e8, allgather and reduce, DeepSpeed's defaults
HOST_BUFFER = 1.5  # pinned buffers on top of the states, factor of DeepSpeed's own memory estimator
MASK_BYTES = 3  # of a pair of tokens: a boolean, and the 16-bit bias that is made of it


class TrainingMemory(NamedTuple):
    """Bytes per GPU by term, and of main memory per node."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    host: float


def memory(setup: TrainingSetup) -> TrainingMemory:
    """Return the bytes per GPU that torch allocates at the peak, and the bytes of main memory per node."""
    model, w, item = setup.model, widths(setup), element_bytes(setup)
    world = setup.gpu_count * setup.nodes
    weights, gradients, optimizer, used = states(setup, w)
    sharding, offload = setup.sharding, setup.offload
    host = 0.0
    if setup.optimizer == "paged_adamw_8bit":
        host += 2.0 * (model.params if setup.method == "full" else w.adapters) * setup.gpu_count
    if offload != "none":
        moved = gradients * 2 + optimizer if item == 2 else gradients + optimizer  # gradients in float32
        host += HOST_BUFFER * (moved + (weights if offload == "all" else 0)) / setup.nodes
    split = {"zero1": (1, 1, world), "zero2": (1, world, world)}.get(
        sharding, (world,) * 3 if sharding in ("zero3", "fsdp") else (1, 1, 1)
    )
    weights, gradients, optimizer = weights / split[0], gradients / split[1], optimizer / split[2]
    if offload != "none":
        optimizer = 0.0
        if sharding in ("zero2", "zero3") or offload == "all":
            gradients = 0.0
    if offload == "all":
        weights = 0.0
    if sharding in ("zero3", "fsdp") or offload == "all":
        weights += _gather_bytes(setup, w, used)
    elif sharding in ("zero1", "zero2"):
        trainable = model.params if setup.method == "full" else w.adapters
        gradients += 2 * min(2 * trainable, ZERO_BUCKETS)
    if _autocast(setup) and (setup.method == "full" or setup.precision == "bf16-mixed"):
        copied = w.embedding if setup.method == "qlora" else model.params
        weights += 2.0 * copied  # autocast keeps a 16-bit copy of every weight

    tokens = setup.micro_batch * setup.seq_len
    layer = saved_bytes(setup) * tokens
    logits = FUSED_LOSS_BYTES * tokens * w.hidden if setup.logits == "fused" else LOSS_BYTES * tokens * model.vocab
    if model.workload != "generation":
        logits = 0  # a classifier or an embedding model has no vocabulary to predict
    head_grad = 0  # Liger makes the head's gradient in the forward pass; FSDP's trainers cut the loss up under autograd
    if logits and setup.logits == "fused" and setup.method == "full" and sharding != "fsdp":
        head_grad = model.vocab * w.hidden
        logits += (item + 4) * head_grad  # of one chunk, and its float32 copy
    head = tokens * w.hidden * (4 + 2 * item)  # the final norm and the head's input, gone when the layers' turn comes
    if setup.gradient_checkpointing:
        stored = model.layers * (4 if _autocast(setup) else item) * tokens * w.hidden
        activations = stored + max(head, layer - logits)
    else:
        activations = model.layers * layer + head
    if setup.packed:
        activations += MASK_BYTES * tokens**2
    if setup.method == "qlora":  # one matrix at a time is unpacked to 16 bits, or all experts of a layer
        experts = model.mlp_matrices * model.experts * model.moe_intermediate
        activations += 2 * w.hidden * max(w.query, experts or model.intermediate)
    return TrainingMemory(weights, gradients, optimizer, activations, logits + item * head_grad, host)


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


def widths(setup: TrainingSetup) -> Widths:
    model = setup.model
    query = model.heads * model.head_dim
    key = query if model.attention == "mla" else model.kv_heads * model.head_dim
    if model.experts:
        copies = model.experts_per_token
        mlp = (copies + model.shared_experts) * model.moe_intermediate
    else:
        copies, mlp = 0, model.intermediate
    embedding = min(embedding_params(model), model.params)
    layer = (model.params - embedding) / model.layers
    adapters = 0 if setup.method == "full" else lora_params(model, setup.lora_rank, setup.lora_targets)
    return Widths(model.hidden, query, key, mlp, copies, _mlp_matrices(model) > 2, embedding, layer, adapters)


def _mlp_matrices(model: Model) -> int:
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
    if targets == "qv":
        return rank * model.layers * (2 * hidden + query + key)
    total = model.layers * sides
    if targets == "all-linear":
        dense = model.dense_layers if model.experts else model.layers
        total += dense * _mlp_matrices(model) * (hidden + model.intermediate)
        if model.experts:
            width = model.shared_experts * model.moe_intermediate
            total += (model.layers - dense) * model.mlp_matrices * ((hidden + width) if width else 0)
    return rank * total


def element_bytes(setup: TrainingSetup) -> int:
    return 4 if setup.precision == "fp32" else 2


def _autocast(setup: TrainingSetup) -> bool:
    """Whether torch.autocast runs over weights of another precision. DeepSpeed and FSDP cast whole parameters."""
    return setup.precision.endswith("-mixed") and setup.sharding == "none"


def saved_bytes(setup: TrainingSetup) -> float:
    """Return the bytes that autograd keeps of one decoder layer for one token, nothing recomputed.

    Counted on transformers' Llama: two norms that compute in float32, inputs of the linear layers whose weights get a
    gradient (bitsandbytes keeps them for frozen 4-bit weights too), q, k, v and the output of attention, and the
    factors of the gated product. Each adapter keeps its own copy of its input.
    """
    model, w, item = setup.model, widths(setup), element_bytes(setup)
    full, autocast = setup.method == "full", _autocast(setup)
    wide = 4 if autocast else item  # the residual stream
    norms = 2 * (4 + (wide if full else 0)) * w.hidden  # RMSNorm in plain torch: float32 input, normalized input
    if not w.gated:
        norms = 2 * wide * w.hidden  # GPT-like models call torch's fused LayerNorm, which keeps its input alone
    keeps_inputs = full or setup.method == "qlora"
    casts = 5 if autocast and full else 2  # q, k, v, gate and up each cast their input under autocast
    inputs = casts * item * w.hidden if keeps_inputs else 0
    repeated = setup.attention in ("sdpa", "eager")  # a padded batch repeats k and v to the heads of q
    attention = item * (2 * w.query + 2 * (w.query if repeated else w.key)) + 4 * model.heads
    if setup.attention == "eager":
        attention += (4 + item) * model.heads * setup.seq_len  # softmax in float32, then cast
    product = 1 if keeps_inputs else 0  # the input of the down projection
    mlp = item * w.mlp * ((3 if w.gated else 1) + product)
    if w.copies:
        mlp += item * w.copies * w.hidden * (1 + product) + 8 * model.experts  # experts' inputs and outputs; router
    if setup.method == "qlora" and not setup.gradient_checkpointing:
        # bitsandbytes before 0.43.2 kept inputs outside autograd, those of the last micro-batch too (its issue 1270)
        inputs += item * (2 * w.hidden + w.query + w.mlp)
    adapters = 0.0
    if not full:
        kept = 4 if setup.precision == "fp32" else 3  # Trainer's autocast: a 16-bit copy and the mask of its dropout
        width = {"qv": 2 * w.hidden, "attention": 3 * w.hidden + w.query}.get(setup.lora_targets)
        if width is None:
            dense = w.mlp if not w.copies else model.shared_experts * model.moe_intermediate
            width = 3 * w.hidden + w.query + (dense and dense + (2 if w.gated else 1) * w.hidden)
        adapters = kept * width
    return norms + inputs + attention + mlp + adapters + 8


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


def _gather_bytes(setup: TrainingSetup, w: Widths, used: float) -> float:
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
