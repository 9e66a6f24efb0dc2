"""What a person typed at the prompts, checked: a Request, or one clear sentence."""

from __future__ import annotations

import keyword
import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from .gpus import check_cluster, check_count, find_gpu
from .models import DEFAULT_MODELS, HEADLESS, default_model, find_model
from .plan import AIMS, ENGINES, LOCAL, QUANTIZATIONS, TRAINING, Budget, Model, Refusal, Request, WarmPool
from .sizes import parse_size
from .warm import parse_warm

TASKS = ("serve", "batch", "finetune", "distributed")
WORKLOADS = ("generation", "classification", "embedding")
METHODS = ("auto", "full", "lora", "qlora")
TRAINED = ("generation", "classification")  # workloads that a model can be trained for
# Import names that the generated project uses itself: a package of that name would hide them.
TAKEN = frozenset(
    "modal torch transformers vllm fastapi httpx openai psutil pynvml datasets trl peft accelerate bitsandbytes "
    "deepspeed tests tasks requirements samples".split()
)
MAX_SLUG = 56  # Modal's limit for an app name is 64 characters; a suffix must still fit
MAX_NUMBER = 100_000_000
MAX_USD = 1_000_000
MAX_ROWS = 100_000_000_000
ROW_TOKENS = {"generation": 512, "classification": 128}  # of a typical example to train on (prior)
EPOCHS, MANY_ROWS = 3, 100_000  # passes over the data, and the rows from which one is enough (prior)
PROMPTED = ("auto", "16", "32")  # what Enter answers where concurrency means nothing


@dataclass(frozen=True, slots=True)
class Answers:
    """The checked answers to all prompts."""

    project_name: str
    slug: str
    package: str
    request: Request


def check_answers(typed: dict[str, object]) -> Answers:
    """The answers as cookiecutter hands them over, checked and understood. Refusal with one sentence."""
    text = {key: str(value).strip() for key, value in typed.items() if not key.startswith("_")}
    name = one_line("project_name", text["project_name"])
    slug = check_slug(text["project_slug"])
    task = one_of("task", text["task"], TASKS)
    workload = one_of("workload", text["workload"], WORKLOADS)
    if task in TRAINING:
        check_workload(workload)
    method = one_of("method", text["method"], METHODS)
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


def one_line(key: str, text: str) -> str:
    if not text:
        raise Refusal(f"{key} is empty; type a word or two")
    if not text.isprintable() or len(text) > 200:
        raise Refusal(f"{key} must be one line of at most 200 printable characters, not {shown(text)}")
    return text


def shown(text: str) -> str:
    """What was typed, quoted on one line and cut, for use in a message."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")


def one_of(key: str, text: str, allowed: tuple[str, ...]) -> str:
    if text.lower() not in allowed:
        raise Refusal(f"{key} {shown(text)} is not one of {', '.join(allowed)}")
    return text.lower()


def check_slug(slug: str) -> str:
    """A slug that can be a folder, a Modal app and, with underscores, a Python package."""
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", slug) or len(slug) > MAX_SLUG:
        raise Refusal(
            f"project_slug {shown(slug)} names a folder and a Python package: lower-case letters, digits and single "
            f"dashes, beginning with a letter, at most {MAX_SLUG}, such as my-llm"
        )
    package = slug.replace("-", "_")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or package in TAKEN:
        raise Refusal(f"project_slug {shown(slug)} would hide a Python module of that name; try my-{slug}")
    return slug


def parse_count(key: str, text: str) -> int:
    """A whole number of at least 1: "8192", "8,192", "8k" (8192)."""
    found = re.fullmatch(r"(\d[\d,_]*)\s*([kK]?)", text, re.ASCII)
    value = int(re.sub(r"[,_]", "", found[1])) * (1024 if found[2] else 1) if found and len(text) < 12 else 0
    if not 1 <= value <= MAX_NUMBER:
        raise Refusal(f"{key} {shown(text)} is not a whole number of at least 1, such as 8192")
    return value


def parse_budget(text: str) -> Budget:
    """ "4/hour", "50/run", "300/month" in USD, or "none". Refusal shows the forms."""
    if text.strip().lower() == "none":
        return Budget(float("inf"), "none")
    found = re.fullmatch(
        r"(?:\$|usd)?\s*(\d{1,9}(?:\.\d{1,4})?)\s*(?:\$|usd)?\s*(?:/|per|a)\s*(hour|h|hr|month|run)",
        text.strip().lower(),
        re.ASCII,
    )
    if not found:
        raise Refusal(f"budget {shown(text)} is not understood; write 4/hour, 300/month, 50/run or none (USD)")
    usd = float(found[1])
    if not 0 < usd <= MAX_USD:
        raise Refusal(f"budget {shown(text)} must be above 0 and at most {MAX_USD:,}, such as 4/hour")
    return Budget(usd, {"h": "hour", "hr": "hour"}.get(found[2], found[2]))


def check_budget(text: str, task: str) -> Budget:
    budget = parse_budget(text)
    if task == "serve" and budget.per == "run":
        raise Refusal(f"a service has no end, so {text} cannot bound it; give a budget such as 4/hour or 300/month")
    return budget


def check_warm(text: str, task: str, optimize: str) -> WarmPool:
    if task == "serve":
        return parse_warm(text, optimize)
    if text.lower() not in ("auto", "0"):
        raise Refusal(f"warm {shown(text)} is for a service; a {task} runs and ends: leave warm auto")
    return WarmPool()


def check_training(concurrency: str, engine: str, method: str, quantization: str, task: str, model: Model) -> None:
    """Refusal where an answer means nothing to a training, or contradicts another."""
    if concurrency.lower() not in PROMPTED:
        raise Refusal(f"concurrency {shown(concurrency)} is for serve and batch; task {task} needs none: take auto")
    if engine == "vllm":
        raise Refusal(f"engine vllm trains no model; leave engine auto for task {task}")
    if quantization not in ("auto", "none", "int4", "nf4"):
        raise Refusal(f"no adapters are trained on {quantization} weights here; leave quantization auto, or take nf4")
    if quantization in ("int4", "nf4") and method in ("full", "lora"):
        raise Refusal(f"method {method} trains on 16-bit weights, not {quantization}; take method qlora")
    if model.experts and (method == "qlora" or quantization in ("int4", "nf4")):
        raise Refusal(f"bitsandbytes leaves the experts of {model.id} in 16 bits; take method lora")
    if quantization == "none" and method == "qlora":
        raise Refusal("method qlora trains on 4-bit weights; leave quantization auto, or take method lora")
    check_trained(model)


def check_workload(workload: str) -> None:
    """Refusal where no model is trained for it."""
    if workload not in TRAINED:
        raise Refusal(f"an {workload} model is not trained here; take workload {' or '.join(TRAINED)}")


def check_trained(model: Model) -> None:
    """Refusal where its weights are not such as a training begins with."""
    if model.quantization != "none":
        known = default_model(model.params, model.workload, to_train=True)
        raise Refusal(
            f"{model.id} is published in {model.quantization}, and training begins with 16-bit weights; "
            f"the nearest open model that has them is {known.id}"
        )


def row_tokens_of(workload: str, context_len: int) -> int:
    """Tokens of a typical example (prior), of which no more are read than the context holds."""
    return min(ROW_TOKENS[workload], context_len)


def epochs_of(rows: int) -> int:
    """Passes over the data: fewer over many rows."""
    return EPOCHS if rows < MANY_ROWS else 1


def check_several(task: str, gpu: str, count: int) -> None:
    """Refusal where so many GPUs are another task's."""
    if task == "finetune" and count > 1:
        raise Refusal(f"task finetune trains on one GPU, not {count}; take task distributed, or a gpu_count of 1")
    if task == "distributed" and count == 1:
        raise Refusal("task distributed trains on 2 GPUs or more; take task finetune for one")
    if task == "distributed" and gpu != "auto" and find_gpu(gpu).max_count == 1:
        raise Refusal(f"one container holds a single {gpu}; let gpu be auto, or take task finetune")


def parse_dataset(text: str) -> tuple[str, int]:
    """A file or a Hugging Face id, and its rows where they are known: "org/name", "reviews.jsonl 200k rows"."""
    found = re.fullmatch(r"(.+?)[ ,]+(\d[\d,_]*(?:\.\d+)?)\s*([kKmM]?) rows?", text, re.ASCII)
    if not found:
        return text, 0
    times = {"": 1, "k": 1_000, "m": 1_000_000}[found[3].lower()]
    count = round(float(re.sub(r"[,_]", "", found[2])) * times)
    if not 1 <= count <= MAX_ROWS:
        raise Refusal(f"dataset {shown(text)} must have 1 to {MAX_ROWS:,} rows, such as reviews.jsonl 200k rows")
    return found[1], count


def parse_gpu(gpu: str, count: str, several_nodes: bool = False) -> tuple[str, int]:
    """GPU type and count; "auto" and 0 leave it open. The type may carry its count: "H100:2".

    One container holds all of them, unless there may be `several_nodes`: then more than 8 are nodes of 8.
    """
    name, number = typed_gpu(gpu, count)
    card = find_gpu(name) if name != "auto" else None
    if number > 8 and several_nodes:
        check_cluster(card, number)
    elif card and number:
        check_count(card, number)
    elif number > 8:
        raise Refusal(f"one container holds at most 8 GPUs, not {number}; take a gpu_count of 8 or less, or auto")
    return name, number


def typed_gpu(gpu: str, count: str) -> tuple[str, int]:
    """Type and count as they were typed; "auto" and 0 where they are open."""
    number = 0 if count.lower() == "auto" else parse_count("gpu_count", count)
    name, colon, suffix = gpu.partition(":")
    if name.lower() == "auto":
        if colon:
            raise Refusal(f"gpu {shown(gpu)} is not understood; write auto, or a type such as H100:2")
        return "auto", number
    card = find_gpu(name)
    if colon:
        inside = parse_count("gpu", suffix)
        if number and number != inside:
            raise Refusal(f"gpu {gpu} and gpu_count {number} contradict each other; leave gpu_count auto")
        number = inside
    return card.name, number


def asked_model(model_id: str, size: str, task: str, workload: str) -> Model:
    """The model of that id or local folder; with "auto", the default one of that size."""
    params, _active = parse_size(size)
    if model_id.lower() in ("", "auto"):
        model = default_model(params, workload, to_train=task in TRAINING)
        headless = task not in TRAINING and model.id in HEADLESS
        if workload != "generation" and (headless or not 1 / 3 < model.params / params < 3):
            known = f"a good open one is {DEFAULT_MODELS[workload][0] if headless else model.id}"
            raise Refusal(f"no open {workload} model of {size} is known; name one in model_id: {known}")
        return model
    one_line("model_id", model_id)
    folder = Path(os.environ.get("PWD", "."), model_id).expanduser()  # a hook runs elsewhere than where it was typed
    if folder.is_dir():
        model = replace(find_model(str(folder)), id=model_id, source=LOCAL)
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


def check_context(tokens: int, model: Model) -> int:
    if tokens > model.context and "context" not in model.assumed:
        raise Refusal(f"{model.id} reads at most {model.context:,} tokens, not {tokens:,}; lower context_len")
    return tokens
