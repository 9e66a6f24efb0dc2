"""The sentence for a request that has no plan, with one or two changes that would work."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..catalogue.gpus import gpu_string
from ..choose.cost import STARTER_GPUS, ends, needed_usd, paid_containers
from ..choose.no_plan import (
    Alternative,
    ArchitectureNotRun,
    Change,
    FormatNotOffered,
    ImageCannotLoad,
    NoInference,
    NoPlan,
    NothingWorks,
    NoTraining,
)
from ..choose.training import setup_name
from ..reasons import Reason
from ..schema import TRAINING, InferenceCandidate, Request
from .format import budget_words, in_unit
from .load import load_words, rate_words, typed_targets
from .names import format_name
from .rejections import inference_rejection, vllm_obstacle_text
from .training import training_offer
from .training_rejections import training_rejection
from .warm_pool import hours_text

LONGEST_REFUSAL = 293  # characters, so that people read it to the end; with "error: " 300


def refusal_text(no_plan: NoPlan) -> str:
    """Return the sentence for a request that has no plan."""
    cause = no_plan.cause
    if isinstance(cause, ImageCannotLoad):
        model, other = cause.model, "transformers" if cause.engine == "vllm" else "vllm"
        if "vllm" not in model.engines:
            why = vllm_obstacle_text(model) if model.vllm_lacks else f"vLLM does not build {model.id}"
            return (
                f"{why}, and the transformers image does not load its weights as published, {model.quantization}; "
                f"choose its version in 16 bits, or another model"
            )
        return f"the {cause.engine} image cannot load {model.id} as published, {model.quantization}; take {other}"
    if isinstance(cause, ArchitectureNotRun):
        return architecture_text(cause)
    if isinstance(cause, FormatNotOffered):
        also = "; engine transformers makes it while loading" if cause.made_at_load else ""
        offered = ", ".join(cause.offered)
        return f"{cause.model.id} is not available in {cause.asked} here; take one of {offered}{also}"
    if isinstance(cause, NothingWorks):
        return training_text(cause) if cause.request.task in TRAINING else inference_text(cause)
    gpus = "these cards" if cause.request.gpu == "auto" else cause.request.gpu
    return f"Modal has no {cause.request.gpu_count or 2} {gpus} that train together; let gpu be auto"


def architecture_text(cause: ArchitectureNotRun) -> str:
    """Return the sentence for an architecture that the engine does not run."""
    model = cause.model
    if model.engines and cause.engine == "vllm" and model.vllm_lacks:
        return f"{vllm_obstacle_text(model)}; take engine transformers"
    if model.engines:
        return f"{cause.engine} does not run the architecture of {model.id} here; take engine {model.engines[0]}"
    return (
        f"{model.id} is built by code of its own, which neither vLLM nor transformers runs here; choose a model of an "
        f"architecture in docs/models.md, such as Qwen/Qwen3-8B"
    )


class Offer(NamedTuple):
    """A change in words, and whether it needs a larger budget, too."""

    text: str
    over_budget: bool = False


def with_changes(why: str, offers: list[Offer]) -> str:
    """Return the reason, the first change, and the next that needs no larger budget; else the next, if it is short."""
    first, *others = [offer.text for offer in offers]
    within = [offer.text for offer in offers[1:] if not offer.over_budget]
    for other in within + others:
        both = f"{why}; {first}, or {other}"
        if len(both) <= LONGEST_REFUSAL:
            return both
    return f"{why}; {first}"


def listed(names: str) -> str:
    """Return "gpu", "gpu and engine", "gpu, engine and quantization" of names with commas between them."""
    return " and ".join(names.rsplit(", ", 1))


def change_text(request: Request, alternative: Alternative[Any, Any]) -> str:
    """Return a change without what it leads to: "let quantization be auto"."""
    value: Any = alternative.value
    if alternative.change is Change.KEEP_FEWER_WARM:
        return f"keep {value} warm" if value else "keep none warm"
    if alternative.change is Change.FEWER_AT_ONCE:
        return f"ask for {counted_requests(request, value)} at once"
    if alternative.change is Change.LOWER_RATE:
        return f"ask for {rate_words(value)}"
    if alternative.change is Change.LOOSER_TARGET:
        return f"ask for {typed_targets(value)}"
    if alternative.change is Change.FEWER_ROWS:
        return f"train on at most {value:,} rows"
    if alternative.change is Change.SHORTER_CONTEXT:
        return f"take a context of {value:,}"
    counted = " with no count" if request.gpu_count and "gpu" in str(value).split(", ") else ""
    return {
        Change.LET_BE_AUTO: f"let {listed(str(value))} be auto{counted}",
        Change.TAKE_ENGINE: f"take engine {value}",
        Change.TAKE_METHOD: f"take method {value}",
        Change.TAKE_TASK: f"take task {value}",
    }.get(alternative.change, "raise the budget to")


def alternative_text(request: Request, alternative: Alternative[Any, Any], offer: str) -> str:
    """Return a change and what it leads to, `offer`; "" where a change leads to no single configuration."""
    change = change_text(request, alternative)
    if not offer:
        return change
    if alternative.change is Change.RAISE_BUDGET:
        return f"{change} {offer}"
    if alternative.over_budget:
        return f"{change} and raise the budget to {offer}"
    price, _space, setup = offer.partition(" ")
    return f"{change} ({setup[1:-1]}, ${price})"


def inference_text(cause: NoInference) -> str:
    """Return why no inference setup works, and the changes that would help."""
    request, changes = cause.request, list[Offer]()
    for alternative in cause.alternatives:
        candidate = alternative.candidate
        offer = inference_offer(request, candidate) if candidate else ""
        if alternative.over_budget and any(offer in change.text for change in changes):
            continue  # the same configuration for the same money as an earlier change
        changes.append(Offer(alternative_text(request, alternative, offer), alternative.over_budget))
    return with_changes(inference_obstacle(cause), changes or [Offer("take a smaller model")])


def inference_offer(request: Request, candidate: InferenceCandidate) -> str:
    """Return "7.90/hour (H100:2, fp8)"."""
    setup = candidate.setup
    containers = paid_containers(request, candidate)
    times = f"{containers} x " if containers > 1 else ""
    usd = needed_usd(request, candidate)
    known = usd > 0  # a batch of an unknown number of rows has no price of its own
    price = in_unit(request.budget, usd) if known else f"{candidate.usd_per_hour:.2f}/hour"
    return f"{price} ({times}{gpu_string(setup.gpu, setup.gpu_count)}, {format_name(setup)})"


def inference_obstacle(cause: NoInference) -> str:
    """Return what stands in the way: the budget, or the rejection of the nearest candidate."""
    request, nearest, model = cause.request, cause.nearest, cause.request.model.id
    if cause.only_budget:
        if ends(request):
            data = f"{request.dataset_rows:,} rows" if request.dataset_rows else f"{request.dataset_tokens:,} tokens"
            return f"${request.budget.usd:,.2f} does not pay for a run of {model} over {data}"
        limit = budget_words(request.budget)
        if request.budget.per == "none":
            limit = f"Modal's Starter plan, {STARTER_GPUS} GPUs at once,"
        return f"{limit} does not pay for {model} with {load_text(request)}"
    where = gpu_string(nearest.setup.gpu, nearest.setup.gpu_count)
    if nearest.rejected and nearest.rejected.reason in (Reason.TTFT_OVER_TARGET, Reason.TPOT_OVER_TARGET):
        cards = "no GPU" if request.gpu == "auto" else f"no {request.gpu}"
        closest = inference_rejection(request, nearest)
        return f"{cards} runs {model} with {load_text(request)}; nearest: {closest}"
    return f"{model} does not run on {where}: {inference_rejection(request, nearest)}"


def counted_requests(request: Request, count: int) -> str:
    """Return "1 request", "16 requests", or "32 texts" of a workload that reads."""
    return f"{count} {'request' if request.workload == 'generation' else 'text'}{'s' * (count != 1)}"


def load_text(request: Request) -> str:
    """Return "16 requests of 8,192 tokens at once and 2 kept warm mon-fri 8-18 UTC"."""
    load = f"{counted_requests(request, request.concurrency)} of {request.context_len:,} tokens at once"
    if request.rate:
        load = load_words(request)
    if targets := typed_targets(request.targets):
        load = f"{load} at {targets}"
    pool = request.warm
    return f"{load} and {pool.containers} kept warm {hours_text(pool)}" if pool.containers > 1 else load


def training_text(cause: NoTraining) -> str:
    """Return why no training setup works, and the changes that would help."""
    request, nearest, model = cause.request, cause.nearest, cause.request.model.id
    rejection = training_rejection(request, nearest)
    gpus, _comma, method = setup_name(nearest.setup).partition(", ")
    if cause.only_budget:
        why = f"{budget_words(request.budget)} does not pay for training {model} on {gpus} ({method}): {rejection}"
    else:
        why = f"{model} cannot be trained on {gpus} ({method}): {rejection}"
    changes = []
    for alternative in cause.alternatives:
        candidate = alternative.candidate
        offer = training_offer(request.budget, candidate) if candidate else ""
        changes.append(Offer(alternative_text(request, alternative, offer), alternative.over_budget))
    return with_changes(why, changes or [Offer("take a smaller model or a shorter context")])
