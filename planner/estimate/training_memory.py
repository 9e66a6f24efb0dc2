"""What a training run needs and how fast it goes, term by term: weights, gradients, optimizer, activations, logits.

The model is of what Hugging Face's Trainer, PEFT, bitsandbytes, DeepSpeed and FSDP allocate. Counts of saved bytes per
token come from reading those libraries and are checked against torch's saved tensors in the tests. Every fitted
constant names the measurements it was fitted on; "prior" marks one that no measurement here supports.
"""

from __future__ import annotations

from dataclasses import dataclass

from .gpus import host_price
from .memory import CONTEXT_GIB, WEIGHT_BITS, embedding_params, weight_bytes
from .plan import GIB, Model, TrainingEstimate, TrainingSetup

# bytes of activations
LOSS_BYTES = 12  # backward: float32 log-softmax and two gradients (transformers' ForCausalLMLoss, counted on a CPU)
# per token and hidden unit: Liger's chunk of logits, its float32 copy and the input's gradient; TRL's own fused head
# keeps as much: the labelled part of the input, its float32 gradient and the cast of that (TRL 1.16, chunked_logprob)
FUSED_LOSS_BYTES = 8

# buffers, in parameters
ZERO3_LIVE = 2e9  # stage3_max_live_parameters + stage3_max_reuse_distance, DeepSpeed's defaults of 1e9 each
ZERO_BUCKETS = 1e9  # two buckets of 5e8, allgather and reduce, DeepSpeed's defaults
HOST_BUFFER = 1.5  # pinned buffers on top of the states, factor of DeepSpeed's own memory estimator

DRIVER_GIB = 0.3  # gone from the visible memory before anything starts: 0.2 to 0.6 in start-up logs
TRAINING_NCCL_GIB = 0.5  # communicators of one group, outside torch's allocator: 0.5 to 1.5 in logs, the least of it
RESERVED_SHARE = 1.03  # reserved over allocated, torch's caching allocator (prior)

# speed
# Of the dense peak in large matrix products, by compute capability: A100, H100 and H200, B200. Fitted on the tables of
# LLM-Foundry, VectorLM, torchtitan, stas00 and Qwen; with any one model family left out 0.70 to 0.78, 0.58 to 0.68 and
# 0.66 to 0.70.
GEMM_SHARE = {8: 0.76, 9: 0.64, 10: 0.66}
GEMM_SHARE_PCIE = 0.55  # power limits the clock of cards without NVLink (prior; one L40S run agrees, see the tests)
ATTENTION_SHARE = {8: 0.65, 9: 0.55}  # of GEMM_SHARE, FlashAttention 2 by compute capability (its paper)
ATTENTION_SHARE_TUNED = 0.9  # FlashAttention 3 on Hopper, any kernel on Blackwell (stas00's H200 and B200 runs)
# PyTorch's attention under a mask, of its causal rate: it computes every pair, by the memory-efficient kernel (prior).
MASKED_SHARE = 0.25
MASK_BYTES = 3  # of a pair of tokens: a boolean, and the 16-bit bias that is made of it
MOE_SHARE = 0.4  # of a dense model's rate (Megatron-Bridge: gpt-oss-120b 16% of the peak where dense models reach 40%)
ELEMENTWISE_PASSES = 9.0  # over the bytes a layer saves, forward and backward (the same tables; 6 to 10)
LAYER_LAUNCH_S = 2.5e-3  # of one layer run eagerly, there, again and back (Qwen-14B LoRA at 256 tokens; 2.5 to 3.5)
UPDATE_PASSES = 3.0  # over weights, gradients and states: read, write, and once more to clip
DEQUANTIZE_SHARE = 0.20  # of the bandwidth that unpacking NF4 reaches (litgpt: 13B, 0.19 s longer per iteration)
LINK_SHARE = 0.38  # of a link's two-way datasheet rate that one collective moves (NCCL bus bandwidth, prior)
EXPOSED = 0.5  # of the communication, not hidden behind computing (the same tables; 0.3 to 0.5)
NODE_BYTES_S = 300e9  # bus bandwidth between nodes, RDMA (prior)
HOST_LINK_BYTES_S = 25e9  # one GPU to pinned host memory (prior)
HOST_ADAM_BYTES = 28  # per parameter: reads gradient, weight and two moments, writes weights and moments
HOST_ADAM_BYTES_S = 150e9  # what a CPU's Adam moves, all GPUs of a node together (prior)
TRAIN_CORES, TRAIN_GIB = 2.0, 8.0  # for each GPU: the training process and its data loader (prior)
SPEED_RANGE = 1.35  # holds 94% of what was measured of dense models on NVLink cards
SPEED_RANGE_PRIOR = 2.0  # for the rest, of which too little was measured (prior); Llama-4-Scout ran 2.4 to 4.4 slower


@dataclass(frozen=True, slots=True)
class _Widths:
    """Widths of one layer's tensors in elements per token, and what is trained."""

    hidden: int
    query: int
    key: int
    mlp: int  # of all experts that one token touches
    copies: int  # of a token's hidden state that a mixture of experts makes
    gated: bool
    embedding: int  # parameters of the input embedding and, where not tied, the head
    layer_params: float
    adapters: int  # trainable LoRA parameters, all layers


def _widths(setup: TrainingSetup) -> _Widths:
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
    return _Widths(model.hidden, query, key, mlp, copies, _mlp_matrices(model) > 2, embedding, layer, adapters)


def _mlp_matrices(model: Model) -> int:
    """3 with a gate, 2 without; where a dense model's parameters are too few for the gate, it has none."""
    if model.mlp_matrices < 3 or model.experts or model.linear_layers or model.attention == "mla":
        return model.mlp_matrices
    attention = 2 * model.hidden * (model.heads + model.kv_heads) * model.head_dim
    mlp = (model.params - embedding_params(model)) / model.layers - attention
    return 3 if mlp > 2.5 * model.hidden * model.intermediate else 2


def lora_params(model: Model, rank: int, targets: str = "all-linear") -> int:
    """Trainable parameters of LoRA: rank x (in + out) for every adapted matrix, as PEFT counts them.

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


def _element_bytes(setup: TrainingSetup) -> int:
    return 4 if setup.precision == "fp32" else 2


def _autocast(setup: TrainingSetup) -> bool:
    """torch.autocast over weights of another precision. DeepSpeed and FSDP cast whole parameters instead."""
    return setup.precision.endswith("-mixed") and setup.sharding == "none"


def saved_bytes(setup: TrainingSetup) -> float:
    """Bytes that autograd keeps of one decoder layer for one token, nothing recomputed.

    Counted on transformers' Llama: two norms that compute in float32, inputs of the linear layers whose weights get a
    gradient (bitsandbytes keeps them for frozen 4-bit weights too), q, k, v and the output of attention, and the
    factors of the gated product. Each adapter keeps its own copy of its input.
    """
    model, w, item = setup.model, _widths(setup), _element_bytes(setup)
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


def _states(setup: TrainingSetup, w: _Widths) -> tuple[float, float, float, float]:
    """Bytes of weights, gradients, optimizer states, over all GPUs, and of weights as they are used."""
    model, item = setup.model, _element_bytes(setup)
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


def _gather_bytes(setup: TrainingSetup, w: _Widths, used: float) -> float:
    """Bytes of parameters gathered whole on a GPU at once, where they are sharded or on the host."""
    item = 2 if setup.method != "full" else _element_bytes(setup)
    head = setup.model.vocab * setup.model.hidden * item
    per_param = WEIGHT_BITS["nf4"] / 8 if setup.method == "qlora" else item
    layer = w.layer_params * per_param
    trained = 1 if setup.method == "full" else 0  # a whole gradient beside the weight until it is scattered
    if setup.sharding == "zero3":
        bucket = 2 * min(setup.model.params, ZERO_BUCKETS / 2) * trained
        return min(used, ZERO3_LIVE * per_param) + head + bucket
    root = w.embedding * item  # FSDP never frees what lies outside the layers: embedding and head
    return min(used * (1 + trained), root + head * trained + layer * (2 + trained))  # this layer and the next


@dataclass(frozen=True, slots=True)
class _Memory:
    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    host: float


def _memory(setup: TrainingSetup) -> _Memory:
    """Bytes per GPU that torch allocates at the peak, and bytes of main memory per node."""
    model, w, item = setup.model, _widths(setup), _element_bytes(setup)
    world = setup.gpu_count * setup.nodes
    weights, gradients, optimizer, used = _states(setup, w)
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
    return _Memory(weights, gradients, optimizer, activations, logits + item * head_grad, host)


@dataclass(frozen=True, slots=True)
class _Speed:
    tokens_per_s: float
    mfu: float


def _speed(setup: TrainingSetup) -> _Speed:
    """Tokens/s over all GPUs: the sum of what one micro-batch spends on each kind of work."""
    model, gpu, w, item = setup.model, setup.gpu, _widths(setup), _element_bytes(setup)
    world, tokens = setup.gpu_count * setup.nodes, setup.micro_batch * setup.seq_len
    peak = gpu.flops * (0.5 if item == 4 else 1.0)  # TF32
    passes = 3 if setup.method == "full" else 2
    again = 1 if setup.gradient_checkpointing else 0
    weights = max(0, model.params_active - (0 if model.tied_embeddings else w.embedding // 2))
    matrices = 2 * weights * tokens
    adapters = 6 * w.adapters * tokens
    window = min(setup.seq_len, model.sliding_window or setup.seq_len)
    seen = setup.seq_len * (model.layers - model.sliding_layers) + window * model.sliding_layers
    attention = 2 * w.query * seen * tokens  # one forward pass, causal
    capability = int(gpu.compute_capability)
    share = GEMM_SHARE.get(capability, GEMM_SHARE_PCIE) if gpu.nvlink else GEMM_SHARE_PCIE
    kernel = ATTENTION_SHARE.get(capability, ATTENTION_SHARE_TUNED)
    if setup.attention == "flash_attention_3":
        kernel = ATTENTION_SHARE_TUNED
    if setup.attention == "eager":
        kernel = 0.1  # scores go through memory (prior)
    gemm_s = ((passes + again) * matrices + adapters) / (peak * share * (MOE_SHARE if model.experts else 1))
    read_s = (passes + again) * item * (model.params - w.embedding // 2) / gpu.bandwidth  # weights at small batches
    scored = attention
    if setup.packed:  # TRL lays the sequences of a micro-batch end to end, in one row
        scored = 2 * w.query * tokens * model.layers * tokens / MASKED_SHARE
    attention_s = (3.5 + again) * scored / (peak * share * kernel)
    elementwise_s = ELEMENTWISE_PASSES * (1 + again / 3) * saved_bytes(setup) * tokens * model.layers / gpu.bandwidth
    if setup.logits == "full" and model.workload == "generation":
        elementwise_s += 2 * LOSS_BYTES * tokens * model.vocab / gpu.bandwidth
    launch_s = LAYER_LAUNCH_S * model.layers * (3 + again) / 4
    unpack_s = 0.0
    if setup.method == "qlora":  # read 4 bits, write 16, in every pass
        unpack_s = (2 + again) * 2.5 * (model.params - w.embedding) / (gpu.bandwidth * DEQUANTIZE_SHARE)
    step = max(gemm_s, read_s) + attention_s + elementwise_s + launch_s + unpack_s
    step += _communication_s(setup, w) * EXPOSED + (
        _update_s(setup, w) if setup.offload == "none" else _offload_s(setup, w)
    )
    useful = passes * matrices + adapters + 3 * attention
    return _Speed(world * tokens / step, useful / (step * gpu.flops))


def communication_share(setup: TrainingSetup) -> float:
    """Of a step's time, what waits for collectives."""
    tokens = setup.micro_batch * setup.seq_len * setup.gpu_count * setup.nodes
    return _communication_s(setup, _widths(setup)) * EXPOSED * _speed(setup).tokens_per_s / tokens


def _communication_s(setup: TrainingSetup, w: _Widths) -> float:
    """Seconds of collectives per micro-batch."""
    world = setup.gpu_count * setup.nodes
    if world == 1:
        return 0.0
    rate = setup.gpu.link * LINK_SHARE if setup.gpu_count > 1 else NODE_BYTES_S
    if setup.nodes > 1:
        rate = min(rate, NODE_BYTES_S)
    *_, used = _states(setup, w)
    trainable = 2.0 * (setup.model.params if setup.method == "full" else w.adapters)
    moved = 2 * used + trainable if setup.sharding in ("zero3", "fsdp") else 2 * trainable
    return moved * (world - 1) / world / rate


def _update_s(setup: TrainingSetup, w: _Widths) -> float:
    """Seconds of clipping and the optimizer, as if after every micro-batch."""
    _, gradients, optimizer, used = _states(setup, w)
    states = gradients + optimizer + (used if setup.method == "full" else gradients)
    shards = 1 if setup.sharding == "none" else setup.gpu_count * setup.nodes
    return UPDATE_PASSES * states / shards / setup.gpu.bandwidth


def _offload_s(setup: TrainingSetup, w: _Widths) -> float:
    """Seconds that offloaded states add to a step: over the host link, and in the CPU's Adam."""
    *_, used = _states(setup, w)
    trainable = setup.model.params if setup.method == "full" else w.adapters
    world = setup.gpu_count * setup.nodes
    moved = 4.0 * trainable + (2 * used if setup.offload == "all" else 0)  # gradients down, weights up
    return moved / world / HOST_LINK_BYTES_S + HOST_ADAM_BYTES * trainable / setup.nodes / HOST_ADAM_BYTES_S


def _impossible(setup: TrainingSetup) -> str:
    """Why that card cannot run it whatever the memory; "" where it can."""
    gpu = setup.gpu
    if not gpu.bf16 and setup.precision.startswith("bf16"):
        return f"{gpu.name} has no bf16; take fp16-mixed, or a card of the Ampere generation or newer"
    if setup.attention.startswith("flash") and gpu.compute_capability < (9 if setup.attention.endswith("3") else 8):
        return f"{gpu.name} does not run {setup.attention}; take {gpu.attention[-1]}"
    return ""


def estimate_training(setup: TrainingSetup) -> TrainingEstimate:
    """What that run needs in GiB per GPU, in USD, and its tokens/s over all GPUs. Pure; no error for what does not fit.

    `peak_gib` is the sum of weights, gradients, optimizer, activations and logits: what torch has reserved at the
    peak. `weights_gib` counts parameters gathered from shards, `activations_gib` the allocator's unused rest.
    """
    memory, gpu = _memory(setup), setup.gpu
    usable = gpu.visible_gib
    distributed = setup.gpu_count * setup.nodes > 1 or setup.sharding != "none"
    overhead = DRIVER_GIB + CONTEXT_GIB + (TRAINING_NCCL_GIB if distributed else 0.0)
    parts = (memory.weights, memory.gradients, memory.optimizer, memory.activations, memory.logits)
    allocated = sum(parts) / GIB
    peak = allocated * RESERVED_SHARE
    why = refused = _impossible(setup)
    if not why and peak + overhead > usable:
        why = (
            f"{peak + overhead:.1f} GiB needed on each {gpu.name}, {usable:.1f} there: "
            f"{peak + overhead - usable:.1f} GiB short"
        )
    usd_per_hour = gpu.usd_per_hour * setup.gpu_count * setup.nodes
    speed = None if refused else _speed(setup)  # a setup that is only too large would run that fast on a larger card
    rate = speed.tokens_per_s if speed else None
    measured = gpu.nvlink and not setup.model.experts
    spread = SPEED_RANGE if measured else SPEED_RANGE_PRIOR
    host = memory.host / GIB
    return TrainingEstimate(
        usable_gib=usable,
        weights_gib=memory.weights / GIB,
        gradients_gib=memory.gradients / GIB,
        optimizer_gib=memory.optimizer / GIB,
        activations_gib=memory.activations / GIB + peak - allocated,
        logits_gib=memory.logits / GIB,
        overhead_gib=overhead,
        peak_gib=peak,
        host_gib=host,
        fits=not why,
        why=why,
        tokens_per_s=rate,
        tokens_per_s_low=rate and rate / spread,
        tokens_per_s_high=rate and rate * spread,
        mfu=speed.mfu if speed else None,
        usd_per_hour=usd_per_hour,
        host_usd_per_hour=host_price(setup.gpu_count * TRAIN_CORES, setup.gpu_count * TRAIN_GIB + host) * setup.nodes,
        usd_per_million_tokens=rate and usd_per_hour / (rate * 3600) * 1e6,
        assumed=setup.model.assumed,
        prior=("host_usd_per_hour",) if measured else ("host_usd_per_hour", "tokens_per_s", "mfu"),
    )
