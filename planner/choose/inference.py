"""Weigh every configuration for a request: reject each that cannot work with a reason, rank the rest for the aim."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from .estimate import estimate_inference
from .gpus import GPUS, gpu_string
from .memory import STEP_TOKENS
from .plan import (
    ATTENTIONS,
    HOURS_PER_MONTH,
    Budget,
    Candidate,
    Gpu,
    InferenceEstimate,
    InferenceSetup,
    Model,
    Plan,
    Refusal,
    Request,
)
from .warm import hours_text, warm_hours_per_month

COUNTS = (1, 2, 4, 8)
TYPICAL_INPUT = 1024
BATCH_SEQUENCES = 256  # requests that vLLM runs at once where nobody waits for one: max_num_seqs
# Bits that quality costs: 16-bit is the model as published; 8-bit is close to it; 4-bit is not always.
QUALITY_LOST = {"none": 0, "fp8": 1, "int8": 1, "int4": 2, "nf4": 2, "mxfp4": 2, "nvfp4": 2}
# Lowest compute capability, from `get_min_capability` of vLLM 0.32's quantization layers. fp8 would load on 7.5 too,
# but a T4 computes in neither fp8 nor bf16: 8.0 is where weight-only fp8 has fast kernels (Marlin).
CAPABILITY = {"none": 7.5, "fp8": 8.0, "int8": 7.5, "int4": 7.5, "nf4": 7.5, "mxfp4": 8.0, "nvfp4": 10.0}
KERNEL_NAMES = {"sdpa": "SDPA", **{f"flash_attention_{n}": f"FlashAttention {n}" for n in (2, 3, 4)}, "auto": "auto"}
# Encoders that vLLM 0.32 refuses, and ELECTRA, whose probabilities it gets wrong: tried on its CPU build.
UNREAD = ("distilbert", "mpnet", "deberta", "electra")
BITSANDBYTES = ("int8", "nf4")  # what transformers quantizes to while loading
# Families that overflow in float16, which is all a T4 has: vLLM 0.32 config/model.py, _FLOAT16_NOT_SUPPORTED_MODELS.
OVERFLOWS = ("gemma-2", "gemma-3", "embeddinggemma", "glm-4")
STARTS_SHARE = 0.05  # of a batch's budget that may go into cold starts
STARTER_GPUS = 10  # that Modal's Starter plan runs at once
LONGEST_REFUSAL = 390  # characters, so that it is read
UNBATCHED = ("gemma-2-", "llama-4")  # soft caps, which SDPA lacks; chunks, which transformers 5.23 has no cache for
READING_SPEED = 10  # tokens/s one reader follows; slower answers rank last (prior)


def make_plan(request: Request) -> Plan:
    """The plan for a request, always the same one. Refusal, with the cheapest way out, where nothing works."""
    candidates = weigh(request)
    if not candidates[0].rank:
        raise Refusal(way_out(request, candidates))
    return Plan(request, candidates[0], candidates)


def weigh(request: Request) -> tuple[Candidate, ...]:
    """Every configuration of the request, ranked ones first and best first, then the rejected."""
    judged = [judge(request, setup) for setup in configurations(request)]
    groups: dict[tuple[str, str], list[Candidate]] = {}  # of one GPU and format, those that run
    for candidate in judged:
        if candidate.containers:
            groups.setdefault((candidate.setup.gpu.name, candidate.setup.quantization), []).append(candidate)
    judged = [replicas_first(request, candidate, groups) for candidate in judged]
    ranked = sorted((c for c in judged if not c.rejected), key=lambda candidate: standing(request, candidate))
    rejected = sorted((c for c in judged if c.rejected), key=listing)
    return (*(replace(candidate, rank=n) for n, candidate in enumerate(ranked, 1)), *rejected)


def replicas_first(request: Request, candidate: Candidate, groups: dict[tuple[str, str], list[Candidate]]) -> Candidate:
    """The candidate, rejected where fewer GPUs in a container carry the load for no more, unless latency is the aim."""
    setup = candidate.setup
    if candidate.rejected or request.optimize == "latency" or setup.gpu_count == 1:
        return candidate
    for other in groups[setup.gpu.name, setup.quantization]:
        if other.setup.gpu_count < setup.gpu_count and hourly(other) <= hourly(candidate):
            few = gpu_string(setup.gpu, other.setup.gpu_count)
            reason = f"{few} holds it, and replicas of that yield more per dollar than tensor parallelism"
            return replace(candidate, rejected=reason)
    return candidate


def configurations(request: Request) -> Iterator[InferenceSetup]:
    """GPU x count x engine x quantization x attention kernel, as far as the request leaves them open."""
    read, written = typical_request(request)
    for gpu in GPUS.values():
        if request.gpu not in ("auto", gpu.name):
            continue
        counts = [request.gpu_count] if request.gpu_count else [count for count in COUNTS if count <= gpu.max_count]
        for count in counts:
            for engine, quantization in formats(request):
                for attention in kernels(request, gpu, engine):
                    yield InferenceSetup(
                        model=request.model,
                        gpu=gpu,
                        gpu_count=count,
                        tensor_parallel=count,
                        engine=engine,
                        quantization=quantization,
                        attention=attention,
                        context_len=request.context_len,
                        max_batched_tokens=STEP_TOKENS if batches(request, engine) else 0,
                        concurrency=rows_at_once(request, engine),
                        input_len=read,
                        output_len=written,
                    )


def rows_at_once(request: Request, engine: str) -> int:
    """Rows or requests that run at once. vLLM queues a batch's rows itself, and its cache decides how many run."""
    return BATCH_SEQUENCES if request.task == "batch" and engine == "vllm" else request.concurrency


def batches(request: Request, engine: str) -> bool:
    """Whether this is transformers' continuous batching, as the generated engines run it."""
    return engine == "transformers" and request.task in ("serve", "batch") and request.workload == "generation"


def typical_request(request: Request) -> tuple[int, int]:
    """Tokens in and out of a typical request: 1,024 and 256, or as much of that as a short context holds (prior)."""
    if request.workload != "generation":
        return min(TYPICAL_INPUT, request.context_len), 1
    read = min(TYPICAL_INPUT, request.context_len * 4 // 5)
    return max(read, 1), max(read // 4, 1)


def formats(request: Request) -> tuple[tuple[str, str], ...]:
    """(engine, weight format) pairs to weigh, the published format first. Refusal where nothing loads what was asked.

    Engine "auto" writes with vLLM, and with transformers in a format that only that can make while loading.
    """
    model, asked = request.model, request.quantization
    if request.workload != "generation":  # encoders are small, and no kernel quantizes them
        offered = [("transformers" if request.engine == "auto" else request.engine, model.quantization)]
    else:
        by_vllm = [("vllm", quantization) for quantization in loaded_by_vllm(model)]
        by_transformers = [("transformers", quantization) for quantization in loaded_by_transformers(model)]
        offered = {
            "vllm": by_vllm,
            "transformers": by_transformers,
            "auto": by_vllm + [pair for pair in by_transformers if pair[1] not in loaded_by_vllm(model)],
        }[request.engine]
    names = list(dict.fromkeys(quantization for _engine, quantization in offered))
    if not offered:
        other = "transformers" if request.engine == "vllm" else "vllm"
        raise Refusal(
            f"the {request.engine} image cannot load {model.id} as published, {model.quantization}; take {other}"
        )
    if asked == "auto":
        return tuple(offered)
    if asked == "int4" and "int4" not in names and "nf4" in names:
        asked = "nf4"  # no published AWQ or GPTQ checkpoint: bitsandbytes quantizes to 4 bits while loading
    if asked not in names:
        at_load = asked in ("int4", *BITSANDBYTES) and request.engine == "vllm" and model.quantization == "none"
        also = "; engine transformers makes it while loading" if at_load and request.workload == "generation" else ""
        raise Refusal(f"{model.id} is not to be had in {asked} here; take one of {', '.join(names)}{also}")
    return tuple(pair for pair in offered if pair[1] == asked)


def loaded_by_vllm(model: Model) -> list[str]:
    """Weight formats in which vLLM 0.32 loads a model: the published ones, and what it casts 16-bit weights to."""
    published = [model.quantization, *(quantization for quantization, _id, _revision in model.variants)]
    made = ["fp8"] if model.quantization == "none" else []
    return [name for name in dict.fromkeys(published + made) if name != "nf4"]  # its bitsandbytes loader is gone


def loaded_by_transformers(model: Model) -> list[str]:
    """The same for transformers, whose image holds bitsandbytes and no other loader of quantized weights."""
    if model.experts:  # transformers 5.23 holds them as plain tensors, which bitsandbytes leaves in 16 bits (tried)
        return ["none"] if model.quantization == "none" else []
    return {"none": ["none", *BITSANDBYTES], "nf4": ["nf4"]}.get(model.quantization, [])


def kernels(request: Request, gpu: Gpu, engine: str) -> tuple[str, ...]:
    """Attention kernels to weigh; "auto" where latent attention or attention sinks have kernels of the engine's own."""
    if engine == "vllm" and own_kernel(request.model, gpu):
        return ("auto",)
    every = ATTENTIONS if engine == "vllm" else ("sdpa",)  # the transformers image holds no other
    return every if request.attention == "auto" else (request.attention,)


def own_kernel(model: Model, gpu: Gpu) -> bool:
    sinks = "gpt-oss" in model.id.lower() and gpu.compute_capability != 9.0  # FlashAttention has sinks on Hopper only
    return model.attention == "mla" or sinks


def judge(request: Request, setup: InferenceSetup) -> Candidate:
    """One configuration, rejected with a reason, or with its estimate and the containers that carry the load."""
    reason = impossible(setup) or pointless(request, setup)
    if reason:
        return Candidate(setup, None, rejected=reason)
    estimate = estimate_inference(setup)
    if not estimate.fits:
        return Candidate(setup, estimate, rejected=estimate.why)
    at_once = min(setup.concurrency, int(estimate.max_concurrency))
    containers = 1 if request.task == "batch" else math.ceil(setup.concurrency / at_once)
    if containers > 1:  # each container gets its share, and the estimate is of that container
        setup = replace(setup, concurrency=math.ceil(request.concurrency / containers))
        estimate = estimate_inference(setup)
    candidate = Candidate(setup, estimate, containers)
    return replace(candidate, rejected=over_budget(request, candidate))


def over_budget(request: Request, candidate: Candidate) -> str:
    """Why the budget does not pay for it, its warm pool included; "" where it does."""
    budget, warm = request.budget, request.warm.containers
    if ends(request):
        usd = batch_usd(request, candidate)
        return f"the run costs {usd:.2f}, over {budget.usd:.2f}" if usd > budget.usd else ""
    if hourly(candidate) > budget.usd_per_hour:
        load = f"{candidate.containers} containers for {request.concurrency} requests at once cost"
        price = in_unit(budget, hourly(candidate))
        return f"{load if candidate.containers > 1 else 'costs'} {price}, over {amount(budget)}"
    if warm and warm > most_containers(request, candidate):
        if budget.per == "none":
            return f"{warm} kept warm are more than the {STARTER_GPUS} GPUs that Modal's Starter plan runs at once"
        busy = "may all run around the clock once they are busy:" if request.warm.days else "kept warm cost"
        return f"{warm} {busy} {in_unit(budget, warm * one_hour(candidate))}, over {amount(budget)}"
    return ""


def most_containers(request: Request, candidate: Candidate) -> int:
    """Containers that the budget pays for around the clock; without one, what Modal's Starter plan runs.

    A budget for a run or a month of runs pays for as many starts as take `STARTS_SHARE` of it.
    """
    if ends(request) and candidate.estimate:
        start_usd = (candidate.estimate.cold_start_s or 0) / 3600 * one_hour(candidate)
        most = STARTER_GPUS // candidate.setup.gpu_count
        return max(1, min(most, int(request.budget.usd * STARTS_SHARE / start_usd))) if start_usd else most
    if request.budget.per == "none":
        return max(candidate.containers, STARTER_GPUS // candidate.setup.gpu_count)
    return int(request.budget.usd_per_hour / one_hour(candidate) + 1e-9)


def one_hour(candidate: Candidate) -> float:
    """USD per hour of the GPUs of one container."""
    return candidate.setup.gpu_count * candidate.setup.gpu.usd_per_hour


def warm_usd_per_month(request: Request, candidate: Candidate) -> float:
    """USD per month that the warm pool's GPUs cost while nobody asks anything."""
    return request.warm.containers * one_hour(candidate) * warm_hours_per_month(request.warm)


def in_unit(budget: Budget, usd_per_hour: float) -> str:
    """A price in the unit of the budget, rounded up so that it would pay: "7.90/hour", "5767/month"."""
    if budget.per == "month":
        return f"{math.ceil(usd_per_hour * HOURS_PER_MONTH - 1e-6)}/month"
    return f"{math.ceil(usd_per_hour * 100 - 1e-6) / 100:.2f}/hour"


def amount(budget: Budget) -> str:
    """The budget as a figure in its own unit: 4.00 an hour, 900 a month."""
    return f"{budget.usd:.2f}" if budget.per == "hour" else f"{budget.usd:g}"


def ends(request: Request) -> bool:
    """Whether the budget is for a run that ends, not for each hour."""
    return request.task == "batch" and request.budget.per in ("run", "month")


def batch_usd(request: Request, candidate: Candidate) -> float:
    """Price of a whole batch run: its rows, or one for every `input_len` tokens. 0 where its size is unknown."""
    counted = request.dataset_rows or request.dataset_tokens / candidate.setup.input_len
    return counted * request.epochs * row_usd(candidate)


def row_s(candidate: Candidate) -> float:
    """Seconds that a typical row takes of one container at full load: its answer written, or its text read."""
    setup, estimate = candidate.setup, candidate.estimate
    tokens = setup.output_len if estimate and estimate.output_tokens_per_s else setup.input_len
    return tokens * candidate.containers / tokens_per_s(candidate)


def row_usd(candidate: Candidate) -> float:
    """USD of a typical row."""
    return row_s(candidate) * one_hour(candidate) / 3600


def impossible(setup: InferenceSetup) -> str:
    """Why the card or the engine cannot run it; "" where they can."""
    model, gpu, quantization = setup.model, setup.gpu, setup.quantization
    if setup.attention not in (*gpu.attention, "auto"):
        needs = {"flash_attention_2": "8.0 or newer", "flash_attention_3": "9.0 (Hopper)"}
        least, kernel = needs.get(setup.attention, "10 (Blackwell)"), KERNEL_NAMES[setup.attention]
        return f"{kernel} needs compute capability {least}, {gpu.name} has {gpu.compute_capability}"
    needed = CAPABILITY[quantization]
    if gpu.compute_capability < needed:
        return f"{quantization} needs compute capability {needed}, {gpu.name} has {gpu.compute_capability}"
    if not gpu.bf16 and overflows(model):
        return f"{model.id} overflows in float16, and {gpu.name} has no bfloat16"
    if setup.engine == "transformers" and setup.gpu_count > 1:
        return "the transformers engine runs on one GPU; vllm spreads a model over several"
    if setup.engine == "transformers" and setup.attention != "sdpa":
        return "the transformers image holds no flash-attn; PyTorch's SDPA brings its own FlashAttention kernels"
    if setup.engine == "vllm" and model.workload != "generation" and any(name in model.id.lower() for name in UNREAD):
        return f"vLLM does not run the encoder of {model.id}"
    if setup.max_batched_tokens and unbatched(model):
        return f"transformers' continuous batching with SDPA does not know the attention of {model.id}"
    if model.heads % setup.tensor_parallel:
        return f"{model.heads} attention heads do not divide by {setup.tensor_parallel} GPUs"
    return ""


def unbatched(model: Model) -> bool:
    """Whether transformers' continuous batching has no cache for its attention, or SDPA no such attention."""
    odd = model.linear_layers or model.attention == "mla"
    return bool(odd) or any(family in model.id.lower() for family in UNBATCHED)


def overflows(model: Model) -> bool:
    """Whether float16 is too narrow for its activations."""
    return any(family in model.id.lower() for family in OVERFLOWS)


def pointless(request: Request, setup: InferenceSetup) -> str:
    """Why a kernel that runs is not weighed further, where nobody insisted on it; "" where it is the best there is."""
    best = setup.gpu.attention[-1]
    if request.attention != "auto" or setup.engine != "vllm" or setup.attention in (best, "auto"):
        return ""
    return f"{KERNEL_NAMES[best]} runs on {setup.gpu.name} and is faster than {KERNEL_NAMES[setup.attention]}"


def hourly(candidate: Candidate) -> float:
    """USD per hour of all the containers that carry the asked concurrency."""
    return candidate.containers * one_hour(candidate)


def tokens_per_s(candidate: Candidate) -> float:
    """Tokens/s of all its containers at the asked concurrency: written where the model writes, else read."""
    assert candidate.estimate is not None
    rate = candidate.estimate.output_tokens_per_s or candidate.estimate.prefill_tokens_per_s
    assert rate is not None
    return candidate.containers * rate


def usd_per_million(candidate: Candidate) -> float:
    """USD for a million of those tokens."""
    return hourly(candidate) / tokens_per_s(candidate) / 3600 * 1e6


def quality_lost(setup: InferenceSetup) -> int:
    return 0 if setup.quantization == setup.model.quantization else QUALITY_LOST[setup.quantization]


class Standing(NamedTuple):
    """What candidates are compared by, the weightiest first; of two, the smaller is better."""

    slow: bool  # slower than people read
    quality_lost: int
    weak_link: bool  # tensor parallelism over PCIe
    aim: float
    price: float
    rate: float  # negative: faster first
    name: str  # so that the order is always the same


def standing(request: Request, candidate: Candidate) -> Standing:
    """How a working candidate compares for this request."""
    setup, estimate = candidate.setup, candidate.estimate
    assert estimate is not None and estimate.time_to_first_token_s is not None
    written_s = setup.output_len / estimate.decode_tokens_per_s_single if estimate.decode_tokens_per_s_single else 0.0
    rate = tokens_per_s(candidate)
    price = at_least(request, candidate) * one_hour(candidate)
    dollars = price / rate if request.task == "batch" else price  # a batch ends; a service is paid by the hour
    return Standing(
        slow=request.task == "serve" and rate / request.concurrency < READING_SPEED,
        quality_lost=quality_lost(setup),
        weak_link=setup.gpu_count > 1 and not setup.gpu.nvlink,
        aim={"cost": dollars, "latency": estimate.time_to_first_token_s + written_s, "throughput": -rate}[
            request.optimize
        ],
        price=price,
        rate=-rate,
        name=f"{gpu_string(setup.gpu, setup.gpu_count)} {setup.quantization} {setup.attention}",
    )


def listing(candidate: Candidate) -> tuple[float | str, ...]:
    """Order of the rejected: those with an estimate first, then by price of one container."""
    setup = candidate.setup
    price = setup.gpu_count * setup.gpu.usd_per_hour
    return candidate.estimate is None, price, setup.gpu.name, quality_lost(setup), setup.quantization, setup.attention


def way_out(request: Request, candidates: tuple[Candidate, ...]) -> str:
    """One sentence: why nothing works, and the cheapest things that would."""
    ways = []
    running = [c for c in candidates if c.containers]  # only the budget is in the way
    if running:
        ways += list(filter(None, [fewer_warm(request)]))
        if request.budget.per != "none":
            ways.append(f"raise the budget to {offer(request, min(running, key=lambda c: cost(request, c)))}")
        ways += list(filter(None, [fewer_at_once(request, running)]))
    for words, other in relaxations(request):
        best = weigh(other)[0]
        without_limit = best if best.rank else weigh(replace(other, budget=Budget(math.inf, "none")))[0]
        if best.rank:
            ways.append(f"{words} ({offer(request, best)})")
        elif without_limit.rank and not any(offer(request, without_limit) in way for way in ways):
            ways.append(f"{words} and raise the budget to {offer(request, without_limit)}")
    if not ways:
        shorter = shorter_context(request)
        ways.append(shorter or "take a smaller model")
    return shortened(f"{why_none(request, candidates)}; ", ways)


def shortened(why: str, ways: list[str]) -> str:
    """The reason and as many ways out as are still read, the first always."""
    while len(ways) > 1 and len(why + ", or ".join(ways)) > LONGEST_REFUSAL:
        ways = ways[:-1]
    return why + ", or ".join(ways)


def fewer_warm(request: Request) -> str:
    """The most containers that the budget keeps warm, where a smaller pool is all that it takes."""
    pool = request.warm
    if not pool.containers or not weigh(replace(request, warm=replace(pool, containers=0)))[0].rank:
        return ""
    low, high = 0, pool.containers  # low works, high does not
    while high - low > 1:
        middle = (low + high) // 2
        works = weigh(replace(request, warm=replace(pool, containers=middle)))[0].rank
        low, high = (middle, high) if works else (low, middle)
    return f"keep {low} warm" if low else "keep none warm"


def relaxations(request: Request) -> Iterator[tuple[str, Request]]:
    """What a person could stop insisting on, and the request that results."""
    insists = []
    if request.gpu != "auto" or request.gpu_count:
        insists.append(("gpu and gpu_count", {"gpu": "auto", "gpu_count": 0}))
    if request.quantization != "auto":
        insists.append(("quantization", {"quantization": "auto"}))
    if request.attention != "auto":
        insists.append(("attention", {"attention": "auto"}))
    for words, fields in insists:
        yield f"let {words} be auto", replace(request, **fields)
    if len(insists) > 1:
        words = ", ".join(words for words, _ in insists)
        every = {key: value for _, fields in insists for key, value in fields.items()}
        yield f"let {words} be auto", replace(request, **every)
    if request.engine == "transformers":
        yield "take engine vllm", replace(request, engine="vllm")
    if request.engine == "vllm":
        yield "let engine be auto", replace(request, engine="auto")


def cost(request: Request, candidate: Candidate) -> float:
    """What the budget is compared with: USD of the run where it ends, else of an hour of what carries the load."""
    return batch_usd(request, candidate) if ends(request) else at_least(request, candidate) * one_hour(candidate)


def at_least(request: Request, candidate: Candidate) -> int:
    """Containers that the budget must pay for: those that carry the load, or the warm pool."""
    return max(candidate.containers, request.warm.containers)


def offer(request: Request, candidate: Candidate) -> str:
    """ "7.90/hour (H100:2, fp8)" """
    setup = candidate.setup
    containers = at_least(request, candidate)
    times = f"{containers} x " if containers > 1 else ""
    name = "16-bit" if setup.quantization == "none" else setup.quantization
    usd = cost(request, candidate)
    price = f"{math.ceil(usd * 100 - 1e-6) / 100:.2f}/run" if ends(request) else in_unit(request.budget, usd)
    return f"{price} ({times}{gpu_string(setup.gpu, setup.gpu_count)}, {name})"


def fewer_at_once(request: Request, running: list[Candidate]) -> str:
    """The most requests at once that the budget carries, where it carries any."""
    best = 0
    for candidate in () if request.task == "batch" else running:
        assert candidate.estimate is not None
        best = max(best, most_containers(request, candidate) * int(candidate.estimate.max_concurrency))
    return (
        f"ask for {best} {'requests' if request.workload == 'generation' else 'texts'} at once"
        if 0 < best < request.concurrency
        else ""
    )


def shorter_context(request: Request) -> str:
    """The longest context, in steps of a half, at which something works."""
    tokens = request.context_len // 2
    while tokens >= 256:
        best = weigh(replace(request, context_len=tokens))[0]
        if best.rank:
            return f"take a context of {tokens:,} ({offer(request, best)})"
        tokens //= 2
    return ""


def why_none(request: Request, candidates: tuple[Candidate, ...]) -> str:
    """What stands in the way: the budget, or the reason of the configuration that came nearest."""
    model = request.model.id
    if any(candidate.containers for candidate in candidates):
        if ends(request):
            data = f"{request.dataset_rows:,} rows" if request.dataset_rows else f"{request.dataset_tokens:,} tokens"
            return f"{request.budget.usd:.2f} does not pay for a run of {model} over {data}"
        limit = budget_text(request.budget)
        if request.budget.per == "none":
            limit = f"Modal's Starter plan, {STARTER_GPUS} GPUs at once,"
        return f"{limit} does not carry {model} with {load_text(request)}"
    best_kernel = [c for c in candidates if c.setup.attention in (c.setup.gpu.attention[-1], "auto", request.attention)]
    nearest = max(best_kernel or candidates, key=nearness)
    where = gpu_string(nearest.setup.gpu, nearest.setup.gpu_count)
    return f"{model} does not run on {where}: {nearest.rejected}"


def load_text(request: Request) -> str:
    """ "16 requests of 8,192 tokens at once and 2 containers kept warm mon-fri 8-18 UTC" """
    what = "requests" if request.workload == "generation" else "texts"
    load = f"{request.concurrency} {what} of {request.context_len:,} tokens at once"
    pool = request.warm
    return f"{load} and {pool.containers} kept warm {hours_text(pool)}" if pool.containers > 1 else load


def budget_text(budget: Budget) -> str:
    """As it may be typed: "4/hour", "900/month"."""
    return "no budget" if budget.per == "none" else f"{budget.usd:g}/{budget.per}"


def nearness(candidate: Candidate) -> float:
    """How close a rejected configuration came to fitting: the GiB that its weights leave on the card."""
    estimate: InferenceEstimate | None = candidate.estimate
    return -math.inf if estimate is None else estimate.usable_gib - estimate.weights_gib
