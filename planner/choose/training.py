"""The choice for training: GPU x count x method x sharding x offload, each with the micro-batch that goes fastest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, log
from typing import NamedTuple

from .choose import budget_text, overflows, shortened
from .gpus import GPUS, MEMORY_USD_PER_GIB_HOUR, clusters, gpu_string
from .plan import (
    Budget,
    Gpu,
    Refusal,
    Request,
    TrainingCandidate,
    TrainingEstimate,
    TrainingPlan,
    TrainingSetup,
)
from .training import communication_share, estimate_training
from .training_run import end_s, run_hours, sequence_tokens, start_s

NODES = (2, 4)  # of 8 GPUs each, for cards that reach each other over RDMA: Hopper and newer (Modal's guide)
GLOBAL_BATCH = 32  # sequences that one optimizer step sees; accumulation makes up what the GPUs do not hold (prior)
MAX_STEP_TOKENS = 32_768  # of one micro-batch: beyond that a larger one is no faster
MICRO_BATCHES = (1, 2, 4, 8, 16, 32)
HEADROOM = 0.92  # of the memory, filled when a smaller micro-batch would do: the estimate's median error is 7 to 12%
MAX_HOST_GIB = 336  # main memory of one Modal container
LEAST_STARTS = 2  # and a save, that a budget for a run must pay for, or hardly anything would be learnt
ASSUMED_ROWS = 10_000  # of a data set of unknown size, to compare what a run costs; none is refused for it (prior)
PACKED_STEPS = 50  # optimizer steps of an epoch: with fewer, packing would leave too few to learn from (prior)
SMALL_SHARE = 0.25  # of a card's memory: states no larger than that need no sharding
WEAK_SHARE = 0.2  # of a step spent on gradients over PCIe: beyond it, cards with NVLink come first (prior)
ALIKE = 1.1  # times: of runs whose prices lie closer, the one on cheaper GPUs is taken
# How much of the model a method can change; of those a task allows, the first that the budget carries is taken.
LADDER = {"finetune": ("lora", "qlora"), "distributed": ("full", "lora")}
WHOLE = ("full", "lora", "qlora")  # for classifiers: most are small, and their head is new
# Ways to lay a method over the GPUs, (sharding, offload, optimizer), from the fastest to the leanest: ZeRO-3 only where
# ZeRO-2 does not fit, offload last.
LAYOUTS = {
    ("full", True): (
        ("zero2", "none", "adamw"),
        ("zero3", "none", "adamw"),
        ("zero3", "optimizer", "adamw"),
        ("zero3", "all", "adamw"),
    ),
    ("lora", True): (("none", "none", "adamw"), ("zero3", "none", "adamw")),
    ("qlora", True): (("none", "none", "adamw"),),
    ("full", False): (("none", "none", "adamw"), ("none", "none", "adamw_8bit")),
    ("lora", False): (("none", "none", "adamw"),),
    ("qlora", False): (("none", "none", "adamw"),),
}


class TrainingStanding(NamedTuple):
    """What candidates are compared by, the weightiest first; of two, the smaller is better."""

    tight: bool
    method: int  # steps down the ladder
    offloads: bool
    weak_link: bool  # gradients over PCIe
    several_nodes: bool  # Modal lends clusters on request
    aim: float
    usd_per_hour: float
    name: str


def make_training_plan(request: Request) -> TrainingPlan:
    """The plan for finetune and distributed, always the same one. Refusal, with the cheapest way out."""
    candidates = weigh_training(request)
    if not candidates:
        cards = "these cards" if request.gpu == "auto" else request.gpu
        raise Refusal(f"Modal has no {request.gpu_count or 2} {cards} that train together; let gpu be auto")
    if not candidates[0].rank:
        raise Refusal(training_way_out(request, candidates))
    return TrainingPlan(request, candidates[0], candidates)


def weigh_training(request: Request) -> tuple[TrainingCandidate, ...]:
    """Every configuration of the request, ranked ones first and best first, then the rejected by price.

    A method further down the ladder is weighed only where none above it works with room to spare.
    """
    judged: list[TrainingCandidate] = []
    for method in methods(request):
        judged += [judge_training(request, setups) for setups in training_configurations(request, method)]
        if any(not candidate.rejected and not tight(candidate.estimate) for candidate in judged):
            break
    ranked = sorted((c for c in judged if not c.rejected), key=lambda c: training_standing(request, c))
    rejected = sorted((c for c in judged if c.rejected), key=lambda c: (c.usd_per_hour, training_name(c.setup)))
    return (*(replace(candidate, rank=n) for n, candidate in enumerate(ranked, 1)), *rejected)


def methods(request: Request) -> tuple[str, ...]:
    """Methods to weigh, the one that may change most of the model first."""
    if request.method != "auto":
        return (request.method,)
    if request.quantization in ("nf4", "int4"):
        return ("qlora",)
    ladder = LADDER[request.task] if request.workload == "generation" else WHOLE
    return tuple(method for method in ladder if method != "qlora" or four_bits(request))


def four_bits(request: Request) -> bool:
    """Whether QLoRA is among the methods: bitsandbytes leaves the experts of transformers 5.23 in 16 bits (tried)."""
    return request.quantization == "auto" and not request.model.experts


def training_configurations(request: Request, method: str) -> Iterator[list[TrainingSetup]]:
    """GPU x nodes x count, each with the ways to lay the method over it, the fastest first."""
    for gpu in GPUS.values():
        if request.gpu in ("auto", gpu.name):
            for nodes, count in groups(request, gpu):
                layouts = LAYOUTS[method, nodes * count > 1]
                plain = training_setup_of(request, gpu, nodes, count, method, *layouts[0])
                if method == "full" and nodes * count > 1 and states_gib(plain) < SMALL_SHARE * gpu.visible_gib:
                    layouts = (("none", "none", "adamw"), *layouts)
                yield [training_setup_of(request, gpu, nodes, count, method, *layout) for layout in layouts]


def states_gib(setup: TrainingSetup) -> float:
    """GiB of weights, gradients and optimizer on one GPU that shares them with no other."""
    alone = estimate_training(replace(setup, gpu_count=1, nodes=1, sharding="none", offload="none"))
    return alone.weights_gib + alone.gradients_gib + alone.optimizer_gib


def groups(request: Request, gpu: Gpu) -> list[tuple[int, int]]:
    """(nodes, GPUs of each) to weigh: one GPU for finetune, several or whole nodes for distributed."""
    count = request.gpu_count
    if count > gpu.max_count:
        return [(count // 8, 8)] if clusters(gpu) and count % 8 == 0 else []
    if count:
        return [(1, count)]
    if request.task == "finetune":
        return [(1, 1)]
    within = [(1, count) for count in (2, 4, 8) if count <= gpu.max_count]
    return within + [(nodes, 8) for nodes in NODES if clusters(gpu)]


def training_setup_of(
    request: Request, gpu: Gpu, nodes: int, count: int, method: str, sharding: str, offload: str, optimizer: str
) -> TrainingSetup:
    """What our generated code would run: bf16, for full fine-tuning with float32 master weights, and a fused loss."""
    half = "bf16" if gpu.bf16 else "fp16-mixed"
    return TrainingSetup(
        model=request.model,
        gpu=gpu,
        gpu_count=count,
        nodes=nodes,
        method=method,
        optimizer=optimizer,
        precision="bf16-mixed" if method == "full" and gpu.bf16 else half,
        seq_len=request.context_len,
        logits="fused",
        attention="sdpa" if request.attention == "auto" else request.attention,
        sharding=sharding,
        offload=offload,
    )


def packs(request: Request) -> bool:
    """Whether several examples may share a sequence: short and many, and no state runs from one to the next."""
    if request.workload != "generation" or request.model.linear_layers or not request.row_tokens:
        return False
    steps = request.dataset_rows * request.row_tokens / request.context_len / GLOBAL_BATCH
    return request.row_tokens < request.context_len and steps >= PACKED_STEPS


def estimate_run(request: Request, setup: TrainingSetup) -> TrainingEstimate:
    """The estimate with the memory of full sequences and the speed at typical ones."""
    full, typical = estimate_training(setup), sequence_tokens(request, setup)
    if typical == setup.seq_len or not full.fits:
        return full
    speed = estimate_training(replace(setup, seq_len=typical))
    return replace(
        full,
        tokens_per_s=speed.tokens_per_s,
        tokens_per_s_low=speed.tokens_per_s_low,
        tokens_per_s_high=speed.tokens_per_s_high,
        mfu=speed.mfu,
        usd_per_million_tokens=speed.usd_per_million_tokens,
    )


def judge_training(request: Request, setups: list[TrainingSetup]) -> TrainingCandidate:
    """The first layout that fits, at its best micro-batch, with its price; rejected where none fits or is paid."""
    setup, estimate = leanest_needed(request, setups)
    candidate = TrainingCandidate(setup, estimate, usd_per_hour=estimate.usd_per_hour)
    if not setup.gpu.bf16 and overflows(setup.model):
        reason = f"{setup.model.id} overflows in float16, and {setup.gpu.name} has no bfloat16"
        return replace(candidate, rejected=reason)
    if not estimate.fits or not estimate.tokens_per_s:
        return replace(candidate, rejected=estimate.why)
    if estimate.host_gib > MAX_HOST_GIB:
        reason = f"offloading needs {estimate.host_gib:.0f} GiB of main memory, a container has {MAX_HOST_GIB}"
        return replace(candidate, rejected=reason)
    setup, estimate = packed_or_padded(request, setup, estimate)
    world = setup.gpu_count * setup.nodes
    accumulation = max(1, round(GLOBAL_BATCH / (setup.micro_batch * world)))
    hours = run_hours(request, setup, estimate)
    usd_per_hour = estimate.usd_per_hour + estimate.host_gib * setup.nodes * MEMORY_USD_PER_GIB_HOUR
    candidate = TrainingCandidate(setup, estimate, accumulation, usd_per_hour, hours)
    return replace(candidate, rejected=training_over_budget(request.budget, candidate))


def leanest_needed(request: Request, setups: list[TrainingSetup]) -> tuple[TrainingSetup, TrainingEstimate]:
    """The first setup that fits and leaves some headroom, else the first that fits at all, else the last."""
    fitting = None
    for setup in setups:
        estimate = estimate_run(request, setup)
        if not estimate.fits or estimate.host_gib > MAX_HOST_GIB:
            continue
        if not tight(estimate):
            return setup, estimate
        fitting = fitting or (setup, estimate)
    return fitting or (setups[-1], estimate_run(request, setups[-1]))


def need_gib(estimate: TrainingEstimate) -> float:
    """GiB of each GPU that are taken at the peak, the CUDA context and NCCL included."""
    return estimate.peak_gib + estimate.overhead_gib


def tight(estimate: TrainingEstimate) -> bool:
    """Whether it fits with less to spare than an estimate errs."""
    return need_gib(estimate) > HEADROOM * estimate.usable_gib


def training_over_budget(budget: Budget, candidate: TrainingCandidate) -> str:
    """Why the budget does not pay for it; "" where it does."""
    if budget.per == "hour" and candidate.usd_per_hour > budget.usd:
        return f"costs {candidate.usd_per_hour:.2f}/hour, over {budget.usd:.2f}"
    if budget.per not in ("run", "month"):
        return ""
    if candidate.usd > budget.usd:
        return f"the run takes {candidate.hours:.1f} hours and {candidate.usd:.2f} USD, over {budget.usd:.2f}"
    if least_usd(candidate) > budget.usd:
        paid, taken = paid_s(budget, candidate) / 60, (start_s(candidate.setup) + end_s(candidate.setup)) / 60
        return f"{budget.usd:.2f} pays for {paid:.1f} minutes, and the start and the last save alone take {taken:.1f}"
    return ""


def least_usd(candidate: TrainingCandidate) -> float:
    """USD below which a run is not worth starting."""
    return (LEAST_STARTS * start_s(candidate.setup) + end_s(candidate.setup)) / 3600 * candidate.usd_per_hour


def paid_s(budget: Budget, candidate: TrainingCandidate) -> float:
    """Seconds that the budget pays for; infinite where it bounds no sum."""
    return budget.usd / candidate.usd_per_hour * 3600 if budget.per in ("run", "month") else float("inf")


def packed_or_padded(
    request: Request, setup: TrainingSetup, first: TrainingEstimate
) -> tuple[TrainingSetup, TrainingEstimate]:
    """The setup at its best micro-batch, with examples packed where they may be and padding would cost more."""
    best, found = fill(request, setup, first)
    packed = replace(setup, packed=True)
    if packs(request):
        packed, estimate = fill(request, packed, estimate_run(request, packed))
        if not tight(estimate) and useful_rate(request, packed, estimate) > useful_rate(request, best, found):
            return packed, estimate
    return best, found


def fill(request: Request, setup: TrainingSetup, first: TrainingEstimate) -> tuple[TrainingSetup, TrainingEstimate]:
    """The setup with the micro-batch and checkpointing that train fastest and leave some headroom."""
    best, found = setup, first
    most = max(1, GLOBAL_BATCH // (setup.gpu_count * setup.nodes))  # larger ones would make the global batch larger
    for checkpointing in (True, False):
        so_far = useful_rate(request, best, found) if checkpointing else 0.0
        for micro_batch in MICRO_BATCHES[checkpointing:]:  # the first one with checkpointing is given
            if micro_batch > most or (micro_batch > 1 and micro_batch * setup.seq_len > MAX_STEP_TOKENS):
                break
            tried = replace(setup, micro_batch=micro_batch, gradient_checkpointing=checkpointing)
            estimate = estimate_run(request, tried)
            useful = useful_rate(request, tried, estimate)
            if tight(estimate) or useful <= so_far * 1.02:  # a larger one must earn its memory
                break
            so_far = useful
            if useful > useful_rate(request, best, found):
                best, found = tried, estimate
    return best, found


def useful_rate(request: Request, setup: TrainingSetup, estimate: TrainingEstimate) -> float:
    """Tokens/s without padding: what examples are trained by."""
    rate = estimate.tokens_per_s or 0.0
    if setup.packed or not request.row_tokens:
        return rate
    return rate * min(setup.seq_len, request.row_tokens) / sequence_tokens(request, setup)


def training_standing(request: Request, candidate: TrainingCandidate) -> TrainingStanding:
    """How a working candidate compares for this request."""
    setup, estimate = candidate.setup, candidate.estimate
    hours = run_hours(request, setup, estimate, ASSUMED_ROWS)
    weak = setup.gpu_count > 1 and not setup.gpu.nvlink and communication_share(setup) > WEAK_SHARE
    return TrainingStanding(
        tight=tight(estimate),
        method=methods(request).index(setup.method),
        offloads=setup.offload != "none",
        weak_link=weak,
        several_nodes=setup.nodes > 1,
        aim=near(hours * candidate.usd_per_hour) if request.optimize == "cost" else hours,
        usd_per_hour=candidate.usd_per_hour,
        name=training_name(setup),
    )


def near(usd: float) -> int:
    """Prices that an estimate does not tell apart as one number: steps of `ALIKE`."""
    return round(log(usd) / log(ALIKE)) if usd > 0 else -(10**6)


def training_name(setup: TrainingSetup) -> str:
    """ "2 nodes of H100:8, full, zero3" """
    cards = gpu_string(setup.gpu, setup.gpu_count)
    where = f"{setup.nodes} nodes of {cards}" if setup.nodes > 1 else cards
    how = [part for part in (setup.sharding, setup.offload) if part != "none"]
    return ", ".join([where, setup.method, *how])


def training_way_out(request: Request, candidates: tuple[TrainingCandidate, ...]) -> str:
    """One sentence: why nothing works, and the cheapest things that would."""
    model, ways = request.model.id, []
    paying = [candidate for candidate in candidates if candidate.accumulation]  # only the budget is in the way
    if paying:
        best = min(paying, key=lambda candidate: needed_usd(request.budget, candidate))
        why = f"{budget_text(request.budget)} does not train {model} by {training_name(best.setup)}: {best.rejected}"
        ways.append(f"raise the budget to {training_offer(request.budget, best)}")
        if request.dataset_rows and best.usd > request.budget.usd:
            rows = int(request.dataset_rows * request.budget.usd / best.usd)
            step = 10 ** max(len(str(rows)) - 2, 0)  # two figures
            ways.append(f"train on at most {rows // step * step:,} rows")
    else:
        best = min(candidates, key=lambda candidate: need_gib(candidate.estimate) - candidate.estimate.usable_gib)
        why = f"{model} is not trained by {training_name(best.setup)}: {best.rejected}"
    for words, other in relaxed_requests(request, bool(paying)):
        if found := best_of(other):
            ways.append(f"{words} ({training_offer(request.budget, found)})")
        elif found := best_of(replace(other, budget=Budget(float("inf"), "none"))):
            ways.append(f"{words} and raise the budget to {training_offer(request.budget, found)}")
    return shortened(f"{why}; ", ways or ["take a smaller model or a shorter context"])


def best_of(request: Request) -> TrainingCandidate | None:
    """The best candidate of that request; None where nothing works."""
    found = weigh_training(request)
    return found[0] if found and found[0].rank else None


def relaxed_requests(request: Request, fits: bool) -> Iterator[tuple[str, Request]]:
    """What a person could give up, and the request that results. More GPUs help only where one does not hold it."""
    if request.method in ("full", "lora"):
        leaner = {"full": "lora", "lora": "qlora"}[request.method]
        yield f"take method {leaner}", replace(request, method=leaner)
    if request.gpu != "auto" or request.gpu_count:
        yield "let gpu and gpu_count be auto", replace(request, gpu="auto", gpu_count=0)
    if request.task == "finetune" and not fits and request.gpu == "auto":
        yield "take task distributed", replace(request, task="distributed")


def needed_usd(budget: Budget, candidate: TrainingCandidate) -> float:
    """What the budget would have to be, in its own unit."""
    if budget.per not in ("run", "month"):
        return candidate.usd_per_hour
    return max(candidate.usd, least_usd(candidate))


def training_offer(budget: Budget, candidate: TrainingCandidate) -> str:
    """ "51.64/run (H100, qlora)", in the unit of the budget, rounded up so that it would pay."""
    per = budget.per if budget.per in ("run", "month") else "hour"
    usd = ceil(needed_usd(budget, candidate) * 100 - 1e-6) / 100
    return f"{usd:.2f}/{per} ({training_name(candidate.setup)})"
