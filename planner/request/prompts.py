"""The answers to Cookiecutter's prompts, checked and turned into a Request."""

from __future__ import annotations

import keyword
import os
import re
import sys
from typing import NamedTuple

from ..catalogue.models import DEFAULT_MODELS, HEADLESS, default_model, find_model
from ..catalogue.sizes import parse_size
from ..schema import (
    AIMS,
    ENGINES,
    LOCAL,
    METHODS,
    QUANTIZATIONS,
    TASKS,
    TRAINING,
    WORKLOADS,
    Model,
    Refusal,
    Request,
    replace,
)
from .checks import check_budget, check_context, check_several, check_training, check_warm, check_workload
from .dataset import epochs_of, parse_dataset, row_tokens_of
from .parse import one_line, one_of, parse_count, parse_gpu, shown, typed_gpu

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
    if task in ("serve", "batch") and method != "auto":
        raise Refusal(f"method {method} is for training; leave it auto for task {task}")
    if task in TRAINING:
        check_several(task, *typed_gpu(text["gpu"], text["gpu_count"]))
    gpu, count = parse_gpu(text["gpu"], text["gpu_count"], several_nodes=task == "distributed")
    model = asked_model(text["model_id"], text["model_size"], task, workload)
    optimize = one_of("optimize", text["optimize"], AIMS)
    dataset, dataset_rows = parse_dataset(one_line("dataset", text["dataset"] or "none"))
    context_len = check_context(parse_count("context_len", text["context_len"]), model)
    trains = task in TRAINING
    if trains:
        check_training(text["concurrency"], engine, method, quantization, task, model)
    request = Request(
        task=task,
        workload=workload,
        model=model,
        budget=check_budget(text["budget"], task),
        context_len=context_len,
        concurrency=1 if trains else parse_count("concurrency", text["concurrency"]),
        gpu=gpu,
        gpu_count=count,
        quantization=quantization,
        engine=engine,
        method=method,
        optimize=optimize,
        warm=check_warm(text["warm"], task, optimize),
        dataset=dataset,
        dataset_rows=dataset_rows,
        row_tokens=row_tokens_of(workload, context_len) if trains else 0,
        epochs=epochs_of(dataset_rows) if trains else 1,
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


def asked_model(model_id: str, size: str, task: str, workload: str) -> Model:
    """Return the model of that id or local folder; with "auto", the default one of that size."""
    params, _active = parse_size(size)
    if model_id.lower() in ("", "auto"):
        model = default_model(params, workload, to_train=task in TRAINING)
        headless = task not in TRAINING and model.id in HEADLESS
        if workload != "generation" and (headless or not 1 / 3 < model.params / params < 3):
            known = f"a good open one is {DEFAULT_MODELS[workload][0] if headless else model.id}"
            raise Refusal(f"no open {workload} model of {size} is known; name one in model_id: {known}")
        return model
    one_line("model_id", model_id)
    typed_in = os.environ.get("PWD")  # a hook runs elsewhere than where its answers were typed
    folder = os.path.join(typed_in, model_id) if typed_in else os.path.expanduser(model_id)
    if os.path.isdir(folder):
        model = replace(find_model(folder), id=model_id, source=LOCAL)
    elif re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", model_id, re.ASCII):
        model = find_model(model_id, size)
    else:
        raise Refusal(
            f"model_id {shown(model_id)} is neither a Hugging Face id such as Qwen/Qwen3-8B nor a local folder"
        )
    if "hidden" in model.assumed and model.source != LOCAL:  # nothing but its size is known
        model = replace(model, workload=workload)
    if task in ("serve", "batch") and model.id in HEADLESS:
        raise Refusal(f"{model.id} has no trained head and would answer at random; name a fine-tuned one in model_id")
    if model.workload != workload:
        raise Refusal(f"{model.id} is made for {model.workload}, not {workload}; choose another model or workload")
    return model
