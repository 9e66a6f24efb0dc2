"""Labels of the published measurements that their sources, read again, do not bear out.

The CSV files stay as they were printed; what is known to be wrong in them is put right or left out on reading.
"""

from __future__ import annotations

from typing import Any

from planner.schema import GIB, TrainingSetup

OFFLOADS_ACTIVATIONS = ("gpt-oss", "glm-4", "qwen3-30b", "qwen3-moe", "llama-4", "mixtral")  # axolotl's MoE examples

GPTQ = "stands on GPTQ-Int4 weights, not on NF4"  # QLoRA of Qwen 1

# TensorRT-LLM's offline maximum queues thousands of requests, in batches of up to 4,096, and takes 0.95 of the memory.
TENSORRT_OFFLINE: dict[str, Any] = {"memory_fraction": 0.95, "max_num_seqs": 4096}

# Fifty requests sent at once, each answered with at most 600 tokens: what the page gives as generated in all. Answers
# ended sooner, and the last ran on alone: the run took 600 steps (its time over 600 is the median time per token that
# the page prints: 36.3 and 35.96 ms), so that generated / 600 requests were answered at a time.
SENT_AT_ONCE = {"CP0142": 17321, "CP0143": 25213, "CP0144": 25703, "CP0145": 27148, "CP0381": 22170, "CP0382": 27517}


def answered_at_once(row: dict[str, str], sent: int, answer: int) -> tuple[int, int]:
    """Return how many requests were answered at a time, and the mean length of an answer."""
    generated = SENT_AT_ONCE.get(row["row_id"])
    return (round(generated / answer), round(generated / sent)) if generated else (sent, answer)


def is_qwen_1(row: dict[str, str]) -> bool:
    """Whether a row is of the README of Qwen 1, whose tables of training and of inference count differently."""
    return "github.com/QwenLM/Qwen/" in row["source"]


def qwen_1_training_gib(row: dict[str, str], printed: float) -> float:
    """Return the GiB on one GPU of a printed "G": MiB / 1000, and over several GPUs the total of nvidia-smi.

    One figure would exceed its card if they were GiB. Its tables of inference are GiB: their script divides by 1024^3.
    """
    return printed * 1000 / 1024 / int(row["gpu_count"] or 1)


def training_left_out(row: dict[str, str]) -> str:
    """Return why a training row does not test the planner; "" where it does."""
    if is_qwen_1(row) and row["method"] == "QLoRA":
        return GPTQ
    if "axolotl" in row["source"] and any(name in row["model"].lower() for name in OFFLOADS_ACTIVATIONS):
        return "sets activation_offloading: true"
    if "torchtune" in row["source"] and row["method"] == "full" and "70B" in row["model"]:  # 70B_full.yaml
        return (
            "shards embedding and head apart from the layers (custom_sharded_layers), which the planner's FSDP does not"
        )
    return ""


def impossible(setup: TrainingSetup, peak_gib: float) -> bool:
    """Whether a peak of full fine-tuning lies below weights, gradients and AdamW as labelled: another optimizer ran."""
    if setup.method != "full" or setup.optimizer != "adamw" or setup.offload != "none":
        return False
    held = {"bf16": 8, "fp16-mixed": 16, "bf16-mixed": 16, "fp32": 16}[setup.precision]
    shards = 1 if setup.sharding == "none" else setup.gpu_count * setup.nodes
    if setup.sharding in ("zero1", "zero2"):
        return False
    return peak_gib < held * setup.model.params / shards / GIB


def memory_left_out(row: dict[str, str]) -> str:
    """Return why a row of inference memory does not test the planner; "" where it does."""
    if "Muse-Glimmer" in row["source"]:  # 25.42 GB of weights are the model's and a draft head's 5.11
        return "loads a draft head for speculative decoding beside the model, with a cache of its own"
    return ""


def inference_left_out(card: str, alone: bool, notes: str) -> bool:
    """Whether a speed does not reflect the card: an H20 at one request reaches 12 to 35% of its bandwidth, for ratios
    between sizes only, and a card whose power was limited is another card."""
    return (alone and card.startswith("H20-")) or "power limit" in notes.lower()
