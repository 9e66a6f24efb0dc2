"""The hardware of a deploy: the plan's GPU, another one, and GPU=none, each in a fresh Python."""

import json
import os
import subprocess
import sys

import pytest

from {{cookiecutter.__package}} import plan

PACKAGE = "{{cookiecutter.__package}}"
ASK = (
    f"import json; from {PACKAGE} import hardware as h;"
    "print(json.dumps([h.MODAL_GPU, h.GPUS, h.CPU, h.MEMORY_MIB, h.ENV]))"
)


def fresh(code: str, gpu: str | None) -> str:
    env = {name: value for name, value in os.environ.items() if name != "GPU"}
    env |= {"GPU": gpu} if gpu is not None else {}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_plan_decides_where_nothing_else_is_said():
    gpu, count, cpu, memory, env = json.loads(fresh(ASK, None))
    assert (gpu, cpu, memory, env) == (plan.GPU, None, None, {"GPU": plan.GPU})
    assert count == int(plan.GPU.partition(":")[2] or 1)


def test_another_gpu_can_be_had_when_deploying():
    assert json.loads(fresh(ASK, "H100:2"))[:2] == ["H100:2", 2]


def test_gpu_none_asks_for_no_gpu_and_tells_the_container():
    gpu, count, cpu, memory, env = json.loads(fresh(ASK, "none"))
    assert (gpu, count, env) == (None, 0, {"GPU": "none"})
    assert cpu > 0 and memory >= min(336, plan.PREDICTED_PEAK_GIB) * 1024


@pytest.mark.parametrize("gpu", [None, "none"])
def test_the_app_loads_with_no_deprecated_name(gpu: str | None):
    fresh(f"import {PACKAGE}.app", gpu)
