"""Ask vLLM about MTP layers: `.venv-vllm/bin/python -m benchmarks.oracle.drafts [ID...]`, into data/oracle/drafts.json.

A row has `id` of the catalogue and for 1 and 8 GPUs the bytes of the draft's own weights on a rank, and of a request's
cache with its layer. The bytes of catalogue/drafts.py follow: what 8 GPUs hold beyond an eighth each is held whole.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.oracle.kv_cache import measure, prepare
from benchmarks.oracle.rows import load, save

SPECULATIVE = {"method": "mtp", "num_speculative_tokens": 1}
SIZES = (1, 8)  # tensor-parallel sizes
IDS = (
    "deepseek-ai/DeepSeek-V3", "deepseek-ai/DeepSeek-V3.2", "zai-org/GLM-4.5-Air", "zai-org/GLM-4.6", "zai-org/GLM-5",
    "zai-org/GLM-5.3", "zai-org/GLM-5.3-BF16", "Qwen/Qwen3-Next-80B-A3B-Instruct", "Qwen/Qwen3.5-0.8B",
    "Qwen/Qwen3.5-2B", "Qwen/Qwen3.5-4B", "Qwen/Qwen3.5-9B", "Qwen/Qwen3.5-27B", "Qwen/Qwen3.6-35B-A3B",
    "Qwen/Qwen3.5-122B-A10B", "Qwen/Qwen3.5-397B-A17B",
)  # fmt: skip


def draft_row(id: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return what vLLM says of a model with its MTP layer."""
    row: dict[str, Any] = {"id": id}
    for tp in SIZES:
        said = measure(config, tp=tp, speculative=SPECULATIVE)
        row[str(tp)] = {key: said[key] for key in ("draft_bytes", "request_bytes", "refused") if key in said}
    return row


def main() -> None:
    prepare()
    asked = sys.argv[1:] or IDS
    configs = {row["id"].partition("/")[2]: row["config"] for row in load("catalogue")["rows"]}
    known = {row["id"]: row for row in load("drafts")["rows"]}
    for id in asked:
        known[id] = draft_row(id, configs[id])
        print(json.dumps(known[id]))
    save("drafts", {"versions": load("catalogue")["versions"], "rows": list(known.values())})


if __name__ == "__main__":
    main()
