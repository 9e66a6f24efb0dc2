"""Methods for vLLM's workers, the processes that hold the model; --worker-extension-cls adds them."""

from collections import Counter
from typing import Any

from ..monitoring import memory_snapshot


class WorkerExtension:
    """Methods that the server calls by name in every worker, once the model is loaded."""

    vllm_config: Any
    get_model: Any  # of vLLM's worker

    def what_runs(self) -> dict[str, object]:
        """Return the fields of verify.Running, read from the layers; a dict, since it crosses processes."""
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
        memory_snapshot.record(folder)


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
