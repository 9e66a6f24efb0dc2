"""Which layers have a window or no attention, as transformers counts them; a config.json that contradicts itself."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from benchmarks.oracle.rows import load
from planner.catalogue.hf_config import from_config
from planner.schema import Refusal

PUBLISHED = {row["id"].partition("/")[2]: row["config"] for row in load("published")["rows"]}
INKLING, V4, M1 = "thinkingmachines/Inkling", "deepseek-ai/DeepSeek-V4-Flash", "minimax-m1-80k"
M2, LINEAR, MOE = "MiniMaxAI/MiniMax-M2.5", "moonshotai/Kimi-Linear-48B-A3B-Instruct", "Qwen/Qwen3-30B-A3B"
TEN = {"num_hidden_layers": 10, "max_position_embeddings": 32768}


def as_saved(kind: str, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """Return a config.json of today's transformers without `layer_types`, as older ones wrote it, and those."""
    auto = pytest.importorskip("transformers").AutoConfig
    config = auto.for_model(kind, **TEN | fields).to_dict()
    return config, config.pop("layer_types")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("afmoe", {"global_attn_every_n_layers": 3}),
        ("afmoe", {"global_attn_every_n_layers": 4}),
        ("cohere2", {}),
        ("cwm", {}),
        ("dots1", {"sliding_window": 4096, "max_window_layers": 6}),
        ("exaone4", {"sliding_window": 4096, "sliding_window_pattern": 4}),
        ("gemma3_text", {}),
        ("gpt_oss", {}),
        ("llama4_text", {}),
        ("minimax", {}),
        ("modernbert", {"global_attn_every_n_layers": 3}),
        ("olmo3", {}),
        ("qwen2", {"use_sliding_window": True, "max_window_layers": 6}),
        ("qwen2_moe", {"use_sliding_window": True, "max_window_layers": 6}),
        ("qwen2_moe", {"use_sliding_window": False, "max_window_layers": 6}),
        ("qwen3_next", {}),
        ("smollm3", {"use_sliding_window": True, "sliding_window": 4096, "no_rope_layer_interval": 4}),
    ],
)
def test_layers_that_a_file_does_not_name_are_those_of_transformers(kind: str, fields: dict[str, Any]) -> None:
    config, types = as_saved(kind, **fields)
    model = from_config(config, "org/name")
    windows = types.count("sliding_attention") + types.count("chunked_attention")
    assert (model.layers, model.sliding_layers, model.linear_layers) == (10, windows, types.count("linear_attention"))


def test_layers_that_a_file_names_are_those() -> None:
    named = ["full_attention", "sliding_attention"] * 5
    config, _ = as_saved("ministral")
    model = from_config(config | {"layer_types": named, "sliding_window": 4096}, "org/name")
    assert (model.sliding_layers, model.sliding_window) == (5, 4096)
    llama = pytest.importorskip("transformers").LlamaConfig(**TEN).to_dict()
    with pytest.raises(Refusal, match="names layers without attention"):
        from_config(llama | {"layer_types": ["linear_attention"] * 10}, "org/name")


@pytest.mark.parametrize(
    ("id", "changes", "words"),
    [
        (INKLING, {"local_layer_ids": []}, "local_layer_ids in the config.json must name some of 66 layers"),
        (INKLING, {"local_layer_ids": [0, 66]}, "local_layer_ids in the config.json must name some of 66 layers"),
        (INKLING, {"sliding_window_size": 2**21}, "sliding_window_size in the config.json must be less than"),
        (INKLING, {"n_shared_experts": 0}, "has routed and shared experts"),
        (INKLING, {"torch_dtype": "float16", "dtype": "float16"}, "torch_dtype in the config.json is float16"),
        (V4, {"head_dim": 256}, "head_dim in the config.json is 256; only 512 is understood here"),
        (V4, {"compress_ratios": [0, 64] * 40}, "compress_ratios in the config.json must name 0, 4 or 128"),
        (V4, {"compress_ratios": [0, 4]}, "compress_ratios in the config.json must name 0, 4 or 128"),
        (LINEAR, {"linear_attn_config": {"new_key": 1}}, "linear_attn_config in the config.json has new_key"),
        (LINEAR, {"linear_attn_config": {"full_attn_layers": [4, 4]}}, "must name each layer once"),
        (M1, {"attn_type_list": [0, 1]}, "attn_type_list in the config.json names 2 layers of 80"),
        (M2, {"attn_type_list": [0] * 62}, "attn_type_list in the config.json names linear layers"),
        (
            "Qwen/Qwen3-30B-A3B",
            {"mlp_layer_types": ["sparse"]},
            "mlp_layer_types in the config.json names 1 layers of 48",
        ),
        (MOE, {"num_experts_per_tok": 129}, "sends a token to 129 experts of 128"),
        ("google/gemma-4-E4B-it", {"num_kv_shared_layers": 42}, "num_kv_shared_layers in the config.json is 42"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_by_the_key(id: str, changes: dict[str, Any], words: str) -> None:
    """Published files with one key changed. The numbers are those of the files: 66, 80, 48 and 42 layers."""
    config = copy.deepcopy(PUBLISHED[id])
    from_config(config, id)
    text = config.get("text_config", config)
    for key, value in changes.items():
        text[key] = text[key] | value if isinstance(value, dict) else value
    with pytest.raises(Refusal, match=re.escape(words)):
        from_config(config, id)
