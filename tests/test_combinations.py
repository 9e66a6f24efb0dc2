"""Every pair of answers that can go together is in some bake that is whole; every other pair is refused, as expected.

The combinations are chosen by scripts/combinations.py; what cannot go together stands here, written by hand.
"""

import json
import os
import sys
from collections.abc import Callable
from itertools import combinations as choose
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from bake import Project, run
from wire import Deployed, deployed

from planner.gpus import GPUS
from planner.plan import Refusal
from scripts import combinations

WRITTEN = json.loads(combinations.WRITTEN.read_text(encoding="utf-8"))
CHOSEN: list[dict[str, str]] = WRITTEN["combinations"]
NAMES = [f"c{number:03}-{one['task']}-{one['workload']}" for number, one in enumerate(CHOSEN)]
EIGHT = [name for name, gpu in GPUS.items() if gpu.compute_capability >= 9 and gpu.nvlink]  # what clusters are made of
NARROW = "fp8 int8 mxfp4 nvfp4"  # what nothing is trained on

# axis, values, axis, values: none of the first goes with any of the second, and a pattern of what is then said.
IMPOSSIBLE: list[tuple[str, str, str, str, str]] = [
    ("task", "serve", "budget", "run", "a service has no end"),
    ("warm", "hours", "budget", "run", "a service has no end|is for a service"),
    ("task", "batch finetune distributed", "warm", "hours", "is for a service; a .* runs and ends"),
    ("task", "serve batch", "method", "full lora qlora", "is for training; leave it auto"),
    ("warm", "hours", "method", "full lora qlora", "is for training|is for a service"),
    ("task", "finetune distributed", "workload", "embedding", "an embedding model is not trained here"),
    ("workload", "embedding", "method", "full lora qlora", "is not trained here|is for training"),
    ("task", "finetune distributed", "engine", "vllm", "engine vllm trains no model"),
    ("engine", "vllm", "method", "full lora qlora", "engine vllm trains no model|is for training"),
    ("task", "finetune distributed", "quantization", NARROW, "no adapters are trained on .* weights here"),
    ("method", "full lora qlora", "quantization", NARROW, "no adapters are trained on|is for training"),
    ("method", "full lora", "quantization", "int4 nf4", "trains on 16-bit weights|is for training"),
    ("method", "qlora", "quantization", "none", "method qlora trains on 4-bit weights|is for training"),
    ("task", "finetune", "gpu_count", "2 8 16", "trains on one GPU, not"),
    ("task", "distributed", "gpu_count", "1", "on 2 GPUs or more"),
    ("task", "serve batch", "gpu_count", "16", "at most 8"),
    ("gpu_count", "16", "warm", "hours", "at most 8|is for a service"),
    ("gpu_count", "16", "engine", "vllm", "at most 8|trains no model"),
    ("gpu_count", "16", "workload", "embedding", "at most 8|is not trained here"),
    ("gpu_count", "16", "quantization", NARROW, "at most 8|no adapters are trained on"),
    ("gpu_count", "16", "size", "huge", "at most 8"),
    ("gpu_count", "16", "gpu", " ".join(name for name in GPUS if name not in EIGHT), "at most|nodes of 8"),
    ("gpu_count", "8", "gpu", "A10 RTX-PRO-6000", "holds at most"),
    ("gpu_count", "2", "gpu", "RTX-PRO-6000", "holds at most"),
    ("task", "distributed", "gpu", "RTX-PRO-6000", "holds a single RTX-PRO-6000"),
    ("gpu_count", "8", "quantization", "int8", "is not to be had in int8|runs on one GPU|not to be had"),
    ("engine", "transformers", "quantization", "fp8 mxfp4 nvfp4", "does not run|not to be had|one GPU"),
    ("engine", "vllm", "quantization", "nf4", "engine transformers makes it while loading"),
    ("engine", "transformers", "size", "huge", "the transformers image cannot load"),
    ("size", "large", "workload", "classification", "no such model"),
    ("size", "huge", "workload", "classification embedding", "no such model"),
    ("size", "huge", "quantization", "none fp8 int8 int4 nf4 nvfp4", "is not to be had in|published"),
    ("size", "huge", "method", "full lora qlora", "is for training"),
    ("size", "huge", "task", "finetune distributed", "mxfp4|16"),
    ("quantization", "mxfp4", "size", "small medium large", "is not to be had in mxfp4|not published"),
    ("quantization", "mxfp4", "workload", "classification embedding", "is not to be had in mxfp4"),
    ("quantization", "fp8 int8 nvfp4", "workload", "classification embedding", "is not to be had in"),
    ("quantization", "int4 nf4", "workload", "embedding", "is not to be had in"),
    ("quantization", "nvfp4", "size", "small", "is not to be had in nvfp4|not published"),
    ("quantization", "nvfp4", "gpu", "T4 L4 A10 L40S A100-40GB A100-80GB H100 H200", "does not run on .*nvfp4"),
    ("quantization", "fp8 mxfp4", "gpu", "T4", "does not run on T4|is not to be had in mxfp4"),
    ("size", "huge", "gpu", "T4", "does not run on T4"),
]
PERMISSIVE = {"task": "serve", "workload": "generation", "size": "medium", "budget": "none", "context": "short"}


def impossible() -> dict[combinations.Pair, str]:
    """Pair, its axes in order -> the pattern of what is said."""
    found = {}
    for one, firsts, other, seconds, sentence in IMPOSSIBLE:
        for first, second in product(firsts.split(), seconds.split()):
            low, high = sorted([(one, first), (other, second)])
            found[low, high] = sentence
    return found


def test_what_no_bake_has_is_what_the_table_says() -> None:
    assert {tuple(map(tuple, pair)) for pair in WRITTEN["impossible"]} == set(impossible())


def test_every_other_pair_is_in_a_bake_and_so_is_every_attention_kernel() -> None:
    covered = set[Any]().union(*(combinations.pairs(one) for one in CHOSEN))
    assert set(combinations.all_pairs()) - set(impossible()) <= covered
    assert {"sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4"} <= {c["attention"] for c in CHOSEN}


@pytest.mark.parametrize("pair", impossible(), ids=lambda pair: "-".join("=".join(half) for half in pair))
def test_what_cannot_go_together_is_refused_with_its_reason(pair: combinations.Pair) -> None:
    rest = {axis: PERMISSIVE.get(axis, values[0]) for axis, values in combinations.AXES.items()}
    with pytest.raises(Refusal, match=impossible()[pair]):
        combinations.attention(rest | dict(pair))


@pytest.fixture(scope="module")
def baked(bake: Callable[..., Project]) -> dict[str, Project]:
    """All of them, each under its own name."""
    found = {}
    for name, combination in zip(NAMES, CHOSEN, strict=True):
        typed = combinations.answers(combination)
        assert typed is not None
        found[name] = bake(**typed, project_slug=name)
    return found


@pytest.fixture(scope="module")
def registered(baked: dict[str, Project]) -> dict[str, Deployed]:
    return dict(zip(baked, deployed(list(baked.values())), strict=True))


@pytest.mark.slow
def test_all_of_them_are_clean(baked: dict[str, Project]) -> None:
    roots = [str(project.root) for project in baked.values()]
    run(sys.executable, "-m", "ruff", "check", *roots, cwd=Path(roots[0]))
    run(sys.executable, "-m", "ruff", "format", "--check", *roots, cwd=Path(roots[0]))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_its_types_hold(name: str, baked: dict[str, Project]) -> None:
    project, prefix = baked[name], sys.prefix
    if "ENGINE" not in project.plan:  # what trains has an environment of its own
        if "TRAIN_PYTHON" not in os.environ:
            pytest.skip("TRAIN_PYTHON names no Python that holds TRL and DeepSpeed: run make test-slow")
        prefix = str(Path(os.environ["TRAIN_PYTHON"]).parents[1])
    run(sys.executable, "-m", "ty", "check", "--python", prefix, cwd=project.root)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_attention_is_the_one_that_was_weighed(name: str, baked: dict[str, Project]) -> None:
    kernel = CHOSEN[NAMES.index(name)]["attention"]
    assert baked[name].plan["ATTENTION"] == kernel


@pytest.mark.slow
def test_every_app_imports_with_deprecations_as_errors(baked: dict[str, Project]) -> None:
    paths = [str(project.root) for project in baked.values()]
    modules = [f"{project.package}.app" for project in baked.values()]
    names = f"importlib.import_module(module).app.name for module in {modules}"
    code = f"import importlib, sys; sys.path[:0] = {paths}; print(*({names}))"
    said = run(sys.executable, "-B", "-W", "error", "-c", code, cwd=Path(paths[0])).stdout
    assert said.split() == [project.plan["NAME"] for project in baked.values()]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_is_registered_is_what_was_planned(name: str, registered: dict[str, Deployed]) -> None:
    found = registered[name]
    plan, works = found.plan, worker(found)
    card, _, count = plan["GPU"].partition(":")
    assert works["gpu"] == f"{card}:{count or 1}"
    assert works["startup_timeout"] == plan["STARTUP_TIMEOUT"]
    for registered_as, constant in {
        "max_containers": "MAX_CONTAINERS",
        "min_containers": "MIN_CONTAINERS",
        "scaledown_window": "SCALEDOWN_WINDOW",
    }.items():
        assert works[registered_as] == plan.get(constant, works[registered_as]), constant
    if plan["TASK"] != "serve":
        assert works["timeout"] == plan["TIMEOUT"]
    assert max(works["nodes"], 1) == plan.get("NODES", 1)
    assert found.fetch["secrets"] == plan["SECRETS"] and found.published == [plan["NAME"]]


def worker(found: Deployed) -> dict[str, Any]:
    """The function or class with the plan's GPU that the task is about."""
    names = {"serve": ("Server", "Server.*"), "batch": ("Worker.*",)}.get(found.plan["TASK"], ("train",))
    return next(found.functions[name] for name in names if name in found.functions)


def test_pairs_are_counted_as_the_axes_multiply() -> None:
    sizes = [len(values) for values in combinations.AXES.values()]
    assert len(combinations.all_pairs()) == sum(one * other for one, other in choose(sizes, 2))
