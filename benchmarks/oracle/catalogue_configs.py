"""The config.json that each entry of planner/catalogue/models.json stands for.

An entry whose own file is among the published rows is asked with that. Of the others the catalogue keeps the
dimensions; FAMILIES says which configuration class they belong to and what else that class needs: facts of the
published config.json files of each family. `like` takes a published row of a sister model and changes its dimensions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from benchmarks.oracle.rows import load
from planner.catalogue.shipped import load_catalogue
from planner.schema import Model


class Family(NamedTuple):
    """Names of models and their configuration."""

    names: str  # a pattern of catalogue ids
    kind: str  # model_type
    architecture: str
    extra: Mapping[str, Any] = MappingProxyType({})  # keys beside the dimensions
    like: str = ""  # id of a published row whose nested configs are theirs, or of a default


MLA = {"qk_nope_head_dim": 128, "v_head_dim": 128, "q_lora_rank": 1536}
DEEPSEEK_V2_LITE = {"q_lora_rank": None, "topk_method": "greedy", "n_group": 1, "topk_group": 1}
QWEN2_BIAS = {"use_sliding_window": False}
XLM = {"type_vocab_size": 1, "max_position_embeddings": 514}
PIXTRAL = {
    "model_type": "pixtral", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
    "num_attention_heads": 16, "head_dim": 64, "patch_size": 14, "image_size": 1540, "num_channels": 3,
    "rope_theta": 10000.0, "hidden_act": "silu",
}  # fmt: skip
MISTRAL3 = {"vision_config": PIXTRAL, "spatial_merge_size": 2, "projector_hidden_act": "gelu"}
# moonshotai/Kimi-K2-Thinking and Kimi-K2-Instruct-0905 read twice as far as the first Kimi-K2 (factor 64, not 32); the
# weights of Thinking are quantized as those of Kimi-K2.5 are, whose config.json is among the published rows.
KIMI_256K = {
    "max_position_embeddings": 262144,
    "rope_scaling": {
        "beta_fast": 1.0, "beta_slow": 1.0, "factor": 64.0, "mscale": 1.0, "mscale_all_dim": 1.0,
        "original_max_position_embeddings": 4096, "type": "yarn",
    },
}  # fmt: skip
KIMI_INT4 = {
    "config_groups": {"group_0": {"targets": ["Linear"], "weights": {
        "group_size": 32, "num_bits": 4, "strategy": "group", "symmetric": True, "type": "int", "dynamic": False}}},
    "format": "pack-quantized", "quant_method": "compressed-tensors", "quantization_status": "compressed",
    "ignore": ["lm_head", "re:.*self_attn.*", "re:.*shared_experts.*", "re:.*mlp\\.(gate|up|gate_up|down)_proj.*"],
}  # fmt: skip
QWEN25_VISION = {"model_type": "qwen2_5_vl", "depth": 32, "hidden_size": 1280, "num_heads": 16, "patch_size": 14}

FAMILIES = (
    Family(r"arcee-ai/AFM", "arcee", "ArceeForCausalLM", {"hidden_act": "relu2"}),
    Family(r"swiss-ai/Apertus", "apertus", "ApertusForCausalLM", {"hidden_act": "xielu"}),
    Family(r"all-mpnet", "mpnet", "MPNetModel", {"max_position_embeddings": 514}),
    Family(r"cross-encoder/ms-marco", "bert", "BertForSequenceClassification", {"num_labels": 1}),
    Family(r"ProsusAI/finbert", "bert", "BertForSequenceClassification", {"num_labels": 3}),
    Family(r"google-bert/", "bert", "BertModel"),
    Family(r"all-MiniLM|bge-(small|base|large)|e5-large-v2|gte-small|mxbai|multilingual-e5-small|paraphrase-multilingual",
           "bert", "BertModel"),
    Family(r"bge-reranker-large", "xlm-roberta", "XLMRobertaForSequenceClassification", XLM | {"num_labels": 1}),
    Family(r"bge-m3", "xlm-roberta", "XLMRobertaModel", XLM | {"max_position_embeddings": 8194}),
    Family(r"multilingual-e5-(base|large)", "xlm-roberta", "XLMRobertaModel", XLM),
    Family(r"codebert|roberta-(base|large)", "roberta", "RobertaModel", XLM),
    Family(r"deberta-v3", "deberta-v2", "DebertaV2Model", {
        "type_vocab_size": 0, "position_biased_input": False, "relative_attention": True, "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm", "position_buckets": 256,
        "max_relative_positions": -1}),
    Family(r"distilbert-base-uncased$", "distilbert", "DistilBertModel"),
    Family(r"distilbert-.*-finetuned", "distilbert", "DistilBertForSequenceClassification", {"num_labels": 2}),
    Family(r"ModernBERT|granite-embedding", "modernbert", "ModernBertModel", {"local_attention": 128}),
    Family(r"nomic-embed", "nomic_bert", "NomicBertModel", {
        "n_embd": 768, "n_head": 12, "n_layer": 12, "n_inner": 3072, "n_positions": 2048, "type_vocab_size": 2}),
    Family(r"embeddinggemma", "gemma3_text", "Gemma3TextModel", {
        "use_bidirectional_attention": True, "sliding_window": 512, "_sliding_window_pattern": 6}),
    Family(r"Qwen3-Embedding", "qwen3", "Qwen3ForCausalLM"),
    Family(r"e5-mistral|SFR-Embedding", "mistral", "MistralModel"),
    Family(r"c4ai-command-r7b", "cohere2", "Cohere2ForCausalLM", {"sliding_window_pattern": 4}),
    Family(r"c4ai-command-r-", "cohere", "CohereForCausalLM"),
    Family(r"Distill-Qwen|Kimi-Dev|Qwen2\.5-(?!VL)|Qwen2-(0|1|7)|QwQ", "qwen2", "Qwen2ForCausalLM", QWEN2_BIAS),
    Family(r"R1-0528-Qwen3|Hermes-4-14B|Qwen3-(0|1|4|8|14|32)[.\d]*B", "qwen3", "Qwen3ForCausalLM"),
    Family(r"Qwen1.5-MoE|Qwen2-57B", "qwen2_moe", "Qwen2MoeForCausalLM"),
    Family(r"Qwen3-(Coder-)?Next", "qwen3_next", "Qwen3NextForCausalLM", {
        "partial_rotary_factor": 0.25, "linear_num_value_heads": 32, "linear_num_key_heads": 16,
        "linear_key_head_dim": 128, "linear_value_head_dim": 128, "shared_expert_intermediate_size": 512}),
    Family(r"Qwen3-.*(A3B|A22B|A35B)|Qwen3-Coder-\d+B", "qwen3_moe", "Qwen3MoeForCausalLM", {"norm_topk_prob": True}),
    Family(r"DeepSeek-(Coder-)?V2-Lite", "deepseek_v2", "DeepseekV2ForCausalLM", MLA | DEEPSEEK_V2_LITE),
    Family(r"Moonlight", "deepseek_v3", "DeepseekV3ForCausalLM", MLA | {
        "q_lora_rank": None, "n_group": 1, "topk_group": 1, "rope_scaling": None}),
    Family(r"DeepSeek-(R1|V3)(-\d+|\.1)?$", "deepseek_v3", "DeepseekV3ForCausalLM", like="deepseek-ai/DeepSeek-V3"),
    Family(r"DeepSeek-V3.2", "deepseek_v32", "DeepseekV32ForCausalLM", like="deepseek-ai/DeepSeek-V3.2"),
    Family(r"Kimi-K2-Thinking", "kimi_k2", "DeepseekV3ForCausalLM", KIMI_256K | {"quantization_config": KIMI_INT4},
           like="moonshotai/Kimi-K2-Instruct"),
    Family(r"Kimi-K2-Instruct-0905", "kimi_k2", "DeepseekV3ForCausalLM", KIMI_256K, like="moonshotai/Kimi-K2-Instruct"),
    Family(r"Kimi-K2-", "kimi_k2", "DeepseekV3ForCausalLM", like="moonshotai/Kimi-K2-Instruct"),
    Family(r"Devstral-Small-2-|Mistral-Small-3\.[12]", "mistral3", "Mistral3ForConditionalGeneration", MISTRAL3),
    Family(r"Devstral-2-123B", "ministral3", "Ministral3ForCausalLM"),
    Family(r"Mistral-Medium-3\.5", "mistral3", "Mistral3ForConditionalGeneration", MISTRAL3 | {
        "vision_config": PIXTRAL | {
            "hidden_size": 1664, "intermediate_size": 8192, "num_hidden_layers": 48, "head_dim": 104},
        "text_config": {"model_type": "ministral3"}}),
    Family(r"Kimi-K2\.[67]", "kimi_k25", "KimiK25ForConditionalGeneration", like="moonshotai/Kimi-K2.5"),
    Family(r"ERNIE-4.5-0", "ernie4_5", "Ernie4_5ForCausalLM"),
    Family(r"ERNIE-4.5-21B", "ernie4_5_moe", "Ernie4_5_MoeForCausalLM"),
    Family(r"EXAONE-4", "exaone4", "Exaone4ForCausalLM", {
        "layer_types": (["sliding_attention"] * 3 + ["full_attention"]) * 16}),
    Family(r"falcon-7b", "falcon", "FalconForCausalLM", {
        "new_decoder_architecture": False, "multi_query": True, "parallel_attn": True, "bias": False, "alibi": False}),
    Family(r"falcon-40b", "falcon", "FalconForCausalLM", {
        "new_decoder_architecture": True, "num_kv_heads": 8, "parallel_attn": True, "bias": False, "alibi": False}),
    Family(r"gemma-2-", "gemma2", "Gemma2ForCausalLM", {"query_pre_attn_scalar": 256}),
    Family(r"gemma-3-1b", "gemma3_text", "Gemma3ForCausalLM", {"sliding_window_pattern": 6}),
    Family(r"gemma-3-", "gemma3", "Gemma3ForConditionalGeneration", like="gemma-3-27b"),
    Family(r"gemma-4-26B", "gemma4", "Gemma4ForConditionalGeneration", like="google/gemma-4-26B-A4B"),
    Family(r"gemma-4-31B", "gemma4", "Gemma4ForConditionalGeneration", like="gemma-4-31b"),
    Family(r"GLM-(4|Z1)-(9|32)B", "glm4", "Glm4ForCausalLM", {"partial_rotary_factor": 0.5, "attention_bias": False}),
    Family(r"GLM-4\.[567](-Air)?$", "glm4_moe", "Glm4MoeForCausalLM", {"attention_bias": True}),
    Family(r"GLM-4\.7-Flash", "glm4_moe_lite", "Glm4MoeLiteForCausalLM", {
        "q_lora_rank": 768, "qk_nope_head_dim": 192, "v_head_dim": 256, "n_group": 1, "topk_group": 1}),
    Family(r"GLM-5", "glm_moe_dsa", "GlmMoeDsaForCausalLM", like="zai-org/GLM-5"),
    Family(r"gpt-oss", "gpt_oss", "GptOssForCausalLM", like="gpt-oss-20b"),
    Family(r"granite-3.0-1b-a400m", "granitemoe", "GraniteMoeForCausalLM"),
    Family(r"granite-4.0-micro", "granitemoehybrid", "GraniteMoeHybridForCausalLM", {
        "num_local_experts": 0, "num_experts_per_tok": 0, "shared_intermediate_size": 8192,
        "layer_types": ["attention"] * 40}),
    Family(r"granite-4.0-h-tiny", "granitemoehybrid", "GraniteMoeHybridForCausalLM", {
        "mamba_n_heads": 48, "mamba_d_head": 64, "mamba_d_state": 128, "mamba_n_groups": 1, "mamba_d_conv": 4,
        "mamba_expand": 2, "shared_intermediate_size": 1024, "layer_types": ["mamba"] * 36 + ["attention"] * 4}),
    Family(r"granite-4.0-h-small", "granitemoehybrid", "GraniteMoeHybridForCausalLM", {
        "mamba_n_heads": 128, "mamba_d_head": 64, "mamba_d_state": 128, "mamba_n_groups": 1, "mamba_d_conv": 4,
        "mamba_expand": 2, "shared_intermediate_size": 1536, "layer_types": ["mamba"] * 36 + ["attention"] * 4}),
    Family(r"granite", "granite", "GraniteForCausalLM"),
    Family(r"internlm3", "internlm3", "InternLM3ForCausalLM", {"qkv_bias": False, "bias": False}),
    Family(r"Llama-4-Scout", "llama4", "Llama4ForConditionalGeneration", like="llama-4-scout"),
    Family(r"Llama-4-Maverick", "llama4", "Llama4ForConditionalGeneration",
           {
        "text_config": {"interleave_moe_layer_step": 2, "max_position_embeddings": 1048576}}, like="llama-4-scout"),
    Family(r"MiniMax-M2", "minimax_m2", "MiniMaxM2ForCausalLM", like="MiniMaxAI/MiniMax-M2.5"),
    Family(r"Ministral-8B|Mistral-7B|Minitron|Mistral-(Nemo|Large-Instruct-2407)|Mistral-Small-24B|Codestral"
           r"|Devstral-Small-2505|Apriel", "mistral", "MistralForCausalLM"),
    Family(r"Mixtral", "mixtral", "MixtralForCausalLM"),
    Family(r"OLMo-2", "olmo2", "Olmo2ForCausalLM"),
    Family(r"Olmo-3", "olmo3", "Olmo3ForCausalLM"),
    Family(r"OLMoE", "olmoe", "OlmoeForCausalLM"),
    Family(r"phi-2", "phi", "PhiForCausalLM", {"partial_rotary_factor": 0.4}),
    Family(r"Phi-3.5-MoE", "phimoe", "PhiMoEForCausalLM", {"attention_bias": True, "lm_head_bias": True}),
    Family(r"Phi-4-mini", "phi3", "Phi3ForCausalLM", {"partial_rotary_factor": 0.75}),
    Family(r"[Pp]hi-(3|4)", "phi3", "Phi3ForCausalLM"),
    Family(r"Qwen2.5-VL-(3|7)B", "qwen2_5_vl", "Qwen2_5_VLForConditionalGeneration", {
        "vision_config": QWEN25_VISION | {"intermediate_size": 3420}}),
    Family(r"Qwen2.5-VL-(32|72)B", "qwen2_5_vl", "Qwen2_5_VLForConditionalGeneration", {
        "vision_config": QWEN25_VISION | {"intermediate_size": 3456}}),
    Family(r"Qwen3-VL-4B", "qwen3_vl", "Qwen3VLForConditionalGeneration", like="Qwen/Qwen3-VL-2B-Instruct"),
    Family(r"Qwen3\.[68]-27B", "qwen3_5", "Qwen3_5ForConditionalGeneration", like="Qwen/Qwen3.5-27B"),
    Family(r"Qwen3\.6-35B-A3B", "qwen3_5_moe", "Qwen3_5MoeForConditionalGeneration", like="Qwen/Qwen3.5-35B-A3B"),
    Family(r"Qwen3\.5-0\.8B", "qwen3_5", "Qwen3_5ForConditionalGeneration", {
        "text_config": {"linear_num_value_heads": 16},
        "vision_config": {"depth": 12, "hidden_size": 768, "intermediate_size": 3072, "num_heads": 12}},
        like="Qwen/Qwen3.5-27B"),
    Family(r"Qwen3\.5-2B", "qwen3_5", "Qwen3_5ForConditionalGeneration", {
        "text_config": {"linear_num_value_heads": 16},
        "vision_config": {"depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16}},
        like="Qwen/Qwen3.5-27B"),
    Family(r"Qwen3\.5-4B", "qwen3_5", "Qwen3_5ForConditionalGeneration", {
        "text_config": {"linear_num_value_heads": 32},
        "vision_config": {"depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16}},
        like="Qwen/Qwen3.5-27B"),
    Family(r"Qwen3\.5-9B", "qwen3_5", "Qwen3_5ForConditionalGeneration", {
        "text_config": {"linear_num_value_heads": 32}}, like="Qwen/Qwen3.5-27B"),
    Family(r"Nemotron-Nano-9B", "nemotron_h", "NemotronHForCausalLM", like="nemotron-nano-9b-v2"),
    Family(r"Nemotron-3-Super", "nemotron_h", "NemotronHForCausalLM",
           like="nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8"),
    Family(r"Mistral-Small-4", "mistral3", "Mistral3ForConditionalGeneration", MISTRAL3 | {"text_config": {
        "model_type": "mistral4", "q_lora_rank": 1024, "qk_nope_head_dim": 64, "v_head_dim": 128, "n_group": 1,
        "topk_group": 1, "first_k_dense_replace": 0, "norm_topk_prob": True}}),
    Family(r"Muse-Glimmer", "muse_glimmer", "MuseGlimmerForConditionalGeneration", like="default/muse_glimmer"),
    Family(r"Solar-Open", "solar_open", "SolarOpenForCausalLM", like="default/solar_open"),
    Family(r"Hy3-preview", "hy_v3", "HYV3ForCausalLM", {"first_k_dense_replace": 1}, like="default/hy_v3"),
    Family(r"Youtu-LLM-2B", "youtu", "YoutuForCausalLM", like="default/youtu"),
    Family(r"Ministral-3-8B", "mistral3", "Mistral3ForConditionalGeneration", MISTRAL3 | {"text_config": {
        "model_type": "ministral3"}}),
    Family(r"bge-reranker-v2-m3", "xlm-roberta", "XLMRobertaForSequenceClassification", XLM | {
        "max_position_embeddings": 8194, "num_labels": 1}),
    Family(r"Seed-OSS", "seed_oss", "SeedOssForCausalLM", {"attention_bias": True, "attention_out_bias": False}),
    Family(r"SmolLM3", "smollm3", "SmolLM3ForCausalLM", {"no_rope_layer_interval": 4}),
    Family(r"SmolLM2|Llama|CodeLlama|deepseek-coder-6.7b|Falcon3|Hermes-3|SOLAR|TinyLlama|Yi-1.5", "llama",
           "LlamaForCausalLM"),
)  # fmt: skip
STATIC_FP8 = {"quant_method": "fp8", "activation_scheme": "static", "weight_block_size": None}


def catalogue_rows() -> list[dict[str, Any]]:
    """Return a row of each entry whose configuration is known."""
    published = {row["id"].removeprefix("published/"): row["config"] for row in load("published")["rows"]}
    published |= {row["id"]: row["config"] for row in load("defaults")["rows"]}
    rows = []
    for id, model in load_catalogue().items():
        name = "nvidia/" + id.removeprefix("nvidia/") if id.startswith("nvidia/") else id
        if config := published.get(name):
            source = f"published/{name}"
        elif (config := family_config(model, published)) is not None:
            source = "dimensions of the catalogue, its family's configuration class"
        else:
            continue
        rows.append({"id": f"catalogue/{id}", "source": source, "config": config})
    return rows


def family_config(model: Model, published: dict[str, Any]) -> dict[str, Any] | None:
    """Return the configuration of a model by its family's table row; None where none is known."""
    family = next((family for family in FAMILIES if re.search(family.names, model.id)), None)
    if family is None:
        return None
    if family.like:
        return _like(published[family.like], family, model)
    config = {"architectures": [family.architecture], "model_type": family.kind, **_dimensions(model, family.kind)}
    if "vision_config" in family.extra:
        return _with_vision(config, family, model)
    return config | family.extra


def _like(base: dict[str, Any], family: Family, model: Model) -> dict[str, Any]:
    """Return a sister's config with the model's dimensions; its quantization goes where the model has none."""
    config = {key: value for key, value in base.items() if key != "quantization_config"}
    if model.quantization == base.get("quantization_config", {}).get("quant_method"):
        config["quantization_config"] = base["quantization_config"]
    text = dict(config.get("text_config") or config)
    text |= {
        key: value
        for key, value in _dimensions(model, text.get("model_type", "")).items()
        if text.get(key) is not None
        and key != "max_position_embeddings"
        and not (key == "intermediate_size" and "intermediate_size_mlp" in text)  # Llama 4: of its experts
    }
    if "layer_types" in text and len(text["layer_types"]) != model.layers:
        del text["layer_types"]
    if "text_config" not in config:
        return text | dict(family.extra)
    tied = {"tie_word_embeddings": model.tied_embeddings}
    config["text_config"] = text | tied | family.extra.get("text_config", {})
    if "out_hidden_size" in (vision := config.get("vision_config", {})):
        config["vision_config"] = {**vision, "out_hidden_size": model.hidden, **family.extra.get("vision_config", {})}
    return config | tied


def _with_vision(config: dict[str, Any], family: Family, model: Model) -> dict[str, Any]:
    vision = family.extra["vision_config"]
    if family.kind == "qwen2_5_vl":
        return config | {"vision_config": vision | {"out_hidden_size": model.hidden}}
    top = {key: config.pop(key) for key in ("architectures", "model_type", "dtype")}
    quantization = {key: config.pop(key) for key in ("quantization_config",) if key in config}
    if quantization:
        kept = quantization["quantization_config"]["modules_to_not_convert"] + _pixtral_modules(vision)
        quantization = {"quantization_config": quantization["quantization_config"] | {"modules_to_not_convert": kept}}
    text = {"model_type": "mistral", **config, **family.extra.get("text_config", {})}
    top["tie_word_embeddings"] = model.tied_embeddings  # the class's own default ties them
    return {**top, **family.extra, **quantization, "text_config": text}


def _pixtral_modules(vision: dict[str, Any]) -> list[str]:
    """Return the matrices of a Pixtral tower, kept in 16 bits, by the whole names that vLLM requires."""
    parts = [f"attention.{letter}_proj" for letter in "qkvo"]
    parts += [f"feed_forward.{name}_proj" for name in ("gate", "up", "down")]
    layers = range(vision["num_hidden_layers"])
    names = [f"model.vision_tower.transformer.layers.{layer}.{part}" for layer in layers for part in parts]
    return names + [
        f"model.multi_modal_projector.{name}" for name in ("patch_merger.merging_layer", "linear_1", "linear_2")
    ]


def _dimensions(model: Model, kind: str) -> dict[str, Any]:
    """Return the dimensions of the catalogue under the names that most configuration classes have."""
    config: dict[str, Any] = {
        "hidden_size": model.hidden, "num_hidden_layers": model.layers, "num_attention_heads": model.heads,
        "vocab_size": model.vocab, "max_position_embeddings": model.context, "dtype": model.dtype,
        "intermediate_size": model.intermediate,
    }  # fmt: skip
    if kind == "distilbert":
        names = {"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads"}
        config = {names.get(key, key): value for key, value in config.items()} | {"hidden_dim": model.intermediate}
    if kind in ("bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "deberta-v2", "modernbert", "nomic_bert"):
        return config
    config |= {
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_dim,
        "tie_word_embeddings": model.tied_embeddings,
    }
    if kind == "falcon":
        del config["head_dim"]
    if model.attention == "mla":
        del config["head_dim"]
        config |= {"kv_lora_rank": model.kv_lora_rank, "qk_rope_head_dim": model.qk_rope_head_dim}
    if model.sliding_window and kind not in ("gemma3_text",):
        config["sliding_window"] = model.sliding_window
    if kind == "mistral" and not model.sliding_window:
        config["sliding_window"] = None
    if model.sliding_window and kind == "gemma3_text":
        config["sliding_window"] = model.sliding_window
    if model.experts:
        config |= {
            "num_experts": model.experts, "n_routed_experts": model.experts, "num_local_experts": model.experts,
            "moe_num_experts": model.experts, "num_experts_per_tok": model.experts_per_token,
            "moe_intermediate_size": model.moe_intermediate, "moe_k": model.experts_per_token,
            "n_shared_experts": model.shared_experts, "moe_num_shared_experts": model.shared_experts,
            "first_k_dense_replace": model.dense_layers, "moe_layer_start_index": model.dense_layers,
        }  # fmt: skip
        if kind == "qwen2_moe":
            config["shared_expert_intermediate_size"] = model.shared_experts * model.moe_intermediate
        if kind in ("mixtral", "phimoe", "granitemoe", "olmoe", "granitemoehybrid"):
            config["intermediate_size"] = model.moe_intermediate
    if model.quantization == "fp8" and kind in ("mistral3", "ministral3"):
        config["quantization_config"] = STATIC_FP8 | {
            "modules_to_not_convert": ["model.vision_tower", "model.multi_modal_projector", "lm_head"]
        }
    return config
