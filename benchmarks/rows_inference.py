"""Every inference measurement of a folder, beside what the planner says of the same run."""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.cards import Models, family, find_card, quantization_of
from benchmarks.score import Score
from planner.estimate import estimate_inference
from planner.memory import embedding_params, inference_memory, weight_gib
from planner.plan import GIB, Gpu, InferenceSetup, Model

MIB = 2**20
SHORT_PROMPT = 64  # tokens, where a source says "short" or nothing
SIXTEEN_BIT = {"none"}
EIGHT_BIT = {"fp8", "int8"}


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: the row as printed, the planner's setup for it, and its engine's version."""

    row: dict[str, str]
    setup: InferenceSetup
    named_card: bool
    version: str

    @property
    def weight_kind(self) -> str:
        """The row of the accuracy table for these weights; a format of the published weights counts as such."""
        form = self.setup.quantization if self.setup.quantization != "none" else self.setup.model.quantization
        return "16-bit" if form in SIXTEEN_BIT else "8-bit" if form in EIGHT_BIT else "4-bit"

    def score(self, kind: str, predicted: float, measured: float, note: str = "") -> Score:
        """One prediction of this run against its measurement."""
        model, source = self.setup.model.id, self.row["source"]
        return Score(kind, family(model), source, model, predicted, measured, f"{self.row['row_id']} {note}".strip())


def _number(text: str, default: float = 0.0) -> float:
    found = re.search(r"-?[\d.]+", text or "")
    return float(found[0]) if found else default


def _parallel(text: str) -> tuple[int, int]:
    """Tensor and pipeline parallelism of "TP8 PP2"."""
    found = {kind: int(n) for kind, n in re.findall(r"\b(TP|PP)(\d+)", text)}
    return found.get("TP", 1), found.get("PP", 1)


def largest_stage(model: Model, stages: int) -> Model:
    """The share of a model that the largest of its pipeline stages holds: layers, and either embedding or head."""
    if stages == 1:
        return model
    embedding = embedding_params(model)
    layers = (model.params - embedding) * ceil(model.layers / stages) / model.layers
    return replace(
        model,
        layers=ceil(model.layers / stages),
        dense_layers=ceil(model.dense_layers / stages),
        params=int(layers + model.vocab * model.hidden),
        tied_embeddings=True,
    )


def memory_runs(folder: Path, models: Models) -> Iterator[Run]:
    """The rows of memory_inference.csv whose model and format are known."""
    with open(folder / "memory_inference.csv", newline="") as file:
        for row in csv.DictReader(file):
            model = models.find(row["model"])
            form = quantization_of(row["dtype_quant"] or row["model"])
            if model is None or form is None:
                continue
            if model.quantization == form:
                form = "none"
            tensor, stages = _parallel(row["parallelism"])
            card = find_card(row["gpu"])
            version = row["engine_version"]
            context = int(_number(row["max_model_len_or_ctx"].lower().replace("32k", "32768")))
            engine = "vllm" if row["engine"].lower() in ("vllm", "sglang") else "transformers"
            first = "V0" in version or re.match(r"v?0\.[0-7]\b", version) is not None
            batched = re.search(r"batched_tokens (\d+)", row["batch_or_concurrency"])
            tokens = int(batched[1]) if batched else 0
            if first and engine == "vllm" and not tokens:
                tokens = 2048 if context > 32768 else max(context, 2048)
            yield Run(
                row,
                InferenceSetup(
                    largest_stage(model, stages), card or _ANY_CARD, tensor, tensor, engine, form,
                    kv_dtype="fp8" if "kv fp8" in row["dtype_quant"] else "auto",
                    memory_fraction=_number(row["gpu_memory_utilization"], 0.9),
                    context_len=context or (8192 if engine == "vllm" else 2 * SHORT_PROMPT),
                    concurrency=1 if engine == "transformers" else 16,
                    max_batched_tokens=tokens,
                    input_len=_input_tokens(row, context),
                ),
                card is not None,
                version,
            )  # fmt: skip


_ANY_CARD = Gpu("any", 0.0, 80.0, 8, 9.0, 3e12, 1e15, 9e11, True, True, True, False, ())


def _input_tokens(row: dict[str, str], context: int) -> int:
    found = re.search(r"input (\d+)|prefill (\d+)", row["quote"] + " " + row["notes"])
    if found:
        return int(found[1] or found[2])
    return min(context, SHORT_PROMPT) if context else SHORT_PROMPT


def memory_scores(folder: Path, models: Models) -> list[Score]:
    """Weights, cache, activations, peaks, visible memory, and whether it ran."""
    scores = []
    with open(folder / "memory_inference.csv", newline="") as file:
        for row in csv.DictReader(file):
            card = find_card(row["gpu"])
            if row["quantity"] == "total_gpu_memory" and card is not None:
                measured = float(row["value"])
                scores.append(
                    Score(
                        "usable memory per card",
                        card.name,
                        row["source"],
                        card.name,
                        card.visible_gib,
                        measured,
                        row["row_id"],
                    )
                )
    ran: dict[tuple, tuple[Run, bool]] = {}
    for run in memory_runs(folder, models):
        row, setup = run.row, run.setup
        value, quantity = _number(row["value"], float("nan")), row["quantity"]
        if quantity in ("weights_loaded",) and value == value:
            predicted = weight_gib(setup.model, setup.quantization, setup.tensor_parallel)
            scores.append(run.score(f"weights {run.weight_kind}", predicted, value))
        memory = inference_memory(setup, run.version)
        if run.named_card and setup.engine == "vllm" and row["engine"] == "vLLM":
            if quantity == "kv_cache_available":
                share = (memory.kv_cache_gib - value) / setup.gpu.visible_gib
                scores.append(
                    run.score("KV cache GiB, share of the card", 1 + share, 1.0, f"{memory.kv_cache_gib:.2f}/{value}")
                )
            elif quantity in ("kv_tokens", "kv_blocks"):
                scores.append(
                    run.score("KV cache tokens", memory.kv_tokens or 1, value * (16 if quantity == "kv_blocks" else 1))
                )
            elif quantity == "max_concurrency":
                scores.append(run.score("concurrency at full length", memory.max_concurrency, value))
        if quantity == "peak_activation" and setup.engine == "vllm" and run.named_card:
            scores.append(run.score("start-up activation", memory.activation_gib, value))
        if (
            quantity in ("peak_memory", "vram_used", "peak_process", "nvidia_smi_used")
            and setup.engine == "transformers"
            and value == value
        ):
            measured = value * {"MB": MIB, "MiB": MIB, "GB": 1e9, "GiB": GIB}[row["unit"]] / GIB
            if row["source"].endswith("QwenLM/Qwen/blob/2df8e8ac450fa185c421a08b0090ef81826caa6e/README.md"):
                measured = value  # that README writes GB for GiB
            if "AutoAWQ" in row["engine"]:
                continue  # preallocates a cache of its own shape
            predicted = memory.weights_gib + memory.activation_gib + memory.kv_cache_gib
            if quantity in ("peak_process", "nvidia_smi_used", "vram_used"):
                predicted += memory.overhead_gib
            kind = "16-bit" if run.weight_kind == "16-bit" else "quantized"
            scores.append(run.score(f"peak {kind}", predicted, measured))
        plain_nf4 = row["dtype_quant"] == "bnb.nf4"  # without double quantization: not a format the planner offers
        if run.named_card and not plain_nf4 and row["fits"] in ("yes", "no") and quantity != "weights_loaded":
            key = (
                row["source"],
                setup.model.id,
                setup.gpu.name,
                setup.tensor_parallel,
                setup.context_len,
                setup.memory_fraction,
                setup.model.layers,
                row["dtype_quant"],
            )
            ran[key] = (run, ran.get(key, (run, True))[1] and row["fits"] == "yes")
    for run, started in ran.values():
        predicted = float(inference_memory(run.setup, run.version).fits)
        scores.append(run.score("ran" if started else "ran out of memory", predicted, float(started)))
    return scores


def speed_runs(folder: Path, models: Models) -> Iterator[tuple[Run, str, float]]:
    """The rows of throughput.csv for inference: run, kind, and output tokens/s over all GPUs."""
    with open(folder / "throughput.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["task"] != "inference" or not row["value"]:
                continue
            model, card = models.find(row["model"]), find_card(row["gpu"])
            form = quantization_of(row["quant"].replace("16-bit", "bf16"))
            metric, value = row["metric"], float(row["value"])
            if model is None or card is None or form is None:
                continue
            if model.quantization == form:
                form = "none"
            eager = any(name in row["engine"].lower() for name in ("transformers", "litgpt", "autoawq"))
            if model.experts and form == "int4":
                continue  # speeds of AWQ/GPTQ experts in engines of that generation are kernel artefacts
            tensor, _ = _parallel(row["parallelism"])
            if tensor > 8:
                continue  # across nodes, which no plan for serving does
            count = int(row["gpu_count"] or 1)
            prompt = int(_number(row["input_len"], SHORT_PROMPT))
            answer = int(_number(row["output_len"].replace("~", ""), 128))
            load = row["batch_or_concurrency"]
            concurrency = 1 if load == "1" else int(_number(load, 0)) if re.match(r"\d+$", load) else 0
            saturated = load.startswith("max load")
            if metric == "prompt+generated_tokens_per_s":
                value *= answer / (prompt + answer)  # output tokens per second of the whole request
            elif metric == "total_throughput":
                pass  # mostly generated, as the notes say
            elif metric not in ("decode_throughput", "output_throughput", "total_output_throughput"):
                continue
            if not concurrency and not saturated:
                continue
            setup = InferenceSetup(
                model, card, count, min(tensor, count), "transformers" if eager else "vllm", form,
                kv_dtype="fp8" if "TensorRT" in row["engine"] and form in ("fp8", "nvfp4") else "auto",
                context_len=prompt + answer, concurrency=concurrency or 4096, input_len=prompt, output_len=answer,
            )  # fmt: skip
            kind = "output tokens/s under load" if concurrency != 1 else "output tokens/s, one request"
            if metric == "decode_throughput" and concurrency == 1:
                kind = "decode tokens/s, one request"
            yield Run(row, setup, True, ""), kind + (", eager" if eager else ""), value


def speed_scores(folder: Path, models: Models) -> list[Score]:
    """Tokens per second of every inference row that names model, card and load."""
    scores = []
    for run, kind, measured in speed_runs(folder, models):
        estimate = estimate_inference(run.setup)
        predicted = estimate.decode_tokens_per_s_single if kind.startswith("decode") else estimate.output_tokens_per_s
        if predicted is not None:
            scores.append(
                run.score(
                    kind,
                    predicted,
                    measured,
                    f"{run.setup.gpu.name}x{run.setup.gpu_count} {run.setup.input_len}/{run.setup.output_len}",
                )
            )
    return scores


def regrets(folder: Path) -> list[Score]:
    """Price per output token of the card that the planner finds cheapest, against the one measured cheapest.

    One score per model and workload that was measured on several cards or counts by the same source, under load.
    """
    groups: dict[tuple, list[tuple[Run, float]]] = defaultdict(list)
    for run, kind, measured in speed_runs(folder, Models(folder)):
        if "eager" not in kind and run.setup.gpu.usd_per_hour:
            setup = run.setup
            key = (
                run.row["source"],
                setup.model.id,
                run.row["engine"],
                setup.input_len,
                setup.output_len,
                setup.concurrency,
            )
            groups[key].append((run, measured))
    scores = []
    for options in groups.values():
        priced = [(run.setup.gpu.usd_per_hour * run.setup.gpu_count, run, measured) for run, measured in options]
        if len({(run.setup.gpu.name, run.setup.gpu_count, run.setup.quantization) for _, run, _ in priced}) < 2:
            continue
        speeds = [
            (usd, run, measured, estimate_inference(run.setup).output_tokens_per_s) for usd, run, measured in priced
        ]
        if not any(predicted for *_, predicted in speeds):
            continue
        usd, run, measured, _ = min(speeds, key=lambda option: option[0] / (option[3] or 1e-9))
        best = min(usd / measured for usd, _, measured in priced)
        scores.append(run.score("cheapest option per token, regret", usd / measured, best, f"{len(options)} options"))
    return scores


def scores(data_dir: Path) -> list[Score]:
    """Every inference measurement of the folder against the planner's prediction."""
    models = Models(data_dir)
    return memory_scores(data_dir, models) + speed_scores(data_dir, models) + regrets(data_dir)
