"""The model that transformers builds from a config.json: its class and the parameters of the model, on the meta device.

    .venv-train/bin/python -m benchmarks.oracle.count_params FOLDER...

prints one JSON line a folder. The class is the one that `architectures` names, else the first auto class that takes
the configuration. Code that a repository brings along (`auto_map`) is not run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

AUTO_CLASSES = (
    "AutoModelForCausalLM", "AutoModelForImageTextToText", "AutoModelForMultimodalLM", "AutoModelForSeq2SeqLM",
    "AutoModelForMaskedLM", "AutoModel",
)  # fmt: skip


def count(config: dict[str, Any]) -> dict[str, Any]:
    """Return the class, the parameters (shared ones once) and the bytes of a cache, or `refused` with the message."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
    import torch

    try:
        model_class, read = _class(config)
        with torch.device("meta"):
            model = model_class._from_config(read)
        unique = {id(parameter): parameter.numel() for parameter in model.parameters()}
        vision = {
            id(parameter): parameter.numel()
            for name, parameter in model.named_parameters()
            if any(word in name for word in ("vision", "visual", "audio", "image"))
        }
        return {"class": model_class.__name__, "params": sum(unique.values()), "not_text": sum(vision.values())}
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {' '.join(str(error).split())[:240]}"}


def _class(config: dict[str, Any]) -> tuple[Any, Any]:
    import transformers

    folder = tempfile.mkdtemp()
    # Quantization changes how a matrix is kept, not how many parameters it has.
    plain = {key: value for key, value in config.items() if key not in ("quantization_config", "auto_map")}
    (Path(folder) / "config.json").write_text(json.dumps(plain))
    named = [getattr(transformers, name) for name in config.get("architectures") or () if hasattr(transformers, name)]
    try:
        read = transformers.AutoConfig.from_pretrained(folder)
    except ValueError:  # Kimi-K2's kind is its own, its class DeepSeek-V3's
        if not named:
            raise
        read = named[0].config_class.from_dict(plain)
    if named:
        return named[0], read
    for name in AUTO_CLASSES:
        mapping = getattr(transformers, name, None)
        if mapping and type(read) in mapping._model_mapping:
            found = mapping._model_mapping[type(read)]
            return (found[0] if isinstance(found, (tuple, list)) else found), read
    raise ValueError(f"no auto class takes {type(read).__name__}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    for folder in parser.parse_args().folders:
        config = json.loads((folder / "config.json").read_text())
        print(json.dumps({"folder": str(folder), "transformers": count(config)}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
