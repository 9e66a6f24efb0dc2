"""Peaks of training memory of generated projects, from transformers, PEFT and TRL themselves, without a GPU.

    python benchmarks/oracle/training.py --project FOLDER [--out benchmarks/data/training_oracle.jsonl] [--only NAME]

FOLDER is a baked finetune project. Each line of the output is one case and its peaks in GiB; cases that are already
there are not run again. Needs the libraries of `.venv-train`.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ |= {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}

from benchmarks.oracle.architectures import ARCHITECTURES, shortened  # noqa: E402
from benchmarks.oracle.training_cases import DATA, cases, read  # noqa: E402

LIBRARIES = ("torch", "transformers", "peft", "trl")
GIB = 2**30


def run_case(project: Path, case: dict[str, Any]) -> dict[str, Any]:
    """Return the case with its peaks in GiB."""
    from benchmarks.oracle import training_step

    given = dict(case)
    kind, shape = ARCHITECTURES[given.pop("architecture")]
    peak = training_step.run(project, kind, shortened(shape, given.pop("layers")), **given)
    figures = {f"{name}_gib": round(value / GIB, 4) for name, value in vars(peak).items() if isinstance(value, int)}
    return {**case, **figures, "at": peak.at}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True, help="a baked finetune project")
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--only", default="", help="names of architectures, with commas between")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    keys = (*next(cases()), "objective")
    done = {json.dumps({key: line[key] for key in keys if key in line}) for line in read(options.out)}
    wanted = options.only.split(",") if options.only else list(ARCHITECTURES)
    for case in cases():
        if json.dumps(case) in done or case["architecture"] not in wanted:
            continue
        start = time.monotonic()
        try:
            line = run_case(options.project.resolve(), case) | versions
        except Exception as error:  # one architecture that does not run must not end the others
            print(f"{case}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr, flush=True)
            continue
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(f"{time.monotonic() - start:5.1f} s  {line}", flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
