"""The constants of a serve project, each with its reason."""

from __future__ import annotations

import json
import math

from ...catalogue.drafts import draft_of
from ...catalogue.parsers import parsers_of
from ...choose.cost import container_usd_per_hour, month_hours, tokens_per_s
from ...choose.traffic import SCALEDOWN_S
from ...describe.inference import beyond_starter, estimate_of, idle_prices, max_containers, peak_gib, pool_words
from ...describe.load import rate_words
from ...estimate.inference import estimate
from ...request.warm_pool import crons
from ...schema import InferencePlan
from .common import DONE, PLANNED, Constant, decided, host_reason, identity, startup_timeout, two_parts
from .inference import checkpoint, engine, engine_name, rate_reason, weights

MIB = 2**20  # bytes
TOKEN_BYTES = 32  # JSON of one token: 4 characters of text, more where it escapes letters
MAX_TEXTS = 2048  # inputs that OpenAI's embeddings endpoint takes at once
TEXT_BYTES = 4096  # of a text beside many others
HANG_S = 300  # longer than the longest prompt is read in one step (prior)
WAITING_ROUNDS = 4  # of CONCURRENCY: what waits for longer is better sent again, perhaps to another container (prior)

# modal.com/docs/guide/region-selection: of two versions, one has 1.25x and 2.5x, the later one 1.5x and 1.75x
REGION_REASON = (
    'where containers run, such as "eu"; "": anywhere. A region costs 1.25 to 2.5 times what is counted here: see '
    "modal.com/docs/guide/region-selection"
)


def constants(plan: InferencePlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of a serve project."""
    groups = (
        identity(slug),
        weights(plan, slug),
        engine(plan),
        money(plan),
        access(plan),
        conversation(plan),
        beside(plan),
        starts(plan),
        predictions(plan),
        decided(plan, engine_name(plan), budget(plan)),
    )
    return two_parts(groups, PLANNED | {"BUDGET"})


def money(plan: InferencePlan) -> list[Constant]:
    """Return the containers, their price and the warm pool."""
    setup, pool = plan.chosen.setup, plan.request.warm
    one_hour = container_usd_per_hour(setup)
    opens, closes = crons(pool)
    return [
        ("USD_PER_HOUR", round(one_hour, 2), host_reason(estimate_of(plan.chosen))),
        ("MIN_CONTAINERS", 0 if pool.days else pool.containers, least_reason(plan)),
        ("BUFFER_CONTAINERS", *buffer(plan)),
        ("MAX_CONTAINERS", max_containers(plan), most_reason(plan)),
        ("TARGET_CONCURRENCY", *target(plan)),
        ("SCALEDOWN_WINDOW", SCALEDOWN_S, f"seconds idle before one stops, ${one_hour * SCALEDOWN_S / 3600:.2f}"),
        ("REGION", "", REGION_REASON),
        DONE,
        ("WARM_CONTAINERS", max(1, pool.containers), pool_reason(plan)),
        ("WARM_FROM", opens, "cron: MIN_CONTAINERS rises to WARM_CONTAINERS" if opens else "no schedule"),
        ("WARM_UNTIL", closes, "cron: it falls back to MIN_CONTAINERS" if closes else "no schedule"),
        ("WARM_TIMEZONE", pool.timezone, "of WARM_FROM and WARM_UNTIL"),
    ]


def budget(plan: InferencePlan) -> Constant:
    """Return the budget, from which MAX_CONTAINERS was computed."""
    limit = plan.request.budget
    return (
        "BUDGET",
        "none" if limit.per == "none" else f"{limit.usd:g}/{limit.per}",
        "dollars for GPUs; MAX_CONTAINERS follows from it",
    )


def buffer(plan: InferencePlan) -> tuple[int, str]:
    """Return the idle containers kept ahead of a rising load, and why: one for latency where the budget has room."""
    if plan.request.optimize == "latency" and max_containers(plan) > max(1, plan.request.warm.containers):
        return 1, "idle ones kept ready for a rising load, because the aim is latency; none while nothing runs"
    return 0, "idle ones kept ready for a rising load; one would be billed whenever the service is busy"


def target(plan: InferencePlan) -> tuple[int, str]:
    """Return the requests in one container at which Modal starts another, and why."""
    most = plan.chosen.setup.concurrency
    if plan.request.rate:
        return target_of_rate(plan)
    if plan.request.workload != "generation":
        return most, "requests in one container before another starts: as many as fill one pass"
    if max_containers(plan) == 1:
        return most, "requests in one container before another starts; the budget pays for no other"
    early = max(1, most * 4 // 5)
    return early, "requests in one container before another starts: leaves headroom while it starts"


def target_of_rate(plan: InferencePlan) -> tuple[int, str]:
    """Return the requests in one container at which Modal starts another under a rate, and why.

    Those that are in flight, on average, at the most requests/s that a container is planned for.
    """
    setup = plan.chosen.setup
    if max_containers(plan) == 1:
        return setup.concurrency, "requests in one container before another starts; the budget pays for no other"
    in_flight = estimate(setup._replace(rate=plan.chosen.most_per_s)).requests_in_flight or 0.0
    early = max(1, min(setup.concurrency * 4 // 5, math.ceil(in_flight)))
    return early, "requests in one container before another starts: with more, each waits for longer than planned"


def access(plan: InferencePlan) -> list[Constant]:
    """Return who may call the service, and the limits of one request."""
    setup = plan.chosen.setup
    public: Constant = (
        "PUBLIC",
        False,
        "False: callers need a Modal proxy token; True: anybody can call it, at your expense",
    )
    if plan.request.workload == "generation":
        body = max(MIB, whole_mib(setup.context_len * TOKEN_BYTES))
        return [
            public,
            ("MAX_BODY_BYTES", body, f"of one request; a full context takes less, at {TOKEN_BYTES} bytes a token"),
            ("MAX_ANSWER_TOKENS", *longest_answer(plan)),
            waiting(WAITING_ROUNDS * setup.concurrency, "requests"),
        ]
    body = max(MAX_TEXTS * TEXT_BYTES, whole_mib(setup.context_len * TOKEN_BYTES))
    return [
        public,
        ("MAX_BODY_BYTES", body, f"of one request: room for MAX_TEXTS of {TEXT_BYTES // 1024} KiB each"),
        ("MAX_TEXTS", MAX_TEXTS, "in one request, as many as OpenAI's own API takes; they run CONCURRENCY at a time"),
        waiting(WAITING_ROUNDS * MAX_TEXTS, "texts"),
    ]


def longest_answer(plan: InferencePlan) -> tuple[int, str]:
    """Return the tokens that one request may ask for, and why: half of the context, or a typical answer if longer."""
    half, typical = max(1, plan.chosen.setup.context_len // 2), plan.request.answer_tokens
    if typical > half:
        return typical, "one request may ask for; a typical answer, more than half of the context"
    return half, "one request may ask for; half of the context"


def waiting(count: int, what: str) -> Constant:
    """Return the length of the engine's queue."""
    return "MAX_WAITING", count, f"{what} beside those that run; one more gets a 503, and its client tries again"


def conversation(plan: InferencePlan) -> list[Constant]:
    """Return how the engine reads what a model of this family writes; nothing but with vLLM, for generation."""
    if plan.request.workload != "generation" or plan.chosen.setup.engine != "vllm":
        return []
    tool_calls, reasoning = parsers_of(checkpoint(plan.chosen.setup)[0])
    return [
        (
            "TOOL_CALL_PARSER",
            tool_calls,
            "vLLM's, for this family"
            if tool_calls
            else "none is known for this model: a request with tools gets a 400",
        ),
        (
            "REASONING_PARSER",
            reasoning,
            "vLLM's: returns thinking apart from the answer" if reasoning else "none is known for this model",
        ),
    ]


def beside(plan: InferencePlan) -> list[Constant]:
    """Return what vLLM loads beside the model, which is nothing by default: plans count no memory for it."""
    if plan.request.workload != "generation" or plan.chosen.setup.engine != "vllm":
        return []
    return [
        ("IMAGES", 0, "in one request; more than 0 for a vision model, sent as data: URLs, 8 MiB each"),
        ("ALLOWED_MEDIA_DOMAINS", [], "hosts that images may be fetched from by https; none"),
        ("ADAPTERS", {}, 'LoRA adapters: {"name in requests": "./folder-on-the-volume" or "org/name@commit"}'),
        speculative(plan),
    ]


def speculative(plan: InferencePlan) -> Constant:
    """Return vLLM's configuration of speculative decoding: off, unless latency is the aim and a draft is known."""
    draft = plan.chosen.setup.draft
    if draft:
        source = "a head published for the model" if draft.repository else "a layer of the checkpoint itself"
        reason = f"for latency, {source} proposes tokens; memory is planned, speed is not; {{}} is off"
        return "SPECULATIVE", draft.config(), reason
    head = draft_of(plan.request.model, plan.chosen.setup.quantization)
    if plan.request.optimize == "latency" and head and not head.pinned:
        config = json.dumps(head._replace(revision="COMMIT").config())
        return (
            "SPECULATIVE",
            {},
            f"off: {head.repository}, a head for this model, has no commit known here. Type {config} with one "
            f"from huggingface.co/{head.repository}/commits/main; memory is not planned for it",
        )
    example = '{"method": "ngram", "num_speculative_tokens": 4, "prompt_lookup_max": 4}'
    return "SPECULATIVE", {}, f"vLLM's speculative decoding: {example}"


def whole_mib(count: int) -> int:
    return math.ceil(count / MIB) * MIB


def starts(plan: InferencePlan) -> list[Constant]:
    start = estimate_of(plan.chosen).cold_start_s or 0
    cpu = plan.chosen.setup.engine == "transformers"
    why = "imports, most of such a start, are restored from a snapshot of main memory"
    return [
        ("STARTUP_TIMEOUT", startup_timeout(start), f"seconds; a start takes about {start:.0f} with fetched weights"),
        ("HANG_TIMEOUT", HANG_S, "seconds in which requests run and no token comes; then the container is replaced"),
        (
            "MEMORY_SNAPSHOT",
            cpu,
            why if cpu else "vLLM's processes use the GPU at once, so main memory alone saves little",
        ),
        ("GPU_SNAPSHOT", False, "True starts from a snapshot of the GPU too: alpha at Modal, one GPU only"),
    ]


def predictions(plan: InferencePlan) -> list[Constant]:
    estimate = estimate_of(plan.chosen)
    rate = tokens_per_s(plan.chosen) / plan.chosen.containers
    return [
        ("PREDICTED_PEAK_GIB", round(peak_gib(estimate), 1), "on each GPU, cache included"),
        ("PREDICTED_TOKENS_PER_S", round(rate, 1), rate_reason(plan)),
        (
            "PREDICTED_COLD_START_S",
            round(estimate.cold_start_s or 0),
            "until the first answer, weights on the Volume (unmeasured estimate)",
        ),
    ]


def least_reason(plan: InferencePlan) -> str:
    pool, start = plan.request.warm, estimate_of(plan.chosen).cold_start_s or 0
    if pool.days:
        return "outside the hours below it scales to zero"
    if pool.containers:
        return f"kept warm, {pool_words(plan)} for GPUs; each saves a cold start of about {start:.0f} s"
    return f"scales to zero; the next request waits for a cold start of about {start:.0f} s"


def pool_reason(plan: InferencePlan) -> str:
    if plan.request.warm.containers:
        return f"the warm pool, {pool_words(plan)} for GPUs"
    always, working = idle_prices(plan)
    return f"for `make warm`: one costs ${always:,.0f}/month for GPUs; ${working:,.0f} if warm mon-fri 8-18 only"


def most_reason(plan: InferencePlan) -> str:
    budget, load = plan.request.budget, ""
    if plan.request.rate:
        need = plan.chosen.containers
        load = f"; {need} {'carries' if need == 1 else 'carry'} {rate_words(plan.request.rate)}"
    if budget.per == "none" and beyond_starter(plan):
        return f"no budget was set: what the load needs, beyond the 10 GPUs at once of Modal's Starter plan{load}"
    if budget.per == "none":
        return f"no budget was set: what Modal's Starter plan runs at once, 10 GPUs{load}"
    if budget.per == "month":
        hours = month_hours(plan.request, plan.chosen)
        return f"what carries the load or is kept warm; ${budget.usd:g}/month pays for {hours:,.0f} hours of one{load}"
    return f"as many as ${budget.usd:g}/{budget.per} pays for around the clock{load}"
