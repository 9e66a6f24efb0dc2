"""A LoRA adapter for the tiny model, as peft saves one, and the same model with the adapter merged into it."""

import json
from pathlib import Path
from typing import Any

RANK, ALPHA = 4, 16
TARGETS = ("q_proj", "v_proj")


def adapter(tiny: Path, folder: Path, seed: int = 1, **config: Any) -> Path:
    """Write an adapter that changes most answers into `folder`, and return that."""
    import torch
    from safetensors.torch import load_file, save_file

    torch.manual_seed(seed)
    tensors = {}
    for name, weight in load_file(tiny / "model.safetensors").items():
        if name.split(".")[-2] in TARGETS:
            module = f"base_model.model.{name.removesuffix('.weight')}"
            tensors[f"{module}.lora_A.weight"] = torch.randn(RANK, weight.shape[1]) / 8
            tensors[f"{module}.lora_B.weight"] = torch.randn(weight.shape[0], RANK) / 8
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    saved: dict[str, Any] = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": ALPHA}
    saved |= {"bias": "none", "target_modules": list(TARGETS), "base_model_name_or_path": str(tiny)}
    (folder / "adapter_config.json").write_text(json.dumps(saved | config))
    return folder


def merged(tiny: Path, adapter: Path | None) -> Any:
    """The tiny model in transformers, in float32, with alpha / r of B x A added to each matrix of the adapter."""
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny, dtype="float32")
    tensors = load_file(adapter / "adapter_model.safetensors") if adapter else {}
    for name, weight in model.named_parameters():
        module = f"base_model.model.{name.removesuffix('.weight')}"
        if f"{module}.lora_A.weight" in tensors:
            weight.data += ALPHA / RANK * tensors[f"{module}.lora_B.weight"] @ tensors[f"{module}.lora_A.weight"]
    return model
