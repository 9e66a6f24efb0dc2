"""The cases that the training oracle runs, and the file of their peaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .architectures import ARCHITECTURES

DATA = Path(__file__).resolve().parents[1] / "data" / "training_oracle.jsonl"
# method, activation checkpointing, loss, sequences, tokens of each, micro-batches of a step, whether padded
GRID = (
    ("lora", False, "fused", 2, 1024, 1, False),
    ("lora", True, "fused", 4, 2048, 1, False),
    ("lora", False, "full", 2, 1024, 1, False),
    ("lora", True, "full", 2, 2048, 2, False),
    ("full", False, "fused", 2, 1024, 1, False),
    ("full", True, "fused", 4, 2048, 2, False),
    ("full", True, "full", 2, 2048, 1, False),
    ("lora", False, "fused", 4, 1024, 1, True),
)
WHOLE_GRID = (
    ("lora", False, "fused", 8, 2048, 1, False),
    ("lora", True, "fused", 8, 2048, 2, False),
    ("lora", True, "fused", 1, 1024, 1, False),
    ("full", True, "fused", 2, 2048, 1, False),
    ("full", False, "fused", 1, 2048, 2, False),
    ("lora", False, "full", 1, 2048, 1, False),
    ("full", True, "full", 8, 1024, 2, False),
)
WHOLE = ("llama-3.2-1b", "qwen3-8b", "gemma-3-1b", "smollm2-135m")
# Of DPO, whose two sequences of a pair differ in length; sequences are pairs here
PAIRS = (
    ("lora", False, "fused", 1, 1024, 1, True),
    ("lora", True, "fused", 2, 2048, 2, True),
    ("full", False, "fused", 1, 1024, 1, True),
    ("full", True, "fused", 1, 2048, 2, True),
)
PAIRED = ("llama-3.2-1b", "qwen3-8b", "gemma-3-1b", "phi-3-mini")
PAIRED_WHOLE = ("llama-3.2-1b", "smollm2-135m")
LAYERS = 6  # of the others, which tell how a layer is kept
EAGER = ("gemma-2-2b",)  # its soft cap on attention is in no kernel


def cases() -> Iterator[dict[str, Any]]:
    """Yield every case, the short ones first."""
    grids = (
        ("sft", GRID, ARCHITECTURES, LAYERS),
        ("sft", WHOLE_GRID, WHOLE, 0),
        ("dpo", PAIRS, PAIRED, LAYERS),
        ("dpo", PAIRS, PAIRED_WHOLE, 0),
    )
    for objective, grid, names, layers in grids:
        for name in names:
            for method, checkpointing, loss, micro_batch, seq_len, accumulation, padded in grid:
                yield {
                    "architecture": name,
                    "layers": layers or ARCHITECTURES[name][1]["num_hidden_layers"],
                    "method": method,
                    "activation_checkpointing": checkpointing,
                    "loss": loss,
                    "micro_batch": micro_batch,
                    "seq_len": seq_len,
                    "accumulation": accumulation,
                    "padded": padded,
                    "attention": "eager" if name in EAGER else "sdpa",
                    **({"objective": objective} if objective != "sft" else {}),
                }


def read(path: Path = DATA) -> list[dict[str, Any]]:
    """Return the lines of a file of cases; none where there is no such file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
