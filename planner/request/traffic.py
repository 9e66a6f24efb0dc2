"""Parse the load of a service and its latency targets: "16", "5/s", "5/s 4000+500"; "latency ttft<1s tpot<40ms"."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from ..asked import Targets
from ..catalogue.names import shown
from ..schema import AIMS, Model, Refusal
from .parse import WHOLE, one_of, parse_count

PERIODS = {"s": 1, "min": 60, "h": 3600, "day": 86_400}  # seconds
SPELLED = {"sec": "s", "second": "s", "m": "min", "minute": "min", "hr": "h", "hour": "h", "d": "day"}
USUAL_CONCURRENCY = {"generation": 16, "classification": 32, "embedding": 32}  # requests at once (prior)
CONTEXT_STEP = 4096  # tokens by which a context left at auto grows
MOST_PER_S = 100_000
LONGEST_S = 3600  # that a target may allow
LENGTH = rf"(?:{WHOLE})[kK]?"
UNITS = {"s": 1.0, "ms": 1e-3}
_RATE = re.compile(rf"((?:{WHOLE})(?:\.\d{{1,4}})?)\s*([km]?)\s*(?:/|per|a)\s*([a-z]+)", re.ASCII)
_SHORT = {"rps": "/s", "qps": "/s", "rpm": "/min"}
_WHAT = re.compile(r"\b(requests?|reqs?|texts?)\b", re.ASCII)
_LENGTHS = re.compile(rf"({LENGTH})(?:\s*\+\s*({LENGTH}))?", re.ASCII)
_TARGET = re.compile(r"(ttft|tpot)\s*<=?\s*(\d{1,6}(?:\.\d{1,4})?)\s*(ms|s)\b", re.ASCII | re.IGNORECASE)


class Load(NamedTuple):
    """Requests at once or per second, and tokens of a typical request (0: assumed): fields of a Request."""

    concurrency: int  # 0: it follows from the rate
    rate: float = 0.0
    prompt_tokens: int = 0
    answer_tokens: int = 0


def parse_load(text: str, task: str, workload: str) -> Load:
    """Return the load of "auto", "16", "5/s", "300/min", "20k/day", each with lengths behind it: "5/s 4000+500"."""
    first, _space, lengths = split_load(text.strip())
    prompt, answer = parse_lengths(lengths, workload) if lengths else (0, 0)
    if first.lower() in ("", "auto"):
        return Load(16 if workload == "generation" else 32, 0.0, prompt, answer)
    if re.search(r"/|[a-z]{2}|\ba\b", first.lower()):
        return Load(0, parse_rate(first, text, task), prompt, answer)
    return Load(parse_count("concurrency", first), 0.0, prompt, answer)


def split_load(text: str) -> tuple[str, str, str]:
    """Return the load and the lengths behind it; lengths alone go with "auto"."""
    found = re.fullmatch(rf"(.*?)(\s+|^)({LENGTH}(?:\s*\+\s*{LENGTH})?)", text, re.ASCII)
    if not found or (not found[1] and "+" not in found[3]):
        return text, "", ""
    return found[1], " ", found[3]


def parse_rate(text: str, whole: str, task: str) -> float:
    """Return the requests/s of "5/s", "300/min", "1.5k/h", "1M/day", "5 req/s", "5 rps"; here k is a thousand."""
    typed = re.sub(r"(rps|qps|rpm)$", lambda short: _SHORT[short[0]], _WHAT.sub("", text.lower())).strip()
    found = _RATE.fullmatch(typed)
    name = re.sub("(?<=..)s$", "", found[3]) if found else ""  # not of ms, which is no minute
    unit = name if name in PERIODS else SPELLED.get(name, "")
    if not found or not unit:
        raise Refusal(
            f"concurrency {shown(whole)} is not understood; write requests at once (16) or a rate (5/s, 300/min or "
            "20k/day), and after it, if known, the tokens of a typical prompt and answer (5/s 4000+500)"
        )
    if task != "serve":
        raise Refusal(
            f"a rate such as {shown(text)} is for a service; a {task} reads its rows as fast as it can: take 16"
        )
    number = float(re.sub(r"[,_]", "", found[1])) * {"": 1, "k": 1e3, "m": 1e6}[found[2]]
    rate = number / PERIODS[unit]
    if not 0 < rate <= MOST_PER_S:
        raise Refusal(f"concurrency {shown(whole)} must be above 0 and at most {MOST_PER_S:,}/s, such as 5/s")
    return rate


def room_for(load: Load, context_len: int, chosen: bool, model: Model) -> int:
    """Return the context, which a typical request must fit into; one that nobody typed (`chosen`) grows for it."""
    needed = load.prompt_tokens + (load.answer_tokens if model.workload == "generation" else 0)
    if needed <= context_len:
        return context_len
    if needed > model.context and "context" not in model.assumed:
        raise Refusal(
            f"a typical request of {needed:,} tokens exceeds the {model.context:,} that {model.id} reads at most; "
            "lower the lengths behind concurrency, or choose a model with a longer context"
        )
    if not chosen:
        raise Refusal(
            f"a typical request of {needed:,} tokens exceeds context_len {context_len:,}; raise it to {needed}"
        )
    return max(needed, min(math.ceil(needed / CONTEXT_STEP) * CONTEXT_STEP, model.context))


def parse_lengths(text: str, workload: str) -> tuple[int, int]:
    """Return the tokens of a typical prompt and answer, "4000+500"; of a text that is only read, "300"."""
    found = _LENGTHS.fullmatch(text)
    reads = workload != "generation"
    if not found or bool(found[2]) == reads:
        form = "one number, the tokens of a text: 300" if reads else "prompt and answer, in tokens: 4000+500"
        raise Refusal(f"concurrency has no lengths {shown(text)}; workload {workload} takes {form}")
    return parse_count("concurrency", found[1]), 1 if reads else parse_count("concurrency", found[2])


def parse_aim(text: str, task: str, workload: str) -> tuple[str, Targets]:
    """Return aim and targets of "latency", "latency ttft<1s tpot<40ms", "ttft<800ms" (the aim is then cost)."""
    left, found = text.strip(), {}
    for name, number, unit in _TARGET.findall(text):
        if name.lower() in found:
            raise Refusal(f"optimize {shown(text)} has {name.lower()} twice; give each target once")
        found[name.lower()] = float(number) * UNITS[unit.lower()]
    left = re.sub(r"[\s,]+", " ", _TARGET.sub(" ", left)).strip()
    if left and " " not in left and not re.search(r"[<=>]", left) and (left.lower() in AIMS or not found):
        aim = one_of("optimize", left, AIMS)
    elif left or not found:
        raise Refusal(
            f"optimize {shown(text)} is not understood; write one of {', '.join(AIMS)}, and for a service, if it "
            "has any, targets after it: latency ttft<1s tpot<40ms"
        )
    else:
        aim = "cost"
    targets = Targets(found.get("ttft", 0.0), found.get("tpot", 0.0))
    check_targets(text, targets, found, task, workload)
    return aim, targets


def check_targets(text: str, targets: Targets, given: dict[str, float], task: str, workload: str) -> None:
    """Raise Refusal where a target is none, or has no meaning for the task or the workload."""
    for name, seconds in given.items():
        if not 0 < seconds <= LONGEST_S:
            raise Refusal(f"{name} in optimize {shown(text)} must be above 0 and at most an hour, such as ttft<1s")
    if given and task != "serve":
        raise Refusal(
            f"targets such as {'ttft<1s' if targets.ttft_s else 'tpot<40ms'} are for a service; "
            f"take one of {', '.join(AIMS)} for task {task}"
        )
    if targets.tpot_s and workload != "generation":
        raise Refusal(
            f"tpot is the time between tokens, and workload {workload} writes none; ttft<1s bounds its answer"
        )
