"""The load of a service and its latency in words: requests at once or a rate, typical lengths, targets."""

from __future__ import annotations

import math

from ..asked import Targets
from ..estimate.vllm_memory import held_tokens
from ..request.traffic import PERIODS
from ..schema import InferenceCandidate, InferencePlan, Request
from .format import about


def load_words(request: Request) -> str:
    """Return "16 requests at once", "5 requests/s", "5 requests/s of 4,000 tokens in and 500 out"."""
    what = "requests" if request.workload == "generation" else "texts"
    count, per = rate_parts(request.rate)
    load = (
        f"{count} {what.removesuffix('s') if count == '1' else what}/{per}"
        if request.rate
        else f"{request.concurrency} {what} at once"
    )
    if not request.prompt_tokens:
        return load
    lengths = f"{request.prompt_tokens:,} tokens"
    return f"{load} of {lengths} in and {request.answer_tokens:,} out" if what == "requests" else f"{load} of {lengths}"


def rate_parts(rate: float) -> tuple[str, str]:
    """Return a rate in requests/s as a number and a period: ("5", "s"), ("20,000", "day").

    The period is the shortest in which the rate is at least 0.1 and its figures say it exactly, else at least 0.1.
    """
    periods = [(per, rate * seconds) for per, seconds in PERIODS.items() if rate * seconds >= 0.1] or [
        ("day", rate * 86_400)
    ]
    exact = [(per, number) for per, number in periods if math.isclose(float(shown_number(number)), number)]
    per, number = (exact or periods)[0]
    return (f"{number:,.0f}" if number >= 1000 else shown_number(number)), per


def shown_number(number: float) -> str:
    """Return a number to four figures, from 1,000 on whole."""
    return f"{number:.0f}" if number >= 1000 else f"{number:.4g}"


def rate_words(rate: float) -> str:
    """Return "5/s"."""
    return "/".join(rate_parts(rate))


def typed_load(request: Request) -> str:
    """Return the load as it is typed at the prompt: "16", "5/s", "5/s 4000+500"."""
    load = rate_words(request.rate) if request.rate else str(request.concurrency)
    if not request.prompt_tokens:
        return load
    answer = f"+{request.answer_tokens}" if request.workload == "generation" else ""
    return f"{load} {request.prompt_tokens}{answer}"


def typed_targets(targets: Targets) -> str:
    """Return targets as they are typed: "ttft<1s tpot<40ms"; "" for none."""
    pairs = (("ttft", targets.ttft_s), ("tpot", targets.tpot_s))
    return " ".join(f"{name}<{typed_s(seconds)}" for name, seconds in pairs if seconds)


def typed_aim(request: Request) -> str:
    """Return aim and targets as they are typed at the prompt: "cost", "latency ttft<1s"."""
    return f"{request.optimize} {typed_targets(request.targets)}".strip()


def typed_s(seconds: float) -> str:
    """Return "1.5s", "40ms"."""
    return exact_s(seconds).replace(" ", "")


def exact_s(seconds: float) -> str:
    """Return a target as it was typed: "1.5 s", "40 ms"."""
    return f"{seconds:.4g} s" if seconds >= 1 else f"{seconds * 1000:.4g} ms"


def aim_words(request: Request) -> str:
    """Return "cost", "cost with ttft<1s tpot<40ms"."""
    targets = typed_targets(request.targets)
    return f"{request.optimize} with {targets}" if targets else request.optimize


def seconds_words(seconds: float) -> str:
    """Return "1.4 s", "0.10 s", "24 ms"; "no end" where a queue grows without end."""
    if math.isinf(seconds):
        return "no end"
    if seconds >= 0.0995:
        return f"{about(seconds)} s" if seconds >= 10 else f"{seconds:.{1 if seconds >= 1 else 2}f} s"
    return f"{seconds * 1e3:.2g} ms"


def asks_for_latency(request: Request) -> bool:
    """Whether the load or the aim gives latencies a meaning: a rate, or a target."""
    return request.rate > 0 or any(request.targets)


def latency_words(request: Request, candidate: InferenceCandidate) -> str:
    """Return "0.2 s to the first token, 8.9 ms between tokens" under the load; of a model that reads, to the answer."""
    estimate = candidate.estimate
    assert estimate is not None and estimate.time_to_first_token_s is not None
    first = seconds_words(estimate.time_to_first_token_s)
    if estimate.time_per_output_token_s is None:
        return f"{first} to the answer"
    return f"{first} to the first token, {seconds_words(estimate.time_per_output_token_s)} between tokens"


def utilization_words(plan: InferencePlan) -> str:
    """Return "12 requests in flight on one container, 68% of what it can carry", of all containers under a rate."""
    chosen, estimate = plan.chosen, plan.chosen.estimate
    assert estimate is not None and estimate.requests_in_flight is not None and estimate.utilization is not None
    in_flight = about(estimate.requests_in_flight * chosen.containers)
    what = "requests" if plan.request.workload == "generation" else "texts"
    they = "they" if chosen.containers > 1 else "it"
    where = f"{chosen.containers} containers" if chosen.containers > 1 else "one container"
    return f"{in_flight} {what} in flight on {where}, {estimate.utilization:.0%} of what {they} can carry"


def latency_line(plan: InferencePlan) -> str:
    """Return the terminal's line: "~0.2 s to the first token, 8.9 ms between tokens at 5/s (calculated); ..."."""
    words = f"~{latency_words(plan.request, plan.chosen)}"
    if not plan.request.rate:
        return f"{words}, at {load_words(plan.request)} (calculated means)"
    return f"{words}, at {rate_words(plan.request.rate)} (calculated means); {utilization_words(plan)}"


def latency_sentences(plan: InferencePlan) -> list[str]:
    """Return PLAN.md's sentences on latency under the load; none without a rate or a target."""
    request = plan.request
    if not asks_for_latency(request):
        return []
    words = [f"Under load, {load_words(request)}: {latency_words(request, plan.chosen)}."]
    if request.rate:
        words.append(f"On average that is {utilization_words(plan)}.")
    words.append(
        "These are calculated means, by queueing at the predicted speed of a step, of requests that come at random and "
        "are all alike; nothing was measured. One in twenty may wait two to seven times as long for its first token, "
        "with uneven traffic or lengths longer; a cold start comes on top."
    )
    return words


def cache_guarantee(plan: InferencePlan) -> str:
    """Return what the cache of a container is sure to hold under a rate."""
    setup = plan.chosen.setup
    longest = f"A request of {setup.context_len:,} tokens always fits"
    each = f"{held_tokens(setup):,} tokens{'' if plan.request.prompt_tokens else ' (assumed)'}"
    if setup.concurrency < 2:
        return f"{longest}."
    others = "the other" if setup.concurrency == 2 else f"each of the other {setup.concurrency - 1}"
    return (
        f"{longest}, and beside it {others} at {each}; where more long ones meet, vLLM pauses the newest and computes "
        "it again later: it is slower, not refused."
    )


def about_rate(rate: float, beside: float = 0.0) -> str:
    """Return a rate to two figures: "3.5/s", in the period of the rate `beside` it where that leaves two."""
    count, per = rate_parts(rate)
    number = float(count.replace(",", ""))
    other = rate_parts(beside)[1] if beside else per
    if other != per and rate * PERIODS[other] >= 1:
        number, per = rate * PERIODS[other], other
    return f"{about(number)}/{per}"
