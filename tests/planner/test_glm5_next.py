"""GLM-5.3-Flash: its published tensors, what each key of its config.json does, which cards hold it.

Shapes and totals by dtype are those in the headers of the 62 safetensors files of zai-org/GLM-5.3-Flash on the hub.
What vLLM and transformers build: test_oracle.py; its MTP layer: test_drafts.py.
"""

from __future__ import annotations

import copy
from math import prod
from typing import Any

import pytest
from config_paths import changed, paths

from benchmarks.oracle.rows import load
from planner.asked import Budget
from planner.catalogue.drafts import draft_of
from planner.catalogue.gpus import GPUS
from planner.catalogue.hf_config import from_config
from planner.catalogue.models import default_model, find_model
from planner.catalogue.parsers import parsers_of
from planner.catalogue.shipped import load_catalogue
from planner.choose.support import unsupported
from planner.describe.refusal import plan_for
from planner.describe.rejections import unsupported_text
from planner.estimate.vllm_cache import request_bytes
from planner.estimate.weights import weight_gib
from planner.schema import GIB, InferenceSetup, Refusal, Request

CONFIGS = {row["id"].partition("/")[2]: row["config"] for row in load("published")["rows"]}
CATALOGUE = load_catalogue()
FP8, BF16 = "zai-org/GLM-5.3-Flash", "zai-org/GLM-5.3-Flash-BF16"

HIDDEN, INNER, LATENT, QUERIES, EXPERT = 4096, 64 * 128, 512, 64 * 256, (2048, 4096)
KDA, DSA, LAYERS = 34, 11, 45
Rows = list[tuple[int, tuple[int, ...]]]  # how many tensors of a shape
# One layer of sparse attention, and one of experts: of the model, and of its MTP layer.
ATTENTION_FP8: Rows = [
    (1, (1536, HIDDEN)), (1, (QUERIES, 1536)), (1, (LATENT, HIDDEN)), (1, (HIDDEN, QUERIES)),
]  # fmt: skip
ATTENTION: Rows = [
    (1, (2 * QUERIES, LATENT)), (1, (1536 + LATENT,)),  # kv_b_proj; norms
    (1, (4096, 1536)), (1, (128, HIDDEN)), (1, (32, HIDDEN)), (2, (128,)), (1, (4, 128)), (1, (128, HIDDEN)),  # index
]  # fmt: skip
EXPERTS_FP8: Rows = [(3 * (288 + 1), EXPERT)]
VISION: Rows = [
    (1, (1024, 3, 2, 14, 14)), (1, (1024,)), (24, (4 * 1024, 1024)), (24, (4 * 1024,)), (24, (3 * 4096, 1024)),
    (24, (2 * 4096 + 1024,)), (24, (2 * 1024 + 2 * 64,)), (1, (4096, 1024, 2, 2)), (1, (4096,)), (1, (1024,)),
    (1, (4096, 4096)), (2, (4096,)), (3, (10240, 4096)),
]  # fmt: skip
MIXING: Rows = [(2 * LAYERS, (24, 4 * HIDDEN))]  # of the four residual streams
TENSORS_FP8: Rows = [*ATTENTION_FP8 * DSA, *EXPERTS_FP8 * 42, (3 * 3, (12288, HIDDEN))]
TENSORS_BF16: Rows = [
    (2, (154880, HIDDEN)), (1 + 2 * LAYERS, (HIDDEN,)), *VISION, *MIXING, *ATTENTION * DSA, (42, (288, HIDDEN)),
    (KDA * 4, (INNER, HIDDEN)), (KDA, (64 + 2 * 128, HIDDEN)), (KDA * 2, (INNER, 128)), (KDA * 3, (INNER, 1, 4)),
    (KDA, (128,)),
]  # fmt: skip
TENSORS_F32: Rows = [(KDA, (INNER + 64,)), (2 * LAYERS, (24 + 3,))]  # of the decay; of mixing
ROUTING_BIAS: Rows = [(42, (288,))]  # a buffer, which transformers counts as no parameter
MTP_FP8: Rows = [*ATTENTION_FP8, *EXPERTS_FP8]
MTP_BF16: Rows = [*ATTENTION, (1, (288, HIDDEN)), (2 + 3, (HIDDEN,)), (1, (HIDDEN, 2 * HIDDEN))]
MTP_F32: Rows = [(1, (288,))]

# Keys that change neither weights nor cache: of activations, of routing, of what only predicts, of loading.
IDLE = (
    "architectures dtype rms_norm_eps swiglu_limit routed_scaling_factor scoring_func topk_method norm_topk_prob "
    "moe_router_dtype topk_group hc_eps hc_sinkhorn_iters indexer_rope_interleave index_share_for_mtp_iteration "
    "num_nextn_predict_layers gate_lower_bound vision_config.model_type image_size vision_config.hidden_act fmt "
    "activation_scheme weight_block_size modules_to_not_convert index_topk"
).split()


def elements(rows: Rows) -> int:
    return sum(count * prod(shape) for count, shape in rows)


def scales(rows: Rows) -> int:
    """Return the block scales, one for each 128 x 128 of a matrix."""
    return sum(count * -(-shape[0] // 128) * -(-shape[1] // 128) for count, shape in rows)


def test_its_tensors_have_the_published_elements_of_each_dtype() -> None:
    quantized = TENSORS_FP8 + MTP_FP8
    assert elements(quantized) == 314_396_639_232
    assert elements(TENSORS_BF16 + MTP_BF16) == 6_926_096_640
    assert elements(TENSORS_F32 + ROUTING_BIAS + MTP_F32) + scales(quantized) == 19_484_766


@pytest.mark.parametrize("id", [FP8, BF16])
def test_its_parameters_are_those_of_its_tensors(id: str) -> None:
    right = elements(TENSORS_FP8 + TENSORS_BF16 + TENSORS_F32)
    assert from_config(CONFIGS[id], id).params == CATALOGUE[id].params == right
    assert CATALOGUE[id].params_active == pytest.approx(18e9, rel=0.04)  # by its page


def test_weights_are_as_many_bytes_as_the_files_and_what_vllm_unpacks() -> None:
    mtp = elements(MTP_FP8) + 2 * elements(MTP_BF16)
    files = 328_326_771_576 - mtp - 4 * 19_484_766  # without scales
    unpacked = DSA * elements(ATTENTION_FP8)  # vLLM keeps its attention in 16 bits
    assert weight_gib(CATALOGUE[FP8], "none") * GIB == pytest.approx(files + unpacked, rel=0.001)
    assert weight_gib(CATALOGUE[BF16], "none") * GIB == pytest.approx(
        642_676_397_788 - 2 * elements(MTP_FP8 + MTP_BF16), rel=0.001
    )
    assert weight_gib(CATALOGUE[BF16], "fp8") == weight_gib(CATALOGUE[FP8], "none")  # cast while it loads


def test_its_quantization_names_modules_one_by_one() -> None:
    config = copy.deepcopy(CONFIGS[FP8])
    kept = config["quantization_config"]["modules_to_not_convert"]
    kept += [f"model.layers.{layer}.{name}" for layer in range(45) for name in ("input_layernorm", "hc_attn_fn")]
    kept += [f"model.visual.blocks.{layer}.attn.qkv" for layer in range(24)]
    assert from_config(config, FP8) == from_config(CONFIGS[FP8], FP8)


def test_each_key_moves_a_figure_or_is_refused() -> None:
    right, silent = from_config(CONFIGS[FP8], FP8), []
    for path in paths(CONFIGS[FP8]):
        name = ".".join(path)
        if any(idle in name for idle in IDLE):
            continue
        try:
            if from_config(changed(CONFIGS[FP8], path), FP8) == right:
                silent.append(name)
        except Refusal:
            continue
    assert silent == ["text_config.qk_rope_head_dim"]  # twice 0


@pytest.mark.parametrize(
    ("key", "value", "moves"),
    [
        ("hc_mult", 8, 45 * 2 * (80 * (8 * HIDDEN + 1) - 24 * (4 * HIDDEN + 1))),
        ("index_kpool", 8, 11 * 4 * 128),
        ("index_n_heads", 64, 11 * 32 * (1536 * 128 + HIDDEN)),
        ("v_head_dim", 128, -11 * 64 * 128 * (512 + HIDDEN)),
        ("n_shared_experts", 2, 42 * 3 * 2048 * HIDDEN),
    ],
)
def test_keys_count_what_they_are(key: str, value: Any, moves: int) -> None:
    config = copy.deepcopy(CONFIGS[FP8])
    config["text_config"][key] = value
    assert from_config(config, FP8).params - from_config(CONFIGS[FP8], FP8).params == moves


def test_keys_of_its_delta_attention_count_what_they_are() -> None:
    config, before = copy.deepcopy(CONFIGS[FP8]), from_config(CONFIGS[FP8], FP8)
    config["text_config"]["linear_attn_config"]["short_conv_kernel_size"] = 8
    after = from_config(config, FP8)
    assert after.params - before.params == 34 * 3 * INNER * 4
    assert after.state_bytes - before.state_bytes == 34 * 3 * INNER * 4 * 2  # inputs in 16 bits


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("qk_rope_head_dim", 64, "qk_rope_head_dim in the config.json is 64; only 0"),
        ("index_kpool", 1, "index_kpool in the config.json is 1"),
        ("index_topk", 2046, "divide index_topk"),
        ("index_topk", None, "index_topk"),
        ("index_topk_freq", 4, "layers that share an index"),
        ("indexer_types", ["full"] * 7 + ["shared"] * 38, "layers that share an index"),
        ("mlp_layer_types", None, "mlp_layer_types"),
        ("layer_types", ["linear_attention"] * 45, "its config.json names not all"),
        ("attn_res_block_size", 12, "attn_res_block_size"),
        ("use_mamba", 8, "use_mamba"),
    ],
)
def test_what_is_not_as_published_is_refused(key: str, value: Any, sentence: str) -> None:
    config = copy.deepcopy(CONFIGS[FP8])
    config["text_config"][key] = value
    with pytest.raises(Refusal, match=sentence):
        from_config(config, FP8)


def test_layers_that_are_named_twice_must_agree() -> None:
    config = copy.deepcopy(CONFIGS[FP8])
    section = config["text_config"]["linear_attn_config"]
    for key in ("kda_layers", "full_attn_layers"):
        section[key] = [layer + 1 for layer in section[key]]  # as Kimi-Linear counts
    assert from_config(config, FP8) == from_config(CONFIGS[FP8], FP8)
    section["full_attn_layers"] = [4, 8]
    with pytest.raises(Refusal, match="names other layers than layer_types"):
        from_config(config, FP8)
    section.update(full_attn_layers=None, use_full_rank_gate=True)
    with pytest.raises(Refusal, match="use_full_rank_gate"):
        from_config(config, FP8)


@pytest.mark.parametrize("key", ["index_kpool", "mhc", "hc_mult", "index_kpool_compress"])
def test_such_keys_in_another_architecture_are_refused(key: str) -> None:
    config = copy.deepcopy(CONFIGS["zai-org/GLM-5.3-BF16"])
    config[key] = 4
    with pytest.raises(Refusal, match=key):
        from_config(config, "zai-org/GLM-5.3-BF16")


@pytest.mark.parametrize(
    ("gpus", "block"),
    [(1, 4352), (2, 2176), (4, 1152), (8, 640)],  # of 128 tokens, and a layer's state fits in a layer's latent
)
def test_a_request_takes_what_is_computed_by_hand(gpus: int, block: int) -> None:
    state = (3 * 3 * INNER * 2 + 64 * 128 * 128 * 4) // gpus
    assert block - 128 < state / (2 * LATENT) <= block
    page = 11 * block * (2 * LATENT + 132 // 4)  # latents, and for four tokens a key in 8 bits with its scale
    page = -(-page // 33_792) * 33_792  # a whole number of latents and of pages of the index
    states = 4 * 3  # 34 layers of states, 11 in a block; three of each
    for tokens in (4096, 131_072):
        right = page * (-(-tokens // block) + states + 1)  # one more block of keys that are not pooled yet
        assert request_bytes(CATALOGUE[FP8], tokens, 16384, "auto", gpus) == right


def plan(id: str, **asked: Any) -> Any:
    request = Request(
        "serve", "generation", CATALOGUE[id], Budget(float("inf"), "none"), context_len=8192, concurrency=16
    )
    return plan_for(request._replace(**asked))


@pytest.mark.parametrize(("id", "file_bytes"), [(FP8, 328_326_771_576), (BF16, 642_676_397_788)])
def test_the_cards_that_are_chosen_hold_its_files(id: str, file_bytes: float) -> None:
    setup = plan(id).chosen.setup
    assert setup.engine == "vllm" and setup.tensor_parallel * 0.92 * setup.gpu.visible_gib * GIB > file_bytes


def test_it_runs_from_hopper_on() -> None:
    for gpu, runs in (("A100-80GB", False), ("L40S", False), ("H100", True), ("H200", True), ("B200", True)):
        setup = InferenceSetup(CATALOGUE[FP8], GPUS[gpu], 8, 8, attention=GPUS[gpu].attention[-1])
        found = unsupported(setup)
        assert (found is None) == runs
        assert runs or (found and "Hopper" in unsupported_text(setup, found.reason))


def test_four_h200_carry_it_and_transformers_does_not() -> None:
    setup = plan(FP8, gpu="H200", gpu_count=4).chosen
    assert setup.estimate.max_concurrency > 16
    with pytest.raises(Refusal, match="take engine vllm"):
        plan(FP8, engine="transformers")
    for task in ("finetune", "distributed"):
        with pytest.raises(Refusal, match="transformers does not run the architecture"):
            plan(BF16, task=task, context_len=2048)


def test_its_names() -> None:
    assert find_model(FP8).licence == "mit"
    assert parsers_of(FP8) == parsers_of(BF16) == ("glm47", "glm47")
    assert default_model(320 * 10**9, "generation", active=18 * 10**9).id == FP8
    assert draft_of(CATALOGUE[FP8], "fp8") != draft_of(CATALOGUE[BF16], "none")
