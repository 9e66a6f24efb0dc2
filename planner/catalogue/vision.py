"""Models of several senses: where their config.json keeps the language model, and the size of their vision tower.

The towers' parameters are those that transformers 5.23 builds, with the projection into the language model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..schema import Refusal
from .hf_fields import Config, typed_at

TEXT_KEYS = ("text_config", "llm_config", "language_config")


class Wrapper(NamedTuple):
    """A model_type that holds a language model and a vision tower."""

    text_kind: str  # of the language model, where it does not name its own
    tower: Callable[[Config, Config, int], int]


def tower_params(config: Mapping[str, Any], hidden: int) -> int:
    """Return the parameters of the vision tower of a model of several senses; 0 for a model of text.

    `hidden` is the language model's hidden size.
    """
    whole = typed_at(config, str, "model_type")
    wrapper, vision = WRAPPERS.get(whole), typed_at(config, dict, "vision_config")
    if not wrapper:
        return 0
    audio = typed_at(config, dict, "audio_config")
    if audio and whole not in HEARING:
        raise Refusal(
            f"the config.json of this {whole} has an audio_config, which is not understood here; choose a model of an "
            f"architecture in docs/models.md"
        )
    if not vision:
        raise Refusal(
            f"the config.json of this {whole} has no vision_config; take the config.json that it was published with"
        )
    tower = wrapper.tower(Config(vision), Config(config), hidden)
    return tower + (HEARING[whole](Config(audio), hidden) if audio else 0)


def _block(width: int, inner: int, bias: bool = True, gated: bool = False, norm_bias: bool = True) -> int:
    """Return the parameters of one layer: attention, MLP and two norms."""
    matrices = 3 if gated else 2
    biases = 4 * width + (matrices - 1) * inner + width if bias else 0
    return 4 * width**2 + matrices * width * inner + biases + (4 if norm_bias else 2) * width


def _siglip(vision: Config, _whole: Config, hidden: int) -> int:
    width, inner = vision.count("hidden_size", default=768), vision.count("intermediate_size", default=3072)
    depth, patch = vision.count("num_hidden_layers", default=12), vision.count("patch_size", default=16)
    patches = (vision.count("image_size", default=224) // patch) ** 2
    tower = width * (3 * patch**2 + 1 + patches) + depth * _block(width, inner) + 2 * width
    if vision.flag("vision_use_head", True):
        tower += _block(width, inner) - width
    return tower + width * hidden + width


def _pixtral(vision: Config, whole: Config, hidden: int) -> int:
    width, inner = vision.count("hidden_size", default=1024), vision.count("intermediate_size", default=4096)
    depth, patch = vision.count("num_hidden_layers", default=24), vision.count("patch_size", default=16)
    merge = whole.count("spatial_merge_size", default=2) ** 2
    tower = width * (3 * patch**2 + 1) + depth * _block(width, inner, bias=False, gated=True, norm_bias=False)
    return tower + width + merge * width**2 + hidden * (width + hidden)


def _merger(width: int, out: int, merge: int, norm: int) -> int:
    wide = width * merge
    return norm + wide * wide + wide + wide * out + out


def _qwen2(vision: Config, _whole: Config, hidden: int) -> int:
    width, patch = vision.count("embed_dim", default=1280), vision.count("patch_size", default=14)
    inner = vision.count("mlp_ratio", default=4) * width
    tower = 6 * patch**2 * width + vision.count("depth", default=32) * _block(width, inner)
    out = vision.count("hidden_size", default=hidden)
    return tower + _merger(width, out, vision.count("spatial_merge_size", default=2) ** 2, 2 * width)


def _qwen25(vision: Config, _whole: Config, hidden: int) -> int:
    width, patch = vision.count("hidden_size", default=1280), vision.count("patch_size", default=14)
    inner = vision.count("intermediate_size", default=3420)
    tower = 6 * patch**2 * width
    tower += vision.count("depth", default=32) * _block(width, inner, gated=True, norm_bias=False)
    out = vision.count("out_hidden_size", default=hidden)
    return tower + _merger(width, out, vision.count("spatial_merge_size", default=2) ** 2, width)


def _qwen3(vision: Config, _whole: Config, hidden: int) -> int:
    """Qwen3-VL, whose inner layers are merged into the language model, too (`deepstack_visual_indexes`)."""
    width, patch = vision.count("hidden_size", default=1152), vision.count("patch_size", default=16)
    inner, out = vision.count("intermediate_size", default=4304), vision.count("out_hidden_size", default=hidden)
    merge = vision.count("spatial_merge_size", default=2) ** 2
    tower = width * (6 * patch**2 + 1 + vision.count("num_position_embeddings", default=2304))
    tower += vision.count("depth", default=27) * _block(width, inner) + _merger(width, out, merge, 2 * width)
    return tower + len(vision.items("deepstack_visual_indexes")) * _merger(width, out, merge, 2 * width * merge)


def _llama4(vision: Config, _whole: Config, hidden: int) -> int:
    width, inner = vision.count("hidden_size", default=768), vision.count("intermediate_size", default=5632)
    patch, out = vision.count("patch_size", default=14), vision.count("vision_output_dim", default=7680)
    patches = (vision.count("image_size", default=448) // patch) ** 2
    tower = width * (3 * patch**2 + patches + 2) + 4 * width
    tower += vision.count("num_hidden_layers", default=34) * _block(width, inner)
    narrow, wide = vision.count("projector_input_dim", default=4096), vision.count("projector_output_dim", default=4096)
    return tower + inner * narrow + narrow * wide + out * hidden


def _moonvit(vision: Config, _whole: Config, hidden: int) -> int:
    width = vision.count("hidden_size", "vt_hidden_size", default=1152)
    inner = vision.count("intermediate_size", "vt_intermediate_size", default=4304)
    depth = vision.count("num_hidden_layers", "vt_num_hidden_layers", default=27)
    rows = vision.count("pos_emb_height", "init_pos_emb_height", default=64) ** 2
    tower = width * (3 * vision.count("patch_size", default=14) ** 2 + 1 + rows) + depth * _block(width, inner)
    return tower + 2 * width + _merger(width, hidden, 4, 2 * width)


def _minimax_m3(vision: Config, whole: Config, hidden: int) -> int:
    """A CLIP tower with rotary positions over patches of two frames, and two MLPs with a bias on top."""
    known = {"position_embedding_type": "rope", "rope_mode": "3d", "num_channels": 3}
    _check_tower(vision, known, "vision_config")
    merging = whole.section("img_token_compression_config")
    _check_tower(Config(merging), {"spatial_merge_size": 2, "temporal_patch_size": 2}, "img_token_compression_config")
    width, inner = vision.count("hidden_size"), vision.count("intermediate_size")
    out = whole.count("projector_hidden_size", default=hidden)
    tower = 6 * vision.count("patch_size") ** 2 * width + 2 * width
    tower += vision.count("num_hidden_layers") * _block(width, inner)
    return tower + (width + 1) * out + (out + 1) * hidden + (4 * hidden + 1) * out + (out + 1) * hidden


# What a Kimi-K3's tower follows from beside its widths; no other values have been published.
_K3_TOWER = {
    "attn_bias": False, "linear_bias": False, "patch_embed_proj_bias": False, "norm_type": "rmsnorm",
    "mlp_type": "mlp2", "mm_projector_type": "patchmergerv2", "pos_emb_type": "divided_fixed",
    "merge_kernel_size": [2, 2], "merge_type": "sd2_tpool",
}  # fmt: skip


def _moonvit_k3(vision: Config, _whole: Config, hidden: int) -> int:
    """Kimi-K3's MoonViT, without biases, with attention wider than its hidden size and a norm after the projector."""
    _check_tower(vision, _K3_TOWER, "vision_config")
    width, inner = vision.count("vt_hidden_size", default=1024), vision.count("vt_intermediate_size", default=4096)
    queries, depth = vision.count("qkv_hidden_size", default=1536), vision.count("vt_num_hidden_layers", default=27)
    rows = vision.count("init_pos_emb_height", default=64) * vision.count("init_pos_emb_width", default=64)
    tower = width * (3 * vision.count("patch_size", default=14) ** 2 + rows + 1)
    tower += depth * (4 * width * queries + 2 * width * inner + 2 * width)
    merged = 4 * vision.count("mm_hidden_size", default=width)
    return tower + merged**2 + merged * hidden + hidden


def _gemma4(vision: Config, _whole: Config, hidden: int) -> int:
    width, inner = vision.count("hidden_size", default=768), vision.count("intermediate_size", default=3072)
    depth = vision.count("num_hidden_layers", default=16)
    heads = vision.count("num_attention_heads", default=12)
    head_dim = vision.count("head_dim", default=0) or width // heads
    patch = vision.count("patch_size", default=16)
    rows = vision.count("position_embedding_size", default=10240)
    tower = 3 * patch**2 * width + 2 * rows * width
    tower += depth * (4 * width * heads * head_dim + 3 * width * inner + 4 * width + 2 * head_dim)
    return tower + width * hidden


def _gemma4_unified(vision: Config, _whole: Config, hidden: int) -> int:
    """Gemma 4 12B embeds patches of raw pixels, without an encoder."""
    width = vision.count("mm_embed_dim", default=3840)
    pixels = 3 * (vision.count("patch_size", default=16) * vision.count("pooling_kernel_size", default=3)) ** 2
    rows = 2 * vision.count("mm_posemb_size", default=1120)
    return 2 * pixels + (pixels + 1) * width + (rows + 4) * width + width * hidden


def _glm5_next(vision: Config, _whole: Config, hidden: int) -> int:
    """A tower with norms of queries and keys, patches of two frames, and a gated projector after a convolution."""
    known = {"in_channels": 3, "temporal_patch_size": 2, "attention_bias": True}
    _check_tower(Config({**known, **vision.values}), known, "vision_config")
    width, inner = vision.count("hidden_size", default=1024), vision.count("intermediate_size", default=4096)
    out, between = (
        vision.count("out_hidden_size", default=1536),
        vision.count("projection_intermediate_size", default=10240),
    )
    head_dim = width // vision.count("num_heads", default=16)
    tower = (6 * vision.count("patch_size", default=14) ** 2 + 1) * width + width
    tower += vision.count("depth", default=24) * (_block(width, inner, gated=True, norm_bias=False) + 2 * head_dim)
    tower += (vision.count("spatial_merge_size", default=2) ** 2 * width + 1) * out
    return tower + out**2 + 2 * out + 3 * out * between


# What an Inkling's tower follows from beside the hidden size; no other values have been published.
_INKLING_TOWER = {
    "vision_encoder_type": "hmlp", "patch_size": 40, "temporal_patch_size": 2, "n_channels": 3, "n_layers": 4,
    "use_vision_norm": True,
}  # fmt: skip


def _inkling(vision: Config, _whole: Config, hidden: int) -> int:
    """Folds patches of 5, 10, 40 and 40 pixels of two frames into 128, 320, 4,800 and hidden channels."""
    _check_tower(vision, {**_INKLING_TOWER, "decoder_dmodel": hidden}, "vision_config")
    return 75 * 128 + 128 + 512 * 320 + 320 + 5120 * 4800 + 4800 + (9600 + 1) * hidden


def _inkling_audio(audio: Config, hidden: int) -> int:
    _check_tower(audio, {"audio_mode": "dmel", "use_audio_norm": True, "decoder_dmodel": hidden}, "audio_config")
    return (audio.count("n_mel_bins") * audio.count("mel_vocab_size") + 1) * hidden


def _check_tower(section: Config, known: Mapping[str, Any], name: str) -> None:
    """Raise Refusal where a tower is built otherwise than is known."""
    for key, value in known.items():
        if (found := section.get(key)[1]) != value:
            raise Refusal(f"{key} in {name} of the config.json is {str(found)[:30]}; only {value} is understood here")


def _gemma4_audio(audio: Config, hidden: int) -> int:
    """Gemma 4's conformer for sound, with two convolutions before it; mel spectra have 128 bins."""
    width, out = audio.count("hidden_size", default=1024), audio.count("output_proj_dims", default=1536)
    first, second = (audio.items("subsampling_conv_channels") or [128, 32])[:2]
    heads, kernel = audio.count("num_attention_heads", default=8), audio.count("conv_kernel_size", default=5)
    layer = 24 * width**2 + (9 + kernel) * width + width // heads
    before = 10 * first + (9 * first + 1) * second + 32 * second * width
    return before + audio.count("num_hidden_layers", default=12) * layer + (width + 1) * out + out * hidden


def _gemma4_unified_audio(audio: Config, hidden: int) -> int:
    return audio.count("audio_embed_dim", default=640) * hidden


# Models that hear, too: the parameters of what embeds sound.
HEARING: dict[str, Callable[[Config, int], int]] = {
    "gemma4": _gemma4_audio,
    "gemma4_unified": _gemma4_unified_audio,
    "inkling_mm_model": _inkling_audio,
}

WRAPPERS: dict[str, Wrapper] = {
    "gemma3": Wrapper("gemma3_text", _siglip),
    "gemma4": Wrapper("gemma4_text", _gemma4),
    "gemma4_unified": Wrapper("gemma4_unified_text", _gemma4_unified),
    "glm5_next": Wrapper("glm5_next_text", _glm5_next),
    "llama4": Wrapper("llama4_text", _llama4),
    "minimax_m3_vl": Wrapper("minimax_m3_vl_text", _minimax_m3),
    "mistral3": Wrapper("mistral", _pixtral),
    "qwen2_vl": Wrapper("qwen2", _qwen2),
    "qwen2_5_vl": Wrapper("qwen2", _qwen25),
    "qwen3_vl": Wrapper("qwen3", _qwen3),
    "qwen3_vl_moe": Wrapper("qwen3_moe", _qwen3),
    "qwen3_5": Wrapper("qwen3_5_text", _qwen3),
    "qwen3_5_moe": Wrapper("qwen3_5_moe_text", _qwen3),
    "inkling_mm_model": Wrapper("inkling_text", _inkling),
    "kimi_k25": Wrapper("deepseek_v3", _moonvit),
    "kimi_k3": Wrapper("kimi_linear", _moonvit_k3),
}
