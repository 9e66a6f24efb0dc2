"""Published weight formats, and folders: what their files say they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planner.catalogue.hf_config import from_config
from planner.catalogue.models import find_model
from planner.schema import Refusal

PUBLISHED = json.loads(Path(__file__).parents[1].joinpath("data", "published_configs.json").read_text(encoding="utf-8"))


def quantized(section: object, **changes: Any) -> str:
    return from_config(
        {**PUBLISHED["q-ct-mxfp4"]["config"], "quantization_config": section, **changes}, "o/n"
    ).quantization


def compressed(*weights: dict[str, Any]) -> dict[str, Any]:
    groups = {f"group_{n}": {"targets": ["Linear"], "weights": each} for n, each in enumerate(weights)}
    return {"quant_method": "compressed-tensors", "config_groups": groups}


class TestFormats:
    def test_a_section_without_a_method_is_refused(self) -> None:
        """Qwen3-32B-FP8-Static-PerTensor: vLLM 0.32 builds its fp8 weights in 16 bits."""
        groups = {"group_0": {"weights": {"num_bits": 8, "type": "float"}}}
        with pytest.raises(Refusal, match="no quant_method"):
            quantized({"quant_algo": "FP8", "config_groups": groups, "producer": {"name": "modelopt"}})

    def test_a_group_of_mtp_layers_does_not_count(self) -> None:
        """RedHatAI/GLM-5.3-Flash-NVFP4: experts in NVFP4, those of layer 45, which only predicts, in fp8."""
        layers = PUBLISHED["q-ct-mxfp4"]["config"]["num_hidden_layers"]
        section = compressed({"num_bits": 4, "type": "float", "group_size": 16}, {"num_bits": 8, "type": "float"})
        beyond = section["config_groups"]["group_1"]
        beyond["targets"] = [rf"re:.*\.layers\.{layers}\.mlp\.experts\.\d+\.(gate_proj|up_proj|down_proj)$"]
        assert quantized(section) == "nvfp4"
        beyond["targets"] = [rf"re:.*\.layers\.{layers - 1}\.mlp\..*"]
        with pytest.raises(Refusal, match="fp8 and nvfp4 in different layers"):
            quantized(section)

    @pytest.mark.parametrize(
        "more",
        [
            {"quant_method": "gptq", "dynamic": {"+:.*down_proj": {"bits": 8}}},
            {"quant_method": "auto-round", "extra_config": {"model.layers.0.self_attn.q_proj": {"bits": 8}}},
        ],
    )
    def test_widths_that_differ_by_module_are_refused(self, more: dict[str, Any]) -> None:
        with pytest.raises(Refusal, match=r"to 4 bits and by (dynamic|extra_config) some to 8"):
            quantized({"bits": 4, "group_size": 128, **more})

    @pytest.mark.parametrize(
        "more",
        [
            {"quant_method": "gptq", "dynamic": {"lm_head": {}, r"-:.*layers\.[0-3]\.mlp.*": {}}},
            {
                "quant_method": "auto-round",
                "extra_config": {
                    f"model.layers.{layer}.mlp.{name}_proj": {"bits": 16}
                    for layer in range(4)
                    for name in ("gate", "up", "down")
                },
            },
        ],
    )
    def test_modules_that_are_named_stay_in_16_bits(self, more: dict[str, Any]) -> None:
        config = PUBLISHED["q-ct-mxfp4"]["config"]
        model = from_config(config | {"quantization_config": {"bits": 4, "group_size": 128, **more}}, "o/n")
        assert model.unquantized_params == 4 * 3 * config["hidden_size"] * config["intermediate_size"]

    def test_older_modelopt_in_the_config_itself(self) -> None:
        """ModelOpt as vLLM 0.32 recognises it: the producer's name, and the algorithm one level down."""
        assert quantized({"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8"}}) == "fp8"

    @pytest.mark.parametrize(
        ("weights", "right"),
        [
            ({"num_bits": 4, "type": "float", "group_size": 32}, "mxfp4"),  # OCP MX: blocks of 32
            ({"num_bits": 4, "type": "float", "group_size": 16}, "nvfp4"),
            ({"num_bits": 8, "type": "float", "strategy": "channel"}, "fp8"),
            ({"num_bits": 4, "type": "int", "group_size": 128}, "int4"),
            ({"num_bits": 8, "type": "int", "group_size": None}, "int8"),
        ],
    )
    def test_compressed_tensors(self, weights: dict[str, Any], right: str) -> None:
        assert quantized(compressed(weights)) == right
        assert quantized(compressed(weights, weights)) == right

    @pytest.mark.parametrize(
        ("section", "words"),
        [
            (compressed({"num_bits": 8, "type": "float"}, {"num_bits": 4, "type": "int"}), "fp8 and int4"),
            (compressed({"num_bits": 8, "type": "float", "group_size": 32}), "mxfp8"),
            (compressed(), "config_groups"),
            ({"quant_method": "gguf"}, "GGUF"),
            ({"quant_method": "exl2", "bits": 4.0}, "EXL2"),
            ({"quant_method": "exl3"}, "EXL3"),
            ({"quant_method": "aqlm", "nbits_per_codebook": 16}, "AQLM"),
            ({"quant_method": "hqq"}, "HQQ"),
            ({"quant_method": "quark"}, "Quark"),
            ({"quant_method": "torchao"}, "torchao"),
            ({"group_size": 64, "bits": 4}, "MLX"),
            ({"quant_method": "gptq", "bits": 3}, "int3"),
            ({"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}, "mixed_precision"),
        ],
    )
    def test_what_no_engine_loads_is_refused_by_name(self, section: dict[str, Any], words: str) -> None:
        with pytest.raises(Refusal, match=words):
            quantized(section)

    def test_mlx_says_so_at_the_top(self) -> None:
        with pytest.raises(Refusal, match="MLX"):
            from_config(PUBLISHED["q-mlx-4bit"]["config"], "org/q-mlx-4bit")


class TestFolders:
    """A folder is what its files are."""

    def folder(self, path: Path, **files: object) -> str:
        for name, content in files.items():
            file = path / name.replace("__", ".")
            file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    @pytest.mark.parametrize(
        ("algorithm", "right"), [("FP8", "fp8"), ("NVFP4", "nvfp4"), ("W4A16_AWQ", "int4"), (None, "none")]
    )
    def test_older_modelopt_says_its_format_in_another_file(
        self, tmp_path: Path, algorithm: object, right: str
    ) -> None:
        said = {
            "producer": {"name": "modelopt"},
            "quantization": {"quant_algo": algorithm, "kv_cache_quant_algo": "FP8"},
        }
        config = PUBLISHED["q-modelopt-old-fp8"]["config"]
        assert find_model(self.folder(tmp_path, config__json=config, hf_quant_config__json=said)).quantization == right

    @pytest.mark.parametrize(
        ("files", "words"),
        [
            ({"adapter_config__json": {"base_model_name_or_path": "Qwen/Qwen3-8B", "peft_type": "LORA"}},
             r"LORA adapter of Qwen/Qwen3-8B.*merge_and_unload"),
            ({"adapter_config__json": {"peft_type": "IA3"}, "adapter_model__safetensors": ""}, "IA3 adapter, not"),
            ({"adapter_config__json": {"base_model_name_or_path": "a/b"}, "config__json": {}}, "adapter of a/b"),
            ({"model-Q4_K_M__gguf": ""}, "GGUF"),
            ({"model__onnx": "", "config__json": {}}, "ONNX"),
            ({"params__json": {"dim": 5120}, "consolidated__safetensors": ""}, "maker's own format"),
            ({"model_index__json": {}}, "diffusion pipeline"),
            ({"config__json": "{"}, "not valid JSON"),
            ({"config__json": "[]"}, "no JSON object"),
            ({"readme__md": ""}, "without a config.json"),
        ],
    )  # fmt: skip
    def test_what_is_no_whole_model_is_named(self, tmp_path: Path, files: dict[str, object], words: str) -> None:
        with pytest.raises(Refusal, match=words):
            find_model(self.folder(tmp_path, **files), "8B")

    def test_a_merged_model_keeps_the_adapters_file(self, tmp_path: Path) -> None:
        config = PUBLISHED["q-modelopt-old-fp8"]["config"]
        adapter = {"base_model_name_or_path": "Qwen/Qwen3-8B"}
        name = self.folder(tmp_path, config__json=config, adapter_config__json=adapter, model__safetensors="")
        assert find_model(name).params == 8_030_261_248  # Llama 3.1 8B

    def test_a_checkpoint_below_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "checkpoint-500").mkdir()
        self.folder(tmp_path / "checkpoint-500", config__json={})
        with pytest.raises(Refusal, match="checkpoint-500/ in it does"):
            find_model(str(tmp_path))

    @pytest.mark.parametrize(
        ("classes", "beside", "words"),
        [
            (["HF_ColBERT"], {}, "a vector for each token"),  # colbert-ir/colbertv2.0
            (["BertModel"], {"modules__json": [{"type": "pylate.models.Dense.Dense"}]}, "a vector for each token"),
            (["JinaForRanking"], {}, "code of its own .JinaForRanking, auto_map"),
            (["BertForRewardModel"], {}, "a reward model whose head is code of its own"),
        ],
    )
    def test_heads_of_other_kinds_are_named(
        self, tmp_path: Path, classes: list[str], beside: dict[str, object], words: str
    ) -> None:
        config = {
            "architectures": classes, "auto_map": {"AutoModel": "modeling.Own"}, "model_type": "bert",
            "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
            "vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2,
        }  # fmt: skip
        with pytest.raises(Refusal, match=words):
            find_model(self.folder(tmp_path, config__json=config, model__safetensors="", **beside))

    def test_sentence_transformers_pool(self, tmp_path: Path) -> None:
        config = {**PUBLISHED["bert-base-NER"]["config"], "architectures": ["BertModel"]}
        name = self.folder(
            tmp_path, config__json=config, modules__json="[]", sentence_bert_config__json={"max_seq_length": 256}
        )
        model = find_model(name)
        assert (model.workload, model.context) == ("embedding", 256)


class TestKeptModules:
    """Parameters left in 16 bits, counted by hand: Llama 3.1 8B has 32 layers of 41,943,040 in attention."""

    @pytest.mark.parametrize(
        ("ignored", "right"),
        [
            (["lm_head"], 0),
            (["re:.*self_attn.*", "lm_head"], 32 * 41_943_040),
            ([f"model.layers.{layer}.self_attn*" for layer in range(10)], 10 * 41_943_040),
            (["model.layers.1.*"], 41_943_040 + 3 * 4096 * 14336),  # not layers 10 to 19
            (["model.layers.3.mlp"], 3 * 4096 * 14336),
            (["re:("], 0),  # no regular expression: matches nothing
        ],
    )
    def test_are_those_of_the_list(self, ignored: list[str], right: int) -> None:
        section = {**compressed({"num_bits": 8, "type": "float"}), "ignore": ignored}
        model = from_config({**PUBLISHED["q-ct-mxfp4"]["config"], "quantization_config": section}, "o/n")
        assert model.unquantized_params == right

    @pytest.mark.parametrize(
        ("said", "right"),
        [
            ({"kv_cache_scheme": {"type": "float", "num_bits": 8}}, "fp8"),
            ({"kv_cache_scheme": None}, "auto"),
            ({"kv_cache_quant_algo": "FP8"}, "fp8"),
            ({}, "auto"),
        ],
    )
    def test_scales_of_a_cache_make_it_fp8(self, said: dict[str, Any], right: str) -> None:
        section = {"quant_method": "modelopt", "quant_algo": "FP8", **said}
        model = from_config({**PUBLISHED["q-ct-mxfp4"]["config"], "quantization_config": section}, "o/n")
        assert (model.quantization, model.kv_dtype) == ("fp8", right)
