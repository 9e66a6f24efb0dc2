"""The report of vLLM's workers on checkpoints quantized as published ones are, made from the tiny model."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine import verify

pytestmark = pytest.mark.slow

GROUP = 32  # weights that share a scale

ASK = """
import json, sys
from vllm import LLM
if __name__ == "__main__":
    llm = LLM(sys.argv[1], dtype="bfloat16", enforce_eager=True, gpu_memory_utilization=0.2, max_model_len=64,
              worker_extension_cls=sys.argv[2])
    print("answers", json.dumps(llm.collective_rpc("what_runs")))
"""


def eight_bits(weight: Any, kind: str) -> dict[str, Any]:
    """A matrix with a scale for each row, as compressed-tensors stores it; `kind` is "int" or "float"."""
    import torch

    most, dtype = (127, torch.int8) if kind == "int" else (448, torch.float8_e4m3fn)
    scale = weight.abs().amax(1, keepdim=True) / most
    return {"weight": (weight / scale).clamp(-most, most).to(dtype), "weight_scale": scale}


def four_bits(weight: Any, kind: str) -> dict[str, Any]:
    """A matrix of random 4-bit numbers, packed eight to an int32 along the axis that GPTQ or AWQ packs."""
    import torch

    rows, columns = weight.shape
    shape = (columns // 8, rows) if kind == "gptq" else (columns, rows // 8)
    packed = {
        "qweight": torch.randint(-(2**31), 2**31 - 1, shape).int(),
        "scales": torch.full((columns // GROUP, rows), 0.01, dtype=torch.float16),
        "qzeros": torch.full((columns // GROUP, rows // 8), 0x77777777, dtype=torch.int32),
    }
    return packed | ({"g_idx": (torch.arange(columns) // GROUP).int()} if kind == "gptq" else {})


def compressed(kind: str) -> dict[str, Any]:
    """The configuration that llm-compressor writes for 8-bit weights and activations."""
    eight = {"num_bits": 8, "type": kind, "symmetric": True}
    group = {
        "targets": ["Linear"],
        "weights": eight | {"strategy": "channel", "dynamic": False},
        "input_activations": eight | {"strategy": "token", "dynamic": True},
    }
    return {
        "quant_method": "compressed-tensors",
        "format": f"{kind}-quantized",
        "quantization_status": "compressed",
        "ignore": ["lm_head"],
        "config_groups": {"group_0": group},
    }


SYMMETRIC = {"desc_act": False, "sym": True}
PUBLISHED: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "int8": (eight_bits, "int", compressed("int")),
    "fp8": (eight_bits, "float", compressed("float")),
    "int4, gptq": (four_bits, "gptq", {"quant_method": "gptq", "bits": 4, "group_size": GROUP, **SYMMETRIC}),
    "int4, awq": (four_bits, "awq", {"quant_method": "awq", "bits": 4, "group_size": GROUP, "zero_point": True}),
}


def published(tiny: Path, folder: Path, name: str) -> Path:
    """The tiny model with its matrices in the format `name`."""
    from safetensors.torch import load_file, save_file

    pack, kind, config = PUBLISHED[name]
    shutil.copytree(tiny, folder)
    tensors: dict[str, Any] = {}
    for key, tensor in load_file(folder / "model.safetensors").items():
        if key.endswith("_proj.weight"):
            tensors |= {key.removesuffix("weight") + part: packed for part, packed in pack(tensor, kind).items()}
        else:
            tensors[key] = tensor
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    settings = json.loads((folder / "config.json").read_text())
    settings["quantization_config"] = config
    (folder / "config.json").write_text(json.dumps(settings))
    return folder


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_loaded_format_is_told_and_held_against_the_plan(
    name: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("vllm", reason="vLLM is not installed in this Python")
    folder = published(tiny, tmp_path / "model", name)
    env = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    env["PYTHONPATH"] = str(Path(verify.__file__).parents[2])
    (tmp_path / "ask.py").write_text(ASK)
    command = [
        sys.executable,
        str(tmp_path / "ask.py"),
        str(folder),
        f"{verify.__name__}.WorkerExtension",
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | env)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("answers ")]
    running = verify.running(json.loads(line.removeprefix("answers ")))
    assert running.attention == ("CPU_ATTN",) and running.dtype == "bfloat16"
    monkeypatch.setattr(plan, "ATTENTION", "auto")
    monkeypatch.setattr(plan, "DTYPE", "bfloat16")
    monkeypatch.setattr(plan, "QUANTIZE_AT_LOAD", "")
    monkeypatch.setattr(plan, "QUANTIZATION", name.partition(",")[0])
    assert verify.differs(running) == []
    monkeypatch.setattr(plan, "QUANTIZATION", "mxfp4")
    assert len(verify.differs(running)) == 1
