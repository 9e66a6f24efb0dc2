"""Kimi-K3, Inkling and MiniMax-M3: their published tensors, what each key of a config.json does, which cards hold them.

Shapes and sizes are those of the safetensors on the hub: moonshotai/Kimi-K3 at 9f62e4e9, thinkingmachines/Inkling at
86b4d430 and Inkling-Small-NVFP4 at b6a99534. What vLLM and transformers build: test_oracle.py.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from config_paths import changed, paths

from benchmarks.oracle.rows import load
from planner.asked import Budget
from planner.catalogue.gpus import GPUS
from planner.catalogue.hf_config import from_config
from planner.catalogue.models import default_model
from planner.catalogue.shipped import load_catalogue
from planner.choose.support import unsupported
from planner.describe.assumed import remedy_words
from planner.describe.refusal import plan_for
from planner.describe.rejections import unsupported_text
from planner.estimate.kv_cache import kv_gib
from planner.estimate.vllm_cache import request_bytes
from planner.estimate.weights import weight_gib
from planner.schema import GIB, LOCAL, InferenceSetup, Refusal, Request

CONFIGS = {row["id"].partition("/")[2]: row["config"] for row in load("published")["rows"]}
CATALOGUE = load_catalogue()
K3, INKLING, SMALL = "moonshotai/Kimi-K3", "thinkingmachines/Inkling", "thinkingmachines/Inkling-Small"
NVFP4, M3 = f"{SMALL}-NVFP4", "MiniMaxAI/MiniMax-M3"

# Shapes of Kimi-K3's tensors and how many of each there are, by the number of bits that one element is kept in.
HIDDEN = 7168
K3_TENSORS: dict[int, list[tuple[int, tuple[int, ...]]]] = {
    16: [
        (2, (163840, HIDDEN)), (2, (HIDDEN,)), (1, (HIDDEN,)),
        (93, (4 * HIDDEN,)), (93, (2 * HIDDEN,)), (2 * 93, (12288, HIDDEN)),  # norms; residuals; g_proj and o_proj
        (69, (96 + 128, HIDDEN)), (69, (12288, 128)), (3 * 69, (12288, HIDDEN)),
        (24, (512 + 1536,)), (24, (576 + 1536, HIDDEN)), (24, (24576, 512)), (24, (18432, 1536)),
        (3, (33792, HIDDEN)), (92, (896, HIDDEN)), (2 * 92, (3584, HIDDEN)), (92, (3584,)), (3 * 92, (6144, HIDDEN)),
        (1, (HIDDEN,)), (1, (4096, 4096)), (1, (HIDDEN, 4096)), (27, (2 * 4096, 1024)), (27, (2 * 1024,)),
        (27, (1536 + 4608, 1024)), (1, (1024,)), (1, (64, 64, 1024)), (1, (1024, 3, 14, 14)),
    ],
    32: [(69, (128 + 12288 + 128,)), (3 * 69, (12288, 1, 4)), (92, (896,))],
    4: [(92 * 896 * 3, (3072, 3584))],
    8: [(92 * 896 * 3, (3072, 112))],  # a scale for 32 weights, which is no parameter
}  # fmt: skip
INKLING_BYTES, INKLING_MTP_TENSORS = 1_904_604_285_204, 160
NVFP4_BYTES = 170_733_074_592

# Keys that change neither weights nor cache: of activations, of routing, of heads that only predict, of loading.
IDLE = {
    K3: (
        "auto_map dtype ignore_index image_placeholder activation_situ add_cross_attention architectures "
        "attn_res_block_size hidden_act is_decoder is_encoder_decoder gate_lower_bound moe_renormalize moe_router "
        "num_expert_group num_nextn_predict_layers quantization_config rms_norm_eps routed_scaling_factor topk_ "
        "use_grouped_topk vision_config._attn vision_config.activation_func init_pos_emb_time interpolation projector_ "
        "text_hidden_size vt_num_attention_heads "
        # what a text generator takes where nothing is asked
        "bad_words begin_suppress cross_attention_hidden diversity do_sample early_stopping encoder_no_repeat "
        "exponential_decay finetuning_task length_penalty max_length min_length no_repeat num_beam num_return output_ "
        "prefix remove_invalid repetition return_dict suppress_tokens task_specific temperature tf_legacy "
        "tie_encoder_decoder tokenizer_class top_k top_p torchscript typical_p use_bfloat16"
    ).split(),
    INKLING: (
        "architectures unpadded_vocab_size log_scaling rms_norm_eps route_scale final_logit hidden_act logits_mup "
        "dmel_m audio_config.bias mtp_config"
    ).split(),
    M3: (
        "auto_map architectures rms_norm_eps rope_theta rotary_dim partial_rotary scoring_func num_mtp swiglu_ "
        "routed_scaling sparse_topk sparse_score sparse_init sparse_local image_ multimodal_projector_bias "
        "num_reward process_image projector_hidden_act vision_feature video_ vision_segment attention_dropout "
        "vision_config.hidden_act vision_config.vocab_size initializer_ layer_norm_eps projection_dim "
        "vision_config.num_attention_heads vision_config.model_type vision_config.img_token torch_dtype dtype"
    ).split(),
}


def elements(rows: list[tuple[int, tuple[int, ...]]]) -> int:
    total = 0
    for count, shape in rows:
        size = count
        for length in shape:
            size *= length
        total += size
    return total


def test_kimi_k3_has_the_parameters_and_bytes_of_its_tensors() -> None:
    model, known = from_config(CONFIGS[K3], K3), (16, 32, 4)
    assert model.params == pytest.approx(sum(elements(K3_TENSORS[bits]) for bits in known), rel=1e-6)
    stored = sum(bits * elements(rows) / 8 for bits, rows in K3_TENSORS.items())
    assert stored == pytest.approx(1_560_936_091_448, rel=1e-4)  # of its 96 files, their headers included
    assert weight_gib(model, "none") * GIB == pytest.approx(stored, rel=0.001)
    assert model.params_active - 163840 * HIDDEN == pytest.approx(104e9, rel=0.01)  # as its page says: one embedding


def test_inkling_has_the_bytes_of_its_index_without_what_only_predicts() -> None:
    model = from_config(CONFIGS[INKLING], INKLING)
    hidden, layer = model.hidden, 0
    for heads, keys, extent in ((64, 16, 512),) * 6 + ((64, 8, 1024),) * 2:  # MTP's local_layer_ids
        layer += hidden * (2 * heads * 128 + 2 * keys * 128 + 16 * heads) + 16 * extent + 2 * 128 + 8 * keys * 128
    predicting = layer + 8 * (3 * hidden * 24576 + 2 * hidden**2 + 12 * hidden)  # dense MLPs, a projection of two
    assert 2 * (model.params + predicting) == pytest.approx(INKLING_BYTES, rel=1e-4)
    assert model.params_active == pytest.approx(41e9, rel=0.01)


def test_inkling_small_in_nvfp4_keeps_a_layer_of_experts_in_16_bits() -> None:
    model = from_config(CONFIGS[NVFP4], NVFP4)
    assert -0.03 < weight_gib(model, "none") * GIB / NVFP4_BYTES - 1 < 0  # the file has eight MTP layers besides
    experts = 256 * 3 * 4096 * 2048
    plain = from_config(CONFIGS[SMALL], SMALL)
    rest = plain.params - 40 * experts - 2 * 201024 * 4096
    kept = weight_gib(model, "none") * GIB - 39 * experts * 4.5 / 8
    assert kept == pytest.approx(2 * (experts + rest + 2 * 201024 * 4096), rel=0.01)


@pytest.mark.parametrize("id", [K3, INKLING, M3])
def test_each_key_moves_a_figure_or_is_refused(id: str) -> None:
    right, silent = from_config(CONFIGS[id], id), []
    for path in paths(CONFIGS[id]):
        name = ".".join(path)
        if any(idle in name for idle in IDLE[id]):
            continue
        try:
            if from_config(changed(CONFIGS[id], path), id) == right:
                silent.append(name)
        except Refusal:
            continue
    assert not silent


@pytest.mark.parametrize(
    ("id", "key", "value", "moves"),
    [
        # four convolutions of twice the kernel: 66 layers x (2 x hidden + 2 x keys' width) x 4 more
        (INKLING, "sconv_kernel_size", 8, 4 * (66 * 2 * 6144 + 55 * 2 * 2048 + 11 * 2 * 1024)),
        (INKLING, "d_rel", 32, 16 * (66 * 64 * 6144 + 55 * 512 + 11 * 1024)),
        # 92 layers: three matrices of 896 experts and two projections that are half as wide
        (K3, "routed_expert_hidden_size", 1792, -92 * 1792 * (896 * 3 * 3072 + 2 * 7168 + 1)),
        (K3, "attn_res_block_size", None, -(4 * 93 + 2) * 7168),
        (K3, "mla_use_output_gate", False, -24 * 7168 * 12288),
        (M3, "dense_intermediate_size", 6144, -3 * 3 * 6144 * 6144),
    ],
)
def test_keys_count_what_they_are(id: str, key: str, value: Any, moves: int) -> None:
    config = copy.deepcopy(CONFIGS[id])
    before = from_config(config, id).params
    config["text_config"][key] = value
    assert from_config(config, id).params - before == moves


@pytest.mark.parametrize("key", ["sconv_kernel_size", "routed_expert_hidden_size", "rel_extent", "mla_use_output_gate"])
def test_such_keys_in_another_architecture_are_refused(key: str) -> None:
    llama = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192,
        "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
        "max_position_embeddings": 8192, "tie_word_embeddings": True,
    }  # fmt: skip
    from_config(llama, "org/llama")
    with pytest.raises(Refusal, match=key):
        from_config(llama | {key: 1024}, "org/llama")


def test_a_request_of_inkling_keeps_a_window_and_the_last_inputs_of_its_convolutions() -> None:
    model, tokens = CATALOGUE[INKLING], 100_000
    streams = 55 * (2 * 16 * 128 + 2 * 6144) + 11 * (2 * 8 * 128 + 2 * 6144)  # keys, values, two hidden states
    held = kv_gib(model, tokens) * GIB - 11 * tokens * 2 * 8 * 2 * 128 - 55 * 512 * 2 * 16 * 2 * 128
    assert 1 <= held / (4 * 2 * streams) < 1.05  # of four tokens in 16 bits, padded in the layers without a window
    settled, admitted = (request_bytes(model, tokens, in_flight) for in_flight in (1, 16384))
    assert admitted > 5 * settled  # its convolutions hold every token of a step until that is done


def plan(id: str, **asked: Any) -> Any:
    request = Request(
        "serve", "generation", CATALOGUE[id], Budget(float("inf"), "none"), context_len=8192, concurrency=16
    )
    return plan_for(request._replace(**asked))


@pytest.mark.parametrize(
    ("id", "file_bytes"), [(K3, 1_560_936_091_448), (INKLING, 1_894_000_000_000), (NVFP4, 166_000_000_000), (M3, 854e9)]
)
def test_the_cards_that_are_chosen_hold_their_files(id: str, file_bytes: float) -> None:
    setup = plan(id).chosen.setup
    assert setup.tensor_parallel * 0.92 * setup.gpu.visible_gib * GIB > file_bytes
    assert id != K3 or (setup.gpu.name, setup.gpu_count) == ("B300", 8)  # the only container with so much memory


@pytest.mark.parametrize("gpu", ["B200", "H200", "H100"])
def test_kimi_k3_fits_no_container_of_smaller_cards(gpu: str) -> None:
    weights = 1_560_936_091_448 / 8 / GIB
    assert weights > 0.92 * GPUS[gpu].visible_gib  # by its files alone
    with pytest.raises(Refusal, match=f"does not run on {gpu}:8"):
        plan(K3, gpu=gpu, gpu_count=8)


def test_inkling_runs_from_hopper_on_and_on_no_more_cards_than_heads() -> None:
    for gpu, runs in (("A100-80GB", False), ("L40S", False), ("H100", True), ("B200", True)):
        setup = InferenceSetup(CATALOGUE[SMALL], GPUS[gpu], 8, 8, attention=GPUS[gpu].attention[-1])
        found = unsupported(setup)
        assert (found is None) == runs
        assert runs or (found and "Hopper" in unsupported_text(setup, found.reason))
    config = copy.deepcopy(CONFIGS[SMALL])
    config["text_config"] |= {"num_key_value_heads": 4}
    setup = setup._replace(model=from_config(config, "org/narrow"))
    found = unsupported(setup)
    assert found and unsupported_text(setup, found.reason) == "4 key-value heads do not divide by 8 GPUs"


@pytest.mark.parametrize("kept", ["layer_types", "mlp_layer_types", "conv_kernel_size"])
def test_inkling_as_transformers_saves_it_is_refused(kept: str) -> None:
    config = copy.deepcopy(CONFIGS[INKLING])
    config["text_config"][kept] = 4 if kept.endswith("size") else ["hybrid"] * 66
    with pytest.raises(Refusal, match="as transformers saves an Inkling"):
        from_config(config, INKLING)
    with pytest.raises(Refusal, match="take the whole model"):
        from_config(CONFIGS[INKLING]["text_config"], INKLING)


def test_minimax_m3_caches_one_key_of_its_index_for_a_token() -> None:
    model, tokens = CATALOGUE[M3], 16_384
    keys_and_values, index = 60 * 2 * 4 * 128, 57 * 128
    assert request_bytes(model, tokens, 1) == 2 * tokens * (keys_and_values + index)
    for parts, heads in ((2, 2), (4, 1), (8, 1)):  # four heads: on eight GPUs each is there twice, the index on all
        assert request_bytes(model, tokens, 1, "auto", parts) == 2 * tokens * (60 * 2 * heads * 128 + index)
    assert model.params == pytest.approx(428e9, rel=0.005)  # as announced


def test_minimax_m3_with_an_index_of_another_kind_is_refused() -> None:
    for key, value in (("sparse_num_index_heads", 8), ("sparse_block_size", 64), ("sparse_new", 1)):
        config = copy.deepcopy(CONFIGS[M3])
        config["text_config"]["sparse_attention_config"][key] = value
        with pytest.raises(Refusal, match="sparse_attention_config"):
            from_config(config, M3)


def test_a_tokenizer_that_is_code_of_its_own_is_said() -> None:
    for id in (K3, "moonshotai/Kimi-K2.6", "moonshotai/Kimi-K2-Instruct"):
        assert "trust_remote_code" in remedy_words(CATALOGUE[id])
    assert "trust_remote_code" in remedy_words(CATALOGUE[K3]._replace(id="nvidia/Kimi-K3-NVFP4"))
    assert not remedy_words(CATALOGUE[INKLING])
    assert not remedy_words(CATALOGUE["moonshotai/Kimi-Dev-72B"])  # a Qwen2.5, with its tokenizer.json
    assert not remedy_words(CATALOGUE[K3]._replace(source=LOCAL))


def test_a_size_finds_them() -> None:
    assert default_model(276 * 10**9, "generation", active=12 * 10**9).id == SMALL  # as announced
    assert default_model(975 * 10**9, "generation", active=41 * 10**9).id == INKLING
