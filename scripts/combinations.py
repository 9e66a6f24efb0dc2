"""Choose bakes that cover every valid pair of answers, and list the invalid pairs.

    python scripts/combinations.py            writes tests/data/combinations.json; a minute

The planner says what works. A pair counts as impossible when no completion of it was found among many random ones;
tests/template/test_combinations.py holds those against docs/combinations.md, whose table is written by hand.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from planner.catalogue.gpus import GPUS  # noqa: E402
from planner.describe.refusal import plan_for  # noqa: E402
from planner.request.prompts import check_answers  # noqa: E402
from planner.schema import AIMS, ENGINES, METHODS, OBJECTIVES, QUANTIZATIONS, TASKS, WORKLOADS, Refusal  # noqa: E402  # noqa: E402

WRITTEN = ROOT / "tests" / "data" / "combinations.json"
COMPLETIONS = 4000  # that are tried for a pair before it is taken to be impossible
OFFERED = 12  # that work, of which the one with the most new pairs is taken

Combination = dict[str, str]  # axis -> value
Pair = tuple[tuple[str, str], tuple[str, str]]

AXES: dict[str, tuple[str, ...]] = {
    "task": TASKS,
    "workload": WORKLOADS,
    "engine": ("auto", *ENGINES),
    "size": ("small", "medium", "large", "huge"),
    "quantization": ("auto", *QUANTIZATIONS),
    "gpu": ("auto", *GPUS),
    "gpu_count": ("auto", "1", "2", "8", "16"),
    "budget": ("none", "hour", "month", "run"),
    "method": ("auto", *METHODS),
    "objective": OBJECTIVES,
    "optimize": AIMS,
    "warm": ("auto", "hours"),
    "context": ("short", "long"),
}
MODELS = {  # workload, size -> what is answered for the model
    ("generation", "small"): "Qwen/Qwen2.5-0.5B-Instruct",
    ("generation", "medium"): "Qwen/Qwen3-8B",
    ("generation", "large"): "Qwen/Qwen3-32B",
    ("generation", "huge"): "openai/gpt-oss-120b",
    ("embedding", "small"): "BAAI/bge-small-en-v1.5",
    ("embedding", "medium"): "Qwen/Qwen3-Embedding-0.6B",
    ("embedding", "large"): "Qwen/Qwen3-Embedding-8B",
    ("classification", "small"): "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
    ("classification", "medium"): "ProsusAI/finbert",
}
BASES = {"small": "distilbert/distilbert-base-uncased", "medium": "answerdotai/ModernBERT-base"}  # of classifiers
SAME = ("engine", "quantization", "gpu", "gpu_count", "method", "objective", "optimize")  # an axis' value is answered
BUDGETS = {"none": "none", "hour": "90/hour", "month": "60000/month", "run": "900/run"}
CONTEXTS = {"generation": ("2048", "16k"), "embedding": ("256", "512"), "classification": ("128", "512")}
WARM = {"auto": "auto", "hours": "1 mon-fri 8-18 Europe/Berlin"}


def answers(combination: Combination) -> dict[str, str] | None:
    """The answers of a combination; None where there is no such model."""
    task, workload, size = (combination[axis] for axis in ("task", "workload", "size"))
    model = MODELS.get((workload, size))
    if workload == "classification" and task in ("finetune", "distributed"):
        model = BASES.get(size)
    if model is None:
        return None
    return {
        "task": task,
        "workload": workload,
        "model_id": model,
        "budget": BUDGETS[combination["budget"]],
        "warm": WARM[combination["warm"]],
        "context_len": CONTEXTS[workload][combination["context"] == "long"],
        "gpu": combination["gpu"] + ("" if combination["gpu_count"] == "auto" else f":{combination['gpu_count']}"),
        **{axis: combination[axis] for axis in ("engine", "quantization", "method", "objective", "optimize")},
    }


def attention(combination: Combination) -> str:
    """The kernel that is planned for a combination. Refusal where it does not work."""
    typed = answers(combination)
    if typed is None:
        raise Refusal("no such model")
    defaults = {"project_name": "A", "project_slug": "a-b", "model_size": "auto", "dataset": "none"}
    concurrency = "16" if combination["workload"] == "generation" else "32"
    return plan_for(check_answers(defaults | {"concurrency": concurrency} | typed).request).chosen.setup.attention


def pairs(combination: Combination) -> set[Pair]:
    """Every pair of values in a combination, axes in their order."""
    return set(itertools.combinations(sorted(combination.items()), 2))


def all_pairs() -> list[Pair]:
    """Every pair of answers on two axes."""
    axes = sorted(AXES)
    return [
        ((one, first), (other, second))
        for one, other in itertools.combinations(axes, 2)
        for first, second in itertools.product(AXES[one], AXES[other])
    ]


def completed(pair: Pair, chance: random.Random) -> Combination:
    """A random combination with this pair; each other answer is the most permissive one in two of three."""
    free = {"budget": "none", "workload": "generation", "size": "medium"}
    found = {
        axis: free.get(axis, values[0]) if chance.random() < 2 / 3 else chance.choice(values)
        for axis, values in AXES.items()
    }
    return found | dict(pair)


def covering() -> tuple[list[Combination], list[Pair]]:
    """(combinations that work, pairs that none has). The same at each call."""
    chance, chosen, impossible = random.Random(0), [], []
    covered: set[Pair] = set()
    known: dict[tuple[tuple[str, str], ...], str | None] = {}  # what the planner said before

    def works(combination: Combination) -> Combination | None:
        key = tuple(sorted(combination.items()))
        if key not in known:
            try:
                known[key] = attention(combination)
            except Refusal:
                known[key] = None
        kernel = known[key]
        return combination | {"attention": kernel} if kernel else None

    todo = all_pairs()
    chance.shuffle(todo)
    for pair in todo:
        if pair in covered:
            continue
        offered: list[Combination] = []
        for _ in range(COMPLETIONS):
            if found := works(completed(pair, chance)):
                offered.append(found)
            if len(offered) == OFFERED:
                break
        if not offered:
            impossible.append(pair)
            continue
        best = max(offered, key=lambda combination: len(pairs(combination) - covered))
        covered |= pairs(best)
        chosen.append(best)
    return chosen, sorted(impossible)


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    chosen, impossible = covering()
    lines = [json.dumps(combination) for combination in chosen]
    never = [json.dumps(pair) for pair in impossible]
    text = '{"combinations": [\n' + ",\n".join(lines) + '\n],\n"impossible": [\n' + ",\n".join(never) + "\n]}\n"
    WRITTEN.write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(chosen)} combinations, {len(impossible)} pairs that none has: {WRITTEN.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
