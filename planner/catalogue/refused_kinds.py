"""Kinds of models that the generated projects do not run, by their config.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..schema import Refusal
from .architectures import ARCHITECTURES
from .hf_fields import typed_at
from .hf_heads import head_of
from .vision import WRAPPERS

ENCODER_DECODERS = frozenset(
    "t5 mt5 umt5 longt5 byt5 switch_transformers bart mbart mbart50 pegasus pegasus_x bigbird_pegasus marian "
    "blenderbot "
    "blenderbot-small m2m_100 nllb-moe led prophetnet xlm-prophetnet plbart mvp fsmt encoder-decoder t5gemma t5gemma2 "
    "rag udop florence2 pix2struct vision-encoder-decoder speech-encoder-decoder trocr donut".split()
)
SPEECH = frozenset(
    "whisper wav2vec2 wav2vec2-bert wav2vec2-conformer hubert wavlm unispeech unispeech-sat sew sew-d data2vec-audio "
    "speech_to_text speech_to_text_2 speecht5 seamless_m4t seamless_m4t_v2 bark musicgen musicgen_melody moshi mimi "
    "encodec dac audio-spectrogram-transformer clap csm dia kyutai_speech_to_text moonshine parakeet_ctc vits "
    "fastspeech2_conformer univnet pop2piano granite_speech voxtral moss_transcribe_diarize".split()
)
VISION = frozenset(
    "vit vit_mae vit_msn vivit deit beit data2vec-vision swin swinv2 convnext convnextv2 resnet regnet mobilenet_v1 "
    "mobilenet_v2 mobilevit mobilevitv2 efficientnet dinov2 dinov2_with_registers dinov3_vit dinov3_convnext ijepa "
    "clip clip_vision_model chinese_clip altclip clipseg siglip siglip2 siglip_vision_model detr conditional_detr "
    "deformable_detr rt_detr rt_detr_v2 d_fine yolos owlvit owlv2 grounding-dino mask2former maskformer oneformer "
    "segformer upernet sam sam2 sam3 sam_hq dpt depth_anything zoedepth glpn timm_backbone timm_wrapper timesformer "
    "videomae vjepa2 layoutlmv2 layoutlmv3 levit poolformer pvt cvt bit focalnet hiera".split()
)


# Classes and keys of heads that only propose tokens: EAGLE, Medusa, DFlash, DSpark, MTP, and the library speculators.
_DRAFTS = re.compile(r"Eagle|Medusa|DFlash|DSpark|Speculator|DraftModel|MTP|NextN")
_LATE = re.compile(r"ColBERT|ForRetrieval")
_DRAFT_KEYS = ("speculators_model_type", "draft_vocab_size", "dflash_config", "eagle_config")


def check_kind(config: Mapping[str, Any], id: str) -> None:
    """Raise Refusal where the config.json is of a model that is not understood, or that no project here runs."""
    if "_class_name" in config or "_diffusers_version" in config:
        raise _refusal(id, "a part of a diffusion pipeline", "images")
    classes = " ".join(map(str, typed_at(config, list, "architectures")))
    if _DRAFTS.search(classes) or any(key in config for key in _DRAFT_KEYS):
        raise Refusal(
            f"{id} is a draft head for speculative decoding, not a whole model; name the model that it was made for, "
            f"and the head in SPECULATIVE of the baked plan.py"
        )
    if _LATE.search(classes):
        raise late_interaction(id)
    if "RewardModel" in classes:
        raise Refusal(
            f"{id} is a reward model whose head is code of its own ({classes[:40]}), which is not run here; choose one "
            "with ...ForSequenceClassification among its architectures"
        )
    kind = typed_at(config, str, "model_type")
    if kind in SPEECH:
        raise _refusal(id, f"a model of speech or sound ({kind})", "speech")
    if config.get("is_decoder") is True and config.get("add_cross_attention") is True:
        raise _refusal(id, f"the decoder of a pair ({kind}, add_cross_attention)", "its kind")
    if kind in ENCODER_DECODERS or config.get("is_encoder_decoder") is True:
        raise _refusal(id, f"an encoder and decoder in one ({kind or 'is_encoder_decoder'})", "its kind")
    if kind in VISION:
        raise _refusal(id, f"a model of images ({kind})", "images")
    if not kind:
        raise Refusal(
            f"the config.json of {id} has no model_type, so its architecture is not known; take the config.json that "
            f"the model was published with"
        )
    own_class = classes[:40] if config.get("auto_map") and not head_of(config) else ""
    if (kind in ARCHITECTURES or kind in WRAPPERS) and not own_class:
        return
    if config.get("auto_map"):
        raise Refusal(
            f"{id} is built by code of its own ({own_class or kind}, auto_map), which is not run here; choose a model "
            f"of an architecture in docs/models.md, such as Qwen/Qwen3-8B"
        )
    senses = [name for name in ("vision_config", "audio_config") if config.get(name)]
    also = f", with {senses[0]}," if senses else ""
    raise Refusal(
        f"{id} is of the architecture {kind[:40]!r}{also} which is not understood here; choose a model of one in "
        f"docs/models.md, such as Qwen/Qwen3-8B"
    )


def late_interaction(id: str) -> Refusal:
    """Return the refusal of a model that gives a vector for each token, as ColBERT does."""
    return Refusal(
        f"{id} gives a vector for each token (late interaction, as ColBERT), which the services here do not return; "
        "take an embedding model such as BAAI/bge-m3, or a cross-encoder such as BAAI/bge-reranker-v2-m3"
    )


def _refusal(id: str, what: str, served: str) -> Refusal:
    return Refusal(
        f"{id} is {what}; the projects here run decoders and encoders of text: choose one, such as Qwen/Qwen3-8B, or "
        f"another tool for {served}"
    )
