"""The format of published weights, from a config.json and the hf_quant_config.json of older ModelOpt beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..schema import QUANTIZATIONS, Refusal
from .hf_fields import count_at, typed_at
from .hf_names import LAYERS

# Formats that no engine of the generated projects loads, by the word that a config.json has for them.
FOREIGN = {
    "gguf": "GGUF (llama.cpp)",
    "exl2": "EXL2 (ExLlama)",
    "exl3": "EXL3 (ExLlama)",
    "mlx": "MLX (Apple)",
    "aqlm": "AQLM",
    "hqq": "HQQ",
    "quip": "QuIP#",
    "vptq": "VPTQ",
    "spqr": "SpQR",
    "higgs": "HIGGS",
    "eetq": "EETQ",
    "quanto": "Quanto",
    "torchao": "torchao",
    "quark": "AMD Quark",
    "fp_quant": "FP-Quant",
    "bitnet": "BitNet",
    "onnx": "ONNX",
    "openvino": "OpenVINO",
}
_LAYER = re.compile(r"layers\\?\.(\d+)\\?\.")  # of a target, which may be a regular expression
_SAME = {"fbgemm_fp8": "fp8", "w4a16_awq": "int4", "fp8_pb_wo": "fp8", "fp8_per_channel_per_token": "fp8"}


def published_format(
    config: Mapping[str, Any], text: Mapping[str, Any], beside: Mapping[str, Any] | None = None
) -> str:
    """Return the format of the published weights, "none" where nothing names one. Refusal where none here loads it."""
    section = quantization_section(config, text, beside)
    layers = count_at(text, *LAYERS, default=0) if section else 0
    return _format(section, layers) if section else "none"


def quantization_section(
    config: Mapping[str, Any], text: Mapping[str, Any], beside: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return a checkpoint's description of its quantization, empty where it has none."""
    if isinstance(config.get("quantization"), dict) and "quant_method" not in config["quantization"]:
        raise foreign("mlx")
    section: Mapping[str, Any] = {}
    for source in (config, text):
        section = section or typed_at(source, dict, "quantization_config", "compression_config")
    if not section and beside:
        section = {"quant_method": "modelopt", **typed_at(beside, dict, "quantization")}
        if not section.get("quant_algo"):
            return {}  # a quantized cache alone
    return section


def foreign(word: str) -> Refusal:
    """Return the refusal of weights in a format that no engine here loads."""
    return Refusal(
        f"these weights are published in {FOREIGN[word]}, which neither vLLM nor transformers loads here; take the "
        f"model as first published, in 16 bits, or its AWQ, GPTQ or FP8 version"
    )


def _format(section: Mapping[str, Any], layers: int) -> str:
    legacy = typed_at(section, dict, "quantization")  # ModelOpt before 0.31, whose maker's name stands in for a method
    by_name = (
        typed_at(typed_at(section, dict, "producer"), str, "name") == "modelopt" or "modelopt_quant_config" in legacy
    )
    if by_name and legacy.get("quant_algo"):
        section = {"quant_method": "modelopt", **legacy}
    method: str = typed_at(section, str, "quant_method").lower().removeprefix("intel/")
    if not method and "bits" in section and "group_size" in section:
        raise foreign("mlx")
    if method in FOREIGN:
        raise foreign(method)
    if method == "compressed-tensors":
        method = _compressed(section, layers)
    elif method == "modelopt":
        method = typed_at(section, str, "quant_algo").lower() or "fp8"
    elif method in ("awq", "gptq", "auto-round", "awq_marlin", "gptq_marlin", "gptqmodel", "auto_gptq"):
        method = f"int{_one_width(section)}"
    elif method == "bitsandbytes":
        method = "nf4" if section.get("load_in_4bit") else "int8"
    if not method:
        raise Refusal(
            "quantization_config in the config.json has no quant_method, without which no engine here knows how the "
            "weights are quantized; take a version whose config.json has it, or the model in 16 bits"
        )
    method = _SAME.get(method, method)
    if method not in QUANTIZATIONS[1:]:
        raise Refusal(
            f"the config.json says that the weights are quantized as {method[:40]!r}; "
            f"{', '.join(QUANTIZATIONS[1:])} can be planned: take one of those, or the model in 16 bits"
        )
    return method


def _one_width(section: Mapping[str, Any]) -> int:
    """Return the bits of a GPTQ, AWQ or AutoRound checkpoint; Refusal where some modules have others, 16 aside."""
    bits = count_at(section, "bits", "w_bit", default=4)
    for key in ("dynamic", "extra_config"):
        for name, entry in typed_at(section, dict, key).items():
            other = entry.get("bits", bits) if isinstance(entry, Mapping) and not name.startswith("-:") else bits
            if other not in (bits, 16, 32):
                raise Refusal(
                    f"the weights are quantized to {bits} bits and by {key} some to {str(other)[:20]}, which is not "
                    "planned here; take a version in one width, or the model in 16 bits"
                )
    return bits


def int4_bits(section: Mapping[str, Any]) -> float:
    """Return the bits of an int4 weight with its group's scale, and zero point unless it is symmetric; 0: not given."""
    if typed_at(section, str, "quant_method") != "compressed-tensors":
        group = section.get("group_size", section.get("q_group_size"))
        return 4 + 20 / group if isinstance(group, int) and group > 0 else 0.0
    for entry in typed_at(section, dict, "config_groups").values():
        weights = typed_at(entry, dict, "weights") if isinstance(entry, Mapping) else {}
        group = weights.get("group_size")
        if isinstance(group, int) and group > 0:
            return 4 + (16 if weights.get("symmetric", True) else 20) / group
    return 0.0


def _compressed(section: Mapping[str, Any], layers: int) -> str:
    """Return the one format of all groups of a compressed-tensors checkpoint; Refusal where they differ.

    Groups of layers beyond the model's `layers`, which only predict further tokens (MTP), are left out.
    """
    found = sorted(set(_groups(section, layers)))
    if not found:
        raise Refusal(
            "quantization_config in the config.json has no config_groups with weights, so it says no format; take "
            "another version, or the model in 16 bits"
        )
    if len(found) > 1:
        raise Refusal(
            f"the weights are quantized as {' and '.join(found)} in different layers, which is not planned here; take "
            f"a version in one format, or the model in 16 bits"
        )
    return found[0]


def _groups(section: Mapping[str, Any], layers: int) -> Iterator[str]:
    for group in typed_at(section, dict, "config_groups").values():
        weights = typed_at(group, dict, "weights") if isinstance(group, Mapping) else {}
        if not weights or _beyond(typed_at(group, list, "targets"), layers):
            continue
        kind, bits = typed_at(weights, str, "type") or "int", count_at(weights, "num_bits", default=8)
        size = count_at(weights, "group_size", default=0) if weights.get("group_size") not in (None, -1) else 0
        if kind == "float" and bits == 4:
            yield "mxfp4" if size == 32 else "nvfp4"
        elif kind == "float" and bits == 8:
            yield "mxfp8" if size == 32 else "fp8"
        else:
            yield f"{kind}{bits}"


def _beyond(targets: list[Any], layers: int) -> bool:
    """Whether all targets of a group name a layer beyond the model's."""
    named = [_LAYER.search(str(target)) for target in targets]
    return bool(named and layers) and all(found and int(found[1]) >= layers for found in named)
