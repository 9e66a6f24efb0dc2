"""vLLM's names for the plan's attention and formats, and a comparison of what runs with what was planned.

The names are those of vLLM 0.32: v1/attention/backends/registry.py, model_executor/layers/quantization/__init__.py and
config/quantization.py. tests/test_verify.py compares them with the installed vLLM.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import plan
from ..monitoring import gpu_memory


def attention_config(backend: str, mla: str, **version: int) -> dict[str, Any]:
    """Return vLLM's --attention-config; `mla` is the kernel of models with latent attention (DeepSeek)."""
    return {"backend": backend, **version, "backend_per_kind": {"mla_attention": mla}}


# plan.ATTENTION for --attention-config. vLLM has no SDPA on a GPU: its Triton kernel is what runs on every card.
# The kernels for latent attention are vLLM's first choice for the same cards.
ATTENTION: dict[str, dict[str, Any]] = {
    "auto": {},  # vLLM's own choice, for models that few kernels know
    "sdpa": attention_config("TRITON_ATTN", "TRITON_MLA"),
    "flash_attention_2": attention_config("FLASH_ATTN", "TRITON_MLA", flash_attn_version=2),
    "flash_attention_3": attention_config("FLASH_ATTN", "FLASH_ATTN_MLA", flash_attn_version=3),
    "flash_attention_4": attention_config("FLASH_ATTN", "FLASHINFER_MLA", flash_attn_version=4),
}

# plan.QUANTIZE_AT_LOAD for --quantization. What vLLM once called fp8 is now named by what shares a scale.
AT_LOAD = {"fp8": "fp8_per_tensor", "mxfp8": "mxfp8", "mxfp4": "mxfp4"}

# plan.QUANTIZATION -> what vLLM's names for such layers match, in lower case; the first that matches counts
FORMATS = {
    "nvfp4": r"nv_?fp4|modelopt_fp4",
    "mxfp4": r"mxfp4",
    "int4": r"\b4 bits|int4|w4a",
    "fp8": r"fp8|modelopt",
    "int8": r"\b8 bits|int8|w8a",
}


@dataclass(frozen=True)
class Running:
    """Attention kernels, formats and device of a loaded model, as WorkerExtension reads them."""

    attention: tuple[str, ...]  # kernels in use, each `NAME` or `FLASH_ATTN 3`; more than one in some models
    quantization: str  # vLLM's name of the method; "none" where no layer is quantized
    layers: dict[str, int]  # how the quantized layers are computed, `CompressedTensorsW8A8Fp8`, and how many are so
    dtype: str  # of activations, "bfloat16"
    device: str  # "NVIDIA L40S" or "cpu"

    def __str__(self) -> str:
        kernels = " and ".join(self.attention) or "no attention"
        return f"{kernels}, {self.dtype}, quantization {self.quantization}, on {self.device}"


def running(answers: Sequence[Mapping[str, Any]]) -> Running:
    """Merge what all workers answered to `what_runs`. Where they differ, every kernel and layer is named."""
    kernels = sorted({kernel for answer in answers for kernel in answer["attention"]})
    layers: dict[str, int] = {}
    for answer in answers:
        layers |= answer["layers"]
    one = answers[0]
    return Running(tuple(kernels), one["quantization"], layers, one["dtype"], one["device"])


def at_load(wanted: str) -> str:
    """Return the value of --quantization. ValueError for a format that vLLM cannot quantize to while it loads."""
    if wanted not in AT_LOAD:
        raise ValueError(
            f"vLLM cannot quantize to {wanted} while it loads: set QUANTIZE_AT_LOAD to one of {', '.join(AT_LOAD)} or "
            f'"" in plan.py, or take as MODEL a checkpoint that is published quantized'
        )
    return AT_LOAD[wanted]


def kernels(wanted: str) -> set[str]:
    """The names in Running.attention that fit `wanted`, a plan.ATTENTION; empty where any kernel fits."""
    config = ATTENTION[wanted]
    if not config:
        return set()
    version = f" {config['flash_attn_version']}" if "flash_attn_version" in config else ""
    backend = config["backend"]
    return {f"{backend}{version}", f"{backend}_DIFFKV{version}", *config["backend_per_kind"].values()}


def weights(running: Running) -> str:
    """The format of the loaded weights by plan.QUANTIZATION's names, "none", "fp8", "int4" ..., or by vLLM's own."""
    if not running.layers:
        return "none"
    names = " ".join([*running.layers, running.quantization]).lower()
    return next((name for name, pattern in FORMATS.items() if re.search(pattern, names)), running.quantization)


def differs(running: Running) -> list[str]:
    """Return a sentence for each decision of plan.py that is not what runs, with what to set instead."""
    sentences = []
    allowed = kernels(plan.ATTENTION)
    if others := [kernel for kernel in running.attention if allowed and kernel not in allowed]:
        fitting = [name for name in ATTENTION if set(running.attention) <= kernels(name)]
        sentences.append(
            f'ATTENTION is "{plan.ATTENTION}" and vLLM runs {" and ".join(others)}: '
            f'set it to "{[*fitting, "auto"][0]}", or plan again for this card'
        )
    loaded = weights(running)
    planned = plan.QUANTIZE_AT_LOAD or plan.QUANTIZATION
    if loaded != planned:
        sentences.append(
            f'the weights are planned in "{planned}" and vLLM loaded them as "{loaded}" ({running.quantization}): '
            "set QUANTIZATION and QUANTIZE_AT_LOAD to what MODEL is published in, or plan again"
        )
    if running.dtype != plan.DTYPE:
        sentences.append(f'DTYPE is "{plan.DTYPE}" and vLLM computes in {running.dtype}: set it to "{running.dtype}"')
    return sentences


def verdict(running: Running) -> dict[str, object]:
    """`as_planned` and `differs` for /engine. The plan is for a GPU: on a CPU nothing is compared."""
    sentences = [] if running.device == "cpu" else differs(running)
    return {"as_planned": not sentences, "differs": sentences}


class WorkerExtension:
    """Methods that --worker-extension-cls adds to vLLM's workers, called by name once the model is loaded."""

    vllm_config: Any
    get_model: Any  # of vLLM's worker

    def what_runs(self) -> dict[str, object]:
        """Return the fields of Running, read from the layers; a dict, since it crosses processes."""
        import torch

        layers = self.vllm_config.compilation_config.static_forward_context.values()
        quantized = Counter(filter(None, map(_quantized, self.get_model().modules())))
        config = self.vllm_config.quant_config
        gpu = torch.cuda.is_available()
        return {
            "attention": sorted({_kernel(layer) for layer in layers if hasattr(layer, "attn_backend")}),
            "quantization": config.get_name() if quantized else "none",
            "layers": dict(quantized),
            "dtype": str(self.vllm_config.model_config.dtype).removeprefix("torch."),
            "device": torch.cuda.get_device_name() if gpu else "cpu",
        }

    def keep_snapshots(self, folder: str) -> None:
        """Write a memory snapshot into `folder` at each out-of-memory error of this worker from now on."""
        gpu_memory.record_snapshots(folder)


def _kernel(layer: Any) -> str:
    """The attention kernel of a layer, and the version where FlashAttention has several."""
    version = getattr(layer.impl, "vllm_flash_attn_version", None)
    return layer.attn_backend.get_name() + (f" {version}" if version else "")


def _quantized(module: Any) -> str:
    """vLLM's name for how the weights of a layer are quantized; "" where they are not, or it has none."""
    method = getattr(module, "quant_method", None)
    name = type(getattr(module, "scheme", None) or method).__name__
    if method is None or "Unquantized" in name or "KVCache" in name:  # the cache has a format of its own
        return ""
    bits = getattr(getattr(method, "quant_config", None), "weight_bits", None)
    bits = bits or getattr(getattr(module, "scheme", None), "num_bits", None)
    return f"{name}, {bits} bits" if bits else name
