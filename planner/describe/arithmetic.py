"""Whether vLLM starts with a weight format on a GPU, and whether it computes in that format or in 16 bits."""

from __future__ import annotations

from ..choose.support import CAPABILITY, overflows_float16
from ..estimate.inference_speed import flops_gain
from ..estimate.weights import weight_format
from ..reasons import Reason
from ..schema import InferenceSetup, replace
from .rejections import unsupported_text


def arithmetic_text(setup: InferenceSetup) -> str:
    """Return how vLLM's matrix products run; "" for 16-bit weights, and for the transformers engine."""
    form = weight_format(setup.model, setup.quantization)
    if form == "none" or setup.engine != "vllm":
        return ""
    gain = flops_gain(setup.gpu, form)
    if gain > 1:
        return f"products run in {16 // gain} bits"
    return (
        f"{form} holds the weights alone: they are unpacked to 16 bits for every product, which saves memory and "
        f"bandwidth and no arithmetic on {setup.gpu.name}"
    )


def start_obstacle(setup: InferenceSetup) -> str:
    """Return why vLLM cannot start with that model and format on that GPU, whatever its memory; "" where it can."""
    if setup.engine != "vllm":
        return ""
    if not setup.gpu.bf16 and overflows_float16(setup.model):
        return unsupported_text(setup, Reason.FLOAT16_OVERFLOW)
    form = weight_format(setup.model, setup.quantization)
    if setup.gpu.compute_capability < CAPABILITY[form]:
        return unsupported_text(replace(setup, quantization=form), Reason.FORMAT_UNSUPPORTED)
    return ""
