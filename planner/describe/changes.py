"""Other answers to the prompts and what they would get, each planned anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..asked import Budget, WarmPool
from ..choose.configurations import draft_for
from ..choose.cost import needed_usd, tokens_per_s
from ..choose.formats import published_in_fp8, quality_lost
from ..choose.inference import weigh, weigh_again
from ..choose.no_plan import NoPlan
from ..reasons import Reason
from ..schema import AIMS, InferenceCandidate, InferencePlan, Request, replace
from .format import in_unit
from .inference import units
from .load import typed_aim, typed_load
from .neighbours import cheaper_than, gets, next_cheaper, price

MUCH_FASTER = 1.2  # times: what a larger budget or another aim must bring to be named
LESS = 0.9  # times the price: what giving something up must bring
TRIED = 4  # budgets at the most
MONEY = (Reason.PRICE_OVER_BUDGET, Reason.RUN_OVER_BUDGET, Reason.WARM_POOL_OVER_BUDGET)


def quoted(typed: str) -> str:
    """Return an answer to a prompt, quoted for the shell where it has to be."""
    return f'"{typed}"' if " " in typed or "<" in typed else typed


def what_would_change(plan: InferencePlan) -> list[str]:
    """Return what other answers would get, a sentence each."""
    steps = (larger_budgets, other_formats, other_gpus, less_load)
    return [sentence for step in steps for sentence in step(plan)]


def choice(request: Request, candidates: list[InferenceCandidate]) -> InferenceCandidate | None:
    """Return the choice among candidates that were judged for the same load; None where none works."""
    found = weigh_again(request, candidates) if candidates else ()
    return found[0] if found and found[0].rank else None


def weighed(request: Request) -> list[InferenceCandidate]:
    """Return the candidates of a request, best first; none where no engine has the model as asked."""
    try:
        return list(weigh(request))
    except NoPlan:
        return []


def larger_budgets(plan: InferencePlan) -> Iterator[str]:
    """Yield the smallest budgets that buy better weights, and more tokens/s than any aim gets for this budget."""
    lost, rate = quality_lost(plan.chosen.setup), tokens_per_s(plan.chosen)
    if fastest := choice(replace(plan.request, optimize="throughput"), list(plan.candidates)):
        rate = max(rate, tokens_per_s(fastest))
    wants: tuple[tuple[str, Callable[[InferenceCandidate], bool]], ...] = (
        ("better weights", lambda c: quality_lost(c.setup) < lost),
        ("more tokens/s", lambda c: quality_lost(c.setup) <= lost and tokens_per_s(c) > MUCH_FASTER * rate),
    )
    for words, better in wants[:1] if plan.request.rate else wants:
        over = [c for c in plan.candidates if c.containers and c.rejected and c.rejected.reason in MONEY and better(c)]
        for candidate in sorted(over, key=lambda c: needed_usd(plan.request, c))[:TRIED]:
            typed = in_unit(plan.request.budget, needed_usd(plan.request, candidate))
            budget = Budget(float(typed.partition("/")[0]), plan.request.budget.per)
            found = choice(replace(plan.request, budget=budget), list(plan.candidates))
            if found and better(found):
                yield f"`budget={typed}` buys {words}: {gets(plan, found)}."
                break


def other_aims(plan: InferencePlan) -> Iterator[str]:
    """Yield what the same budget gets for each other aim, a sentence each; for latency one container is kept warm."""
    request = plan.request
    for aim in AIMS:
        if aim == request.optimize:
            continue
        other = replace(request, optimize=aim)
        typed = f"optimize={quoted(typed_aim(other))}"
        if aim == "latency" and request.task == "serve" and not request.warm.containers:
            typed, other = f"{typed} warm=1", replace(other, warm=WarmPool(1))
        found = choice(other, list(plan.candidates))
        if not found:
            yield f"`{typed}`: the budget pays for nothing that works."
        elif found.setup == plan.chosen.setup:
            yield f"`{typed}`: the same choice{speculation_change(plan, other)}."
        else:
            yield f"`{typed}`: {gets(replace(plan, request=other), found)}."


def speculation_change(plan: InferencePlan, other: Request) -> str:
    """Return whether another aim turns speculative decoding on or off, to follow "the same choice"."""
    setup = plan.chosen.setup
    drafts = setup.engine == "vllm" and draft_for(other, setup.quantization) is not None
    if drafts == (setup.draft is not None):
        return ""
    return f", {'with' if drafts else 'without'} speculative decoding"


def other_formats(plan: InferencePlan) -> Iterator[str]:
    """Yield the choice in 16 bits where fp8 was taken, and in published fp8 where 16 bits were."""
    request, setup = plan.request, plan.chosen.setup
    if request.quantization != "auto" or setup.model.quantization != "none":
        return
    other = "fp8" if setup.quantization == "none" and published_in_fp8(setup.model) else "none"
    if other == setup.quantization:
        return
    asked = replace(request, quantization=other)
    judged = weighed(asked)
    bits = "16 bits" if other == "none" else other
    if judged and judged[0].rank:
        yield f"`quantization={other}`, {bits}: {gets(plan, judged[0])}."
    elif found := choice(replace(asked, budget=Budget(float("inf"), "none")), judged):
        needed = in_unit(request.budget, needed_usd(request, found))
        yield f"`quantization={other}`, {bits}, needs `budget={needed}`: {gets(plan, found)}."


def other_gpus(plan: InferencePlan) -> Iterator[str]:
    """Yield the cheaper candidate that insisting on its GPU and format gets."""
    cheaper = next_cheaper(plan)
    if not cheaper or (cheaper.setup.quantization == "none" and cheaper.setup.kv_dtype == "fp8"):
        return  # 16 bits that are insisted on come with a cache of 16 bits
    gpu, quantization = cheaper.setup.gpu, cheaper.setup.quantization
    found = weighed(replace(plan.request, gpu=gpu.name, quantization=quantization))
    if found and found[0].rank and cheaper_than(plan, found[0]):
        typed = f"{gpu.name}:{plan.request.gpu_count}" if plan.request.gpu_count else gpu.name
        yield f"`gpu={typed} quantization={quantization}`: {gets(plan, found[0])}."


def less_load(plan: InferencePlan) -> Iterator[str]:
    """Yield what half of the context or half of the requests would cost, where that is less."""
    request, now = plan.request, price(plan, plan.chosen)
    halves: list[tuple[str, str, float]] = [("half of the context", "context_len", request.context_len // 2)]
    if request.rate:
        halves.append((f"half of the {units(plan)}", "rate", request.rate / 2))
    elif request.task != "batch":
        halves.append((f"half of the {units(plan)} at once", "concurrency", request.concurrency // 2))
    for words, field, value in halves:
        if not value or (field == "context_len" and value < max(512, request.prompt_tokens + request.answer_tokens)):
            continue
        other = replace(request, **{field: value})
        found = weighed(other)[0]
        answer, value = ("context_len", value) if field == "context_len" else ("concurrency", quoted(typed_load(other)))
        same = found.rank and quality_lost(found.setup) <= quality_lost(plan.chosen.setup)
        if same and price(plan, found) < LESS * now:
            yield f"`{answer}={value}`, {words}: {gets(plan, found)}."
