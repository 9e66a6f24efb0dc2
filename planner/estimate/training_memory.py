"""Bytes per GPU that a training run needs, as Hugging Face's Trainer, PEFT, TRL, DeepSpeed and FSDP allocate them.

The peak is the largest of four moments of a step, not the sum of everything: the end of the forward pass, the loss's
backward with the whole stack of activations, the layers' backward, and the optimizer. Their bytes were counted on a
trace of the generated code's own step (`benchmarks/oracle/training.py`); a constant that was fitted says on what.
"""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue.training_traits import traits
from ..schema import TrainingSetup
from .training_kept import mask_bytes, saved_bytes
from .training_reserved import UNUSED_SHARE, reserved_full, unused_adapters
from .training_states import ZERO_BUCKETS, Widths, autocast, element_bytes, gather_bytes, states, tokens_of, widths

LOSS_BYTES = 12  # per logit in backward: float32 log-softmax and two gradients (transformers' ForCausalLMLoss)
FORWARD_LOSS_BYTES = 10  # per logit in forward: 16-bit logits, and float32 ones twice
LOSS_TILE_TOKENS, LOSS_TILE_VOCAB = 4096, 32768  # of a fused loss's tile of logits (TRL 1.16, chunked_logprob)
MASK_BYTES = 1  # of a pair of tokens: the boolean mask that the layers share
# Bytes of a token that a layer's backward takes beside what was kept, per element of its widest tensor and of the
# hidden state; adapters and full training. Not counted with shards: the runs that were published had fused kernels
# (Liger, torch.compile), and nothing here measured others.
BACKWARD_WIDTHS = {False: 10, True: 6}  # by whether there is no dropout: in full training, and in DPO
BACKWARD_HIDDEN = {False: 10, True: 12}
HOST_BUFFER = 1.5  # pinned buffers on top of the states, factor of DeepSpeed's own memory estimator
MIB = 2**20


class TrainingMemory(NamedTuple):
    """Bytes per GPU by term at the peak, and of main memory per node."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    unused: float  # reserved by torch's allocator and not allocated
    host: float


class Moment(NamedTuple):
    """Bytes beside weights and optimizer states at one moment of a step."""

    gradients: float
    optimizer: float  # temporaries of the optimizer
    activations: float
    logits: float

    @property
    def total(self) -> float:
        return sum(self)


def memory(setup: TrainingSetup) -> TrainingMemory:
    """Return the bytes per GPU that torch reserves at the peak, and the bytes of main memory per node."""
    w = widths(setup)
    weights, gradients, optimizer, host = held_states(setup, w)
    moments = timeline(setup, w, gradients)
    peak = max(moments, key=lambda moment: moment.total)
    return TrainingMemory(
        weights,
        peak.gradients,
        optimizer + peak.optimizer,
        peak.activations,
        peak.logits,
        unused_bytes(setup, w, moments, weights, optimizer),
        host,
    )


def held_states(setup: TrainingSetup, w: Widths) -> tuple[float, float, float, float]:
    """Return bytes per GPU of weights, of all gradients and of optimizer states, and bytes of main memory per node."""
    model, item = setup.model, element_bytes(setup)
    world = setup.gpu_count * setup.nodes
    weights, gradients, optimizer, used = states(setup, w)
    if setup.objective == "dpo" and setup.method == "full":
        weights *= 2  # the reference, which lies as the trained model does; adapters are switched off instead
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
        weights += gather_bytes(setup, w, used)
    elif sharding in ("zero1", "zero2"):
        trainable = model.params if setup.method == "full" else w.adapters
        gradients += 2 * min(2 * trainable, ZERO_BUCKETS)
    if autocast(setup) and setup.method != "full" and setup.precision == "bf16-mixed":
        copied = w.embedding if setup.method == "qlora" else model.params
        weights += 2.0 * copied  # autocast keeps a 16-bit copy of every frozen weight
    return weights, gradients, optimizer, host


def timeline(setup: TrainingSetup, w: Widths, gradients: float) -> tuple[Moment, ...]:
    """Return the moments at which the peak may lie."""
    model, full = setup.model, setup.method == "full"
    tokens, item = tokens_of(setup), element_bytes(setup)
    cast = autocast(setup) and full  # float32 weights, of which autocast makes 16-bit copies
    stream = 4 if cast else item
    again = setup.gradient_checkpointing
    layer = saved_bytes(setup, w) * tokens
    stack = model.layers * (stream * w.hidden * tokens if again else layer)
    if mask_bytes(setup):
        stack += MASK_BYTES * tokens * (tokens if setup.packed else setup.seq_len)
    copies = 2.0 * w.layer_params if cast else 0.0  # of a layer's weights
    kept_copies = 0.0 if again else model.layers * copies
    earlier = 0.0 if setup.accumulation == 1 else gradients  # of the micro-batches before

    # the head: final norm, loss and logits
    head_gradient, forward_head, backward_head, forward_logits, backward_logits = _head(setup, w, tokens, cast)
    cached = model.layers * copies if again else 0.0  # until autocast ends, with the forward pass
    forward = Moment(earlier, 0.0, stack + kept_copies + cached + forward_head, forward_logits)
    loss = Moment(earlier + head_gradient, 0.0, stack + kept_copies + backward_head, backward_logits)

    # the layers, from the last to the first
    whole = setup.sharding == "none" and full
    passing = 0.0  # of a layer's own temporaries
    if setup.sharding == "none":
        wide = BACKWARD_WIDTHS[full or setup.objective == "dpo"]
        passing = wide * tokens * max(w.mlp, w.query) + BACKWARD_HIDDEN[full] * tokens * w.hidden
        passing *= item / 2
    if whole:
        passing += (item + stream) * max(w.mlp, w.query) * w.hidden  # the gradient of one matrix, and its cast
    if setup.method == "qlora":  # one matrix at a time is unpacked to 16 bits, or all experts of a layer
        experts = model.mlp_matrices * model.experts * model.moe_intermediate
        passing += 2 * w.hidden * max(w.query, experts or model.intermediate)
    one = (layer + copies if again else 0.0) + passing
    matrix = float((4 if cast else item) * model.vocab * w.hidden) if whole else 0.0  # gradient of embedding or head
    beside = matrix if earlier and not model.tied_embeddings else 0.0  # is added to that of earlier micro-batches
    head = 0.0 if not whole or beside else matrix
    if setup.sharding.startswith("zero") and head_gradient:
        head = item * float(model.vocab * w.hidden)  # made with the fused loss, and whole until it is reduced
    last = Moment(earlier + head, 0.0, stack + kept_copies + one, 0.0)
    above = gradients + head  # of the layers above the first; that of a tied head waits for the embedding's
    if not earlier and whole:
        above = gradients - w.layer_params * (4 if cast else item) - (0.0 if model.tied_embeddings else matrix)
    first = Moment(above, 0.0, (stack + kept_copies) / model.layers + one, 0.0)
    if model.tied_embeddings:
        beside = (3 if earlier else 2) * matrix  # the head's, the embedding's and their sum
    embedding = Moment(gradients + beside, 0.0, 0.0, 0.0)
    return forward, loss, last, first, embedding, Moment(gradients, _optimizer_copies(setup, w, gradients), 0.0, 0.0)


def _head(setup: TrainingSetup, w: Widths, tokens: int, cast: bool) -> tuple[float, float, float, float, float]:
    """Return bytes beside the layers: the head's gradient, activations and logits, each in forward and backward."""
    model, full, item = setup.model, setup.method == "full", element_bytes(setup)
    if model.workload != "generation":
        return 0.0, 8.0 * tokens * w.hidden, 8.0 * tokens * w.hidden, 0.0, 0.0
    kind = traits(model)
    head = float(model.vocab * w.hidden)
    weight = 4 if cast else item
    if setup.logits == "fused":
        tile = 2.0 * min(tokens, LOSS_TILE_TOKENS) * LOSS_TILE_VOCAB
        if not full:
            return 0.0, 12.0 * tokens * w.hidden, 12.0 * tokens * w.hidden, tile, tile
        if cast:
            tile += 2.0 * LOSS_TILE_VOCAB * w.hidden + 2.0 * min(tokens, LOSS_TILE_TOKENS) * w.hidden
        forward = (16.0 if cast else 10.0) * tokens * w.hidden
        gradient = 4 * head + (weight if weight < 4 else 0) * head
        if setup.sharding == "fsdp":
            gradient = 0.0  # its trainers cut the loss up under autograd (torchtune, torchtitan)
        return gradient, forward, forward + 4.0 * tokens * w.hidden, tile, tile
    capped = 2 if kind.logit_cap else 0
    size = float(tokens * model.vocab)
    kept = (10.0 if cast else 6.0 if full else 4.0) * tokens * w.hidden
    copy = 2.0 * head if cast else 0.0
    forward, backward = FORWARD_LOSS_BYTES + capped, LOSS_BYTES + capped
    return 0.0, kept + copy, kept + copy, forward * size, backward * size


def _optimizer_copies(setup: TrainingSetup, w: Widths, gradients: float) -> float:
    """Return the bytes that the optimizer's step makes: AdamW's foreach kernels a copy of what is trained.

    FSDP has freed by then what it gathered; DeepSpeed brings an optimizer of its own.
    """
    if setup.optimizer != "adamw" or setup.sharding not in ("none", "fsdp") or setup.offload != "none":
        return 0.0
    gathered = gather_bytes(setup, w, states(setup, w)[-1]) if setup.sharding == "fsdp" else 0.0
    return max(gradients - gathered, 0.0)


def unused_bytes(
    setup: TrainingSetup, w: Widths, moments: tuple[Moment, ...], weights: float, optimizer: float
) -> float:
    """Return the bytes that torch's allocator holds at the peak and cannot hand out."""
    held = weights + optimizer
    peak = held + max(moment.total for moment in moments)
    alone = setup.sharding == "none" and setup.offload == "none"
    if setup.method == "lora" and alone:
        return unused_adapters(setup, w)
    if (
        setup.method != "full"
    ):  # as much unused beside whole logits, wherever the frozen weights lie (fsdp_qlora's runs)
        return max(UNUSED_SHARE * peak, unused_adapters(setup, w))
    if not alone or not autocast(setup):
        return UNUSED_SHARE * peak
    trained = weights / 2 if setup.objective == "dpo" else weights  # and as much of DPO's reference
    return reserved_full(setup, w, held, tuple(held + moment.total for moment in moments), trained) - peak
