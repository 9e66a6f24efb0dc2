"""transformers' arguments to load a model as planned, and a comparison of the loaded model with the plan."""

import gc
from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import nn

from .. import plan

LINEAR = {"int8": "Linear8bitLt", "nf4": "Linear4bit"}  # bitsandbytes' layers for plan.QUANTIZATION


class NotAsPlanned(Exception):
    """The loaded model is not as planned. The text names both."""


class IncompleteWeights(Exception):
    """The checkpoint lacks weights of the model that is built. The text names some of them."""


def device(gpus: int) -> str:
    """`cuda` or `cpu`. ValueError for several GPUs, which these engines do not use."""
    if gpus > 1:
        raise ValueError(f"this engine serves from one GPU, not {gpus}: set GPU in plan.py, or take ENGINE vllm")
    return "cuda" if gpus else "cpu"


def arguments(device: str) -> dict[str, Any]:
    """Keywords of `from_pretrained` for plan.py; on a CPU float32 and SDPA."""
    on_gpu = device == "cuda"
    chosen = {
        "dtype": getattr(torch, plan.DTYPE) if on_gpu else torch.float32,
        "attn_implementation": plan.ATTENTION if on_gpu else "sdpa",
        "use_safetensors": True,
    }
    return chosen | ({"quantization_config": quantization()} if on_gpu and plan.QUANTIZE_AT_LOAD else {})


def load(auto: Any, model: str, device: str) -> Any:
    """Return the model that `auto` makes of a folder or hub id, loaded with the settings of plan.py.

    IncompleteWeights where the checkpoint lacks weights, which transformers would fill with random numbers: the head of
    a classifier that was never trained, or layers of another architecture.
    """
    loaded, found = auto.from_pretrained(model, device_map=device, output_loading_info=True, **arguments(device))
    lacking = sorted({*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])})
    if lacking:
        named = f"{', '.join(lacking[:3])}{f' and {len(lacking) - 3} more' if len(lacking) > 3 else ''}"
        kind = type(loaded).__name__
        raise IncompleteWeights(f"{model} has no weights for {named} of a {kind}: take a MODEL that was trained as one")
    return loaded


def quantization() -> transformers.BitsAndBytesConfig:
    """The configuration for plan.QUANTIZATION, where the weights are quantized while they load."""
    if plan.QUANTIZATION == "int8":
        return transformers.BitsAndBytesConfig(load_in_8bit=True)
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,  # 4.127 bits a parameter, as the plan counts them; 4.5 without
        bnb_4bit_compute_dtype=getattr(torch, plan.DTYPE),
    )


def import_model_code(auto: Any, model: str) -> None:
    """Import the modules that loading `model` takes, so that a snapshot of the memory has them. Touches no GPU."""
    with torch.device("meta"):
        auto.from_config(transformers.AutoConfig.from_pretrained(model))


@dataclass(frozen=True)
class Loaded:
    """Attention, types and device of a loaded model."""

    attention: str
    dtype: str  # of the weights that are not quantized
    device: str
    linears: dict[str, int]  # classes of the linear layers, with their number

    @property
    def quantization(self) -> str:
        """`none`, or the name in plan.py with the number of layers: `nf4 (196 of 197 linear layers)`."""
        total = sum(self.linears.values())
        found = [(name, self.linears[kind]) for name, kind in LINEAR.items() if kind in self.linears]
        return ", ".join(f"{name} ({layers} of {total} linear layers)" for name, layers in found) or "none"

    def differs(self) -> list[str]:
        """Return a sentence for each property that is not as planned."""
        planned_layers = LINEAR.get(plan.QUANTIZATION, "")  # made while loading, or published so
        wrong = []
        if self.attention != plan.ATTENTION:
            wrong.append(f"attention runs on {self.attention} and ATTENTION is {plan.ATTENTION}")
        if self.dtype != plan.DTYPE:
            wrong.append(f"the weights are {self.dtype} and DTYPE is {plan.DTYPE}")
        if planned_layers and planned_layers not in self.linears:
            wrong.append(f"no layer is quantized and QUANTIZATION is {plan.QUANTIZATION}")
        if not planned_layers and self.quantization != "none":
            wrong.append(f"the weights are quantized, {self.quantization}, and QUANTIZATION is {plan.QUANTIZATION}")
        return wrong

    def check(self) -> None:
        """Print what runs. NotAsPlanned where that is on a GPU and not the plan's."""
        print(f"engine: attention {self.attention}, {self.dtype}, quantization {self.quantization}, {self.device}")
        if self.device != "cpu" and self.differs():
            raise NotAsPlanned(f"{'; '.join(self.differs())}: change plan.py to what this card and model can do")

    def report(self) -> dict:
        """For `GET /engine`. A CPU is not compared with the plan of a GPU."""
        differs = self.differs() if self.device != "cpu" else []
        return {
            "engine": "transformers",
            "version": transformers.__version__,
            "attention": self.attention,
            "quantization": self.quantization,
            "dtype": self.dtype,
            "device": self.device,
            "as_planned": not differs,
            "differs": differs,
        }


def inspect(model: transformers.PreTrainedModel) -> Loaded:
    """Read attention, types and device from a loaded model."""
    where = model.device
    kinds = Counter(type(layer).__name__ for layer in model.modules() if isinstance(layer, nn.Linear))
    return Loaded(
        attention=str(model.config._attn_implementation),
        dtype=str(model.dtype).removeprefix("torch."),
        device=torch.cuda.get_device_name(where) if where.type == "cuda" else where.type,
        linears=dict(kinds),
    )


def free_memory() -> None:
    """Release what torch's allocator keeps for later."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
