"""Every inference measurement of a folder, beside the planner's figure for the same run."""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Protocol

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import mended
from benchmarks.gpu import planned
from benchmarks.gpu.configurations import COMPILED, CONTINUOUS
from benchmarks.gpu.lines import Line
from benchmarks.gpu_names import Models, family, find_card, quantization_of
from benchmarks.score import Score
from planner.estimate.inference import estimate as estimate_inference
from planner.estimate.inference_memory import memory as inference_memory
from planner.estimate.weights import embedding_params, weight_gib
from planner.schema import GIB, Gpu, InferenceSetup, Model, replace

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

    @property
    def starts_vllm(self) -> bool:
        """Whether this is vLLM's start-up accounting on a card that the row names."""
        return self.named_card and self.row["engine"] == "vLLM"

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
    with (folder / "memory_inference.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if mended.memory_left_out(row):
                continue
            model = models.find(row["model"])
            form = quantization_of(row["dtype_quant"] or row["model"])
            if (
                model is None or form is None or "DCP" in row["parallelism"]
            ):  # context parallelism is none of its choices
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


class Estimator(Protocol):
    """Whoever predicts a run; None where it has no answer."""

    def usable_gib(self, card: Gpu) -> float | None: ...

    def weights_gib(self, run: Run) -> float | None: ...

    def cache_gib(self, run: Run) -> float | None: ...

    def cache_tokens(self, run: Run) -> float | None: ...

    def peak_gib(self, run: Run, with_context: bool) -> float | None: ...

    def fits(self, run: Run) -> bool | None: ...

    def output_tokens_per_s(self, run: Run, alone: bool) -> float | None: ...


class Planner:
    """This repository's planner."""

    def usable_gib(self, card: Gpu) -> float:
        return card.visible_gib

    def weights_gib(self, run: Run) -> float:
        setup = run.setup
        return weight_gib(setup.model, setup.quantization, setup.tensor_parallel)

    def cache_gib(self, run: Run) -> float:
        return inference_memory(run.setup, run.version).kv_cache_gib

    def cache_tokens(self, run: Run) -> float:
        return inference_memory(run.setup, run.version).kv_tokens

    def peak_gib(self, run: Run, with_context: bool) -> float:
        memory = inference_memory(run.setup, run.version)
        peak = memory.weights_gib + memory.activation_gib + memory.kv_cache_gib
        return peak + memory.overhead_gib if with_context else peak

    def fits(self, run: Run) -> bool:
        return inference_memory(run.setup, run.version).fits

    def output_tokens_per_s(self, run: Run, alone: bool) -> float | None:
        estimate = estimate_inference(run.setup)
        return estimate.decode_tokens_per_s_single if alone else estimate.output_tokens_per_s


def usable_scores(folder: Path, estimator: Estimator) -> list[Score]:
    """GiB that CUDA shows of each card."""
    scores = []
    with (folder / "memory_inference.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            card = find_card(row["gpu"]) if row["quantity"] == "total_gpu_memory" else None
            predicted = estimator.usable_gib(card) if card else None
            if card and predicted is not None:
                note, value = row["row_id"], float(row["value"])
                scores.append(
                    Score("usable memory per card", card.name, row["source"], card.name, predicted, value, note)
                )
    return scores


def memory_scores(runs: list[Run], estimator: Estimator) -> list[Score]:
    """Weights, cache and peaks of the runs that print them."""
    scores = []
    for run in runs:
        row, setup, quantity = run.row, run.setup, run.row["quantity"]
        if not row["value"]:
            continue
        value = float(row["value"])
        kind, predicted = "", None
        if quantity == "weights_loaded":
            kind, predicted = f"weights {run.weight_kind}", estimator.weights_gib(run)
        elif quantity == "kv_cache_available" and run.starts_vllm:
            cache = estimator.cache_gib(run)
            kind = "KV cache GiB, share of the card"
            predicted = None if cache is None else 1 + (cache - value) / setup.gpu.visible_gib
            value = 1.0
        elif quantity in ("kv_tokens", "kv_blocks") and run.starts_vllm:
            kind, predicted = "KV cache tokens", estimator.cache_tokens(run)
            value *= 16 if quantity == "kv_blocks" else 1
        elif quantity in _PEAKS and setup.engine == "transformers" and "AutoAWQ" not in row["engine"]:
            kind = "peak 16-bit" if run.weight_kind == "16-bit" else "peak quantized"
            predicted = estimator.peak_gib(run, with_context=_PEAKS[quantity])
            value *= 1.0 if _GB_MEANS_GIB in row["source"] else _UNITS[row["unit"]] / GIB
        if predicted is not None:
            scores.append(run.score(kind, max(predicted, 1e-9), value))
    return scores


# Whether a figure holds the CUDA context besides what the allocator holds.
_PEAKS = {"peak_memory": False, "vram_used": True, "peak_process": True, "nvidia_smi_used": True}
_UNITS = {"MB": MIB, "MiB": MIB, "GB": 1e9, "GiB": GIB}
_GB_MEANS_GIB = "QwenLM/Qwen/blob"


def fit_scores(runs: list[Run], estimator: Estimator) -> list[Score]:
    """Whether each configuration ran: one score, however many figures were printed of it."""
    ran: dict[tuple, tuple[Run, bool]] = {}
    for run in runs:
        row, setup = run.row, run.setup
        plain_nf4 = row["dtype_quant"] == "bnb.nf4"  # without double quantization: not a format the planner offers
        if not run.named_card or plain_nf4 or row["fits"] not in ("yes", "no") or row["quantity"] == "weights_loaded":
            continue
        shape = (setup.model.layers, setup.gpu.name, setup.tensor_parallel, setup.context_len, setup.memory_fraction)
        key = (row["source"], row["model"], row["dtype_quant"], *shape)
        ran[key] = (run, ran.get(key, (run, True))[1] and row["fits"] == "yes")
    scores = []
    for run, started in ran.values():
        predicted = estimator.fits(run)
        if predicted is not None:
            scores.append(run.score("ran" if started else "ran out of memory", float(predicted), float(started)))
    return scores


def speed_runs(folder: Path, models: Models) -> Iterator[tuple[Run, str, float]]:
    """The rows of throughput.csv for inference: run, kind, and output tokens/s over all GPUs."""
    with (folder / "throughput.csv").open(newline="") as file:
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
            concurrency, answer = mended.answered_at_once(row, concurrency, answer)
            saturated = load.startswith("max load")
            if metric == "prompt+generated_tokens_per_s":
                value *= answer / (prompt + answer)  # output tokens per second of the whole request
            elif metric == "total_throughput":
                pass  # mostly generated, as the notes say
            elif metric not in ("decode_throughput", "output_throughput", "total_output_throughput"):
                continue
            if not concurrency and not saturated:
                continue
            if mended.inference_left_out(card.name, concurrency == 1, row["notes"] + row["gpu"]):
                continue
            setup = InferenceSetup(
                model, card, count, min(tensor, count), "transformers" if eager else "vllm", form,
                kv_dtype="fp8" if "TensorRT" in row["engine"] and form in ("fp8", "nvfp4") else "auto",
                context_len=prompt + answer, concurrency=concurrency or 4096, input_len=prompt, output_len=answer,
                **(mended.TENSORRT_OFFLINE if saturated and "TensorRT" in row["engine"] else {}),
            )  # fmt: skip
            kind = "output tokens/s under load" if concurrency != 1 else "output tokens/s, one request"
            if metric == "decode_throughput" and concurrency == 1:
                kind = "decode tokens/s, one request"
            yield Run(row, setup, True, ""), kind + (", eager" if eager else ""), value


def speed_scores(runs: list[tuple[Run, str, float]], estimator: Estimator) -> list[Score]:
    """Tokens per second of the runs that name model, card and load."""
    scores = []
    for run, kind, measured in runs:
        predicted = estimator.output_tokens_per_s(run, alone=kind.startswith("decode"))
        if predicted is not None:
            setup = run.setup
            note = f"{setup.gpu.name} x {setup.gpu_count}, {setup.input_len} in, {setup.output_len} out"
            scores.append(run.score(kind, predicted, measured, note))
    return scores


def regret_scores(runs: list[tuple[Run, str, float]], estimator: Estimator) -> list[Score]:
    """Price per output token of the option that is predicted cheapest, against the one measured cheapest.

    One score per source, model and workload that was measured on several cards, counts or formats.
    """
    groups: dict[tuple, list[tuple[Run, float]]] = defaultdict(list)
    for run, kind, measured in runs:
        setup = run.setup
        if "eager" not in kind and setup.gpu.usd_per_hour:
            load = (setup.input_len, setup.output_len, setup.concurrency)
            groups[run.row["source"], setup.model.id, run.row["engine"], *load].append((run, measured))
    scores = []
    for options in groups.values():
        priced = []
        for run, measured in options:
            usd, predicted = run.setup.gpu.usd_per_hour * run.setup.gpu_count, estimator.output_tokens_per_s(run, False)
            if predicted is not None:
                priced.append((usd / predicted, usd / measured, run))
        if len({(run.setup.gpu.name, run.setup.gpu_count, run.setup.quantization) for *_, run in priced}) > 1:
            _, chosen, run = min(priced, key=lambda option: option[0])
            best = min(measured for _, measured, _ in priced)
            scores.append(run.score("cheapest option per token, regret", chosen, best, f"{len(priced)} options"))
    return scores


def measured_scores(answered: Iterable[tuple[Line, dict[str, Any]]]) -> list[Score]:
    """Our own measurements of inference, each with what the planner answers to its question today.

    The peak is of the whole card, as NVML saw it, since that is what the planner promises to stay below. A decoder that
    is compiled is no engine of the planner's: only its memory is scored.
    """
    scores = []
    for line, answer in answered:
        if line.mode != "inference":
            continue
        kept, one = line.configuration["cache"], line.measured
        engine = {CONTINUOUS: "continuous batching", "paged": "vLLM"}.get(kept, "generate")
        alone = line.configuration["concurrency"] == 1
        found = {f"card's peak, {engine}": (planned.peak_gib("inference", answer), one["card_peak_gib"])}
        if kept != COMPILED:
            found[f"output tokens/s, {engine}"] = answer["output_tokens_per_s"], one["output_tokens_per_s"]
            if alone and "decode_tokens_per_s" in one:
                found["decode tokens/s alone"] = answer["decode_tokens_per_s_single"], one["decode_tokens_per_s"]
        found["project's monitor"] = one["monitor"]["peak_gib"], one["card_peak_gib"]
        scores += [line.score(kind, told, value) for kind, (told, value) in found.items()]
    return scores


def scores_of(data_dir: Path, estimator: Estimator) -> list[Score]:
    """Every inference measurement of the folder against that estimator's prediction."""
    models = Models(data_dir)
    memory, speed = list(memory_runs(data_dir, models)), list(speed_runs(data_dir, models))
    return [
        *usable_scores(data_dir, estimator),
        *memory_scores(memory, estimator),
        *fit_scores(memory, estimator),
        *speed_scores(speed, estimator),
        *regret_scores(speed, estimator),
    ]


def scores(data_dir: Path) -> list[Score]:
    """Every inference measurement of the folder against the planner's prediction."""
    return scores_of(data_dir, Planner())
