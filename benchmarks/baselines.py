"""A rule of thumb and the estimators of the package index on inference, as far as they answer offline."""

from __future__ import annotations

from typing import Any

from benchmarks.rows_inference import Estimator, Run
from planner.schema import GIB, Gpu, Model

BYTES = {"16-bit": 2.0, "8-bit": 1.0, "4-bit": 0.5}
NOMINAL_GIB = (16, 24, 40, 48, 80, 96, 141, 192, 288)


class RuleOfThumb:
    """Parameters x bytes, 1.2 times that to run, the memory on the box, a cache of all heads, bandwidth / weights."""

    def usable_gib(self, card: Gpu) -> float:
        return min((size for size in NOMINAL_GIB if size >= card.visible_gib), default=card.visible_gib)

    def weights_gib(self, run: Run) -> float:
        return run.setup.model.params * BYTES[run.weight_kind] / run.setup.tensor_parallel / GIB

    def cache_gib(self, run: Run) -> float:
        return run.setup.memory_fraction * self.usable_gib(run.setup.gpu) - 1.2 * self.weights_gib(run)

    def cache_tokens(self, run: Run) -> float:
        model = run.setup.model
        per_token = 4 * model.layers * model.hidden / run.setup.tensor_parallel
        return max(self.cache_gib(run), 0.0) * GIB / per_token

    def peak_gib(self, run: Run, with_context: bool) -> float:
        return 1.2 * self.weights_gib(run)

    def fits(self, run: Run) -> bool:
        return 1.2 * self.weights_gib(run) <= self.usable_gib(run.setup.gpu)

    def output_tokens_per_s(self, run: Run, alone: bool) -> float:
        setup = run.setup
        replicas = setup.gpu_count // setup.tensor_parallel
        batch = 1 if alone else min(setup.concurrency, 256 * replicas)
        read = setup.model.params_active * BYTES[run.weight_kind] / setup.tensor_parallel
        return batch * setup.gpu.bandwidth / read


class _Silent:
    """An estimator that answers nothing it is not asked below."""

    def usable_gib(self, card: Gpu) -> float | None:
        return None

    def weights_gib(self, run: Run) -> float | None:
        return None

    def cache_gib(self, run: Run) -> float | None:
        return None

    def cache_tokens(self, run: Run) -> float | None:
        return None

    def peak_gib(self, run: Run, with_context: bool) -> float | None:
        return None

    def fits(self, run: Run) -> bool | None:
        return None

    def output_tokens_per_s(self, run: Run, alone: bool) -> float | None:
        return None


class HfMem(_Silent):
    """hf-mem reads weights from the hub and so gives none offline; its cache formula takes a config.json."""

    def __init__(self) -> None:
        from hf_mem.safetensors.kv_cache import compute_safetensors_kv_cache_size

        self._cache_bytes = compute_safetensors_kv_cache_size

    def cache_tokens(self, run: Run) -> float:
        """Its bytes per token, in the room that the rule of thumb leaves for the cache."""
        model, tokens = run.setup.model, run.setup.context_len
        per_token = self._cache_bytes(_config(model), "BF16", tokens) / tokens / run.setup.tensor_parallel
        return max(RuleOfThumb().cache_gib(run), 0.0) * GIB / per_token


def _config(model: Model) -> dict:
    fields = {
        "hidden_size": model.hidden,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_dim,
    }
    if model.sliding_layers:
        full = ["full_attention"] * (model.layers - model.sliding_layers)
        fields |= {"sliding_window": model.sliding_window, "layer_types": full + ["sliding"] * model.sliding_layers}
    return fields


class Fitcheck(_Silent):
    """fitcheck-llm: dense models on one GPU, 16-bit, int8 and NF4."""

    def __init__(self) -> None:
        from fitcheck import estimator
        from fitcheck.config_parser import ModelConfig
        from fitcheck.gpu_db import get_gpu

        self._estimator, self._config, self._gpu = estimator, ModelConfig, get_gpu

    def _report(self, run: Run) -> Any:
        setup, model = run.setup, run.setup.model
        form = {"none": "none", "int8": "int8", "nf4": "nf4"}.get(setup.quantization)
        plain = not model.experts and model.attention == "full" and model.quantization == "none"
        if form is None or not plain or setup.tensor_parallel > 1:
            return None
        config = self._config(
            model.id, model.params, model.hidden, model.layers, model.heads, model.kv_heads, model.intermediate,
            model.vocab, model.head_dim, model.tied_embeddings,
        )  # fmt: skip
        serving = self._estimator.ServingConfig("bf16", form, form == "nf4", setup.context_len, setup.concurrency)
        card = self._gpu(vram_mib=int(setup.gpu.visible_gib * 1024))
        return self._estimator.estimate_inference(config, serving, card)

    def weights_gib(self, run: Run) -> float | None:
        report = self._report(run)
        return report and report.weight_mib / 1024

    def peak_gib(self, run: Run, with_context: bool) -> float | None:
        report = self._report(run)
        return report and report.total_mib / 1024

    def fits(self, run: Run) -> bool | None:
        report = self._report(run) if run.setup.engine == "transformers" else None
        return report and report.fits


def baselines() -> dict[str, Estimator]:
    """Those that are installed, by the name they go by."""
    found: dict[str, Estimator] = {"rule of thumb": RuleOfThumb()}
    for name, kind in (("hf-mem", HfMem), ("fitcheck-llm", Fitcheck)):
        try:
            found[name] = kind()
        except ImportError:
            continue
    return found
