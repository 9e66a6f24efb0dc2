"""Bytes that torch's caching allocator holds at the peak of a training and cannot hand out.

A freed block serves a later request only where it is at least as large, and what it leaves is used for smaller ones
alone; nothing goes back to the card before memory runs out. So the allocator keeps room of an earlier moment that a
later one cannot use. Constants were fitted on `benchmarks/data/training_oracle.jsonl`, a replay of the allocator's
rules; what no oracle replays (several GPUs, bitsandbytes, other optimizers) takes UNUSED_SHARE.
"""

from __future__ import annotations

from math import ceil

from ..catalogue.training_traits import traits
from ..schema import TrainingSetup
from .training_states import Widths, tokens_of

UNUSED_SHARE = 0.03  # of what is allocated (prior)
SMALL_BYTES = 48 * 2**20  # segments of 20 and of 2 MiB that are not full
OWN_SEGMENT = 10 * 2**20  # bytes from which a tensor has a segment of its own (kMinLargeAlloc of CUDACachingAllocator)
# Of a token, per element of the widest tensor and of the hidden state: what a forward pass over frozen weights leaves
# that whole logits, which are larger, cannot use; with activations kept, and computed again.
BELOW_LOGITS = {False: (10, 16), True: (12, 24)}
BESIDE_LAYERS = {False: 24, True: 8}  # of a token per element of the hidden state, where logits are never whole
LOGIT_BYTES = 2  # of 16-bit logits, whose block is too small for the float32 ones that follow
SPLIT_SHARE = 0.7  # of the activations of full training: too small for the optimizer's blocks, where those are kept
# Of them beside earlier gradients, and no more than a share of what is trained in matrices with segments of their own
SPLIT_ACCUMULATED, SPLIT_BY_STATES = 0.5, 1.0
EMBEDDINGS = {True: 1.25, False: 1.2}  # embedding-sized blocks that gradients leave split: tied, not tied


def unused_adapters(setup: TrainingSetup, w: Widths) -> float:
    """Return the unused bytes at the peak of training adapters on frozen weights."""
    tokens, again = tokens_of(setup), setup.gradient_checkpointing
    if setup.logits == "full" and setup.model.workload == "generation":
        wide, hidden = BELOW_LOGITS[again]
        below = wide * max(w.mlp, w.query) + hidden * w.hidden
        return tokens * (_logit_bytes(setup) * setup.model.vocab + below)
    return SMALL_BYTES + tokens * BESIDE_LAYERS[again] * w.hidden


def _logit_bytes(setup: TrainingSetup) -> int:
    """Return the bytes of a logit whose blocks stay empty: 16-bit logits, and once more where they are scaled."""
    return LOGIT_BYTES * (2 if traits(setup.model).scaled_logits else 1)


def reserved_full(setup: TrainingSetup, w: Widths, held: float, moments: tuple[float, ...], trained: float) -> float:
    """Return the bytes reserved at the peak of full training on one GPU.

    `held` are weights and optimizer states; `moments` all bytes at the end of forward, in the loss's backward, and so
    on to the optimizer's step; `trained` is one copy of the weights in their own precision.
    """
    model, tokens = setup.model, tokens_of(setup)
    accumulates = setup.accumulation != 1
    embedding = trained / max(model.params, 1) * model.vocab * w.hidden
    peak, step = max(moments), moments[-1]
    embeddings = EMBEDDINGS[model.tied_embeddings] * embedding
    found = peak + (embeddings if accumulates else 0.0)
    if setup.gradient_checkpointing and setup.logits == "fused":
        found = max(found, max(moments[-2:]) + embeddings)
    earlier = trained if accumulates else 0.0
    if not setup.gradient_checkpointing:
        activations = moments[0] - held - earlier
        found = max(found, step + SPLIT_SHARE * activations)
        if accumulates:
            split = SPLIT_BY_STATES * trained * own_segments(setup, trained / max(model.params, 1))
            found = max(found, peak + min(SPLIT_ACCUMULATED * activations, split))
        if model.tied_embeddings and not accumulates:
            found = max(found, max(moments[-2:]) + 2 * embedding)  # of the three that the embedding's gradients take
    if setup.logits == "full" and model.workload == "generation":
        # The optimizer's states are made in the first step, in the room of its logits: those need new room in the next
        block = 4.0 * tokens * model.vocab
        logits = float(_logit_bytes(setup) * tokens * model.vocab)
        states = held - trained
        first = moments[1] - states + logits
        wide, hidden = BELOW_LOGITS[setup.gradient_checkpointing]
        hole = logits + trained / 2 + tokens * (wide * w.mlp + hidden * w.hidden)
        split = min(3, max(0, ceil((states + trained - hole) / block)))
        if split and traits(model).logit_cap:
            split += 2  # its own blocks (fitted on Gemma-2 alone)
        if block <= embedding:
            split = 0  # blocks of embeddings, which the optimizer leaves, are large enough
        found = max(found, max(first, step) + split * block)
    return found + SMALL_BYTES


def own_segments(setup: TrainingSetup, element_bytes: float) -> float:
    """Return the share of the parameters that lie in matrices with a segment of their own.

    Smaller ones share segments, whose room the next ones take.
    """
    model = setup.model
    inner = model.moe_intermediate * model.experts or model.intermediate  # experts of a layer are one tensor
    matrices = (
        (1 if model.tied_embeddings else 2, model.vocab * model.hidden),
        (model.layers * model.mlp_matrices, model.hidden * inner),
        (model.layers * 2, model.hidden * model.heads * model.head_dim),
        (model.layers * 2, model.hidden * model.kv_heads * model.head_dim),
    )
    large = sum(count * elements for count, elements in matrices if elements * element_bytes >= OWN_SEGMENT)
    return min(1.0, large / max(model.params, 1))
