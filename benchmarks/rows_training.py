"""Every training measurement of a folder, beside the planner's figure for the same run.

`python benchmarks/rows_training.py --data benchmarks/data` prints the errors by kind. Each pair of source and model
counts the same, however many rows it has.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import mended
from benchmarks.gpu import planned
from benchmarks.gpu.lines import Line
from benchmarks.gpu_names import Models, family, find_card
from benchmarks.score import Score
from planner.estimate import training_memory, training_speed
from planner.estimate.training import estimate as estimate_training
from planner.schema import GIB, Gpu, Model, TrainingSetup

# Cards of the FSDP measurements that benchmarks/gpu_names.py does not list; NVIDIA's data sheets, dense 16-bit.
_OLD = ("sdpa", "flash_attention_2")
_CARDS = {
    "Titan RTX": Gpu("Titan RTX", 0.0, 23.65, 8, 7.5, 0.672e12, 130e12, 100e9, False, False, False, False, ("sdpa",)),
    "RTX A5000": Gpu("RTX A5000", 0.0, 23.6, 8, 8.6, 0.768e12, 111e12, 32e9, False, True, False, False, _OLD),
    "48GB GPU": Gpu("48 GB", 0.0, 47.4, 8, 8.9, 0.864e12, 362e12, 32e9, False, True, True, False, _OLD),
    "96GB GPU": Gpu("96 GB", 0.0, 94.97, 8, 12.0, 1.6e12, 500e12, 64e9, False, True, True, True, _OLD),
    "80GB GPU": Gpu("80 GB", 0.0, 79.2, 8, 9.0, 3.35e12, 989e12, 900e9, True, True, True, False, _OLD),
}
_UNKNOWN = Gpu("unknown", 0.0, 1000.0, 8, 9.0, 3.35e12, 989e12, 900e9, True, True, True, False, _OLD)

KINDS = {"full": "full", "lora": "LoRA", "qlora": "QLoRA"}


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One row, and the planner's setup for it, or the reason why there is none."""

    row: dict[str, str]
    setup: TrainingSetup | None
    left_out: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """The experiment a row belongs to: its document and model."""
        return self.row["source"], self.row["model"]


def _number(text: str, default: float = 0.0) -> float:
    found = re.search(r"[\d.]+", text or "")
    return float(found[0]) if found else default


def _card(printed: str) -> Gpu | None:
    printed = printed.replace("H200-141GB", "H200")  # not the H20 of that size
    return next((gpu for name, gpu in _CARDS.items() if printed.startswith(name)), None) or find_card(printed)


# Names of these tables that no architecture file lists.
_SAME_MODEL = {
    "tiny-llama": "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T",
    "Qwen/Qwen-14B-Chat-Int4": "Qwen/Qwen-14B",
}


# Models of the FSDP measurements, from the config.json of 01-ai/Yi-34B and openai-community/gpt2-xl.
_OTHER_MODELS = {
    "01-ai/Yi-34B": Model("01-ai/Yi-34B", 34388917248, 34388917248, 60, 7168, 20480, 56, 8, 128, 64000, False, 4096),
    "openai-community/gpt2-xl": Model(
        "openai-community/gpt2-xl",
        1557611200,
        1557611200,
        48,
        1600,
        6400,
        25,
        25,
        64,
        50257,
        True,
        1024,
        mlp_matrices=2,
    ),
}


def _find(models: Models, printed: str) -> Model | None:
    if printed in _OTHER_MODELS:
        return _OTHER_MODELS[printed]
    return models.find(_SAME_MODEL.get(printed, printed))


def _method(printed: str) -> str:
    if printed.startswith("full"):
        return "full"
    return {"LoRA": "lora", "QLoRA": "qlora"}.get(printed, "")


def _precision(row: dict[str, str], method: str) -> str:
    """bf16-true and PURE hold everything in 16 bits; DEFAULT, torchtitan and "fp32 weights" hold float32 weights."""
    text = row["precision"]
    if text == "fp32":
        return "fp32"
    torchtitan = method == "full" and text == "BF16"
    if "fp32 weights" in text or "DEFAULT" in text or torchtitan:
        return "bf16-mixed"
    return "fp16-mixed" if "fp16" in text else "bf16"


def _targets(row: dict[str, str]) -> str:
    """litgpt adapts q and v unless a row lists more; PEFT's rows list theirs; the others adapt every linear layer."""
    notes = row["notes"]
    if "litgpt" in row["source"]:
        return "all-linear" if "+mlp" in notes else "qv"
    if "huggingface/peft" in row["source"]:
        return "qv" if "'q_proj'" in notes and "up_proj" not in notes else "mlp"
    return "all-linear"


def _sharding(row: dict[str, str]) -> str:
    text = row["sharding"].lower()
    return "fsdp" if text.startswith("fsdp") else text.replace("-", "") if text.startswith("zero") else "none"


def _offload(text: str) -> str:
    return "none" if not text else "optimizer" if text.startswith("optimizer") else "all"


def _left_out(row: dict[str, str], method: str, known: bool) -> str:
    """Why a row of memory_training.csv does not test the planner; "" where it does."""
    if not method:
        return "another method than full, LoRA or QLoRA"
    if not known:
        return f"architecture of {row['model']} is not known"
    if "fp8" in row["precision"].lower() or "fp4" in row["precision"].lower():
        return "8 and 4-bit compute is no precision the planner knows"
    if "litgpt" in row["source"] and row["gpu_count"] != "1" and (method == "lora" or "yaml=1" in row["notes"]):
        return "ran unsharded in effect, or repeats the figure of one GPU"
    if "axolotl" in row["source"] and row["sharding"].startswith("FSDP"):
        return "holds on each of several GPUs what the same table gives for one: not sharded in effect"
    if row["fits"] != "no" and not row["seq_len"]:
        return "sequence length not stated"
    if method == "lora" and _targets(row) == "mlp":
        return "adapts the MLP alone, no target set the planner knows"
    if "8bit+bf16" in row["precision"]:
        return "frozen weights in 8 bits, no method the planner knows"
    return mended.training_left_out(row)


def memory_runs(folder: Path, models: Models) -> Iterator[TrainingRun]:
    """Every row of memory_training.csv."""
    with (folder / "memory_training.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            method, model = _method(row["method"]), _find(models, row["model"])
            reason = _left_out(row, method, model is not None)
            if reason or model is None:
                yield TrainingRun(row, None, reason)
                continue
            notes, source = row["notes"], row["source"]
            count = int(_number(row["gpu_count"], 1))
            devices = re.search(r"devices in yaml=(\d+)", notes)
            if devices and count > 1:
                count = int(devices[1])  # the configuration has how many of the machine's GPUs ran
            fused = (
                ("litgpt" in source and method != "full")
                or any(word in notes for word in ("Liger", "CutCross", "CCE", "chunked"))
                or "torchtune" in source
                or "llm-foundry" in source  # its default loss is flash-attn's fused cross-entropy
            )
            flash = row["flash_attention"]
            checkpoints = row["grad_checkpointing"].lower()
            setup = TrainingSetup(
                model, _card(row["gpu"]) or _UNKNOWN, count, 1, method,
                int(_number(row["lora_rank"], 8)),
                _targets(row) if method != "full" else "all-linear",
                "adamw_8bit" if "8bit" in row["optimizer"] or "4bit" in row["optimizer"] else "adamw",
                _precision(row, method),
                int(_number(row["seq_len"], 1)),
                int(_number(row["micro_batch"], 1)),
                checkpoints not in ("no", "false") and (bool(checkpoints) or _sharding(row) != "none"),
                "fused" if fused else "full",
                "sdpa" if flash.startswith("sdpa") or not flash or flash == "flex" else "flash_attention_2",
                _sharding(row),
                _offload(row["offload"]),
                accumulation=1 if "huggingface/peft" in source or "no grad accumulation" in notes else 0,
            )  # fmt: skip
            yield TrainingRun(row, setup)


def _peak_gib(row: dict[str, str]) -> float:
    """The printed peak in GiB on one GPU, without adapted experts where a row gives both."""
    without = re.search(r"(\d+) GiB without expert targets", row["notes"])
    value = float(without[1] if without else row["peak_mem"])
    if mended.is_qwen_1(row):
        return mended.qwen_1_training_gib(row, value)
    return value if row["unit"] == "GiB" else value * 1e9 / GIB


@dataclass(frozen=True, slots=True)
class TrainingAnswer:
    """An estimator's figures of a setup, in GiB per GPU and tokens/s over all GPUs; None where it has none."""

    peak_gib: float | None
    overhead_gib: float = 0.0  # CUDA context and NCCL, on top
    fits: bool | None = None
    tokens_per_s: float | None = None
    allocated_gib: float | None = None  # where it is given apart from what is reserved


TrainingEstimator = Callable[[TrainingSetup], TrainingAnswer | None]


def planner_answer(setup: TrainingSetup) -> TrainingAnswer:
    """The planner's own."""
    found = estimate_training(setup)
    allocated = found.peak_gib - training_memory.memory(setup).unused / GIB
    return TrainingAnswer(found.peak_gib, found.overhead_gib, found.fits, found.tokens_per_s, allocated)


def memory_scores(runs: list[TrainingRun], estimator: TrainingEstimator = planner_answer) -> list[Score]:
    """Peaks as they were measured, and for every row whether it ran."""
    scores = []
    for run in runs:
        row, setup = run.row, run.setup
        answer = estimator(setup) if setup is not None else None
        if setup is None or answer is None or answer.peak_gib is None:
            continue
        name, needed = family(setup.model.id), answer.peak_gib + answer.overhead_gib
        if row["peak_mem"] and not mended.impossible(setup, _peak_gib(row)):
            predicted = needed if row["peak_kind"] == "GPU memory" else answer.peak_gib  # nvidia-smi shows a process
            if "allocated" in row["peak_kind"]:
                predicted = answer.allocated_gib or predicted
            kind = f"training peak {KINDS[setup.method]}"
            scores.append(Score(kind, name, row["source"], row["model"], predicted, _peak_gib(row), row["row_id"]))
        if setup.gpu is not _UNKNOWN and answer.fits is not None:
            ran = row["fits"] == "yes"
            kind = "training ran" if ran else "training ran out of memory"
            note = f"{row['row_id']} {needed:.1f} of {setup.gpu.visible_gib:.1f} GiB"
            scores.append(Score(kind, name, row["source"], row["model"], float(answer.fits), float(ran), note))
    return scores


def _speed_setup(row: dict[str, str], models: Models) -> tuple[TrainingSetup | None, float, str]:
    """Setup, measured tokens/s over all GPUs, and why there is none."""
    metric, source, quant = row["metric"], row["source"], row["quant"].lower()
    model, card = _find(models, row["model"]), _card(row["gpu"])
    if metric in ("training_minutes", "seconds_for_fixed_workload", "minutes_per_1000_iters", "seconds_per_5000_steps"):
        return None, 0.0, "number of tokens not stated: for ratios only"
    if mended.is_qwen_1(row) and "qlora" in quant:
        return None, 0.0, mended.GPTQ
    if metric == "pretrain_throughput":
        return None, 0.0, "expert or pipeline parallelism or 8-bit compute"
    if model is None or card is None:
        return None, 0.0, f"architecture of {row['model']} or card not known"
    if "fp8" in quant or "fp4" in quant:
        return None, 0.0, "8 and 4-bit compute is no precision the planner knows"
    if "fp8" in row["notes"] or metric == "MFU":
        return None, 0.0, "configuration not stated"
    count, length = int(row["gpu_count"]), int(_number(row["input_len"]))
    batch, nodes = int(_number(row["batch_or_concurrency"], 1)), max(1, count // 8)
    method = "qlora" if "qlora" in quant else "lora" if "lora" in quant else "full"
    checkpoints = "act ckpt False" not in row["notes"]
    rank = re.search(r"r=(\d+)", quant)
    fused = any(name in source for name in ("stas00", "torchtune", "llm-foundry"))
    mixed = "amp" in quant or "torchtitan" in source
    sharding = "zero3" if "ZeRO" in row["parallelism"] else "fsdp" if row["parallelism"].startswith("FSDP") else "none"
    offload = "optimizer" if "stas00" in source else "all" if "offload" in quant else "none"
    precision = "fp16-mixed" if "Int4" in row["model"] else "bf16-mixed" if mixed else "bf16"
    setup = TrainingSetup(
        model, card, count // nodes, nodes, method, 
        int(rank[1]) if rank else 64 if "Qwen" in source else 16,
        "all-linear", "adamw", precision, length, batch, checkpoints,
        "fused" if fused else "full",
        "sdpa" if "torchtitan" in source else "flash_attention_3" if card.name == "H200" else "flash_attention_2",
        sharding if count > 1 else "none", offload,
    )  # fmt: skip
    value = float(row["value"])
    if metric == "seconds_per_iter":
        value = 8 * length / value  # eight accumulated micro-batches of one sequence
    elif metric == "model_tflops":  # per GPU, causal attention counted as 6 s^2
        value = count * value * 1e12 / (6 * model.params + 6 * model.layers * model.heads * model.head_dim * length)
    elif metric == "train_throughput":
        value *= count
    return setup, value, ""


def speed_runs(folder: Path, models: Models) -> Iterator[tuple[TrainingRun, float]]:
    """Every training row of throughput.csv and its tokens/s over all GPUs."""
    with (folder / "throughput.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["task"] == "training":
                setup, value, reason = _speed_setup(row, models)
                yield TrainingRun(row, setup, reason), value


def speed_scores(runs: list[tuple[TrainingRun, float]], estimator: TrainingEstimator = planner_answer) -> list[Score]:
    """Tokens/s of every run, whether it is said to fit or not."""
    scores = []
    for run, measured in runs:
        row, setup = run.row, run.setup
        answer = estimator(setup) if setup is not None else None
        if setup is None or answer is None or answer.tokens_per_s is None:
            continue
        scores.append(
            Score("training tokens/s", family(setup.model.id), row["source"], row["model"],
                  answer.tokens_per_s, measured, row["row_id"])
        )  # fmt: skip
    return scores


def measured_scores(answered: Iterable[tuple[Line, dict[str, Any]]]) -> list[Score]:
    """Our own measurements of training: what torch reserved, what the whole card held, tokens/s."""
    scores = []
    for line, answer in answered:
        if line.mode != "training":
            continue
        method, one = KINDS[line.configuration["method"]], line.measured
        found = {
            f"torch's peak, {method}": (answer["peak_gib"], one["reserved_gib"]),
            f"card's peak, {method}": (planned.peak_gib("training", answer), one["card_peak_gib"]),
            "training tokens/s": (answer["tokens_per_s"], one["tokens_per_s"]),
            "project's monitor": (one["monitor_peak_gib"], one["card_peak_gib"]),
        }
        scores += [line.score(kind, told, value) for kind, (told, value) in found.items()]
    return scores


def scores(data_dir: Path, estimator: TrainingEstimator = planner_answer) -> list[Score]:
    """All training scores of a folder of measurements."""
    models = Models(data_dir)
    memory, speed = list(memory_runs(data_dir, models)), list(speed_runs(data_dir, models))
    return memory_scores(memory, estimator) + speed_scores(speed, estimator)


def weighted_quantile(values: list[tuple[float, float]], share: float) -> float:
    """The value below which `share` of the weight lies. `values`: (value, weight)."""
    ordered = sorted(values)
    total, reached = sum(weight for _, weight in ordered), 0.0
    for value, weight in ordered:
        reached += weight
        if reached >= share * total - 1e-12:
            return value
    return ordered[-1][0]


def pair_weights(rows: list[Score]) -> list[float]:
    """1 over the number of rows of the same source and model."""
    count = Counter((row.source, row.model) for row in rows)
    return [1 / count[row.source, row.model] for row in rows]


# What was fitted on tokens/s, and the values it may take where a family is left out.
_FITTED: tuple[tuple[str, int | None, tuple[float, ...]], ...] = (
    ("GEMM_SHARE", 8, (0.68, 0.70, 0.72, 0.74, 0.76, 0.78, 0.80, 0.84)),
    ("GEMM_SHARE", 9, (0.56, 0.58, 0.60, 0.62, 0.64, 0.66, 0.68)),
    ("GEMM_SHARE", 10, (0.50, 0.55, 0.60, 0.66, 0.70)),
    ("ELEMENTWISE_PASSES", None, (6.0, 7.0, 8.0, 9.0, 10.0, 12.0)),
    ("EXPOSED", None, (0.3, 0.5, 0.7, 0.9)),
    ("LAYER_LAUNCH_S", None, (1.5e-3, 2.0e-3, 2.5e-3, 3.0e-3, 3.5e-3)),
)


def _put(name: str, key: int | None, value: float) -> None:
    if key is None:
        setattr(training_speed, name, value)
    else:
        getattr(training_speed, name)[key] = value


def _misfit(runs: list[tuple[TrainingRun, float]]) -> float:
    """Mean of |log(predicted / measured)| over pairs, each row's cut at a factor of 2."""
    rows = speed_scores(runs)
    weights = pair_weights(rows)
    return sum(w * min(log(row.factor), log(2)) for row, w in zip(rows, weights, strict=True)) / sum(weights)


def _fit(runs: list[tuple[TrainingRun, float]]) -> None:
    """Set each fitted constant to its best value on those runs, one after the other, twice over."""
    for _ in range(2):
        for name, key, values in _FITTED:
            errors = []
            for value in values:
                _put(name, key, value)
                errors.append((_misfit(runs), value))
            _put(name, key, min(errors)[1])


def left_out_scores(data_dir: Path) -> list[Score]:
    """Tokens/s of each model family as predicted with constants fitted on the others."""
    runs = [pair for pair in speed_runs(data_dir, Models(data_dir)) if pair[0].setup is not None]
    families = {id(run): family(run.setup.model.id) for run, _ in runs if run.setup}
    kept = [
        (name, key, getattr(training_speed, name) if key is None else getattr(training_speed, name)[key])
        for name, key, _ in _FITTED
    ]
    scores = []
    try:
        for name in sorted(set(families.values())):
            _fit([pair for pair in runs if families[id(pair[0])] != name])
            members = speed_scores([pair for pair in runs if families[id(pair[0])] == name])
            scores += [replace(score, kind=f"tokens/s, fitted without {name}") for score in members]
    finally:
        for name, key, value in kept:
            _put(name, key, value)
    return scores


def _table(rows: list[Score]) -> str:
    kinds: dict[str, list[Score]] = defaultdict(list)
    for row in rows:
        kinds[row.kind].append(row)
    lines = [f"{'kind':28} {'rows':>5} {'pairs':>5} {'median':>8} {'90th':>8} {'within 1.5':>10}  {'bias':>6}"]
    for kind, members in kinds.items():
        weights = pair_weights(members)
        pairs = len({(row.source, row.model) for row in members})
        if kind.startswith("training ran"):
            right = sum(row.predicted == row.measured for row in members)
            lines.append(f"{kind:28} {len(members):5} {pairs:5} {right} of {len(members)} right")
            continue
        speed = "tokens/s" in kind
        paired = list(zip(members, weights, strict=True))
        errors = [(row.factor if speed else abs(row.error), weight) for row, weight in paired]
        signed = [(row.error, weight) for row, weight in paired]
        median, ninth = weighted_quantile(errors, 0.5), weighted_quantile(errors, 0.9)
        within = sum(weight for row, weight in paired if row.factor <= 1.5) / sum(weights)
        shown = (f"{median:8.2f} {ninth:8.2f}" if speed else f"{median:8.1%} {ninth:8.1%}") + f" {within:10.0%}"
        lines.append(f"{kind:28} {len(members):5} {pairs:5} {shown}  {weighted_quantile(signed, 0.5):+6.1%}")
    return "\n".join(lines)


def main() -> None:
    """Print the accuracy table, what was left out and why, and with --rows every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "data")
    parser.add_argument("--rows", action="store_true", help="print every row")
    options = parser.parse_args()
    models = Models(options.data)
    memory, speed = list(memory_runs(options.data, models)), list(speed_runs(options.data, models))
    found = memory_scores(memory) + speed_scores(speed)
    print(_table(found + left_out_scores(options.data)))
    reasons = Counter(run.left_out for run in (*memory, *(run for run, _ in speed)) if run.setup is None)
    print("\nleft out")
    for reason, count in reasons.most_common():
        print(f"{count:5}  {reason}")
    if options.rows:
        for row in found:
            ratio = row.predicted / row.measured if row.measured else 0.0
            print(f"{row.kind:26} {row.note:30} {row.model[:28]:28}", end=" ")
            print(f"{row.predicted:10.2f} {row.measured:10.2f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
