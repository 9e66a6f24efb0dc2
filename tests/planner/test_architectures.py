"""Config.json files of public models: read to the parameter, or refused in a sentence.

tests/data/published_configs.json holds what the files say of the dimensions, and the total with its source.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from planner.asked import Budget
from planner.catalogue.architectures import ARCHITECTURES
from planner.catalogue.config_defaults import class_defaults
from planner.catalogue.gpus import GPUS
from planner.catalogue.hf_config import from_config
from planner.catalogue.shipped import load_catalogue
from planner.choose.support import unsupported
from planner.describe.refusal import plan_for
from planner.describe.rejections import unsupported_text
from planner.request.heads import check_head
from planner.schema import InferenceSetup, Model, Refusal, Request

PUBLISHED = json.loads(Path(__file__).parents[1].joinpath("data", "published_configs.json").read_text(encoding="utf-8"))
COUNTED = [name for name, row in PUBLISHED.items() if "params" in row]


def read(name: str, **changes: Any) -> Model:
    return from_config({**PUBLISHED[name]["config"], **changes}, f"org/{name}")


@pytest.mark.parametrize("name", COUNTED)
def test_counts_what_was_published(name: str) -> None:
    row = PUBLISHED[name]
    assert read(name).params == pytest.approx(row["params"], rel=0.001), row["source"]


# What the makers say of the layers, or what the config.json lists.
# fmt: off
LAYERS = [
    # name               layers, kv heads, without cache, windows, experts, per token, dense, context
    ("dbrx",              (40,  8,  0,  0, 16, 4,  0, 32768)),
    ("jamba-1.5-mini",    (32,  8, 28,  0, 16, 2, 16, 262144)),  # arXiv 2403.19887: 1 of 8 layers, every second MLP
    ("falcon-h1-7b",      (44,  2,  0,  0,  0, 0,  0, 262144)),  # arXiv 2507.22448: both in every layer
    ("minimax-m1-80k",    (80,  8, 70,  0, 32, 2,  0, 10240000)),  # arXiv 2506.13585: 1 of 8 has softmax
    ("chatglm3-6b",       (28,  2,  0,  0,  0, 0,  0, 8192)),
    ("gpt-j-6b",          (28, 16,  0,  0,  0, 0,  0, 2048)),
    ("qwen1-7b",          (32, 32,  0,  0,  0, 0,  0, 8192)),
    ("gpt-neo-2.7b",      (32, 20,  0, 16,  0, 0,  0, 2048)),
    ("starcoder",         (40,  1,  0,  0,  0, 0,  0, 8192)),  # multi-query attention
    ("falcon-40b",        (60,  8,  0,  0,  0, 0,  0, 2048)),
    ("deepseek-v2-lite",  (27, 16,  0,  0, 64, 6,  1, 163840)),  # 40 x 4,096 by YaRN, and written so
    ("granite-4-h-tiny",  (40,  4, 36,  0, 64, 6,  0, 131072)),
    ("mamba-2.8b",        (64,  1, 64,  0,  0, 0,  0, 2048)),
    ("lfm2-1.2b",         (16,  8, 10,  0,  0, 0,  0, 128000)),
    ("kimi-linear-48b",   (27, 32, 20,  0, 256, 8, 1, 1048576)),
    ("qwen2.5-7b-yarn128k", (28, 4, 0,  0,  0, 0,  0, 131072)),  # its model card: 4 x 32,768
]
# fmt: on


@pytest.mark.parametrize(("name", "right"), LAYERS, ids=[row[0] for row in LAYERS])
def test_layers_are_those_of_the_model(name: str, right: tuple[int, ...]) -> None:
    model = read(name)
    assert right == (
        model.layers, model.kv_heads, model.linear_layers, model.sliding_layers, model.experts,
        model.experts_per_token, model.dense_layers, model.context,
    )  # fmt: skip


def test_states_are_kept_beside_a_cache_in_the_same_layer() -> None:
    """Falcon-H1-7B: 24 heads of 128 with a state of 256, and three columns of 3,072 + 2 x 256 channels, in 16 bits."""
    model = read("falcon-h1-7b")
    assert model.state_layers == 44 and model.state_blocks == 3
    assert model.state_bytes == 44 * 2 * (24 * 128 * 256 + 3 * (3072 + 2 * 256))


def test_what_nothing_limits_has_an_assumed_context() -> None:
    assert read("mamba-2.8b").assumed == ("context",)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        # encoders and decoders in one
        ("flan-t5-large", {}, "encoder and decoder in one"),
        ("flan-t5-large", {"model_type": "mt5"}, "encoder and decoder in one"),
        ("flan-t5-large", {"model_type": "bart"}, "encoder and decoder in one"),
        ("flan-t5-large", {"model_type": "pegasus"}, "encoder and decoder in one"),
        ("flan-t5-large", {"model_type": "brand_new"}, "encoder and decoder in one"),  # without is_encoder_decoder
        ("flan-t5-large", {"model_type": "whisper"}, "speech"),
        ("flan-t5-large", {"model_type": "wav2vec2", "is_encoder_decoder": False}, "speech"),
        ("flan-t5-large", {"model_type": "clip", "is_encoder_decoder": False}, "images"),
        ("flan-t5-large", {"model_type": "vit", "is_encoder_decoder": False}, "images"),
        ("flan-t5-large", {"_class_name": "FluxTransformer2DModel"}, "diffusion"),
        # several senses of which the tower is not understood
        ("deepseek-vl2-small", {}, "deepseek_vl_v2"),
        ("gemma-3n-e4b", {}, "gemma3n"),
        # architectures that the table does not hold
        ("jamba-1.5-mini", {"model_type": "zamba"}, "'zamba'"),
        ("jamba-1.5-mini", {"model_type": "plamo2", "auto_map": {"AutoModel": "modeling_plamo.X"}}, "code of its own"),
        ("dbrx", {"model_type": None}, "no model_type"),
        ("dbrx", {"model_type": "grok-1"}, "'grok-1'"),
        # keys that no layer of that name has
        ("gpt-j-6b", {"attn_layer_period": 8}, "attn_layer_period"),
        ("gpt-j-6b", {"mamba_d_state": 16}, "mamba_d_state"),
        ("gpt-j-6b", {"num_experts": 8}, "num_experts"),
        ("gpt-j-6b", {"block_types": ["recurrent", "attention"]}, "block_types"),
        ("gpt-j-6b", {"linear_num_value_heads": 4}, "linear_num_value_heads"),
        ("gpt-j-6b", {"conv_L_cache": 3}, "conv_L_cache"),
        ("gpt-j-6b", {"kv_lora_rank": 512}, "kv_lora_rank"),
        ("gpt-j-6b", {"num_kv_shared_layers": 4}, "num_kv_shared_layers"),
        ("lfm2-1.2b", {"conv_dim": 4096}, "conv_dim"),
        ("bert-base-NER", {"position_embedding_type": "alibi"}, "alibi.*code of its own"),  # Jina's embeddings
        ("qwen2.5-7b-yarn128k", {"layer_types": ["full_attention"] * 27 + ["telepathy"]}, "telepathy"),
        ("qwen2.5-7b-yarn128k", {"layer_types": ["full_attention"] * 3}, "names 3 layers of 28"),
        ("gpt-neo-2.7b", {"attention_types": [["global"]]}, "attention_types in the config.json must be"),
        ("qwen2.5-7b-yarn128k", {"intermediate_size": [1024, *[2048] * 27]}, "differs between layers"),
        ("qwen2.5-7b-yarn128k", {"intermediate_size": [18944] * 3}, "3 numbers for 28 layers"),
        # what the configuration classes of transformers 5.23 or vLLM 0.32 refuse: no silent reading of it either
        ("qwen2.5-7b-yarn128k", {"hidden_size": "3584"}, "hidden_size.*whole number"),
        ("qwen2.5-7b-yarn128k", {"hidden_size": 3584.0}, "hidden_size.*whole number"),
        ("qwen2.5-7b-yarn128k", {"hidden_size": 3585}, "28 heads do not divide"),
        ("qwen2.5-7b-yarn128k", {"intermediate_size": 10**300}, "up to 20T"),
        ("qwen2.5-7b-yarn128k", {"vocab_size": None}, "no vocab_size"),
        ("qwen2.5-7b-yarn128k", {"num_key_value_heads": 3}, "3 key-value heads and 28 heads, which do not divide"),
        ("qwen2.5-7b-yarn128k", {"num_key_value_heads": 0}, "num_key_value_heads"),
        ("qwen2.5-7b-yarn128k", {"num_hidden_layers": None, "n_layers": 28}, "n_layers, which a qwen2 does not read"),
        ("qwen2.5-7b-yarn128k", {"num_key_value_heads": None, "num_kv_heads": 4}, "num_kv_heads, which a qwen2"),
        ("qwen2.5-7b-yarn128k", {"tie_word_embeddings": "false"}, "true or false"),
        ("olmo-2-7b", {"attention_bias": "false"}, "true or false"),
        ("qwen2.5-7b-yarn128k", {"torch_dtype": "foo"}, "bfloat16, float16 or float32"),
        ("qwen2.5-7b-yarn128k", {"max_position_embeddings": 10**30}, "at most 100,000,000"),
        ("qwen2.5-7b-yarn128k", {"rope_scaling": {"type": "linear", "factor": "4.0"}}, "must be a number"),
        ("qwen2.5-7b-yarn128k", {"cla_share_factor": 2}, "cla_share_factor"),  # Hunyuan's layers that share a cache
        ("olmo-2-7b", {"model_type": "llama", "layer_types": ["conv"] * 32}, "without attention"),
        ("phi-3.5-moe", {"num_local_experts": None}, "no number of experts"),
        ("phi-3.5-moe", {"num_experts_per_tok": 17}, "17 experts of 16"),
        ("bert-base-NER", {"is_decoder": True, "add_cross_attention": True}, "decoder of a pair"),
        ("bert-base-NER", {"model_type": "gemma3", "text_config": {"hidden_size": 2560}}, "no vision_config"),
        ("bert-base-NER", {"model_type": "mistral3", "vision_config": {"hidden_size": 8}, "text_config": {
            "hidden_size": 4096, "num_attention_heads": 32}, "audio_config": {"hidden_size": 8}}, "audio_config"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_in_a_sentence(name: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        read(name, **changes)
    text = str(refused.value)
    assert "\n" not in text and len(text) < 400 and "size instead" not in text


@pytest.mark.parametrize(
    ("kind", "rows", "pad", "right"),
    [("roberta", 514, None, 512), ("roberta", 512, 1, 510), ("xlm-roberta", 8194, 1, 8192), ("bert", 512, 0, 512)],
)
def test_positions_of_roberta_begin_after_padding(kind: str, rows: int, pad: int | None, right: int) -> None:
    """transformers: create_position_ids_from_input_ids counts from padding_idx + 1."""
    changes = {"model_type": kind, "max_position_embeddings": rows, "pad_token_id": pad}
    assert read("bert-base-NER", **changes).context == right


@pytest.mark.parametrize("idle", [None, False, 0, [], {}])
def test_a_key_that_turns_nothing_on_is_no_obstacle(idle: object) -> None:
    assert read("gpt-j-6b", num_experts=idle, mamba_d_state=idle) == read("gpt-j-6b")


@pytest.mark.parametrize(
    ("rope", "context"),
    [
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 131072),
        ({"rope_type": "yarn", "factor": 2.0}, 32768),
        ({"type": "linear", "factor": 2.0}, 65536),  # as vLLM 0.32 has it
        ({"rope_type": "dynamic", "factor": 4.0}, 131072),
        ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}, 32768),
        ({"type": "longrope", "factor": 32.0}, 32768),
        ({"rope_type": "default"}, 32768),
        ({"type": "yarn", "factor": None}, 32768),
        (None, 32768),
    ],
)
def test_scaled_rotary_embeddings(rope: dict[str, Any] | None, context: int) -> None:
    assert read("qwen2.5-7b-yarn128k", rope_scaling=rope).context == context
    assert read("qwen2.5-7b-yarn128k", rope_scaling=None, rope_parameters=rope).context == context
    by_kind = {"full_attention": rope or {"rope_type": "default"}, "sliding_attention": {"rope_type": "default"}}
    assert read("qwen2.5-7b-yarn128k", rope_scaling=None, rope_parameters=by_kind).context == context


class TestEngines:
    """An engine that does not run an architecture is not planned for it."""

    def request(self, model: Model, **changes: Any) -> Request:
        return Request("serve", "generation", model, Budget(0, "none"), 2048, 4)._replace(**changes)

    @pytest.mark.parametrize("name", ["chatglm3-6b", "qwen1-7b", "minimax-m1-80k"])
    def test_code_of_its_own_is_refused(self, name: str) -> None:
        for changes in ({}, {"engine": "vllm"}, {"engine": "transformers"}, {"task": "finetune"}):
            with pytest.raises(Refusal, match="code of its own"):
                plan_for(self.request(read(name), **changes))

    def test_what_vllm_refuses_is_planned_with_transformers(self) -> None:
        """vLLM 0.32: Model architecture MptForCausalLM was supported in vLLM until v0.28.0."""
        model = read("mpt-7b")
        assert plan_for(self.request(model)).chosen.setup.engine == "transformers"
        with pytest.raises(Refusal, match="take engine transformers"):
            plan_for(self.request(model, engine="vllm"))

    def test_minimax_is_not_run_by_vllm(self) -> None:
        """vLLM 0.32: MiniMaxM1ForCausalLM was supported until v0.23.0."""
        assert unsupported(InferenceSetup(read("minimax-m1-80k"), GPUS["H200"], 8, 8))

    @pytest.mark.parametrize(
        ("name", "changes", "words"),
        [  # each is what the real class of vLLM 0.32 does (benchmarks/data/oracle)
            ("olmo-2-7b", {"model_type": "gemma2", "tie_word_embeddings": False}, "only with tied embedding and head"),
            ("deepseek-v2-lite", {"tie_word_embeddings": True}, "only with separate embedding and head"),
            ("deepseek-v2-lite", {"n_group": None}, "needs n_group"),
            ("olmo-2-7b", {"architectures": ["FooBar"]}, "has no class of the name"),
            ("bert-base-NER", {"model_type": "modernbert", "architectures": ["ModernBertForMaskedLM"]}, "no class"),
        ],
    )
    def test_what_vllm_builds_otherwise_is_not_planned_for_it(
        self, name: str, changes: dict[str, Any], words: str
    ) -> None:
        config = {**PUBLISHED[name]["config"], "n_group": 1, "topk_group": 1, **changes}
        setup = InferenceSetup(from_config(config, name), GPUS["H100"])
        reason = unsupported(setup)
        assert reason and re.search(words, unsupported_text(setup, reason.reason))
        assert unsupported(setup._replace(engine="transformers", attention="sdpa")) is None

    def test_weights_that_neither_engine_loads_are_refused_without_a_way_that_fails(self) -> None:
        """vLLM 0.32 on Mistral Small 4's config.json: No model architectures are specified."""
        model = load_catalogue()["mistralai/Mistral-Small-4-119B-2603"]
        with pytest.raises(Refusal, match=r"vLLM does not build .* transformers image does not load .* fp8; choose"):
            plan_for(self.request(model))

    def test_vllm_named_for_what_it_builds_otherwise_is_refused_with_the_reason(self) -> None:
        config = {**PUBLISHED["olmo-2-7b"]["config"], "model_type": "gemma2", "tie_word_embeddings": False}
        with pytest.raises(Refusal, match=r"only with tied embedding and head.*take engine transformers"):
            plan_for(self.request(from_config(config, "o/n"), engine="vllm"))

    def test_two_flags_that_contradict_each_other_are_not_planned_for_vllm(self) -> None:
        text = {**PUBLISHED["olmo-2-7b"]["config"], "model_type": "qwen2", "tie_word_embeddings": False}
        whole = {"model_type": "qwen2_vl", "vision_config": {"depth": 32}, "text_config": text}
        assert "vllm" in from_config(whole, "o/n").engines
        assert from_config({**whole, "tie_word_embeddings": True}, "o/n").engines == ("transformers",)

    @pytest.mark.parametrize("name", ["bert-base-NER", "olmo-2-7b"])
    def test_a_config_without_a_class_is_the_first_of_its_type(self, name: str) -> None:
        """vLLM 0.32 builds LlamaForCausalLM of a llama whose architectures are empty."""
        assert "vllm" in read(name, architectures=[]).engines


class TestHeads:
    @pytest.mark.parametrize(
        ("architecture", "words"),
        [
            ("BertForTokenClassification", "labels single tokens"),
            ("BertForQuestionAnswering", "picks an answer"),
            ("BertForMultipleChoice", "picks an answer"),
            ("BertForMaskedLM", "fills in masked words"),
            ("BertForPreTraining", "fills in masked words"),
            ("BertModel", "has no head"),
        ],
    )
    def test_only_classes_are_served_as_classes(self, architecture: str, words: str) -> None:
        model = read("bert-base-NER", architectures=[architecture])
        with pytest.raises(Refusal, match=words):
            check_head(model, "serve", "classification")
        check_head(model, "finetune", "classification")  # a training puts its own head on

    def test_a_classifier_is_served(self) -> None:
        model = read("bert-base-NER", architectures=["BertForSequenceClassification"])
        check_head(model, "serve", "classification")
        # BERT base with a vocabulary of 28,996 and nine classes: google-research/bert counts 108,310,272 without them
        assert model.params == 108_310_272 + 9 * 769

    def test_a_decoder_with_classes_writes_no_text(self) -> None:
        model = read("qwen2.5-7b-yarn128k", architectures=["Qwen2ForSequenceClassification"])
        assert model.workload == "classification"
        assert model.params == 7_615_616_512 - 152064 * 3584 + 2 * 3584  # no head over the vocabulary, but two classes
        with pytest.raises(Refusal, match="generates no text"):
            check_head(model, "serve", "generation")

    def test_embeddings_want_what_pools(self) -> None:
        check_head(read("bert-base-NER", architectures=["BertModel"]), "serve", "embedding")
        check_head(read("qwen2.5-7b-yarn128k", architectures=["Qwen2Model"]), "serve", "embedding")
        with pytest.raises(Refusal, match="pools"):
            check_head(read("bert-base-NER"), "serve", "embedding")


class TestDefaults:
    def test_each_kind_has_its_own(self) -> None:
        assert class_defaults("gemma3_text")["head_dim"] == 256
        assert class_defaults("gemma")["head_dim"] == 256 and "sliding_window" not in class_defaults("gemma")
        assert class_defaults("falcon")["multi_query"] == 1
        assert class_defaults("no such") == {}

    def test_are_those_of_transformers(self) -> None:
        """Of every architecture in the library: the same keys with the same values."""
        mapping = pytest.importorskip("transformers.models.auto.configuration_auto").CONFIG_MAPPING
        for kind in set(ARCHITECTURES) & set(mapping):
            fields = {field: getattr(mapping[kind], field, None) for field in class_defaults(kind)}
            for key, value in class_defaults(kind).items():
                if kind != "dbrx" and fields[key] is not None:
                    assert str(int(fields[key]) if isinstance(fields[key], bool) else fields[key]) == str(value), (
                        kind,
                        key,
                    )
