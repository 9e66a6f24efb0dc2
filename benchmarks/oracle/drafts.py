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
    "zai-org/GLM-5.3", "zai-org/GLM-5.3-BF16", "zai-org/GLM-5.3-Flash", "zai-org/GLM-5.3-Flash-BF16",
    "Qwen/Qwen3-Next-80B-A3B-Instruct", "Qwen/Qwen3.5-0.8B", "Qwen/Qwen3.5-2B", "Qwen/Qwen3.5-4B", "Qwen/Qwen3.5-9B",
    "Qwen/Qwen3.5-27B", "Qwen/Qwen3.6-35B-A3B", "Qwen/Qwen3.5-122B-A10B", "Qwen/Qwen3.5-397B-A17B",
)  # fmt: skip


# config.json of RedHatAI/gpt-oss-20b-speculator.eagle3, without what does not affect memory
HEADS = {"openai/gpt-oss-20b": {
    "architectures": ["Eagle3DraftModel"], "speculators_model_type": "eagle3", "draft_vocab_size": 64000,
    "norm_before_fc": True, "norm_before_residual": True, "torch_dtype": "bfloat16", "target_hidden_size": None,
    "speculators_config": {
        "algorithm": "eagle3", "default_proposal_method": "greedy",
        "proposal_methods": [{"proposal_type": "greedy", "speculative_tokens": 3}],
        "verifier": {"architectures": [], "name_or_path": "openai/gpt-oss-20b"},
    },
    "transformer_layer_config": {
        "model_type": "llama", "hidden_size": 2880, "num_hidden_layers": 1, "num_attention_heads": 64,
        "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880, "vocab_size": 201088,
        "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "hidden_act": "silu", "max_position_embeddings": 131072,
        "attention_bias": False, "mlp_bias": False,
    },
}}  # fmt: skip


def draft_row(id: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return vLLM's figures for a model with its MTP layer, or with its EAGLE-3 head, without its logits' matrix."""
    row: dict[str, Any] = {"id": id}
    speculative: dict[str, Any] = SPECULATIVE
    if id in HEADS:
        speculative = {"method": "eagle3", "num_speculative_tokens": 3, "model": HEADS[id]}
    for tp in SIZES:
        said = measure(config, tp=tp, speculative=speculative)
        row[str(tp)] = {key: said[key] for key in ("draft_bytes", "request_bytes", "refused") if key in said}
    return row


def main() -> None:
    prepare()
    asked = sys.argv[1:] or (*IDS, *HEADS)
    configs = {row["id"].partition("/")[2]: row["config"] for row in load("catalogue")["rows"]}
    known = {row["id"]: row for row in load("drafts")["rows"]}
    for id in asked:
        known[id] = draft_row(id, configs[id])
        print(json.dumps(known[id]))
    save("drafts", {"versions": load("catalogue")["versions"], "rows": list(known.values())})


if __name__ == "__main__":
    main()
