"""Where vLLM 0.32 does not build the model that a config.json describes, though it has the architecture.

Read from its model classes (vllm/model_executor/models) and held by its own answers in benchmarks/data/oracle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .hf_fields import Config, typed_at
from .vision import TEXT_KEYS

# No head of their own: the embedding is the head, whatever the config.json has.
TIED = frozenset(("cohere", "cohere2", "cohere2_moe", "gemma2", "gemma3n_text", "lfm2", "lfm2_moe"))
# Always a head of their own, for which a checkpoint with tied embeddings has no weights.
UNTIED = frozenset(
    (
        "afmoe", "aria_text", "deepseek_v2", "deepseek_v3", "deepseek_v32", "glm4_moe", "glm4_moe_lite",
        "glm5_next_text", "glm_moe_dsa",
        "gpt_oss", "jamba", "kimi_k2", "minimax_m2", "olmoe", "qwen3_next",
    )
)  # fmt: skip
# Heads of encoders that its registry names; other heads would go through transformers, whose attention it cannot reach.
ENCODER_HEADS = {
    "bert": ("none", "masked", "tokens", "classes"),
    "roberta": ("none", "masked", "tokens", "classes"),
    "xlm-roberta": ("none", "tokens", "classes"),
    "modernbert": ("none", "tokens", "classes"),
    "nomic_bert": ("none",),
    "gte": ("none",),
}
# Keys that its class reads and that transformers' configuration class does not fill in.
NEEDED = {
    "hy_v3": ("first_k_dense_replace",),
    "deepseek_v2": ("n_group", "topk_group"),
    "lfm2": ("conv_dim", "block_dim"),
    "kimi_linear": ("linear_attn_config", "mla_use_nope"),
    "glm5_next_text": ("mhc", "mla_use_nope", "indexer_rope_interleave", "topk_method", "scoring_func"),
}


def vllm_obstacle(whole: Mapping[str, Any], config: Config, kind: str, head: str, tied: bool) -> str:
    """Return what keeps vLLM from building the model, as `Model.vllm_lacks` has it; "" where nothing does.

    `config` is the part of `whole` that describes the language model.
    """
    ties = [each.get("tie_word_embeddings") for each in (whole, typed_at(whole, dict, *TEXT_KEYS))]
    if None not in ties and ties[0] != ties[1]:  # some classes read the one, some the other
        return "one tie_word_embeddings"
    if whole.get("architectures") and not head:  # without any it takes the first class of that model_type
        return "architectures"
    if kind in ENCODER_HEADS and (head or "none") not in ENCODER_HEADS[kind]:
        return f"head {head}"
    if kind in NEEDED and (missing := [key for key in NEEDED[kind] if config.get(key)[1] is None]):
        return f"key {missing[0]}"
    if head == "text" and kind in (UNTIED if tied else TIED):
        return "own head" if tied else "no own head"
    return ""
