"""The catalogue against figures printed elsewhere, and the readers against real config.json contents.

Published totals are those of model cards, papers and the hub's own safetensors counts; the source stands beside each.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.catalogue import shipped
from planner.catalogue.hf_config import from_config
from planner.catalogue.model_object import MODEL_KEYS, from_object
from planner.catalogue.models import DEFAULT_MODELS, default_model, find_model
from planner.catalogue.shipped import Catalogue, load_catalogue, model_line
from planner.catalogue.sizes import count_params, parse_size
from planner.schema import QUANTIZATIONS, Model, Refusal
from scripts.add_model import catalogue_order, catalogue_text

FILE = Path(shipped.__file__).with_name("models.json")
CATALOGUE = load_catalogue()
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect

# Totals and active parameters in billions as their makers print them.
# fmt: off
PUBLISHED = [
    # id                                            total   active  source
    ("Qwen/Qwen2.5-0.5B-Instruct",                   0.49,   None,  "model card"),
    ("Qwen/Qwen2.5-7B-Instruct",                     7.61,   None,  "model card"),
    ("Qwen/Qwen2.5-72B-Instruct",                   72.7,    None,  "model card"),
    ("Qwen/Qwen3-0.6B",                              0.6,    None,  "model card"),
    ("Qwen/Qwen3-8B",                                8.2,    None,  "model card"),
    ("Qwen/Qwen3-14B",                              14.8,    None,  "model card"),
    ("Qwen/Qwen3-32B",                              32.8,    None,  "model card"),
    ("Qwen/Qwen3-30B-A3B",                          30.5,    3.3,   "model card"),
    ("Qwen/Qwen3-235B-A22B",                       235.0,   22.0,   "model card"),
    ("Qwen/Qwen3-Coder-480B-A35B-Instruct",        480.0,   35.0,   "model card"),
    ("meta-llama/Llama-3.1-8B-Instruct",             8.03,   None,  "arXiv 2407.21783"),
    ("meta-llama/Llama-3.1-405B-Instruct",         405.0,    None,  "arXiv 2407.21783"),
    ("meta-llama/Llama-4-Scout-17B-16E-Instruct",  109.0,   17.0,   "model card"),
    ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", 400.0, 17.0,  "model card"),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1",        46.7,   12.9,   "Mistral AI's announcement"),
    ("mistralai/Mixtral-8x22B-Instruct-v0.1",      141.0,   39.0,   "Mistral AI's announcement"),
    ("mistralai/Mistral-7B-Instruct-v0.3",           7.25,   None,  "model card"),
    ("openai/gpt-oss-20b",                          20.91,   3.61,  "arXiv 2508.10925"),
    ("openai/gpt-oss-120b",                        116.83,   5.13,  "arXiv 2508.10925"),
    ("deepseek-ai/DeepSeek-V3",                    671.0,   37.0,   "arXiv 2412.19437"),
    ("deepseek-ai/DeepSeek-V2-Lite",                15.7,    2.4,   "arXiv 2405.04434"),
    ("zai-org/GLM-4.5",                            355.0,   32.0,   "arXiv 2508.06471"),
    ("zai-org/GLM-4.5-Air",                        106.0,   12.0,   "arXiv 2508.06471"),
    ("moonshotai/Kimi-K2-Instruct",               1030.0,   32.0,   "arXiv 2507.20534"),
    ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",  31.6,    3.6,   "model card"),
    ("microsoft/phi-4",                             14.7,    None,  "model card"),
    ("google/gemma-3-1b-it",                         1.0,    None,  "arXiv 2503.19786, table 1: 302M + 698M"),
    ("google/gemma-3-4b-it",                         4.30,   None,  "the same: 417M + 675M + 3,209M"),
    ("google/gemma-3-27b-it",                       27.43,   None,  "the same: 417M + 1,416M + 25,600M"),
    ("HuggingFaceTB/SmolLM2-135M-Instruct",          0.135,  None,  "model card"),
    ("google-bert/bert-base-uncased",                0.110,  None,  "arXiv 1810.04805"),
    ("google-bert/bert-large-uncased",               0.340,  None,  "arXiv 1810.04805"),
    ("distilbert/distilbert-base-uncased",           0.066,  None,  "arXiv 1910.01108"),
    ("FacebookAI/roberta-large",                     0.355,  None,  "arXiv 1907.11692"),
    ("microsoft/deberta-v3-base",                    0.184,  None,  "model card: 86M + 98M"),
    ("answerdotai/ModernBERT-base",                  0.149,  None,  "arXiv 2412.13663"),
    ("answerdotai/ModernBERT-large",                 0.395,  None,  "arXiv 2412.13663"),
]

# Bytes of KV cache per token in 16 bits.
KV_PUBLISHED = [
    ("deepseek-ai/DeepSeek-V3",            70_272, "arXiv 2505.09343, table 1"),
    ("Qwen/Qwen2.5-72B-Instruct",         327_680, "the same"),
    ("meta-llama/Llama-3.1-405B-Instruct", 516_096, "the same"),
    ("meta-llama/Llama-2-7b-chat-hf",     524_288, "vLLM's start-up log: 0.5 MiB"),
    ("meta-llama/Llama-3.1-8B-Instruct",  131_072, "vLLM's start-up log"),
]
# fmt: on


def kv_bytes_per_token(model: Model) -> int:
    width = (
        model.kv_lora_rank + model.qk_rope_head_dim if model.attention == "mla" else 2 * model.kv_heads * model.head_dim
    )
    return 2 * width * (model.layers - model.linear_layers)


@pytest.mark.parametrize(("name", "total", "active", "source"), PUBLISHED, ids=[row[0] for row in PUBLISHED])
def test_sizes_are_the_published_ones(name: str, total: float, active: float | None, source: str) -> None:
    model = CATALOGUE[name]
    assert model.params / 1e9 == pytest.approx(total, rel=0.015 if total > 0.4 else 0.03), source
    if active:  # makers count the embeddings in, out, or half
        assert model.params_active / 1e9 == pytest.approx(active, rel=0.13), source


@pytest.mark.parametrize(("name", "expected", "source"), KV_PUBLISHED, ids=[row[0] for row in KV_PUBLISHED])
def test_kv_cache_per_token_is_the_published_one(name: str, expected: int, source: str) -> None:
    assert kv_bytes_per_token(CATALOGUE[name]) == expected, source


class TestCatalogue:
    def test_holds_models_of_every_size_and_kind(self) -> None:
        sizes = [CATALOGUE[name].params for name in CATALOGUE if CATALOGUE[name].workload == "generation"]
        assert len(CATALOGUE) >= 120
        assert min(sizes) < 0.2e9 and max(sizes) > 1e12
        assert sum(bool(model.experts) for model in CATALOGUE.values()) >= 30
        assert {model.workload for model in CATALOGUE.values()} == {"generation", "classification", "embedding"}

    def test_is_one_sorted_json_array_of_one_model_a_line(self) -> None:
        text = FILE.read_text(encoding="utf-8")
        assert [entry["id"] for entry in json.loads(text)] == list(CATALOGUE)
        assert text == catalogue_text(list(CATALOGUE.values()))
        assert list(CATALOGUE) == [model.id for model in sorted(CATALOGUE.values(), key=catalogue_order)]

    def test_a_load_builds_no_model(self) -> None:
        fresh = Catalogue(FILE.read_text(encoding="utf-8"))
        assert not fresh._built
        assert fresh["Qwen/Qwen3-8B"] == CATALOGUE["Qwen/Qwen3-8B"]
        assert len(fresh._built) == 1

    @pytest.mark.parametrize("name", list(CATALOGUE))
    def test_entry_is_whole(self, name: str) -> None:
        model = CATALOGUE[name]
        assert "/" in model.id and model.source.startswith("https://")
        assert re.fullmatch(r"([0-9a-f]{40})?", model.revision)
        assert model.quantization in QUANTIZATIONS and model.dtype in ("bfloat16", "float16", "float32")
        assert 0 < model.params_active <= model.params and (model.experts > 0 or model.params_active == model.params)
        assert model.heads % model.kv_heads == 0 and model.sliding_layers + model.linear_layers <= model.layers
        assert bool(model.sliding_window) == bool(model.sliding_layers) and model.experts_per_token <= model.experts
        assert not model.assumed
        # without a cache of its own: a state instead, or the keys and values of another layer
        assert not model.linear_layers or model.state_bytes or model.caches
        for quantization, variant, revision in model.variants:
            assert quantization in QUANTIZATIONS and variant.count("/") == 1 and variant not in CATALOGUE
            assert re.fullmatch(r"([0-9a-f]{40})?", revision)

    @pytest.mark.parametrize("name", list(CATALOGUE))
    def test_parameters_follow_from_the_dimensions(self, name: str) -> None:
        """Dense decoders within 1%, other decoders and encoders (biases, positions) within 2.

        What `Model` cannot say is allowed for (test_oracle.py has the libraries' counts): a vision tower, ranks of
        queries, gates and Mamba mixers of hybrids, Gemma 4's second kind of heads. Nemotron-H's layers are one thing
        each, and Gemma 4 E4B has embeddings for each layer, so their counts only come from their config.json.
        """
        model, off = CATALOGUE[name], count_params(CATALOGUE[name]) / CATALOGUE[name].params - 1
        if name.startswith("nvidia/N") or "-E4B" in name:
            assert model.linear_layers
        elif model.pages:  # DeepSeek-V4's queries and outputs pass ranks
            assert 0 < off < 0.03
        elif model.linear_layers:
            assert -0.25 < off < 0.02
        elif re.search(r"-VL-|gemma-[34]-(?!1b)|Llama-4|Small-[34]|Medium-3|Small-2-24B|Muse|Ministral-3|Youtu", name):
            assert -0.2 < off < 0.001
        else:
            assert abs(off) < (0.01 if model.workload == "generation" and not model.experts else 0.02)

    def test_a_line_reads_back_as_the_same_model(self) -> None:
        for model in CATALOGUE.values():
            assert Catalogue(model_line(model))[model.id] == model


# Real config.json contents, shortened to what the reader looks at, with the total that the hub counts.
LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
    "max_position_embeddings": 131072, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
}  # fmt: skip
QWEN3_MOE = {
    "model_type": "qwen3_moe", "decoder_sparse_step": 1, "head_dim": 128, "hidden_size": 2048,
    "intermediate_size": 6144, "max_position_embeddings": 40960, "mlp_only_layers": [], "moe_intermediate_size": 768,
    "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 48,
    "num_key_value_heads": 4, "sliding_window": None, "tie_word_embeddings": False, "vocab_size": 151936,
    "use_sliding_window": False,
}  # fmt: skip
GPT_OSS = {
    "model_type": "gpt_oss", "head_dim": 64, "hidden_size": 2880, "intermediate_size": 2880,
    "layer_types": ["sliding_attention", "full_attention"] * 18, "max_position_embeddings": 131072,
    "num_attention_heads": 64, "num_experts_per_tok": 4, "num_hidden_layers": 36, "num_key_value_heads": 8,
    "num_local_experts": 128, "quantization_config": {"quant_method": "mxfp4"}, "sliding_window": 128,
    "tie_word_embeddings": False, "vocab_size": 201088,
}  # fmt: skip
DEEPSEEK_V3 = {
    "model_type": "deepseek_v3", "first_k_dense_replace": 3, "hidden_size": 7168, "intermediate_size": 18432,
    "kv_lora_rank": 512, "max_position_embeddings": 163840, "moe_intermediate_size": 2048, "n_routed_experts": 256,
    "n_shared_experts": 1, "num_attention_heads": 128, "num_experts_per_tok": 8, "num_hidden_layers": 61,
    "num_key_value_heads": 128, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
    "v_head_dim": 128, "vocab_size": 129280, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
    "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]},
}  # fmt: skip
GEMMA3_27B = {
    "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
    "text_config": {
        "head_dim": 128, "hidden_size": 5376, "intermediate_size": 21504, "model_type": "gemma3_text",
        "num_attention_heads": 32, "num_hidden_layers": 62, "num_key_value_heads": 16, "sliding_window": 1024,
        "max_position_embeddings": 131072, "vocab_size": 262208, "sliding_window_pattern": 6,
    },
    "torch_dtype": "bfloat16",
    "vision_config": {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27,
                      "model_type": "siglip_vision_model"},
}  # fmt: skip
QWEN3_NEXT = {
    "model_type": "qwen3_next", "full_attention_interval": 4, "head_dim": 256, "hidden_size": 2048,
    "intermediate_size": 5120, "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128, "linear_num_key_heads": 16,
    "linear_num_value_heads": 32, "linear_value_head_dim": 128, "max_position_embeddings": 262144,
    "moe_intermediate_size": 512, "num_attention_heads": 16, "num_experts": 512, "num_experts_per_tok": 10,
    "num_hidden_layers": 48, "num_key_value_heads": 2, "shared_expert_intermediate_size": 512,
    "tie_word_embeddings": False, "vocab_size": 151936,
}  # fmt: skip
NEMOTRON = {
    "model_type": "nemotron_h", "conv_kernel": 4, "head_dim": 128, "hidden_size": 2688, "intermediate_size": 1856,
    "hybrid_override_pattern": "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME", "mamba_head_dim": 64,
    "mamba_num_heads": 64, "mamba_ssm_cache_dtype": "float32", "max_position_embeddings": 262144,
    "moe_intermediate_size": 1856, "moe_shared_expert_intermediate_size": 3712, "n_groups": 8,
    "n_routed_experts": 128, "n_shared_experts": 1, "num_attention_heads": 32, "num_experts_per_tok": 6,
    "num_hidden_layers": 52, "num_key_value_heads": 2, "ssm_state_size": 128, "vocab_size": 131072,
    "tie_word_embeddings": False,
}  # fmt: skip
GRANITE_H_TINY = {
    "model_type": "granitemoehybrid", "hidden_size": 1536, "intermediate_size": 512,
    "layer_types": ["attention" if layer in (5, 15, 25, 35) else "mamba" for layer in range(40)],
    "mamba_d_conv": 4, "mamba_d_head": 64, "mamba_d_state": 128, "mamba_n_groups": 1, "mamba_n_heads": 48,
    "max_position_embeddings": 131072, "num_attention_heads": 12, "num_experts_per_tok": 6, "num_hidden_layers": 40,
    "num_key_value_heads": 4, "num_local_experts": 64, "shared_intermediate_size": 1024, "vocab_size": 100352,
    "tie_word_embeddings": True,
}  # fmt: skip
MIXTRAL = {
    "model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768,
    "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8,
    "num_local_experts": 8, "sliding_window": None, "tie_word_embeddings": False, "vocab_size": 32000,
}  # fmt: skip
FALCON_7B = {
    "model_type": "falcon", "hidden_size": 4544, "multi_query": True, "new_decoder_architecture": False,
    "num_attention_heads": 71, "num_hidden_layers": 32, "vocab_size": 65024, "parallel_attn": True,
}  # fmt: skip
BERT_BASE = {
    "architectures": ["BertForMaskedLM"], "model_type": "bert", "hidden_size": 768, "intermediate_size": 3072,
    "max_position_embeddings": 512, "num_attention_heads": 12, "num_hidden_layers": 12, "vocab_size": 30522,
}  # fmt: skip
MODERNBERT = {
    "architectures": ["ModernBertForMaskedLM"], "model_type": "modernbert", "hidden_size": 768,
    "intermediate_size": 1152, "local_attention": 128, "global_attn_every_n_layers": 3, "num_hidden_layers": 22,
    "max_position_embeddings": 8192, "num_attention_heads": 12, "vocab_size": 50368,
}  # fmt: skip
DISTILBERT = {
    "architectures": ["DistilBertForSequenceClassification"], "model_type": "distilbert", "dim": 768,
    "hidden_dim": 3072, "max_position_embeddings": 512, "n_heads": 12, "n_layers": 6, "vocab_size": 30522,
}  # fmt: skip
BGE_M3 = {
    "architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "hidden_size": 1024, "intermediate_size": 4096,
    "max_position_embeddings": 8194, "num_attention_heads": 16, "num_hidden_layers": 24, "vocab_size": 250002,
}  # fmt: skip


class TestFromConfig:
    @pytest.mark.parametrize(
        ("config", "hub_total"),
        [
            (LLAMA, 8_030_261_248),
            (QWEN3_MOE, 30_532_122_624),
            (GPT_OSS, 116_829_156_672),
            (GEMMA3_27B, 27_432_406_640),
            (NEMOTRON, 31_577_937_344),
            (GRANITE_H_TINY, 6_939_037_248),
            (MIXTRAL, 46_702_792_704),
            (FALCON_7B, 6_921_720_704),
            (BERT_BASE, 109_482_240),
            (MODERNBERT, 149_014_272),
            (DISTILBERT, 66_955_010),
            (BGE_M3, 567_754_752),
        ],
        ids=lambda value: value["model_type"] if isinstance(value, dict) else None,
    )
    def test_counts_what_the_hub_counts(self, config: dict[str, Any], hub_total: int) -> None:
        assert from_config(config, "org/name").params == pytest.approx(hub_total, rel=0.01)

    def test_latent_attention(self) -> None:
        model = from_config(DEEPSEEK_V3, "deepseek-ai/DeepSeek-V3")
        assert (model.attention, model.kv_lora_rank, model.qk_rope_head_dim, model.head_dim) == ("mla", 512, 64, 192)
        assert (model.experts, model.experts_per_token, model.shared_experts, model.dense_layers) == (256, 8, 1, 3)
        assert model.params == pytest.approx(671e9, rel=0.001)  # arXiv 2412.19437, without the 14B of MTP
        assert model.quantization == "fp8"

    def test_linear_layers_and_their_state(self) -> None:
        model = from_config(QWEN3_NEXT, "Qwen/Qwen3-Next-80B-A3B-Instruct")
        assert (model.layers, model.linear_layers, model.shared_experts) == (48, 36, 1)
        assert model.params == pytest.approx(
            79.67e9, rel=0.001
        )  # the hub's count of Qwen3-Coder-Next, which has no MTP
        assert kv_bytes_per_token(model) == 12 * 2 * 2 * 256 * 2
        state = 32 * 128 * 128 + 3 * (2 * 16 * 128 + 32 * 128)  # the delta net's and the convolution's, 16 bits each
        assert model.state_bytes == 36 * 2 * state

    def test_layers_of_one_kind_each(self) -> None:
        model = from_config(NEMOTRON, "nvidia/nano")
        assert (model.layers, model.linear_layers, model.mlp_matrices) == (52, 46, 2)
        blocks = [{"M": "mamba", "E": "moe", "*": "attention"}[c] for c in NEMOTRON["hybrid_override_pattern"]]
        listed = {k: v for k, v in NEMOTRON.items() if k not in ("hybrid_override_pattern", "num_hidden_layers")}
        assert from_config({**listed, "layers_block_type": blocks}, "nvidia/nano") == model

    @pytest.mark.parametrize(
        ("config", "window", "layers"),
        [
            (GPT_OSS, 128, 18),
            (GEMMA3_27B, 1024, 52),  # five of six, and both of the last two
            (MODERNBERT, 128, 14),
            ({**LLAMA, "model_type": "exaone4", "sliding_window": 4096, "sliding_window_pattern": "LLLG"}, 4096, 24),
            ({**LLAMA, "model_type": "gemma2", "sliding_window": 4096, "num_hidden_layers": 42}, 4096, 21),
            ({**LLAMA, "model_type": "mistral", "sliding_window": 4096}, 4096, 32),
            ({**LLAMA, "model_type": "phi3", "sliding_window": 262144}, 0, 0),
            ({**LLAMA, "model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": False}, 0, 0),
        ],
    )
    def test_sliding_windows(self, config: dict[str, Any], window: int, layers: int) -> None:
        model = from_config(config, "org/name")
        assert (model.sliding_window, model.sliding_layers) == (window, layers)

    def test_encoders(self) -> None:
        assert from_config(BERT_BASE, "google-bert/bert-base-uncased").workload == "classification"
        assert from_config(DISTILBERT, "distilbert/sst-2").workload == "classification"
        bge = from_config(BGE_M3, "BAAI/bge-m3")
        assert (bge.workload, bge.context, bge.mlp_matrices, bge.tied_embeddings) == ("embedding", 8192, 2, True)
        assert from_config(MODERNBERT, "answerdotai/ModernBERT-base").mlp_matrices == 3

    def test_multi_query(self) -> None:
        falcon = from_config(FALCON_7B, "tiiuae/falcon-7b")
        assert (falcon.kv_heads, falcon.intermediate, falcon.tied_embeddings) == (1, 4 * 4544, True)

    @pytest.mark.parametrize(
        ("section", "expected"),
        [
            ({"quant_method": "awq", "bits": 4}, "int4"),
            ({"quant_method": "gptq", "bits": 8}, "int8"),
            ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "nf4"),
            ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8"),
            ({"quant_method": "fbgemm_fp8"}, "fp8"),
            ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
            ({"quant_method": "compressed-tensors",
              "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}}}, "fp8"),
            ({"quant_method": "compressed-tensors",
              "config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int"}}}}, "int4"),
        ],
    )  # fmt: skip
    def test_quantization_of_the_published_weights(self, section: dict[str, Any], expected: str) -> None:
        assert from_config({**LLAMA, "quantization_config": section}, "org/name").quantization == expected

    def test_what_the_class_knows_need_not_be_said(self) -> None:
        """google/gemma-3-4b-it's config.json leaves out heads, vocabulary and context."""
        text = {"hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
                "sliding_window": 1024}  # fmt: skip
        model = from_config({**GEMMA3_27B, "text_config": text}, "google/gemma-3-4b-it")
        assert model.params == pytest.approx(4_300_079_472, rel=0.005)  # the hub's count
        assert (model.heads, model.kv_heads, model.context, model.sliding_layers) == (8, 4, 131072, 29)

    @pytest.mark.parametrize(
        ("change", "key"),
        [
            ({"hidden_size": "4096"}, "hidden_size"),
            ({"hidden_size": None}, "hidden_size"),
            ({"num_hidden_layers": -1}, "num_hidden_layers"),
            ({"num_attention_heads": 0}, "num_attention_heads"),
            ({"vocab_size": 1.5}, "vocab_size"),
            ({"vocab_size": True}, "vocab_size"),
            ({"vocab_size": float("nan")}, "vocab_size"),
            ({"vocab_size": float("inf")}, "vocab_size"),
            ({"model_type": 3}, "model_type"),
            ({"layer_types": "all"}, "layer_types"),
            ({"quantization_config": "awq"}, "quantization_config"),
            ({"quantization_config": {"quant_method": "sorcery"}}, "sorcery"),
            ({"text_config": [1]}, "text_config"),
            ({"kv_lora_rank": 512}, "kv_lora_rank"),
            ({"num_experts": 8}, "num_experts"),
            ({"num_hidden_layers": 10**9}, "layers"),
            ({"model_type": "brand_new"}, "brand_new"),
            ({"block_configs": [{}]}, "block_configs"),
        ],
    )
    def test_odd_values_are_refused_by_name(self, change: dict[str, Any], key: str) -> None:
        with pytest.raises(Refusal, match=key):
            from_config({**LLAMA, **change}, "org/name")

    @UNHURRIED
    @given(
        st.dictionaries(
            st.sampled_from(sorted(set(LLAMA) | set(QWEN3_NEXT) | set(NEMOTRON) | set(DEEPSEEK_V3) | set(GEMMA3_27B))),
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(-5, 10**6),
                st.floats(),
                st.text(max_size=9),
                st.lists(st.text(max_size=9)),
            ),
            max_size=6,
        )
    )
    def test_never_fails_otherwise(self, change: dict[str, Any]) -> None:
        for config in (LLAMA, QWEN3_NEXT, NEMOTRON, DEEPSEEK_V3, GEMMA3_27B, change):
            try:
                assert from_config({**config, **change}, "org/name").params > 0
            except Refusal as refusal:
                assert "\n" not in str(refusal)


class TestParseSize:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("8B", (8 * 10**9, 8 * 10**9)),
            ("8", (8 * 10**9, 8 * 10**9)),
            (" 0.5b ", (5 * 10**8, 5 * 10**8)),
            ("1.5 B", (1_500_000_000, 1_500_000_000)),
            ("350M", (350 * 10**6, 350 * 10**6)),
            ("custom 13", (13 * 10**9, 13 * 10**9)),
            ("custom 13B", (13 * 10**9, 13 * 10**9)),
            ("235B-A22B", (235 * 10**9, 22 * 10**9)),
            ("30b-a3b", (30 * 10**9, 3 * 10**9)),
            ("1B-A400M", (10**9, 4 * 10**8)),
            ("1T", (10**12, 10**12)),
        ],
    )
    def test_reads(self, text: str, expected: tuple[int, int]) -> None:
        assert parse_size(text) == expected

    @pytest.mark.parametrize(("text", "total", "active"), [("8x7B", 46.7, 12.9), ("8x22B", 141, 39)])
    def test_mixtral_names(self, text: str, total: float, active: float) -> None:
        params, used = parse_size(text)
        assert params / 1e9 == pytest.approx(total, rel=0.05) and used / 1e9 == pytest.approx(active, rel=0.05)

    @pytest.mark.parametrize(
        "text", ["eight", "-3B", "0", "1e99", "", "B", "8x", "nan", "inf", "9999T", "3B-A8B", "\uff18B", "1 2"]
    )
    def test_refuses(self, text: str) -> None:
        with pytest.raises(Refusal):
            parse_size(text)

    @UNHURRIED
    @given(st.text(max_size=20))
    def test_never_fails_otherwise(self, text: str) -> None:
        try:
            params, active = parse_size(text)
        except Refusal:
            return
        assert 0 < active <= params


class TestFindModel:
    @pytest.mark.parametrize("name", ["Qwen/Qwen3-8B", "qwen/qwen3-8b", " Qwen3-8B "])
    def test_knows_the_catalogue_in_any_case(self, name: str) -> None:
        assert find_model(name) is CATALOGUE["Qwen/Qwen3-8B"]

    def test_knows_a_name_of_before(self) -> None:
        assert find_model("meta-llama/Meta-Llama-3.1-8B-Instruct").gated

    def test_knows_a_published_variant(self) -> None:
        model = find_model("Qwen/Qwen3-8B-AWQ")
        assert (model.quantization, model.layers, model.variants) == ("int4", 36, ())

    def test_reads_a_folder_and_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text(json.dumps(MIXTRAL), encoding="utf-8")
        assert find_model(str(tmp_path)).experts == 8
        assert find_model(str(tmp_path / "config.json")).experts == 8

    @pytest.mark.parametrize("text", ["not json", "[1, 2]", "{}"])
    def test_a_broken_config_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "config.json").write_text(text, encoding="utf-8")
        with pytest.raises(Refusal):
            find_model(str(tmp_path))

    @pytest.mark.parametrize(
        ("name", "params", "active"),
        [
            ("org/foo-13B-chat", 13e9, 13e9),
            ("org/foo-30B-A3B-it", 30e9, 3e9),
            ("org/foo_135M", 135e6, 135e6),
            ("org/llm-3.5-7b-v2", 7e9, 7e9),
        ],
    )
    def test_takes_the_size_in_a_name(self, name: str, params: float, active: float) -> None:
        model = find_model(name)
        assert (model.id, model.params, model.params_active) == (name, params, active)
        assert {"layers", "hidden", "vocab"} <= set(model.assumed)

    def test_a_fine_tune_is_built_like_its_base(self) -> None:
        model, base = find_model("unsloth/Qwen3-8B-bnb-4bit"), CATALOGUE["Qwen/Qwen3-8B"]
        assert (model.params, model.hidden, model.vocab) == (base.params, base.hidden, base.vocab)
        assert model.quantization == "nf4" and "quantization" in model.assumed and not model.licence

    @pytest.mark.parametrize(
        "size",
        ["0.1B", "0.5b", "1.5 B", "8", "custom 13", "34B", "70B", "405B", "235B-A22B", "16B-A2B", "1T-A32B", "8x7B"],
    )
    def test_a_size_alone_gives_a_model_of_that_size(self, size: str) -> None:
        model = find_model("", size)
        assert (model.params, model.params_active) == parse_size(size)
        assert count_params(model) == pytest.approx(model.params, rel=0.04)
        assert count_params(model, active=True) == pytest.approx(model.params_active, rel=0.03)
        assert model.heads % model.kv_heads == 0 and model.kv_heads < model.heads

    @UNHURRIED
    @given(st.integers(2 * 10**6, 10**12), st.floats(1, 3), st.booleans())
    def test_a_larger_size_never_has_less_of_anything(self, params: int, factor: float, mixture: bool) -> None:
        """So that a plan for more parameters never needs less memory."""

        def dimensions(size: int) -> tuple[int, ...]:
            model = from_object({"params": size, **({"params_active": size // 8} if mixture else {})})
            width = model.kv_heads * model.head_dim
            return model.layers, model.hidden, model.heads * model.head_dim, width, model.vocab, model.context

        pairs = zip(dimensions(params), dimensions(int(params * factor)), strict=True)
        assert all(small <= large for small, large in pairs)

    def test_says_what_would_work(self) -> None:
        with pytest.raises(Refusal, match=r"'org/unknown' is not in the catalogue.*give its size"):
            find_model("org/unknown")
        with pytest.raises(Refusal, match="name a model"):
            find_model("")

    @UNHURRIED
    @given(st.text(max_size=30), st.text(max_size=8))
    def test_never_fails_otherwise(self, name: str, size: str) -> None:
        try:
            assert find_model(name, size).params > 0
        except Refusal as refusal:
            assert str(refusal)


class TestFromContract:
    def test_only_the_parameters_are_needed(self) -> None:
        model = from_object({"params": 8_030_261_248})
        assert model.params == model.params_active == 8_030_261_248
        assert count_params(model) == pytest.approx(model.params, rel=0.01)
        assert {"layers", "hidden", "heads", "vocab", "context"} <= set(model.assumed)

    def test_what_is_given_is_kept(self) -> None:
        given_fields = {
            "id": "org/name", "params": 8030261248, "params_active": 8030261248, "layers": 32, "hidden": 4096,
            "intermediate": 14336, "heads": 32, "kv_heads": 8, "head_dim": 128, "vocab": 128256,
            "tied_embeddings": False, "context": 131072, "dtype": "bfloat16", "attention": "full",
            "sliding_window": 4096, "sliding_layers": 16,
        }  # fmt: skip
        model = from_object(given_fields)
        assert {key: getattr(model, key) for key in given_fields} == given_fields
        assert model.assumed == ()

    def test_a_mixture_of_experts(self) -> None:
        full = {"params": 30_532_122_624, "params_active": 3_353_032_704, "layers": 48, "hidden": 2048, "heads": 32,
                "kv_heads": 4, "head_dim": 128, "vocab": 151936, "experts": 128, "experts_per_token": 8,
                "moe_intermediate": 768}  # fmt: skip
        assert count_params(from_object(full)) == pytest.approx(full["params"], rel=0.005)
        counted = from_object({key: value for key, value in full.items() if key != "params_active"})
        assert counted.params_active == pytest.approx(3.35e9, rel=0.01) and "params_active" in counted.assumed

    def test_latent_attention_has_its_ranks(self) -> None:
        model = from_object({"params": 671e9, "params_active": 37e9, "attention": "mla"})
        assert (model.kv_lora_rank, model.qk_rope_head_dim, model.experts > 0) == (512, 64, True)

    @pytest.mark.parametrize(
        ("value", "key"),
        [
            ({}, "params"),
            ({"params": 8e9, "colour": 1}, "colour"),
            ({"params": "8B"}, "params"),
            ({"params": -1}, "params"),
            ({"params": True}, "params"),
            ({"params": 8e9, "layers": "many"}, "layers"),
            ({"params": 8e9, "layers": 0}, "layers"),
            ({"params": 8e9, "tied_embeddings": 1}, "tied_embeddings"),
            ({"params": 8e9, "params_active": 9e9}, "params_active"),
            ({"params": 8e9, "heads": 8, "kv_heads": 16}, "kv_heads"),
            ({"params": 8e9, "attention": "flat"}, "attention"),
            ("8B", "model"),
        ],
    )
    def test_refuses_by_name(self, value: Any, key: str) -> None:
        with pytest.raises(Refusal, match=key):
            from_object(value)

    @UNHURRIED
    @given(
        st.dictionaries(
            st.sampled_from(MODEL_KEYS),
            st.one_of(
                st.integers(0, 10**12), st.booleans(), st.sampled_from(["mla", "full", "x"]), st.integers(1, 300)
            ),
            max_size=8,
        ),
        st.integers(10**6, 10**13),
    )
    def test_never_fails_otherwise(self, value: dict[str, Any], params: int) -> None:
        try:
            assert from_object({"params": params, **value}).layers > 0
        except Refusal as refusal:
            assert str(refusal)


class TestDefaultModel:
    @pytest.mark.parametrize("workload", ["generation", "classification", "embedding"])
    def test_is_open_and_permissive(self, workload: str) -> None:
        for name in DEFAULT_MODELS[workload]:
            model = CATALOGUE[name]
            assert model.licence in ("apache-2.0", "mit") and not model.gated and model.workload == workload

    @pytest.mark.parametrize(
        ("billions", "expected"),
        [
            (0.5, "Qwen/Qwen3-0.6B"),
            (1.5, "Qwen/Qwen3-1.7B"),
            (4, "Qwen/Qwen3-4B-Instruct-2507"),
            (8, "Qwen/Qwen3-8B"),
            (14, "Qwen/Qwen3-14B"),
            (32, "Qwen/Qwen3-32B"),
            (70, "Qwen/Qwen3-Next-80B-A3B-Instruct"),
            (120, "openai/gpt-oss-120b"),
            (235, "Qwen/Qwen3-235B-A22B-Instruct-2507"),
        ],
    )
    def test_generation(self, billions: float, expected: str) -> None:
        assert default_model(round(billions * 1e9), "generation").id == expected

    @pytest.mark.parametrize("billions", [30, 35])
    def test_a_mixture_of_experts_to_train_has_attention_in_every_layer(self, billions: int) -> None:
        """By its config.json, Qwen3.6-35B-A3B has linear attention in 30 layers of 40, Qwen3-30B-A3B in none of 48."""
        served = default_model(billions * 10**9, "generation", active=3 * 10**9)
        trained = default_model(billions * 10**9, "generation", to_train=True, active=3 * 10**9)
        assert (served.id, served.linear_layers) == ("Qwen/Qwen3.6-35B-A3B", 30)
        assert (trained.id, trained.linear_layers) == ("Qwen/Qwen3-30B-A3B-Instruct-2507", 0)

    def test_an_unknown_workload_is_refused(self) -> None:
        with pytest.raises(Refusal, match="painting"):
            default_model(10**9, "painting")
