"""Bytes that autograd keeps of one decoder layer for one token.

Counted tensor by tensor on transformers 5.23 and PEFT 0.21 (`benchmarks/oracle/training.py`); bitsandbytes, which no
oracle here runs, from its source: before 0.43.2 it kept the inputs of frozen weights.
"""

from __future__ import annotations

from ..catalogue.training_traits import Traits, traits
from ..schema import TrainingSetup
from .training_states import Widths, autocast, element_bytes, sequences_of, tokens_of, widths

ADAPTER_BYTES = 3  # of an adapter's input: a 16-bit copy, and the mask of its dropout (PEFT under autocast)
MASK_BYTES = 1  # of them


def saved_bytes(setup: TrainingSetup, known: Widths | None = None) -> float:
    """Return the bytes that autograd keeps of one decoder layer for one token, nothing recomputed: the layers' mean."""
    w, kind = known or widths(setup), traits(setup.model)
    kept = _norms(setup, w, kind) + _linear_inputs(setup, w, kind) + _attention(setup, w, kind) + _mlp(setup, w)
    return kept + _adapters(setup, w, kind) + mask_bytes(setup)


def mask_bytes(setup: TrainingSetup) -> float:
    """Return the bytes of attention's 16-bit bias for one token, the mean of the layers.

    PyTorch's attention makes the bias of a boolean mask in each layer, and keeps it: for padded and packed batches, and
    where a layer's window is shorter than the sequence. FlashAttention needs none.
    """
    if setup.attention != "sdpa":
        return 0.0
    length = tokens_of(setup) if setup.packed else setup.seq_len
    return 2.0 * length * _masked_share(setup)


def _masked_share(setup: TrainingSetup) -> float:
    """Return the share of the layers whose attention gets a mask."""
    model = setup.model
    if setup.packed or (setup.padded and sequences_of(setup) > 1):
        return 1.0
    slides = model.sliding_window and setup.seq_len > model.sliding_window
    return model.sliding_layers / model.layers if slides else 0.0


def _stream(setup: TrainingSetup) -> int:
    """Return the bytes of one element of the residual stream, which is of the weights' precision."""
    return 4 if autocast(setup) and setup.method == "full" else element_bytes(setup)


def _norms(setup: TrainingSetup, w: Widths, kind: Traits) -> float:
    full, stream = setup.method == "full", _stream(setup)
    if not w.gated:
        return 2.0 * stream * w.hidden  # GPT-like models call torch's fused LayerNorm, which keeps its input alone
    factor = (4 if kind.wide_norm else stream) if full else 0  # the normalized input, for the weight's gradient
    total = kind.norms * ((4 + factor) * w.hidden + 4)
    if kind.qk_norm:
        factor = (4 if kind.wide_norm else element_bytes(setup)) if full else 0
        total += (4 + factor) * (w.query + w.key) + 4 * (setup.model.heads + setup.model.kv_heads)
    return float(total)


def _linear_inputs(setup: TrainingSetup, w: Widths, kind: Traits) -> float:
    """Inputs of q, k, v, gate and up, where their weights get a gradient, and that of down.

    Under autocast each casts its own copy. bitsandbytes before 0.43.2 kept inputs of frozen weights (its issue 1270).
    """
    item = element_bytes(setup)
    if setup.method == "lora":
        return 0.0
    casts = (2 if kind.fused_projections else 5) if autocast(setup) and setup.method == "full" else 2
    total = casts * item * w.hidden + item * w.mlp
    if setup.method == "qlora" and not setup.gradient_checkpointing:
        total += item * (2 * w.hidden + w.query + w.mlp)  # those of the last micro-batch, too
    return float(total)


def _attention(setup: TrainingSetup, w: Widths, kind: Traits) -> float:
    """q, k, v, the output and a sum for each head. A mask repeats k and v to the heads of q."""
    item, heads = element_bytes(setup), setup.model.heads
    share = 1.0 if setup.attention == "eager" else _masked_share(setup) if setup.attention == "sdpa" else 0.0
    key = w.query * share + w.key * (1 - share)
    value = key + (w.query + w.key if kind.fused_projections else 0)  # v is a view of all three
    total = item * (2 * w.query + key + value) + 4 * heads
    if setup.attention == "eager":
        scores = (4 + item) + (item if kind.attention_cap else 0)
        total += scores * heads * setup.seq_len
    return total


def _mlp(setup: TrainingSetup, w: Widths) -> float:
    item, model = element_bytes(setup), setup.model
    total = float(item * w.mlp * (3 if w.gated else 1))
    if w.copies:  # experts' inputs and outputs; router
        trained = 1 if setup.method != "lora" else 0
        total += item * w.copies * w.hidden * (1 + trained) + 8 * model.experts
    return total


def _adapters(setup: TrainingSetup, w: Widths, kind: Traits) -> float:
    """Inputs of the adapters, each with a copy of its own, and their low-rank products."""
    if setup.method == "full":
        return 0.0
    model, fused = setup.model, kind.fused_projections
    kept = 4 if setup.precision == "fp32" else ADAPTER_BYTES
    if setup.objective == "dpo":
        kept -= MASK_BYTES  # TRL switches dropout off
    inputs, low = (1, 1) if fused else (3, 3)
    width = {"qv": 2 * w.hidden}.get(setup.lora_targets, inputs * w.hidden + w.query)
    count = {"qv": 2}.get(setup.lora_targets, low + 1)
    if setup.lora_targets == "all-linear":
        dense = model.shared_experts * model.moe_intermediate if model.experts else model.intermediate
        if dense:
            ups = (1 if fused else 2) if w.gated else 1
            width += dense + ups * w.hidden
            count += ups + 1
    return float(kept * width + 2 * setup.lora_rank * count)
