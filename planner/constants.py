"""A plan as the generated `plan.py`: constants, each with its reason."""

from __future__ import annotations

import math
import re
import textwrap

from .choose import tokens_per_s
from .explain import (
    about,
    beside,
    estimate_of,
    kernel_name,
    max_containers,
    next_cheaper,
    peak_gib,
    rate_range,
    size_words,
)
from .gpus import PRICES_DATE, gpu_string
from .plan import HOURS_PER_MONTH, LOCAL, Candidate, Gpu, InferenceEstimate, InferenceSetup, Model, Plan

WIDTH = 120  # characters of a line of plan.py
SCALEDOWN_S = 300
WEIGHTS = "/weights"  # where the generated project mounts its Volume of weights
STARTUP_S = (600, 3600)  # seconds: an LLM server is never up in Modal's default 30, and an hour is long enough
HEAD = (
    '"""What was decided for this project, and why. Edit it here; all else reads it. How it was weighed: PLAN.md."""\n'
)
DONE = ("", "", "")  # a blank line between groups of constants


def plan_py(plan: Plan, slug: str) -> str:
    """The text of the generated `plan.py`."""
    return HEAD + "".join(constant(*row) for row in (DONE, *serve_constants(plan, slug)))


def constant(name: str, value: object, reason: str) -> str:
    """One line of Python, with its reason behind it, or above it where the line would grow too long."""
    if not name:
        return "\n"
    kind = ": list[str]" if value == [] else ""
    code = f"{name}{kind} = {literal(value)}"
    comment = " ".join(reason.split())
    if not comment:
        return f"{code}\n"
    if len(code) + len(comment) + 4 <= WIDTH:
        return f"{code}  # {comment}\n"
    above = "".join(f"# {line}\n" for line in textwrap.wrap(comment, WIDTH - 2))
    return f"{above}{code}\n"


def literal(value: object) -> str:
    """A Python literal as ruff would format it: double quotes, unless they need more escapes than single ones."""
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if not isinstance(value, str):
        return repr(value)
    quote = "'" if value.count('"') > value.count("'") else '"'
    body = value.encode("unicode_escape").decode("ascii").replace(quote, "\\" + quote)
    return f"{quote}{body}{quote}"


def checkpoint(setup: InferenceSetup) -> tuple[str, str, str]:
    """(model id, revision, what the engine quantizes to while loading): a published checkpoint before our own cast."""
    model = setup.model
    if model.source == LOCAL:
        return f"{WEIGHTS}/{folder_on_volume(model.id)}", "main", ""
    if setup.quantization in (model.quantization, "none"):
        return model.id, model.revision, ""
    for quantization, variant, revision in model.variants:
        if setup.engine == "vllm" and quantization == setup.quantization:
            return variant, revision, ""
    return model.id, model.revision, "fp8" if setup.quantization == "fp8" else "bitsandbytes"


def folder_on_volume(path: str) -> str:
    """The name that a local folder gets on the weights Volume: its own, in characters that need no quoting."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", re.split(r"[/\\\\]", path.rstrip("/\\"))[-1]).strip("-.") or "model"


def startup_timeout(cold_start_s: float) -> int:
    """Seconds after which a start has failed: three times the estimate, in whole minutes, within sensible bounds."""
    low, high = STARTUP_S
    return min(max(math.ceil(3 * cold_start_s / 60) * 60, low), high)


def serve_constants(plan: Plan, slug: str) -> list[tuple[str, object, str]]:
    """(name, value, reason) of every constant that a serve project reads."""
    request, setup, estimate = plan.request, plan.chosen.setup, estimate_of(plan.chosen)
    model, gpu, budget = setup.model, setup.gpu, request.budget
    name, revision, quantize = checkpoint(setup)
    one_hour = setup.gpu_count * gpu.usd_per_hour
    rate = tokens_per_s(plan.chosen) / plan.chosen.containers
    start, fitting = estimate.cold_start_s or 0, int(estimate.max_concurrency)
    return [
        ("NAME", slug, "the app's name on Modal"),
        ("TASK", request.task, "an HTTP service that scales to zero"),
        ("WORKLOAD", request.workload, "chat and completion"),
        DONE,
        ("MODEL", name, model_reason(model, name, setup.quantization, slug)),
        ("REVISION", revision or "main", revision_reason(model, revision)),
        ("SECRETS", ["huggingface-secret"] if model.gated else [], "names of Modal Secrets; gated weights need one"),
        ("ENGINE", setup.engine, "continuous batching behind an OpenAI-compatible API"),
        DONE,
        ("GPU", gpu_string(gpu, setup.gpu_count), gpu_reason(plan)),
        ("DTYPE", *dtype(gpu)),
        ("QUANTIZATION", setup.quantization, quantization_reason(plan)),
        ("QUANTIZE_AT_LOAD", quantize, "what the engine makes of the weights while it loads them"),
        ("ATTENTION", setup.attention, f"{kernel_name(setup)}; compute capability {gpu.compute_capability}"),
        ("CONTEXT_LEN", setup.context_len, "tokens, prompt and answer together"),
        ("CONCURRENCY", setup.concurrency, f"requests in one container; {fitting} of full context fit"),
        ("MEMORY_FRACTION", setup.memory_fraction, "of the card for the engine; what the weights leave is cache"),
        DONE,
        ("BUDGET", "none" if budget.per == "none" else f"{budget.usd:g}/{budget.per}", "USD, for GPUs"),
        ("USD_PER_HOUR", round(one_hour, 2), host_reason(estimate)),
        ("MIN_CONTAINERS", int(request.optimize == "latency"), warm_reason(one_hour, start)),
        ("BUFFER_CONTAINERS", 0, "idle ones kept ahead of a rising load"),
        ("MAX_CONTAINERS", max_containers(plan), most_reason(plan)),
        ("SCALEDOWN_WINDOW", SCALEDOWN_S, f"seconds idle before one stops, {one_hour * SCALEDOWN_S / 3600:.2f} USD"),
        ("STARTUP_TIMEOUT", startup_timeout(start), f"seconds; a start takes about {start:.0f} with fetched weights"),
        DONE,
        ("PREDICTED_PEAK_GIB", round(peak_gib(estimate), 1), "on each GPU, cache included"),
        ("PREDICTED_TOKENS_PER_S", round(rate, 1), rate_reason(plan.chosen)),
    ]  # fmt: skip


def dtype(gpu: Gpu) -> tuple[str, str]:
    """What unquantized numbers are held in, and why."""
    return ("bfloat16", "as models are trained") if gpu.bf16 else ("float16", f"{gpu.name} has no bfloat16")


def revision_reason(model: Model, revision: str) -> str:
    if model.source == LOCAL:
        return "your folder has no commit"
    return (
        "the commit that the catalogue knows" if revision else "no commit known: `make weights` prints the one to pin"
    )


def host_reason(estimate: InferenceEstimate) -> str:
    return f"one container's GPUs, priced {PRICES_DATE}; its CPU and memory add about {estimate.host_usd_per_hour:.2f}"


def model_reason(model: Model, name: str, quantization: str, slug: str) -> str:
    if model.source == LOCAL:
        put = f"modal volume put {slug}-weights FOLDER /{folder_on_volume(model.id)}"
        return f"{size_words(model)}, your folder: put it there with `{put}`"
    gate = "gated: its owner must let you in" if model.gated else "not gated"
    published = "" if name == model.id else f"; the {quantization} checkpoint of {model.id}"
    return f"{size_words(model)}, {model.licence or 'licence unknown'}, {gate}{published}"


def gpu_reason(plan: Plan) -> str:
    estimate, cheaper = estimate_of(plan.chosen), next_cheaper(plan)
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f} GiB used"
    return f"{used}; next cheaper: {beside(plan, cheaper)}" if cheaper else used


def warm_reason(usd_per_hour: float, cold_start_s: float) -> str:
    month = usd_per_hour * HOURS_PER_MONTH
    return f"a warm one costs {month:,.0f} USD a month and saves a cold start of about {cold_start_s:.0f} s"


def most_reason(plan: Plan) -> str:
    budget = plan.request.budget
    if budget.per == "none":
        return "no budget was set: what Modal's Starter plan runs at once, 10 GPUs"
    return f"what {budget.usd:g}/{budget.per} pays for around the clock"


def rate_reason(chosen: Candidate) -> str:
    low, high = (about(rate / chosen.containers) for rate in rate_range(chosen))
    return f"one container at CONCURRENCY; {low} to {high} is likely"


def quantization_reason(plan: Plan) -> str:
    setup = plan.chosen.setup
    if setup.quantization == setup.model.quantization:
        return "the weights as published"
    if plan.request.quantization != "auto":
        return "as you asked"
    return f"the budget does not carry more bits; {setup.gpu.name} runs it"
