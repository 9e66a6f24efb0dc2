"""Weigh every configuration for a request: reject each that cannot work with a reason, rank the rest for the aim."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from .estimate import estimate_inference
from .gpus import GPUS, gpu_string
from .plan import ATTENTIONS, Budget, Candidate, Gpu, InferenceEstimate, InferenceSetup, Model, Plan, Refusal, Request

COUNTS = (1, 2, 4, 8)
TYPICAL_INPUT = 1024
BATCH_SEQUENCES = 256  # requests that vLLM runs at once where nobody waits for one: max_num_seqs
# Bits that quality costs: 16-bit is the model as published; 8-bit is close to it; 4-bit is not always.
QUALITY_LOST = {"none": 0, "fp8": 1, "int8": 1, "int4": 2, "nf4": 2, "mxfp4": 2, "nvfp4": 2}
# Lowest compute capability, from `get_min_capability` of vLLM 0.32's quantization layers. fp8 would load on 7.5 too,
# but a T4 computes in neither fp8 nor bf16: 8.0 is where weight-only fp8 has fast kernels (Marlin).
CAPABILITY = {"none": 7.5, "fp8": 8.0, "int8": 7.5, "int4": 7.5, "nf4": 7.5, "mxfp4": 8.0, "nvfp4": 10.0}
KERNEL_NAMES = {"sdpa": "SDPA", **{f"flash_attention_{n}": f"FlashAttention {n}" for n in (2, 3, 4)}, "auto": "auto"}
# Families that overflow in float16, which is all a T4 has: vLLM 0.32 config/model.py, _FLOAT16_NOT_SUPPORTED_MODELS.
OVERFLOWS = ("gemma-2", "gemma-3", "embeddinggemma", "glm-4")
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
    """GPU x count x quantization x attention kernel, as far as the request leaves them open."""
    model = request.model
    engine = request.engine
    if engine == "auto":  # vLLM for what it is made for; any encoder runs on transformers
        engine = "vllm" if request.workload == "generation" else "transformers"
    read, written = typical_request(request)
    for gpu in GPUS.values():
        if request.gpu not in ("auto", gpu.name):
            continue
        counts = [request.gpu_count] if request.gpu_count else [count for count in COUNTS if count <= gpu.max_count]
        for count in counts:
            for quantization in formats(request):
                for attention in kernels(request, gpu, engine):
                    yield InferenceSetup(
                        model=model,
                        gpu=gpu,
                        gpu_count=count,
                        tensor_parallel=count,
                        engine=engine,
                        quantization=quantization,
                        attention=attention,
                        context_len=request.context_len,
                        concurrency=BATCH_SEQUENCES if request.task == "batch" else request.concurrency,
                        input_len=read,
                        output_len=written,
                    )


def typical_request(request: Request) -> tuple[int, int]:
    """Tokens in and out of a typical request: 1,024 and 256, or as much of that as a short context holds (prior)."""
    if request.workload != "generation":
        return min(TYPICAL_INPUT, request.context_len), 1
    read = min(TYPICAL_INPUT, request.context_len * 4 // 5)
    return max(read, 1), max(read // 4, 1)


def formats(request: Request) -> tuple[str, ...]:
    """Weight formats to weigh: the published one first, then what the engine or a published checkpoint offers."""
    model, asked = request.model, request.quantization
    published = [quantization for quantization, _id, _revision in model.variants]
    offered = [model.quantization, *published]
    if request.engine == "transformers":  # its image holds bitsandbytes and no other loader of quantized weights
        if model.quantization != "none":
            raise Refusal(
                f"the transformers image cannot load {model.id} as published, {model.quantization}; take vllm"
            )
        offered = ["none", "int8", "nf4"]
    elif model.quantization == "none":
        offered += ["fp8", "nf4"]
    if request.workload != "generation":  # encoders are small, and no kernel quantizes them
        offered = [model.quantization]
    if asked == "auto":
        return tuple(dict.fromkeys(offered))
    if asked == "int4" and "int4" not in offered and "nf4" in offered:
        return ("nf4",)  # no published AWQ or GPTQ checkpoint: bitsandbytes quantizes to 4 bits while loading
    if asked not in offered:
        raise Refusal(f"{model.id} is not to be had in {asked} here; take one of {', '.join(dict.fromkeys(offered))}")
    return (asked,)


def kernels(request: Request, gpu: Gpu, engine: str) -> tuple[str, ...]:
    """Attention kernels to weigh; "auto" where latent attention or attention sinks have kernels of the engine's own."""
    if engine == "vllm" and own_kernel(request.model, gpu):
        return ("auto",)
    return ATTENTIONS if request.attention == "auto" else (request.attention,)


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
    """Why the budget does not pay for it; "" where it does."""
    budget, several = request.budget, candidate.containers > 1
    if ends(request) and batch_usd(request, candidate) > budget.usd:
        return f"the run costs {batch_usd(request, candidate):.2f}, over {budget.usd:.2f}"
    if not ends(request) and hourly(candidate) > budget.usd_per_hour:
        load = f"{candidate.containers} containers for {request.concurrency} requests at once cost"
        return f"{load if several else 'costs'} {hourly(candidate):.2f}/hour, over {budget.usd_per_hour:.2f}"
    return ""


def ends(request: Request) -> bool:
    """Whether the budget is for a run that ends, not for each hour."""
    return request.task == "batch" and request.budget.per in ("run", "month")


def batch_usd(request: Request, candidate: Candidate) -> float:
    """Price of a whole batch run: every `input_len` tokens of the data set are one request with one answer."""
    setup = candidate.setup
    answers = request.dataset_tokens * request.epochs / setup.input_len
    hours = answers * setup.output_len / tokens_per_s(candidate) / 3600
    return hours * hourly(candidate)


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
    if model.heads % setup.tensor_parallel:
        return f"{model.heads} attention heads do not divide by {setup.tensor_parallel} GPUs"
    return ""


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
    return candidate.containers * candidate.setup.gpu_count * candidate.setup.gpu.usd_per_hour


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
    price = hourly(candidate)
    cost = price / rate if request.task == "batch" else price  # a batch ends; a service is paid by the hour
    return Standing(
        slow=request.task == "serve" and rate / request.concurrency < READING_SPEED,
        quality_lost=quality_lost(setup),
        weak_link=setup.gpu_count > 1 and not setup.gpu.nvlink,
        aim={"cost": cost, "latency": estimate.time_to_first_token_s + written_s, "throughput": -rate}[
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
    affordable = [c for c in candidates if c.containers]  # they run, and only the budget is in the way
    if affordable:
        ways.append(f"raise the budget to {offer(request, min(affordable, key=lambda c: cost(request, c)))}")
        fewer = "" if request.task == "batch" else fewer_at_once(request, affordable)
        if fewer:
            ways.append(fewer)
    for words, other in relaxations(request):
        best = weigh(other)[0]
        without_limit = best if best.rank else weigh(replace(other, budget=Budget(math.inf, "none")))[0]
        if best.rank:
            ways.append(f"{words} ({offer(request, best)})")
        elif without_limit.rank:
            ways.append(f"{words} and raise the budget to {offer(request, without_limit)}")
    if not ways:
        shorter = shorter_context(request)
        ways.append(shorter or "take a smaller model")
    return f"{why_none(request, candidates)}; {', or '.join(ways)}"


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


def cost(request: Request, candidate: Candidate) -> float:
    """What the budget is compared with: USD of the run where it ends, else of an hour."""
    return batch_usd(request, candidate) if ends(request) else hourly(candidate)


def offer(request: Request, candidate: Candidate) -> str:
    """ "7.90/hour (H100:2, fp8)" """
    setup = candidate.setup
    times = f"{candidate.containers} x " if candidate.containers > 1 else ""
    name = "16-bit" if setup.quantization == "none" else setup.quantization
    price = f"{math.ceil(cost(request, candidate) * 100 - 1e-6) / 100:.2f}/{'run' if ends(request) else 'hour'}"
    return f"{price} ({times}{gpu_string(setup.gpu, setup.gpu_count)}, {name})"


def fewer_at_once(request: Request, affordable: list[Candidate]) -> str:
    """The most requests at once that the budget carries, where it carries any."""
    best = 0
    for candidate in affordable:
        price = candidate.setup.gpu_count * candidate.setup.gpu.usd_per_hour
        assert candidate.estimate is not None
        containers = math.floor(request.budget.usd_per_hour / price)
        best = max(best, containers * int(candidate.estimate.max_concurrency))
    return f"ask for {best} requests at once" if 0 < best < request.concurrency else ""


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
            return f"{request.budget.usd:.2f} does not pay for a run of {model} over {request.dataset_tokens:,} tokens"
        load = f"{request.concurrency} requests of {request.context_len:,} tokens at once"
        return f"{request.budget.usd_per_hour:.2f}/hour does not carry {model} with {load}"
    best_kernel = [c for c in candidates if c.setup.attention in (c.setup.gpu.attention[-1], "auto", request.attention)]
    nearest = max(best_kernel or candidates, key=nearness)
    where = gpu_string(nearest.setup.gpu, nearest.setup.gpu_count)
    return f"{model} does not run on {where}: {nearest.rejected}"


def nearness(candidate: Candidate) -> float:
    """How close a rejected configuration came to fitting: the GiB that its weights leave on the card."""
    estimate: InferenceEstimate | None = candidate.estimate
    return -math.inf if estimate is None else estimate.usable_gib - estimate.weights_gib
