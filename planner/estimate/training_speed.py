"""Tokens/s of a training run: the time of one micro-batch by kind of work.

Every fitted constant names the measurements it was fitted on; "prior" marks one that no measurement here supports.
"""

from __future__ import annotations

from typing import NamedTuple

from ..schema import TrainingSetup
from .inference_speed import gemm_share
from .training_kept import saved_bytes
from .training_memory import LOSS_BYTES
from .training_states import Widths, element_bytes, states, tokens_of, widths

# speed
# Of the dense peak in large matrix products, by compute capability: A100, H100 and H200, B200. Fitted on the tables of
# LLM-Foundry, VectorLM, torchtitan, stas00 and Qwen; with any one model family left out 0.70 to 0.78, 0.58 to 0.68 and
# 0.66 to 0.70. Cards without NVLink take the share of inference_speed.py, which kernel timings of the L40S and the RTX
# PRO 6000 back.
GEMM_SHARE = {8: 0.76, 9: 0.64, 10: 0.66}
ATTENTION_SHARE = {8: 0.65, 9: 0.55}  # of GEMM_SHARE, FlashAttention 2 by compute capability (its paper)
ATTENTION_SHARE_TUNED = 0.9  # FlashAttention 3 on Hopper, any kernel on Blackwell (stas00's H200 and B200 runs)
# PyTorch's attention under a mask, of its causal rate: it computes every pair, by the memory-efficient kernel (prior).
MASKED_SHARE = 0.25
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


class TrainingSpeed(NamedTuple):
    """Tokens/s over all GPUs, and the share of their peak FLOP/s."""

    tokens_per_s: float
    mfu: float


def speed(setup: TrainingSetup) -> TrainingSpeed:
    """Return the speed of the setup: the tokens of a micro-batch over the sum of its times by kind of work."""
    model, gpu, w, item = setup.model, setup.gpu, widths(setup), element_bytes(setup)
    world, tokens = setup.gpu_count * setup.nodes, tokens_of(setup)
    peak = gpu.flops * (0.5 if item == 4 else 1.0)  # TF32
    passes = 3 if setup.method == "full" else 2
    again = 1 if setup.gradient_checkpointing else 0
    beside = 1 if setup.objective == "dpo" else 0  # forward passes of DPO's reference
    more = again + beside
    weights = max(0, model.params_active - (0 if model.tied_embeddings else w.embedding // 2))
    matrices = 2 * weights * tokens
    adapters = 6 * w.adapters * tokens
    window = min(setup.seq_len, model.sliding_window or setup.seq_len)
    seen = setup.seq_len * (model.layers - model.sliding_layers) + window * model.sliding_layers
    attention = 2 * w.query * seen * tokens  # one forward pass, causal
    capability = int(gpu.compute_capability)
    share = GEMM_SHARE.get(capability) if gpu.nvlink else None
    share = share or gemm_share(gpu, 1)
    kernel = ATTENTION_SHARE.get(capability, ATTENTION_SHARE_TUNED)
    if setup.attention == "flash_attention_3":
        kernel = ATTENTION_SHARE_TUNED
    if setup.attention == "eager":
        kernel = 0.1  # scores go through memory (prior)
    gemm_s = ((passes + more) * matrices + adapters) / (peak * share * (MOE_SHARE if model.experts else 1))
    read_s = (passes + more) * item * (model.params - w.embedding // 2) / gpu.bandwidth  # weights at small batches
    scored = attention
    if setup.packed:  # TRL lays the sequences of a micro-batch end to end, in one row
        scored = 2 * w.query * tokens * model.layers * tokens / MASKED_SHARE
    attention_s = (3.5 + more) * scored / (peak * share * kernel)
    elementwise_s = ELEMENTWISE_PASSES * (1 + more / 3) * saved_bytes(setup, w) * tokens * model.layers / gpu.bandwidth
    if setup.logits == "full" and model.workload == "generation":
        elementwise_s += 2 * LOSS_BYTES * tokens * model.vocab / gpu.bandwidth
    launch_s = LAYER_LAUNCH_S * model.layers * (3 + more) / 4
    unpack_s = 0.0
    if setup.method == "qlora":  # read 4 bits, write 16, in every pass
        unpack_s = (2 + more) * 2.5 * (model.params - w.embedding) / (gpu.bandwidth * DEQUANTIZE_SHARE)
    step = max(gemm_s, read_s) + attention_s + elementwise_s + launch_s + unpack_s
    step += _communication_s(setup, w) * EXPOSED + (
        _update_s(setup, w) if setup.offload == "none" else _offload_s(setup, w)
    )
    useful = (passes + beside) * matrices + adapters + (3 + beside) * attention
    return TrainingSpeed(world * tokens / step, useful / (step * gpu.flops))


def communication_share(setup: TrainingSetup) -> float:
    """Return the share of a step's time that waits for collectives."""
    tokens = tokens_of(setup) * setup.gpu_count * setup.nodes
    return _communication_s(setup, widths(setup)) * EXPOSED * speed(setup).tokens_per_s / tokens


def _communication_s(setup: TrainingSetup, w: Widths) -> float:
    """Return the seconds of collectives per micro-batch."""
    world = setup.gpu_count * setup.nodes
    if world == 1:
        return 0.0
    rate = setup.gpu.link * LINK_SHARE if setup.gpu_count > 1 else NODE_BYTES_S
    if setup.nodes > 1:
        rate = min(rate, NODE_BYTES_S)
    *_, used = states(setup, w)
    trainable = 2.0 * (setup.model.params if setup.method == "full" else w.adapters)
    moved = 2 * used + trainable if setup.sharding in ("zero3", "fsdp") else 2 * trainable
    return moved * (world - 1) / world / rate


def _update_s(setup: TrainingSetup, w: Widths) -> float:
    """Return the seconds of clipping and the optimizer, as if after every micro-batch."""
    _, gradients, optimizer, used = states(setup, w)
    held = gradients + optimizer + (used if setup.method == "full" else gradients)
    shards = 1 if setup.sharding == "none" else setup.gpu_count * setup.nodes
    return UPDATE_PASSES * held / shards / setup.gpu.bandwidth


def _offload_s(setup: TrainingSetup, w: Widths) -> float:
    """Return the seconds that offloaded states add to a step: over the host link, and in the CPU's Adam."""
    *_, used = states(setup, w)
    trainable = setup.model.params if setup.method == "full" else w.adapters
    world = setup.gpu_count * setup.nodes
    moved = 4.0 * trainable + (2 * used if setup.offload == "all" else 0)  # gradients down, weights up
    return moved / world / HOST_LINK_BYTES_S + HOST_ADAM_BYTES * trainable / setup.nodes / HOST_ADAM_BYTES_S
