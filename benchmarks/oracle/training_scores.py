"""The planner's training memory against what the libraries allocate, `benchmarks/data/training_oracle.jsonl`.

python benchmarks/oracle/training_scores.py      errors by kind, and those of each family with constants refitted
                                                 without it
"""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.oracle.architectures import ARCHITECTURES, shortened  # noqa: E402
from benchmarks.oracle.training_cases import read  # noqa: E402
from planner.catalogue.gpus import GPUS  # noqa: E402
from planner.catalogue.hf_config import from_config  # noqa: E402
from planner.estimate import training_memory, training_reserved  # noqa: E402
from planner.schema import GIB, TrainingSetup  # noqa: E402

# Fitted constants of planner/estimate/training_reserved.py: name, key, and the values to choose from
FITTED: tuple[tuple[str, Any, tuple[Any, ...]], ...] = (
    ("BELOW_LOGITS", False, ((8, 12), (10, 16), (12, 20), (8, 24))),
    ("BELOW_LOGITS", True, ((10, 16), (12, 24), (14, 28), (16, 20))),
    ("BESIDE_LAYERS", False, (16, 24, 32, 40, 48)),
    ("BESIDE_LAYERS", True, (4, 8, 12, 16, 24)),
    ("SPLIT_SHARE", None, (0.5, 0.6, 0.7, 0.75, 0.8, 0.9)),
    ("SPLIT_ACCUMULATED", None, (0.3, 0.4, 0.5, 0.6)),
    ("SPLIT_BY_STATES", None, (0.4, 0.6, 0.8, 1.0)),
    ("EMBEDDINGS", True, (0.5, 1.0, 1.25, 1.5, 1.75, 2.0)),
    ("EMBEDDINGS", False, (0.3, 0.6, 0.9, 1.2)),
    ("SMALL_BYTES", None, (0, 24 * 2**20, 48 * 2**20, 96 * 2**20)),
)


class Row(NamedTuple):
    """One case, the planner's setup for it, and GiB."""

    kind: str
    family: str
    setup: TrainingSetup
    allocated: float
    reserved: float


class Answer(NamedTuple):
    """GiB that the planner predicts."""

    allocated: float
    reserved: float


def rows() -> list[Row]:
    """Return every case of the file."""
    found = []
    for line in read():
        kept = "recomputed" if line["activation_checkpointing"] else "kept"
        logits = "whole" if line["loss"] == "full" else "fused"
        kind = f"{'LoRA' if line['method'] == 'lora' else 'full'}, activations {kept}, {logits} loss"
        kind = f"DPO: {kind}" if "objective" in line else kind
        family = line["architecture"].partition("-")[0].rstrip("0123456789.")
        found.append(Row(kind, family, setup_of(line), line["allocated_gib"], line["reserved_gib"]))
    return found


def setup_of(line: dict[str, Any]) -> TrainingSetup:
    """Return the planner's setup of a case."""
    kind, shape = ARCHITECTURES[line["architecture"]]
    config = {"model_type": kind, **shortened(shape, line["layers"])}
    return TrainingSetup(
        from_config(config, line["architecture"]),
        GPUS["B200"],
        method=line["method"],
        precision="bf16-mixed" if line["method"] == "full" else "bf16",
        seq_len=line["seq_len"],
        micro_batch=line["micro_batch"],
        gradient_checkpointing=line["activation_checkpointing"],
        logits=line["loss"],
        attention=line["attention"],
        accumulation=line["accumulation"],
        padded=line["padded"],
        objective=line.get("objective", "sft"),
    )


def answer(setup: TrainingSetup) -> Answer:
    found = training_memory.memory(setup)
    reserved = sum(found) - found.host
    return Answer((reserved - found.unused) / GIB, reserved / GIB)


def errors(cases: list[Row]) -> list[tuple[Row, float, float]]:
    """Return each case with its relative errors, signed: of allocated and of reserved bytes."""
    answers = [(row, answer(row.setup)) for row in cases]
    return [(row, said.allocated / row.allocated - 1, said.reserved / row.reserved - 1) for row, said in answers]


@contextmanager
def constants_kept() -> Iterator[None]:
    """Put the fitted constants back at the end."""
    before = [(name, key, _value(name, key)) for name, key, _ in FITTED]
    try:
        yield
    finally:
        for name, key, value in before:
            _put(name, key, value)


def _value(name: str, key: Any) -> Any:
    found = getattr(training_reserved, name)
    return found if key is None else found[key]


def _put(name: str, key: Any, value: Any) -> None:
    if key is None:
        setattr(training_reserved, name, value)
    else:
        getattr(training_reserved, name)[key] = value


def refit(cases: list[Row]) -> None:
    """Set each fitted constant to its best value on these cases, one after the other, twice over."""
    for _ in range(2):
        for name, key, values in FITTED:
            misfits = []
            for value in values:
                _put(name, key, value)
                misfits.append((statistics.fmean(abs(reserved) for _, _, reserved in errors(cases)), value))
            _put(name, key, min(misfits)[1])


def left_out() -> list[tuple[Row, float, float]]:
    """Return each family's errors with constants that were refitted without it."""
    cases, found = rows(), []
    with constants_kept():
        for family in sorted({row.family for row in cases}):
            refit([row for row in cases if row.family != family])
            found += errors([row for row in cases if row.family == family])
    return found


def table(found: list[tuple[Row, float, float]], group: Callable[[Row], str]) -> list[list[str]]:
    """Return a row for each group and one for all: cases, errors of allocated and of reserved bytes."""
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row, allocated, reserved in found:
        for name in (group(row), "all"):
            groups[name].append((abs(allocated), abs(reserved)))
    everything = groups.pop("all")
    lines = [["", "cases", "allocated: median", "worst", "reserved: median", "worst"]]
    for name, sizes in [*sorted(groups.items()), ("all", everything)]:
        allocated, reserved = ([size[place] for size in sizes] for place in (0, 1))
        figures = (statistics.median(allocated), max(allocated), statistics.median(reserved), max(reserved))
        lines.append([name, str(len(sizes)), *(f"{figure:.1%}" for figure in figures)])
    return lines


def main() -> None:
    by_kind = table(errors(rows()), lambda row: row.kind)
    by_family = table(left_out(), lambda row: row.family)
    for lines in (by_kind, by_family):
        for line in lines:
            print("  ".join(cell.ljust(44) if not place else cell.rjust(18) for place, cell in enumerate(line)))
        print()


if __name__ == "__main__":
    main()
