"""A plan as the generated `plan.py`: constants, each with its reason."""

from __future__ import annotations

import math
import re
import textwrap

from .choose import overflows, tokens_per_s
from .explain import (
    about,
    beside,
    estimate_of,
    idle_prices,
    kernel_name,
    max_containers,
    next_cheaper,
    peak_gib,
    pool_words,
    rate_range,
    size_words,
    written,
)
from .gpus import PRICES_DATE, gpu_string
from .memory import batched_tokens, is_causal
from .plan import LOCAL, InferenceEstimate, InferenceSetup, Model, Plan
from .warm import crons

WIDTH = 120  # characters of a line of plan.py
SCALEDOWN_S = 300
WEIGHTS = "/weights"  # where the generated project mounts its Volume of weights
STARTUP_S = (600, 3600)  # seconds: an LLM server is never up in Modal's default 30, and an hour is long enough
HEAD = (
    '"""What was decided for this project, and why. Edit it here; all else reads it. How it was weighed: PLAN.md."""\n'
)
Constant = tuple[str, object, str]  # name, value, reason
DONE: Constant = ("", "", "")  # a blank line between groups of constants
MIB = 2**20  # bytes
TOKEN_BYTES = 32  # JSON of one token: 4 characters of text, more where it escapes letters
MAX_TEXTS = 2048  # inputs that OpenAI's embeddings endpoint takes at once
TEXT_BYTES = 4096  # of a text beside many others
WORKLOAD_WORDS = {
    "generation": "chat and completion",
    "embedding": "texts to vectors",
    "classification": "texts to labels",
}
ENGINE_WORDS = {
    ("vllm", True): "continuous batching behind an OpenAI-compatible API",
    ("transformers", True): "continuous batching in the model's own code; slower than vLLM, runs any architecture",
    ("vllm", False): "its pooling runner reads the texts of many requests together",
    ("transformers", False): "texts of many requests share one forward pass",
}


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


def serve_constants(plan: Plan, slug: str) -> list[Constant]:
    """(name, value, reason) of every constant that a serve project reads."""
    groups = (
        identity(plan, slug),
        weights(plan, slug),
        engine(plan),
        money(plan),
        doors(plan),
        starts(plan),
        predictions(plan),
    )
    return [row for group in groups for row in (*group, DONE)][:-1]


def identity(plan: Plan, slug: str) -> list[Constant]:
    workload = plan.request.workload
    return [
        ("NAME", slug, "the app's name on Modal"),
        ("TASK", plan.request.task, "an HTTP service that scales to zero"),
        ("WORKLOAD", workload, WORKLOAD_WORDS[workload]),
    ]


def weights(plan: Plan, slug: str) -> list[Constant]:
    setup = plan.chosen.setup
    model = setup.model
    name, revision, _quantize = checkpoint(setup)
    return [
        ("MODEL", name, model_reason(model, name, setup.quantization, slug)),
        ("REVISION", revision or "main", revision_reason(model, revision)),
        ("SECRETS", ["huggingface-secret"] if model.gated else [], "names of Modal Secrets; gated weights need one"),
        ("ENGINE", setup.engine, ENGINE_WORDS[setup.engine, model.workload == "generation"]),
    ]


def engine(plan: Plan) -> list[Constant]:
    setup = plan.chosen.setup
    gpu = setup.gpu
    return [
        ("GPU", gpu_string(gpu, setup.gpu_count), gpu_reason(plan)),
        ("DTYPE", *dtype(setup)),
        ("QUANTIZATION", setup.quantization, quantization_reason(plan)),
        ("QUANTIZE_AT_LOAD", checkpoint(setup)[2], "what the engine makes of the weights while it loads them"),
        ("ATTENTION", setup.attention, f"{kernel_name(setup)}; compute capability {gpu.compute_capability}"),
        ("CONTEXT_LEN", setup.context_len, context_reason(plan)),
        ("CONCURRENCY", setup.concurrency, concurrency_reason(plan)),
        ("MEMORY_FRACTION", setup.memory_fraction, fraction_reason(setup)),
    ]


def money(plan: Plan) -> list[Constant]:
    """What runs when, and what it costs."""
    request, setup, budget = plan.request, plan.chosen.setup, plan.request.budget
    one_hour = setup.gpu_count * setup.gpu.usd_per_hour
    pool = request.warm
    opens, closes = crons(pool)
    return [
        ("BUDGET", "none" if budget.per == "none" else f"{budget.usd:g}/{budget.per}", "USD, for GPUs"),
        ("USD_PER_HOUR", round(one_hour, 2), host_reason(estimate_of(plan.chosen))),
        ("MIN_CONTAINERS", 0 if pool.days else pool.containers, least_reason(plan)),
        ("BUFFER_CONTAINERS", *buffer(plan)),
        ("MAX_CONTAINERS", max_containers(plan), most_reason(plan)),
        ("TARGET_CONCURRENCY", *target(plan)),
        ("SCALEDOWN_WINDOW", SCALEDOWN_S, f"seconds idle before one stops, {one_hour * SCALEDOWN_S / 3600:.2f} USD"),
        DONE,
        ("WARM_CONTAINERS", max(1, pool.containers), pool_reason(plan)),
        ("WARM_FROM", opens, "cron: MIN_CONTAINERS rises to WARM_CONTAINERS" if opens else "no schedule"),
        ("WARM_UNTIL", closes, "cron: it falls back to MIN_CONTAINERS" if closes else "no schedule"),
        ("WARM_TIMEZONE", pool.timezone, "of WARM_FROM and WARM_UNTIL"),
    ]


def buffer(plan: Plan) -> tuple[int, str]:
    """Idle containers kept ahead of a rising load, and why: where latency is the aim and the budget has room."""
    if plan.request.optimize == "latency" and max_containers(plan) > max(1, plan.request.warm.containers):
        return 1, "kept ready ahead of a rising load, because you chose for latency; none while nothing runs"
    return 0, "kept ready ahead of a rising load; one would be billed whenever the service is busy"


def target(plan: Plan) -> tuple[int, str]:
    """Requests in one container at which Modal starts another, and why."""
    most = plan.chosen.setup.concurrency
    if plan.request.workload != "generation":
        return most, "requests in one container before another starts: as many fill one pass"
    if max_containers(plan) == 1:
        return most, "requests in one container before another starts; the budget has no other"
    early = max(1, most * 4 // 5)
    return early, "requests in one container before another starts: while it does, a fifth of this one is free"


def doors(plan: Plan) -> list[Constant]:
    """Who gets in, and how much one request may bring or ask for."""
    setup = plan.chosen.setup
    public: Constant = (
        "PUBLIC",
        False,
        "True lets anybody call it, at your expense; False asks for a Modal proxy token",
    )
    if plan.request.workload == "generation":
        body = max(MIB, whole_mib(setup.context_len * TOKEN_BYTES))
        return [
            public,
            ("MAX_BODY_BYTES", body, f"of one request; a full context takes less, at {TOKEN_BYTES} bytes a token"),
            ("MAX_ANSWER_TOKENS", max(1, setup.context_len // 2), "one request may ask for; half of the context"),
        ]
    body = max(MAX_TEXTS * TEXT_BYTES, whole_mib(setup.context_len * TOKEN_BYTES))
    return [
        public,
        ("MAX_BODY_BYTES", body, f"of one request: room for MAX_TEXTS of {TEXT_BYTES // 1024} KiB each"),
        ("MAX_TEXTS", MAX_TEXTS, "in one request, as many as OpenAI's own API takes; they run CONCURRENCY at a time"),
    ]


def whole_mib(count: int) -> int:
    return math.ceil(count / MIB) * MIB


def starts(plan: Plan) -> list[Constant]:
    start = estimate_of(plan.chosen).cold_start_s or 0
    cpu = plan.chosen.setup.engine == "transformers"
    why = "imports, which take most of such a start, come out of a snapshot of main memory"
    return [
        ("STARTUP_TIMEOUT", startup_timeout(start), f"seconds; a start takes about {start:.0f} with fetched weights"),
        (
            "MEMORY_SNAPSHOT",
            cpu,
            why if cpu else "vLLM's processes use the GPU at once, so main memory alone saves little",
        ),
        ("GPU_SNAPSHOT", False, "True starts from a snapshot of the GPU too: alpha at Modal, one GPU only"),
    ]


def predictions(plan: Plan) -> list[Constant]:
    estimate = estimate_of(plan.chosen)
    rate = tokens_per_s(plan.chosen) / plan.chosen.containers
    return [
        ("PREDICTED_PEAK_GIB", round(peak_gib(estimate), 1), "on each GPU, cache included"),
        ("PREDICTED_TOKENS_PER_S", round(rate, 1), rate_reason(plan)),
        (
            "PREDICTED_COLD_START_S",
            round(estimate.cold_start_s or 0),
            "until the first answer, weights on the Volume (prior)",
        ),
    ]


def dtype(setup: InferenceSetup) -> tuple[str, str]:
    """What unquantized numbers are held in, and why."""
    model, gpu = setup.model, setup.gpu
    if not gpu.bf16:
        return "float16", f"{gpu.name} has no bfloat16"
    if model.workload != "generation" and model.dtype == "float32" and not overflows(model):
        return "float16", "published in float32, which float16 rounds eight times finer than bfloat16"
    return "bfloat16", "as models are trained"


def context_reason(plan: Plan) -> str:
    if plan.request.workload == "generation":
        return "tokens, prompt and answer together"
    return "tokens of one text"


def fraction_reason(setup: InferenceSetup) -> str:
    if not is_causal(setup.model) or (setup.engine == "transformers" and setup.model.workload != "generation"):
        return "of the card at most; a model that only reads keeps no cache and takes far less"
    if setup.engine == "transformers":
        return "of what the weights leave, for the cache and the work of a step; more is refused at start"
    return "of the card for the engine; what the weights leave is cache"


def concurrency_reason(plan: Plan) -> str:
    fitting, engine = int(estimate_of(plan.chosen).max_concurrency), plan.chosen.setup.engine
    if plan.request.workload == "generation":
        if engine == "transformers":  # whose cache is made for so many and no more
            return f"requests in one container, each with a full context of cache; {fitting} would fit"
        return f"requests in one container; {fitting} of full context fit"
    if engine == "transformers":
        return f"texts in one forward pass; {fitting} of full context would fit"
    return f"texts at once; a step reads {batched_tokens(plan.chosen.setup):,} of their tokens"


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
        return f"{size_words(model)}, your folder: `modal volume create {slug}-weights` once, then `{put}`"
    gate = "gated: its owner must let you in" if model.gated else "not gated"
    published = "" if name == model.id else f"; the {quantization} checkpoint of {model.id}"
    return f"{size_words(model)}, {model.licence or 'licence unknown'}, {gate}{published}"


def gpu_reason(plan: Plan) -> str:
    estimate, cheaper = estimate_of(plan.chosen), next_cheaper(plan)
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f} GiB used"
    return f"{used}; next cheaper: {beside(plan, cheaper)}" if cheaper else used


def least_reason(plan: Plan) -> str:
    pool, start = plan.request.warm, estimate_of(plan.chosen).cold_start_s or 0
    if pool.days:
        return "outside the hours below it scales to zero"
    if pool.containers:
        return f"kept warm, {pool_words(plan)} for GPUs; each saves a cold start of about {start:.0f} s"
    return f"scales to zero; the first request then waits for a cold start of about {start:.0f} s"


def pool_reason(plan: Plan) -> str:
    if plan.request.warm.containers:
        return f"the warm pool, {pool_words(plan)} for GPUs"
    always, working = idle_prices(plan)
    return f"for `make warm`: one costs {always:,.0f} USD a month for GPUs; {working:,.0f} if warm mon-fri 8-18 only"


def most_reason(plan: Plan) -> str:
    budget = plan.request.budget
    if budget.per == "none":
        return "no budget was set: what Modal's Starter plan runs at once, 10 GPUs"
    return f"what {budget.usd:g}/{budget.per} pays for around the clock"


def rate_reason(plan: Plan) -> str:
    low, high = (about(rate / plan.chosen.containers) for rate in rate_range(plan.chosen))
    return f"{written(plan)} by one container at CONCURRENCY; {low} to {high} is likely"


def quantization_reason(plan: Plan) -> str:
    setup = plan.chosen.setup
    if setup.quantization == setup.model.quantization:
        return "the weights as published"
    if plan.request.quantization != "auto":
        return "as you asked"
    return f"the budget does not carry more bits; {setup.gpu.name} runs it"
