"""The choice for training: GPU x count x method x sharding x offload, each with the micro-batch that goes fastest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from .gpus import GPUS, MEMORY_USD_PER_GIB_HOUR, gpu_string
from .plan import Budget, Gpu, Refusal, Request, TrainingEstimate, TrainingSetup
from .training import estimate_training

NODES = (2, 4)  # of 8 GPUs each, for cards that reach each other over RDMA: Hopper and newer (Modal's guide)
GLOBAL_BATCH = 32  # sequences that one optimizer step sees; accumulation makes up what the GPUs do not hold (prior)
MAX_STEP_TOKENS = 32_768  # of one micro-batch: beyond that a larger one is no faster
MICRO_BATCHES = (1, 2, 4, 8, 16, 32)
HEADROOM = 0.92  # of the memory, filled when a smaller micro-batch would do: the estimate's median error is 7 to 12%
MAX_HOST_GIB = 336  # main memory of one Modal container
START_HOURS = 0.1  # image, weights and data set, before the first step (prior)
# How much of the model a method can change; of those a task allows, the first that the budget carries is taken.
LADDER = {"finetune": ("lora", "qlora"), "distributed": ("full", "lora")}
# Sharding and offload from the fastest to the leanest: ZeRO-3 only where ZeRO-2 does not fit, offload last.
SHARDING = {
    ("full", True): (("zero2", "none"), ("zero3", "none"), ("zero3", "optimizer"), ("zero3", "all")),
    ("lora", True): (("none", "none"), ("zero3", "none")),
    ("qlora", True): (("none", "none"),),
    ("full", False): (("none", "none"),),
    ("lora", False): (("none", "none"),),
    ("qlora", False): (("none", "none"),),
}


@dataclass(frozen=True, slots=True)
class TrainingCandidate:
    """One training configuration that was weighed. `rank` 1 is the choice; a rejected one has rank 0 and says why."""

    setup: TrainingSetup
    estimate: TrainingEstimate
    accumulation: int = 1  # micro-batches per optimizer step on each GPU
    usd_per_hour: float = 0.0  # GPUs, and the main memory that offloading occupies
    hours: float = 0.0  # of the whole run; 0 where the size of the data set is not known
    rank: int = 0
    rejected: str = ""

    @property
    def usd(self) -> float:
        """Price of the whole run; 0 where the size of the data set is not known."""
        return self.hours * self.usd_per_hour


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What was chosen for a training request, and everything that was weighed, best first."""

    request: Request
    chosen: TrainingCandidate
    candidates: tuple[TrainingCandidate, ...]


class TrainingStanding(NamedTuple):
    """What candidates are compared by, the weightiest first; of two, the smaller is better."""

    method: int  # steps down the ladder
    weak_link: bool  # gradients over PCIe
    several_nodes: bool  # Modal lends clusters on request
    aim: float
    usd_per_hour: float
    name: str


def make_training_plan(request: Request) -> TrainingPlan:
    """The plan for finetune and distributed, always the same one. Refusal, with the cheapest way out."""
    candidates = weigh_training(request)
    if not candidates[0].rank:
        raise Refusal(training_way_out(request, candidates))
    return TrainingPlan(request, candidates[0], candidates)


def weigh_training(request: Request) -> tuple[TrainingCandidate, ...]:
    """Every configuration of the request, ranked ones first and best first, then the rejected by price.

    A method further down the ladder is weighed only where none above it works.
    """
    judged: list[TrainingCandidate] = []
    for method in methods(request):
        judged += [judge_training(request, setups) for setups in training_configurations(request, method)]
        if any(not candidate.rejected for candidate in judged):
            break
    ranked = sorted((c for c in judged if not c.rejected), key=lambda c: training_standing(request, c))
    rejected = sorted((c for c in judged if c.rejected), key=lambda c: (c.usd_per_hour, training_name(c.setup)))
    return (*(replace(candidate, rank=n) for n, candidate in enumerate(ranked, 1)), *rejected)


def methods(request: Request) -> tuple[str, ...]:
    if request.method != "auto":
        return (request.method,)
    if request.quantization in ("nf4", "int4"):
        return ("qlora",)
    ladder = LADDER[request.task]
    return tuple(method for method in ladder if method != "qlora" or request.quantization == "auto")


def training_configurations(request: Request, method: str) -> Iterator[list[TrainingSetup]]:
    """GPU x nodes x count, each with the ways to shard the method over it, the fastest first."""
    for gpu in GPUS.values():
        if request.gpu in ("auto", gpu.name):
            for nodes, count in groups(request, gpu):
                shardings = SHARDING[method, nodes * count > 1]
                yield [training_setup_of(request, gpu, nodes, count, method, *sharding) for sharding in shardings]


def groups(request: Request, gpu: Gpu) -> list[tuple[int, int]]:
    """(nodes, GPUs of each) to weigh: one GPU for finetune, several or whole nodes for distributed."""
    if request.gpu_count:
        return [(1, request.gpu_count)] if request.gpu_count <= gpu.max_count else []
    if request.task == "finetune":
        return [(1, 1)]
    within = [(1, count) for count in (2, 4, 8) if count <= gpu.max_count]
    return within + [(nodes, 8) for nodes in NODES if gpu.compute_capability >= 9 and gpu.nvlink]


def training_setup_of(
    request: Request, gpu: Gpu, nodes: int, count: int, method: str, sharding: str, offload: str
) -> TrainingSetup:
    """What our generated code would run: bf16, for full fine-tuning with float32 master weights, and a fused loss."""
    half = "bf16" if gpu.bf16 else "fp16-mixed"
    return TrainingSetup(
        model=request.model,
        gpu=gpu,
        gpu_count=count,
        nodes=nodes,
        method=method,
        precision="bf16-mixed" if method == "full" and gpu.bf16 else half,
        seq_len=request.context_len,
        logits="fused",
        attention="sdpa" if request.attention == "auto" else request.attention,
        sharding=sharding,
        offload=offload,
    )


def judge_training(request: Request, setups: list[TrainingSetup]) -> TrainingCandidate:
    """The first sharding that fits, at its best micro-batch, with its price; rejected where none fits or is paid."""
    for setup in setups:
        estimate = estimate_training(setup)
        if estimate.fits and estimate.host_gib <= MAX_HOST_GIB:
            setup, estimate = fill(setup, estimate)
            break
    world = setup.gpu_count * setup.nodes
    usd_per_hour = estimate.usd_per_hour + estimate.host_gib * setup.nodes * MEMORY_USD_PER_GIB_HOUR
    candidate = TrainingCandidate(setup, estimate, usd_per_hour=usd_per_hour)
    if not estimate.fits or not estimate.tokens_per_s:
        return replace(candidate, rejected=estimate.why)
    if estimate.host_gib > MAX_HOST_GIB:
        reason = f"offloading needs {estimate.host_gib:.0f} GiB of main memory, a container has {MAX_HOST_GIB}"
        return replace(candidate, rejected=reason)
    tokens = request.dataset_tokens * request.epochs
    hours = START_HOURS + tokens / estimate.tokens_per_s / 3600 if tokens else 0.0
    accumulation = max(1, round(GLOBAL_BATCH / (setup.micro_batch * world)))
    candidate = replace(candidate, accumulation=accumulation, hours=hours)
    return replace(candidate, rejected=training_over_budget(request.budget, candidate))


def training_over_budget(budget: Budget, candidate: TrainingCandidate) -> str:
    """Why the budget does not pay for it; "" where it does."""
    if budget.per == "hour" and candidate.usd_per_hour > budget.usd:
        return f"costs {candidate.usd_per_hour:.2f}/hour, over {budget.usd:.2f}"
    if budget.per in ("run", "month") and candidate.usd > budget.usd:
        return f"the run takes {candidate.hours:.1f} hours and {candidate.usd:.2f} USD, over {budget.usd:.2f}"
    return ""


def fill(setup: TrainingSetup, first: TrainingEstimate) -> tuple[TrainingSetup, TrainingEstimate]:
    """The setup with the micro-batch and checkpointing that train fastest and leave some headroom."""
    best, found = setup, first
    for checkpointing in (True, False):
        fastest = found.tokens_per_s or 0 if checkpointing else 0.0
        for micro_batch in MICRO_BATCHES[checkpointing:]:  # the first one with checkpointing is given
            if micro_batch > 1 and micro_batch * setup.seq_len > MAX_STEP_TOKENS:
                break
            tried = replace(setup, micro_batch=micro_batch, gradient_checkpointing=checkpointing)
            estimate = estimate_training(tried)
            full = estimate.peak_gib + estimate.overhead_gib > HEADROOM * estimate.usable_gib
            if full or (estimate.tokens_per_s or 0) <= fastest * 1.02:  # a larger one must earn its memory
                break
            fastest = estimate.tokens_per_s or 0
            if fastest > (found.tokens_per_s or 0):
                best, found = tried, estimate
    return best, found


def training_standing(request: Request, candidate: TrainingCandidate) -> TrainingStanding:
    setup, estimate = candidate.setup, candidate.estimate
    rate = estimate.tokens_per_s or 0
    per_million = candidate.usd_per_hour / rate / 3600 * 1e6
    return TrainingStanding(
        method=methods(request).index(setup.method),
        weak_link=setup.gpu_count > 1 and not setup.gpu.nvlink,
        several_nodes=setup.nodes > 1,
        aim=per_million if request.optimize == "cost" else -rate,
        usd_per_hour=candidate.usd_per_hour,
        name=training_name(setup),
    )


def training_name(setup: TrainingSetup) -> str:
    """ "2 nodes of H100:8, full, zero3" """
    cards = gpu_string(setup.gpu, setup.gpu_count)
    where = f"{setup.nodes} nodes of {cards}" if setup.nodes > 1 else cards
    how = [part for part in (setup.sharding, setup.offload) if part != "none"]
    return ", ".join([where, setup.method, *how])


def training_way_out(request: Request, candidates: tuple[TrainingCandidate, ...]) -> str:
    """One sentence: why nothing works, and the cheapest things that would."""
    ways = []
    paying = [candidate for candidate in candidates if training_over_budget(request.budget, candidate)]
    if paying:
        ways.append(f"raise the budget to {training_offer(min(paying, key=lambda c: c.usd or c.usd_per_hour))}")
    for words, other in relaxed_requests(request):
        best = weigh_training(other)[0]
        without_limit = best if best.rank else weigh_training(replace(other, budget=Budget(float("inf"), "none")))[0]
        if best.rank:
            ways.append(f"{words} ({training_offer(best)})")
        elif without_limit.rank:
            ways.append(f"{words} and raise the budget to {training_offer(without_limit)}")
    nearest = min(candidates, key=lambda c: c.estimate.peak_gib + c.estimate.overhead_gib - c.estimate.usable_gib)
    why = f"{request.model.id} is not trained within that: {training_name(nearest.setup)}: {nearest.rejected}"
    return f"{why}; {', or '.join(ways) or 'take a smaller model or a shorter context'}"


def relaxed_requests(request: Request) -> Iterator[tuple[str, Request]]:
    """What a person could give up, and the request that results."""
    if request.method in ("full", "lora"):
        leaner = {"full": "lora", "lora": "qlora"}[request.method]
        yield f"take method {leaner}", replace(request, method=leaner)
    if request.gpu != "auto" or request.gpu_count:
        yield "let gpu and gpu_count be auto", replace(request, gpu="auto", gpu_count=0)
    if request.task == "finetune" and not request.gpu_count:
        yield "take task distributed", replace(request, task="distributed")


def training_offer(candidate: TrainingCandidate) -> str:
    """ "51.64/run (H100, qlora)", or the price of an hour where the size of the run is not known."""
    price = f"{candidate.usd:.2f}/run" if candidate.usd else f"{candidate.usd_per_hour:.2f}/hour"
    return f"{price} ({training_name(candidate.setup)})"
