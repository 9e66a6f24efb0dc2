"""Refits the planner's fitted constants without one model family, and scores them on that family.

Those of speed start at textbook values, not at the shipped ones, and descend one at a time on the logarithm of
predicted / measured, every experiment (source and model) counting the same. Those of memory are read off the terms
that the other families' start-up logs print.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

from benchmarks.rows_inference import Planner, Run, memory_scores, speed_scores
from benchmarks.score import Score
from planner.estimate import inference_speed, memory_terms, vllm_memory
from planner.estimate.generation_speed import generation_speed
from planner.estimate.inference_memory import memory as inference_memory
from planner.estimate.memory_terms import InferenceMemory
from planner.estimate.vllm_memory import max_sequences
from planner.schema import GIB

# What is fitted on speeds, and where it starts: seconds. Shares of a roof are read off kernel timings and stay.
SPEED = {"LAYER_S": 1e-5, "EXPERT_LAYER_S": 1e-5, "STEP_S": 1e-3, "SEQUENCE_S": 1e-5, "ALLREDUCE_S": 1e-5}
STEPS = (1.5, 1.2, 1.08)

SpeedRuns = list[tuple[Run, str, float]]


@contextmanager
def constants(values: dict[str, float]) -> Iterator[None]:
    """Give the planner other values of its constants."""
    before = {name: getattr(module_of(name), name) for name in values}
    try:
        _put(values)
        yield
    finally:
        _put(before)


def module_of(name: str) -> ModuleType:
    """Return the planner's module that defines a constant."""
    return next(module for module in (inference_speed, vllm_memory, memory_terms) if hasattr(module, name))


def _put(values: dict[str, float]) -> None:
    for name, value in values.items():
        setattr(module_of(name), name, value)


def descend(start: dict, loss: Callable[[], float]) -> dict:
    """The values that one-at-a-time descent reaches from `start`."""
    best = dict(start)
    with constants(best):
        lowest = loss()
        for step in STEPS:
            improved = True
            while improved:
                improved = False
                for name in best:
                    for factor in (step, 1 / step):
                        tried = best[name] * factor
                        _put({name: tried})
                        value = loss()
                        if value < lowest - 1e-6:
                            best[name], lowest, improved = tried, value, True
                        _put({name: best[name]})
    return best


def _weighted(scores: list[Score], size: Callable[[Score], float]) -> float:
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for score in scores:
        groups[score.source, score.model].append(size(score))
    return sum(sum(values) / len(values) for values in groups.values()) / max(len(groups), 1)


def _thin(runs: SpeedRuns, most: int) -> SpeedRuns:
    """At most so many points of each experiment, evenly spread."""
    groups: dict[tuple[str, str], SpeedRuns] = defaultdict(list)
    for run in runs:
        groups[run[0].row["source"], run[0].setup.model.id].append(run)
    return [run for group in groups.values() for run in group[:: max(1, len(group) // most)][:most]]


class SpeedPlanner(Planner):
    """The planner's speeds, with the memory of a run worked out once: no constant of `SPEED` changes it."""

    def __init__(self) -> None:
        self.known: dict[int, InferenceMemory] = {}

    def output_tokens_per_s(self, run: Run, alone: bool) -> float | None:
        if id(run) not in self.known:
            self.known[id(run)] = inference_memory(run.setup)
        memory = self.known[id(run)]
        if not memory.fits:
            return None
        speed = generation_speed(run.setup, inference_speed.steps_of(run.setup, memory))
        return speed.decode_tokens_per_s_single if alone else speed.output_tokens_per_s


def cross_validated_speeds(runs: SpeedRuns, family_of: Callable[[Run], str]) -> list[Score]:
    """Speed scores of every run with constants that have not seen its family."""
    held = [run for run in runs if "eager" not in run[1]]
    left_out, planner = [], SpeedPlanner()
    for name in sorted({family_of(run) for run, *_ in held}):
        seen = _thin([run for run in held if family_of(run[0]) != name], 4)

        def loss(seen: SpeedRuns = seen) -> float:
            size = lambda score: min(abs(math.log(score.factor)), 1.5)  # noqa: E731
            return _weighted(speed_scores(seen, planner), size)

        fitted = descend(SPEED, loss)
        with constants(fitted):
            left_out += speed_scores([run for run in held if family_of(run[0]) == name], planner)
    return left_out


def read_off(runs: list[Run]) -> dict[str, float]:
    """The constants of vLLM's start-up accounting as the logs' own terms give them: medians over the logs."""
    sampler, graphs, nccl = [], [], []
    for run in runs:
        setup, quantity = run.setup, run.row["quantity"]
        if quantity not in ("peak_activation", "cudagraph", "non_torch") or not run.named_card:
            continue
        value, version = float(run.row["value"]), vllm_memory.parse_version(run.version)
        if quantity == "cudagraph" and value > 0 and version >= (0, 19):  # earlier ones captured more sizes
            graphs.append(value / setup.model.layers)
        elif quantity == "non_torch" and setup.tensor_parallel > 1:
            nccl.append((value - vllm_memory.NON_TORCH_GIB) / setup.tensor_parallel)
        elif quantity == "peak_activation" and setup.tensor_parallel == 1 and (not run.version or version < (0, 17)):
            sequences = max_sequences(setup.gpu) if version >= (0, 9) else 256
            sampler.append(value * GIB / sequences / setup.model.vocab)
    sorting = statistics.median(sampler)
    return {
        "SORTING_SAMPLER_BYTES": sorting,
        "ANY_SAMPLER_BYTES": math.sqrt(sorting * vllm_memory.SAMPLER_BYTES),
        "GRAPH_GIB_PER_LAYER": statistics.median(graphs),
        "NCCL_GIB_PER_GPU": statistics.median(nccl),
    }


def cross_validated_memory(runs: list[Run], family_of: Callable[[Run], str]) -> list[Score]:
    """Cache scores of every start-up log with constants read off the logs of other families."""
    left_out = []
    for name in sorted({family_of(run) for run in runs}):
        with constants(read_off([run for run in runs if family_of(run) != name])):
            mine = [run for run in runs if family_of(run) == name]
            left_out += [score for score in memory_scores(mine, Planner()) if score.kind.startswith("KV cache")]
    return left_out
