"""The answers to Cookiecutter's prompts, checked and turned into a Request."""

from __future__ import annotations

import keyword
import re
import sys
from typing import NamedTuple

from ..catalogue.names import shown
from ..schema import ENGINES, METHODS, OBJECTIVES, QUANTIZATIONS, TASKS, TRAINING, WORKLOADS, Refusal, Request
from .checks import (
    check_budget,
    check_method,
    check_objective,
    check_several,
    check_training,
    check_warm,
    check_workload,
)
from .dataset import epochs_of, parse_dataset, row_tokens_of
from .model import asked_context, asked_model, is_auto
from .parse import one_line, one_of, parse_gpu, typed_gpu
from .traffic import Load, parse_aim, parse_load, room_for

# Import names that the generated project uses itself: a package of that name would hide them.
TAKEN = frozenset(
    "modal torch transformers vllm fastapi httpx openai psutil pynvml datasets trl peft accelerate bitsandbytes "
    "deepspeed tests tasks requirements samples".split()
)
MAX_SLUG = 56  # Modal's limit for an app name is 64 characters; a suffix must still fit


class Answers(NamedTuple):
    """The checked answers to all prompts."""

    project_name: str
    slug: str
    package: str
    request: Request


def check_answers(typed: dict[str, object]) -> Answers:
    """Return the checked answers of Cookiecutter's context. Refusal is one sentence."""
    text = {key: str(value).strip() for key, value in typed.items() if not key.startswith("_")}
    name = one_line("project_name", text["project_name"])
    slug = check_slug(text["project_slug"])
    task = one_of("task", text["task"], TASKS)
    workload = one_of("workload", text["workload"], WORKLOADS)
    if task in TRAINING:
        check_workload(workload)
    method = one_of("method", text["method"], ("auto", *METHODS))
    quantization = one_of("quantization", text["quantization"], ("auto", *QUANTIZATIONS))
    engine = one_of("engine", text["engine"], ("auto", *ENGINES))
    objective = one_of("objective", text["objective"], OBJECTIVES)
    check_objective(objective, task, workload)
    check_method(method, task)
    if task in TRAINING:
        check_several(task, *typed_gpu(text["gpu"]))
    gpu, count = parse_gpu(text["gpu"], several_nodes=task == "distributed")
    model = asked_model(text["model_id"], text["model_size"], task, workload)
    optimize, targets = parse_aim(text["optimize"], task, workload)
    dataset, dataset_rows = parse_dataset(one_line("dataset", text["dataset"] or "none"))
    context_len = asked_context(text["context_len"], model, task, workload)
    trains = task in TRAINING
    if trains:
        check_training(text["concurrency"], engine, method, quantization, task, model)
    load = Load(1) if trains else parse_load(text["concurrency"], task, workload)
    context_len = room_for(load, context_len, is_auto(text["context_len"]), model)
    request = Request(
        task=task,
        workload=workload,
        model=model,
        budget=check_budget(text["budget"], task),
        context_len=context_len,
        **load._asdict(),
        gpu=gpu,
        gpu_count=count,
        quantization=quantization,
        engine=engine,
        method=method,
        objective=objective,
        optimize=optimize,
        warm=check_warm(text["warm"], task, optimize, targets),
        targets=targets,
        dataset=dataset,
        dataset_rows=dataset_rows,
        row_tokens=row_tokens_of(workload, context_len) if trains else 0,
        epochs=epochs_of(dataset_rows, objective) if trains else 1,
    )
    return Answers(name, slug, slug.replace("-", "_"), request)


def check_slug(slug: str) -> str:
    """Return a slug that can be a folder, a Modal app and, with underscores, a Python package; else Refusal."""
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", slug) or len(slug) > MAX_SLUG:
        raise Refusal(
            f"project_slug {shown(slug)} names a folder and a Python package: lower-case letters, digits and single "
            f"dashes, beginning with a letter, at most {MAX_SLUG}, such as my-llm"
        )
    package = slug.replace("-", "_")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or package in TAKEN:
        raise Refusal(f"project_slug {shown(slug)} would hide a Python module of that name; try my-{slug}")
    return slug
