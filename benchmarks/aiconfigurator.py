"""Serving points measured by NVIDIA, from the package aiconfigurator-core, where it is installed (Apache-2.0, 1.9 MB).

They are too many to lie in this repository. The shares in planner/estimate/inference_speed.py were fitted on them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.resources import files

from benchmarks.gpu_names import Models, find_card
from benchmarks.rows_inference import Run
from planner.schema import InferenceSetup

KIND = "output tokens/s under load, aiconfigurator's points"
_FORMATS = {"": "none", "bf16": "none", "fp8": "fp8", "fp4": "nvfp4", "int4": "int4"}
_NODE = 8  # GPUs; larger groups cross nodes


def aiconfigurator_runs(models: Models) -> Iterator[tuple[Run, str, float]]:
    """Run, kind and output tokens/s of every aggregated point of one node, without data-parallel attention."""
    try:
        table = files("aiconfigurator_core") / "systems" / "silicon_sample.csv"
    except ModuleNotFoundError:
        return
    for row in csv.DictReader(table.read_text().splitlines()):
        card, model = find_card(row["system"]), models.find(row["model_path"])
        tensor = int(row["tp_size"] or 0)
        one_group = row["attention_dp_size"] in ("", "1") and row["pp_size"] in ("", "1")
        if row["mode"] != "agg" or card is None or model is None or not one_group or not 0 < tensor <= _NODE:
            continue
        form = _FORMATS[row["precision"]]
        if model.quantization == form or model.quantization == "mxfp4":
            form = "none"
        prompt, answer, load = int(row["isl"]), int(row["osl"]), int(float(row["batch_size"]))
        seconds = (float(row["silicon_ttft_ms"] or 0) + (answer - 1) * float(row["silicon_tpot_ms"])) / 1000
        small_cache = row["backend"] == "trtllm" and form != "none"
        setup = InferenceSetup(
            model, card, tensor, tensor, "vllm", form, kv_dtype="fp8" if small_cache else "auto",
            context_len=prompt + answer, concurrency=load, input_len=prompt, output_len=answer,
        )  # fmt: skip
        labels = {"row_id": row["id"], "source": f"aiconfigurator {row['backend']} {row['system']} TP{tensor} {form}"}
        yield Run(labels, setup, True, ""), KIND, load * answer / seconds
