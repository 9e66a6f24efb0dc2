"""The engine on this machine: vLLM where it is installed, else what needs no GPU."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from .engine import transformers_fallback

VLLM = find_spec("vllm") is not None
LIBRARY = "vLLM" if VLLM else transformers_fallback.LIBRARY


def engine(folder: str, options: Mapping[str, Any]) -> Any:
    """The model in `folder`, ready to be called with prompts."""
    if not VLLM:
        return transformers_fallback.Engine(folder, options)
    from .engine.model import Engine

    return Engine(folder, gpus=0, options=options)
