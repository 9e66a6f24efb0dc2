"""The comparison of a real loaded model with the plan, and what is imported before a snapshot."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine import loading, server

AS_PLANNED = loading.Loaded(plan.ATTENTION, plan.DTYPE, "NVIDIA H100 80GB HBM3", {"Linear": 9})


@pytest.fixture(autouse=True)
def unquantized(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "QUANTIZE_AT_LOAD", "")
    monkeypatch.setattr(plan, "QUANTIZATION", "none")


def test_what_is_as_planned_passes(capsys: pytest.CaptureFixture[str]):
    AS_PLANNED.check()
    assert plan.ATTENTION in capsys.readouterr().out
    assert AS_PLANNED.report()["as_planned"]


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({"attention": "eager"}, f"attention runs on eager and ATTENTION is {plan.ATTENTION}"),
        ({"dtype": "float64"}, f"the weights are float64 and DTYPE is {plan.DTYPE}"),
        ({"linears": {"Linear": 1, "Linear4bit": 8}}, r"nf4 \(8 of 9 linear layers\), and QUANTIZATION is none"),
    ],
)
def test_a_mismatch_on_a_gpu_is_an_error_that_names_both(what: dict, says: str):
    with pytest.raises(loading.NotAsPlanned, match=f"{says}.*change plan.py"):
        replace(AS_PLANNED, **what).check()
    replace(AS_PLANNED, **what, device="cpu").check()  # a CPU is not what was planned for


@pytest.mark.parametrize(
    ("name", "bits", "layer"), [("int8", "load_in_8bit", "Linear8bitLt"), ("nf4", "load_in_4bit", "Linear4bit")]
)
def test_weights_that_should_have_been_quantized_are_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str, bits: str, layer: str
):
    monkeypatch.setattr(plan, "QUANTIZE_AT_LOAD", "bitsandbytes")
    monkeypatch.setattr(plan, "QUANTIZATION", name)
    config = loading.arguments("cuda")["quantization_config"]
    assert getattr(config, bits) and config.bnb_4bit_use_double_quant is (name == "nf4")  # 4.127 bits, not 4.5
    with pytest.raises(loading.NotAsPlanned, match=f"QUANTIZATION is {name}"):
        AS_PLANNED.check()
    replace(AS_PLANNED, linears={layer: 8, "Linear": 1}).check()


def test_on_a_cpu_the_plan_of_a_gpu_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "QUANTIZE_AT_LOAD", "bitsandbytes")
    assert loading.arguments("cpu")["dtype"] == torch.float32 and "quantization_config" not in loading.arguments("cpu")
    assert loading.arguments("cuda")["attn_implementation"] == plan.ATTENTION


def test_two_gpus_are_refused(tiny: Path):
    with pytest.raises(ValueError, match="one GPU"):
        server.Engine(str(tiny), gpus=2)


# Runs before anything is imported: remembers each call that would start CUDA, or cache what it finds on this machine
WATCHED = """
import json, sys
import pynvml, torch
touched = []
for module, name in [(torch.cuda, "init"), (torch.cuda, "_lazy_init"), (torch.cuda, "get_device_properties"),
                     (torch.cuda, "current_device"), (pynvml, "nvmlInit")]:
    def call(*args, _real=getattr(module, name), _name=name, **kwargs):
        touched.append(_name)
        return _real(*args, **kwargs)
    setattr(module, name, call)
"""


def test_what_happens_before_a_snapshot_touches_no_gpu_and_imports_the_model(tiny: Path):
    code = WATCHED + (
        "from {{cookiecutter.__package}} import app\n"
        "from {{cookiecutter.__package}}.engine import server\nfrom {{cookiecutter.__package}}.api import web\n"
        "from {{cookiecutter.__package}}.monitoring import gpu_memory\n"
        "web.StartupClock(); server.Engine.prepare(sys.argv[1])\n"
        "print(json.dumps([touched, torch.cuda.is_initialized(), sorted(sys.modules)]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tiny)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    touched, initialized, modules = json.loads(done.stdout.splitlines()[-1])
    assert not touched and not initialized
    assert "bitsandbytes" not in modules  # chooses its CUDA library when it is imported
    kind = json.loads((tiny / "config.json").read_text())["model_type"]
    assert f"transformers.models.{kind}.modeling_{kind}" in modules
